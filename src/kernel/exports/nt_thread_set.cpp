// NtSetInformationThread: what SetThreadPriority, SetThreadPriorityBoost, SetThreadAffinityMask,
// SetThreadGroupAffinity and SetThreadIdealProcessorEx use.
#include "abi/peb.h"
#include "abi/status.h"
#include "base/list.h"
#include "host/guest.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/groups.h"
#include "kernel/exports/information_classes.h"
#include "kernel/exports/priorities.h"
#include "kernel/exports/thread_handle.h"
#include "kernel/exports/token_handle.h"
#include "kernel/ke/affinity.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/priority.h"
#include "kernel/ke/scheduler.h"
#include "kernel/mm/probe.h"
#include "kernel/pool/pool.h"
#include "kernel/ps/process.h"
#include "kernel/se/subject.h"

using namespace nt;
using exports::ThreadGroupInformation;
using exports::ThreadIdealProcessorEx;
using exports::ThreadPagePriority;
using exports::ThreadPowerThrottlingState;

namespace {

constexpr ACCESS_MASK thread_set_information = 0x20;
constexpr ULONG most_classes = 0x40; // more than any Windows has

// Priorities lie two around the process's; ±16 saturate. A real-time process may use every priority of its
// range.
bool is_base_increment(const ke::Thread& thread, LONG increment) {
    return (increment >= -2 && increment <= 2) || increment == exports::saturating ||
           increment == -exports::saturating || exports::process_base(thread) >= ke::low_real_time_priority;
}

NTSTATUS set_mask(ke::Thread& thread, KAFFINITY mask) {
    const auto* process = static_cast<EPROCESS*>(thread.process);
    const KAFFINITY allowed =
        process ? ps::body(const_cast<EPROCESS*>(process)).affinity : ke::all_processors();
    if (!mask || mask & ~allowed) return STATUS_INVALID_PARAMETER;
    ke::set_user_affinity(thread, mask);
    return STATUS_SUCCESS;
}

void set_ideal(ke::Thread& thread, ULONG number) {
    ke::set_ideal_processor(thread, number);
    thread.Tcb.UserIdealProcessor = number;
}

// The information, of exactly this type.
template <class T> struct Given {
    Given(const void* from, ULONG length) {
        if (length != sizeof(T))
            status = STATUS_INFO_LENGTH_MISMATCH;
        else if (!exports::copy_in(&value, from, sizeof value))
            status = STATUS_ACCESS_VIOLATION;
    }
    T value{};
    NTSTATUS status = STATUS_SUCCESS;
};
template <class T, class F> NTSTATUS with(const void* from, ULONG length, F use) {
    const Given<T> given(from, length);
    return NT_SUCCESS(given.status) ? use(given.value) : given.status;
}

// SetThreadToken: a handle to an impersonation token, or null to end the impersonation.
NTSTATUS set_token(ke::Thread& thread, HANDLE handle) {
    if (!handle) {
        se::impersonate(thread, nullptr, SecurityAnonymous, false);
        return STATUS_SUCCESS;
    }
    exports::TokenReference token(handle, TOKEN_IMPERSONATE);
    if (!NT_SUCCESS(token.status)) return token.status;
    if (token.token->TokenType != TokenImpersonation) return STATUS_BAD_TOKEN_TYPE;
    return se::impersonate_client(thread, token.token, false, token.token->ImpersonationLevel);
}

// The name is kept with its characters behind it. An empty one takes it away.
NTSTATUS set_name(ke::Thread& thread, const UNICODE_STRING& given) {
    if (given.Length % sizeof(WCHAR)) return STATUS_INVALID_PARAMETER;
    UNICODE_STRING* name = nullptr;
    if (given.Length) {
        name = static_cast<UNICODE_STRING*>(
            pool::allocate(pool::Kind::nonpaged, sizeof *name + given.Length, ps::thread_name_tag, 0, true));
        if (!name) return STATUS_INSUFFICIENT_RESOURCES;
        *name = {given.Length, given.Length, reinterpret_cast<WCHAR*>(name + 1)};
        if (!exports::copy_in(name->Buffer, given.Buffer, given.Length)) {
            pool::release(name, ps::thread_name_tag);
            return STATUS_ACCESS_VIOLATION;
        }
    }
    std::swap(thread.name, name);
    if (name) pool::release(name, ps::thread_name_tag);
    return STATUS_SUCCESS;
}

NTSTATUS set_critical(ke::Thread& thread, ULONG critical) {
    if (!se::check_privilege(SE_DEBUG_PRIVILEGE, exports::previous_mode())) return STATUS_PRIVILEGE_NOT_HELD;
    thread.CrossThreadFlags = critical ? thread.CrossThreadFlags | exports::break_on_termination
                                       : thread.CrossThreadFlags & ~exports::break_on_termination;
    return STATUS_SUCCESS;
}

// What TlsFree does: the slot in every thread of the process. assumed: a thread sets it for its own process.
NTSTATUS zero_tls_cell(const ke::Thread& thread, ULONG index) {
    constexpr ULONG slots = 64, expansion = 1024;
    if (&thread != &ke::current_thread() || thread.Tcb.ApcStateIndex != OriginalApcEnvironment ||
        index >= slots + expansion)
        return STATUS_INVALID_PARAMETER;
    for (LIST_ENTRY* e = ke::all_threads.Flink; e != &ke::all_threads; e = e->Flink) {
        const auto* other = NT_CONTAINER(e, ke::Thread, all_link);
        const auto teb = reinterpret_cast<ULONG_PTR>(other->Tcb.Teb);
        if (other->Tcb.Process != thread.Tcb.Process || other->exiting || !teb) continue;
        ULONG_PTR cell = teb + offsetof(TEB, TlsSlots) + index * sizeof(PVOID);
        if (index >= slots) { // where the program says, which may be anywhere
            if (!guest::read(teb + offsetof(TEB, TlsExpansionSlots), cell) || !cell) continue;
            cell += (index - slots) * sizeof(PVOID);
        }
        if (cell <= mm::user_probe_address - sizeof(PVOID)) guest::write(cell, PVOID{});
    }
    return STATUS_SUCCESS;
}

NTSTATUS set(ke::Thread& thread, ULONG information_class, void* from, ULONG length) {
    switch (information_class) {
    case ThreadImpersonationToken:
        return with<HANDLE>(from, length, [&](HANDLE handle) { return set_token(thread, handle); });
    case ThreadPriority:
        return with<KPRIORITY>(from, length, [&](KPRIORITY priority) -> NTSTATUS {
            if (priority < 1 || priority > ke::high_priority) return STATUS_INVALID_PARAMETER;
            ke::set_priority(thread, priority);
            ke::dispatch();
            return STATUS_SUCCESS;
        });
    case ThreadBasePriority:
        return with<LONG>(from, length, [&](LONG increment) -> NTSTATUS {
            if (!is_base_increment(thread, increment)) return STATUS_INVALID_PARAMETER;
            exports::set_base_increment(thread, increment);
            return STATUS_SUCCESS;
        });
    case ThreadAffinityMask:
        return with<KAFFINITY>(from, length, [&](KAFFINITY mask) { return set_mask(thread, mask); });
    case ThreadGroupInformation:
        return with<GROUP_AFFINITY>(from, length, [&](const GROUP_AFFINITY& affinity) -> NTSTATUS {
            return exports::is_valid(affinity) ? set_mask(thread, affinity.Mask) : STATUS_INVALID_PARAMETER;
        });
    case ThreadNameInformation:
        return with<UNICODE_STRING>(from, length,
                                    [&](const UNICODE_STRING& name) { return set_name(thread, name); });
    case ThreadHideFromDebugger:
        if (length) return STATUS_INFO_LENGTH_MISMATCH;
        thread.CrossThreadFlags = thread.CrossThreadFlags | exports::hidden_from_debugger;
        return STATUS_SUCCESS;
    case ThreadBreakOnTermination: // assumed: SeDebugPrivilege, as is publicly known
        return with<ULONG>(from, length, [&](ULONG critical) { return set_critical(thread, critical); });
    case ThreadPagePriority: // PAGE_PRIORITY_INFORMATION
        return with<ULONG>(from, length, [&](ULONG priority) -> NTSTATUS {
            if (priority < 1 || priority > exports::normal_page_priority) return STATUS_INVALID_PARAMETER;
            thread.lower_page_priority = static_cast<UCHAR>(exports::normal_page_priority - priority);
            return STATUS_SUCCESS;
        });
    case ThreadPowerThrottlingState: // nothing is throttled
        return with<exports::PowerThrottlingState>(
            from, length, [](const exports::PowerThrottlingState& state) -> NTSTATUS {
                return state.is_valid(exports::throttles_speed) ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
            });
    case ThreadPriorityBoost:
        return with<ULONG>(from, length, [&](ULONG disabled) -> NTSTATUS {
            ke::disable_boosts(thread, disabled != 0);
            return STATUS_SUCCESS;
        });
    case ThreadZeroTlsCell:
        return with<ULONG>(from, length, [&](ULONG index) { return zero_tls_cell(thread, index); });
    case ThreadIdealProcessor: // the status is the old one
        return with<ULONG>(from, length, [&](ULONG number) -> NTSTATUS {
            const auto old = static_cast<NTSTATUS>(thread.Tcb.UserIdealProcessor);
            if (number > ke::most_processors) return STATUS_INVALID_PARAMETER;
            if (number == ke::most_processors) return old; // MAXIMUM_PROCESSORS only asks
            if (number >= ke::processor_count()) return STATUS_INVALID_PARAMETER;
            set_ideal(thread, number);
            return old;
        });
    case ThreadIdealProcessorEx: // the old one comes back in its place
        return with<PROCESSOR_NUMBER>(from, length, [&](const PROCESSOR_NUMBER& number) -> NTSTATUS {
            const ULONG index = exports::processor_index(number);
            if (index == exports::no_processor) return STATUS_INVALID_PARAMETER;
            const PROCESSOR_NUMBER old = exports::processor_number_of(thread.Tcb.UserIdealProcessor);
            set_ideal(thread, index);
            return exports::copy_out(from, &old, sizeof old) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
        });
    default:
        if (information_class >= most_classes) return STATUS_INVALID_INFO_CLASS;
        ke::stub_called("NtSetInformationThread (this class)");
    }
}

} // namespace

// Pages of SetThreadPriority, SetThreadPriorityBoost, SetThreadAffinityMask, SetThreadDescription:
// THREAD_SET_LIMITED_INFORMATION is enough.
static ACCESS_MASK access_for(ULONG information_class) {
    constexpr ACCESS_MASK thread_set_token = 0x80, thread_set_limited_information = 0x400;
    switch (information_class) {
    case ThreadImpersonationToken:
        return thread_set_token;
    case ThreadBasePriority:
    case ThreadPriorityBoost:
    case ThreadAffinityMask:
    case ThreadNameInformation:
        return thread_set_limited_information;
    default:
        return thread_set_information;
    }
}

extern "C" NTSTATUS NtSetInformationThread(HANDLE handle, ULONG information_class, void* from, ULONG length) {
    exports::TargetThread thread(handle, access_for(information_class));
    return NT_SUCCESS(thread.status) ? set(*thread, information_class, from, length) : thread.status;
}
GATE(NtSetInformationThread);
