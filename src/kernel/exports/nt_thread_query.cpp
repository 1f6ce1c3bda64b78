// What a thread is asked: GetExitCodeThread, GetThreadTimes, GetThreadDescription, GetThreadInformation and
// their kin.
#include "abi/status.h"
#include "kernel/exports/groups.h"
#include "kernel/exports/information_classes.h"
#include "kernel/exports/priorities.h"
#include "kernel/exports/thread_handle.h"
#include "kernel/ke/scheduler.h"
#include "kernel/ps/process.h"
#include "kernel/ps/times.h"

using namespace nt;
using exports::write_parameter;

namespace {

// By the pages of the functions that ask: THREAD_QUERY_LIMITED_INFORMATION is enough.
bool is_limited(ULONG information_class) {
    switch (information_class) {
    case ThreadBasicInformation:
    case ThreadTimes:
    case ThreadPriorityBoost:
    case exports::ThreadCycleTime:
    case exports::ThreadGroupInformation:
    case exports::ThreadSuspendCount:
    case ThreadIsTerminated:
    case ThreadNameInformation:
        return true;
    default:
        return false;
    }
}

// THREAD_NAME_INFORMATION: the string with its characters behind it. assumed: STATUS_BUFFER_TOO_SMALL.
NTSTATUS give_name(const ke::Thread& thread, PVOID to, ULONG length, ULONG* needed) {
    const USHORT bytes = thread.name ? thread.name->Length : USHORT{0};
    const ULONG total = sizeof(UNICODE_STRING) + bytes;
    if (needed && !write_parameter(needed, total)) return STATUS_ACCESS_VIOLATION;
    if (length < total) return STATUS_BUFFER_TOO_SMALL;
    auto* characters = static_cast<UCHAR*>(to) + sizeof(UNICODE_STRING);
    const UNICODE_STRING head{bytes, bytes, reinterpret_cast<WCHAR*>(characters)};
    return exports::copy_out(to, &head, sizeof head) &&
                   (!bytes || exports::copy_out(characters, thread.name->Buffer, bytes))
               ? STATUS_SUCCESS
               : STATUS_ACCESS_VIOLATION;
}

bool has_requests(const ke::Thread& thread) {
    return thread.IrpList.Flink && thread.IrpList.Flink != &thread.IrpList;
}

} // namespace

extern "C" NTSTATUS NtQueryInformationThread(HANDLE handle, ULONG information_class, PVOID to, ULONG length,
                                             ULONG* needed) {
    constexpr ACCESS_MASK query = 0x40, query_limited = 0x800;
    exports::TargetThread target(handle, is_limited(information_class) ? query_limited : query);
    if (!NT_SUCCESS(target.status)) return target.status;
    const ke::Thread& thread = *target;
    const auto answer = [&](const auto& information) -> NTSTATUS {
        if (length != sizeof information) return STATUS_INFO_LENGTH_MISMATCH;
        return exports::copy_out(to, &information, sizeof information) &&
                       (!needed || write_parameter(needed, static_cast<ULONG>(sizeof information)))
                   ? STATUS_SUCCESS
                   : STATUS_ACCESS_VIOLATION;
    };
    const bool ended = thread.Tcb.State == static_cast<UCHAR>(ke::ThreadState::terminated);
    switch (information_class) {
    case ThreadBasicInformation:
        return answer(THREAD_BASIC_INFORMATION{
            ended ? thread.exit_status : static_cast<NTSTATUS>(STATUS_PENDING),
            reinterpret_cast<PVOID>(thread.teb), thread.Cid, thread.Tcb.UserAffinity.Mask,
            thread.Tcb.Priority, exports::base_increment(thread)});
    case ThreadTimes:
        return answer(ps::times_of(thread));
    case exports::ThreadCycleTime:
        return answer(ps::cycles_of(ps::times_of(thread)));
    case ThreadQuerySetWin32StartAddress:
        return answer(thread.start_address);
    case ThreadPriorityBoost:
        return answer(static_cast<ULONG>(ke::boosts_disabled(thread)));
    case exports::ThreadGroupInformation:
        return answer(GROUP_AFFINITY{thread.Tcb.UserAffinity.Mask, 0, {}});
    case exports::ThreadIdealProcessorEx:
        return answer(exports::processor_number_of(thread.Tcb.UserIdealProcessor));
    case exports::ThreadSuspendCount:
        return answer(static_cast<ULONG>(thread.Tcb.SuspendCount));
    case ThreadIsTerminated:
        return answer(static_cast<ULONG>(ended));
    case exports::ThreadAmILastThread: // its exit is the process's
        return answer(
            static_cast<ULONG>(thread.process && static_cast<EPROCESS*>(thread.process)->ActiveThreads == 1));
    case ThreadIsIoPending:
        return answer(static_cast<ULONG>(has_requests(thread)));
    case ThreadHideFromDebugger:
        return answer(static_cast<BOOLEAN>((thread.CrossThreadFlags & exports::hidden_from_debugger) != 0));
    case ThreadBreakOnTermination:
        return answer(static_cast<ULONG>((thread.CrossThreadFlags & exports::break_on_termination) != 0));
    case exports::ThreadPagePriority:
        return answer(ULONG{exports::normal_page_priority} - thread.lower_page_priority);
    case exports::ThreadDynamicCodePolicyInfo: // no process has the policy
    case exports::ThreadSubsystemInformation:  // SubsystemInformationTypeWin32
        return answer(ULONG{0});
    case ThreadNameInformation:
        return give_name(thread, to, length, needed);
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
}
GATE(NtQueryInformationThread);
