// Process services: nf-ntddk-zwterminateprocess, nf-ntddk-zwopenprocess,
// nf-winternl-ntqueryinformationprocess.
#include "abi/dispatcher.h"
#include "kernel/exports/dbg_print.h"
#include "kernel/exports/open_by_id.h"
#include "kernel/exports/process_handle.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/clock.h"
#include "kernel/ke/suspend.h"
#include "kernel/mm/address_space.h"
#include "kernel/ob/namespace.h"
#include "kernel/ps/process.h"
#include "kernel/ps/thread.h"
#include "kernel/seh/stack_walk.h"
#include "trace/trace.h"

using namespace nt;
using exports::TargetProcess;
using exports::write_parameter;

// Handle null: every thread of the process but the caller (the first half of ExitProcess).
extern "C" NTSTATUS NtTerminateProcess(HANDLE handle, NTSTATUS status) {
    if (!handle) {
        ps::terminate_process(*ps::current_process(), status, true);
        return STATUS_SUCCESS;
    }
    ps::Process* process;
    {
        TargetProcess target; // released before the end of this thread, which does not come back here
        if (const NTSTATUS s = target.open(handle, PROCESS_TERMINATE); !NT_SUCCESS(s)) return s;
        process = &*target;
    }
    if (process != ps::current_process() && process->terminating) return STATUS_PROCESS_IS_TERMINATING;
    ps::terminate_process(*process, status);
    return STATUS_SUCCESS;
}
GATE(NtTerminateProcess);

// Threads that are ending take no suspension.
extern "C" NTSTATUS NtSuspendProcess(HANDLE handle) {
    TargetProcess target;
    if (const NTSTATUS status = target.open(handle, PROCESS_SUSPEND_RESUME); !NT_SUCCESS(status))
        return status;
    if (target->terminating) return STATUS_PROCESS_IS_TERMINATING;
    bool self = false;
    ULONG previous;
    for (ke::Thread* thread : ps::ThreadsOf(*target))
        if (thread == &ke::current_thread())
            self = true;
        else
            (void)ke::suspend_thread(*thread, previous);
    return self ? ke::suspend_thread(ke::current_thread(), previous) : NTSTATUS(STATUS_SUCCESS);
}
GATE(NtSuspendProcess);

extern "C" NTSTATUS NtResumeProcess(HANDLE handle) {
    TargetProcess target;
    if (const NTSTATUS status = target.open(handle, PROCESS_SUSPEND_RESUME); !NT_SUCCESS(status))
        return status;
    if (target->terminating) return STATUS_PROCESS_IS_TERMINATING;
    for (ke::Thread* thread : ps::ThreadsOf(*target))
        (void)ps::resume_thread(*thread);
    return STATUS_SUCCESS;
}
GATE(NtResumeProcess);

// By process id; opening by name is not supported (STATUS_INVALID_PARAMETER_MIX as for both or neither
// given).
extern "C" NTSTATUS NtOpenProcess(HANDLE* handle, ACCESS_MASK access, const OBJECT_ATTRIBUTES* attributes,
                                  const CLIENT_ID* id) {
    CLIENT_ID wanted;
    if (!id) return STATUS_INVALID_PARAMETER_MIX;
    if (!exports::read_parameter(id, wanted)) return STATUS_ACCESS_VIOLATION;
    const KPROCESSOR_MODE mode = exports::previous_mode();
    ob::Attributes captured;
    if (const NTSTATUS status = captured.capture(attributes, mode); !NT_SUCCESS(status)) return status;
    if (captured.name.Length) return STATUS_INVALID_PARAMETER_MIX;
    EPROCESS* process = ps::find_process(reinterpret_cast<ULONG_PTR>(wanted.UniqueProcess));
    if (!process) return STATUS_INVALID_CID;
    return exports::open_by_id(process, ps::process_type, access, captured.attributes, handle);
}
GATE(NtOpenProcess);

// Where the program called into the DLL that reports: the helpers between are the DLL's own.
static ULONG_PTR program_call_site() {
    const ldr::ModuleList* modules = ps::body(ps::current_process()).modules;
    const ldr::Module* own = nullptr;
    ULONG_PTR site = 0;
    if (modules)
        seh::walk([&](const seh::Frame& frame) {
            if (frame.kind != seh::FrameKind::user) return true;
            const ldr::Module* module = modules->find(frame.pc);
            if (!own) own = module;
            if (module != own) site = frame.pc;
            return site == 0;
        });
    return site;
}

// Kind 0: debug print; 1: why the program could not be loaded; 2: what is not implemented, stops the machine.
extern "C" NTSTATUS NtDrvlabReport(ULONG kind, const CHAR* text, ULONG length) {
    constexpr ULONG longest = 512;
    char line[longest];
    length = std::min(length, longest - 1);
    if (!exports::copy_in(line, text, length)) return STATUS_ACCESS_VIOLATION;
    line[length] = 0;
    const std::string_view said(line, length);
    switch (kind) {
    case 0:
        if (trace::on) trace::emit_debug_print(101, 3, said);
        exports::debug_output(line, length);
        return STATUS_SUCCESS;
    case 1: {
        std::string& failure = *ps::body(ps::current_process()).failure;
        if (!failure.empty()) failure += '\n';
        failure += said;
        return STATUS_SUCCESS;
    }
    case 2:
        ke::stub_called(line, program_call_site());
    default:
        return STATUS_INVALID_PARAMETER_1;
    }
}
GATE(NtDrvlabReport);

extern "C" NTSTATUS NtDisplayString(const UNICODE_STRING* text) {
    UNICODE_STRING string;
    if (!exports::read_parameter(text, string)) return STATUS_ACCESS_VIOLATION;
    char16_t wide[256];
    char line[256];
    const ULONG bytes = std::min<ULONG>(string.Length & ~1u, sizeof wide);
    if (!exports::copy_in(wide, string.Buffer, bytes)) return STATUS_ACCESS_VIOLATION;
    for (ULONG i = 0; i < bytes / 2; i++)
        line[i] = wide[i] < 0x7f ? static_cast<char>(wide[i]) : '?';
    exports::debug_output(line, bytes / 2);
    return STATUS_SUCCESS;
}
GATE(NtDisplayString);

extern "C" NTSTATUS NtFlushInstructionCache(HANDLE handle, PVOID, SIZE_T) {
    TargetProcess target;
    return target.open_memory(handle, PROCESS_VM_WRITE); // x64 keeps its instruction cache coherent itself
}
GATE(NtFlushInstructionCache);
