// Raising, dispatching and unwinding: nf-wdm-exraisestatus, nf-ntddk-exraiseaccessviolation,
// nf-ntddk-exraisedatatypemisalignment, nf-ntifs-rtlcapturestackbacktrace, and the Rtl functions that
// compilers and language handlers call.
#include "abi/context.h"
#include "abi/status.h"
#include "host/guest.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/touch.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/seh/dispatch.h"
#include "kernel/seh/stack_walk.h"
#include "rtl/unwind.h"

using namespace nt;
using namespace nt::exports;

namespace {

const rtl::MemoryReader reader{[](const rtl::MemoryReader&, std::uint64_t address, void* to, std::size_t n) {
    return guest::copy_from(to, address, n);
}};
const seh::EntryRecord& caller() { return *static_cast<seh::EntryRecord*>(seh::innermost()); }

} // namespace

extern "C" void ExRaiseStatus(NTSTATUS status) { seh::raise_status(status); }
GATE(ExRaiseStatus);
extern "C" void RtlRaiseStatus(NTSTATUS status) { seh::raise_status(status); }
GATE(RtlRaiseStatus);
// assumed: without parameters, as a raise by software; Windows' routine raises the bare status.
extern "C" void ExRaiseAccessViolation() { seh::raise_status(STATUS_ACCESS_VIOLATION); }
GATE(ExRaiseAccessViolation);
extern "C" void ExRaiseDatatypeMisalignment() { seh::raise_status(STATUS_DATATYPE_MISALIGNMENT); }
GATE(ExRaiseDatatypeMisalignment);

// ExceptionAddress becomes the caller's; comes back when a handler continues.
extern "C" void RtlRaiseException(const EXCEPTION_RECORD* record) {
    EXCEPTION_RECORD copy = need_in(record);
    if (copy.NumberParameters > EXCEPTION_MAXIMUM_PARAMETERS)
        copy.NumberParameters = EXCEPTION_MAXIMUM_PARAMETERS;
    copy.ExceptionAddress = nullptr;
    seh::raise(copy);
}
GATE(RtlRaiseException);

extern "C" EXCEPTION_DISPOSITION __C_specific_handler(EXCEPTION_RECORD* record, ULONG_PTR frame,
                                                      CONTEXT* context, DISPATCHER_CONTEXT* dispatcher) {
    need_out(record), need_out(context), need_out(dispatcher);
    return static_cast<EXCEPTION_DISPOSITION>(seh::c_specific_handler(record, frame, context, dispatcher));
}
GATE(__C_specific_handler);

extern "C" void RtlUnwindEx(ULONG_PTR frame, ULONG_PTR ip, EXCEPTION_RECORD* record, ULONG_PTR value,
                            CONTEXT* scratch, UNWIND_HISTORY_TABLE*) {
    if (record) need_out(record);
    (void)scratch; // documented as where the context is kept; nobody reads it afterwards
    seh::unwind(frame, ip, record, value);
}
GATE(RtlUnwindEx);

extern "C" void RtlUnwind(ULONG_PTR frame, ULONG_PTR ip, EXCEPTION_RECORD* record, ULONG_PTR value) {
    if (record) need_out(record);
    seh::unwind(frame, ip, record, value);
}
GATE(RtlUnwind);

// Leaving a __try by goto or return from inside it: the __finally blocks up to the target run.
extern "C" void _local_unwind(ULONG_PTR frame, ULONG_PTR ip) { seh::unwind(frame, ip, nullptr, 0); }
GATE(_local_unwind);

extern "C" void RtlCaptureContext(CONTEXT* context) {
    need_out(context);
    CONTEXT captured;
    seh::context_of(caller(), captured);
    // The volatile registers as far as the call left them.
    captured.ContextFlags = CONTEXT_FULL | CONTEXT_SEGMENTS;
    captured.Rcx = caller().args[0];
    captured.Rdx = caller().args[1];
    captured.R8 = caller().args[2];
    captured.R9 = caller().args[3];
    *context = captured;
}
GATE(RtlCaptureContext);

extern "C" void RtlRestoreContext(const CONTEXT* context, EXCEPTION_RECORD* record) {
    CONTEXT copy = need_in(context);
    if (record && need_in(record).ExceptionCode == STATUS_UNWIND_CONSOLIDATE)
        copy.Rip =
            seh::nt_call_out(record->ExceptionInformation[0], reinterpret_cast<ULONG_PTR>(record), 0, 0, 0);
    seh::continue_at(copy);
}
GATE(RtlRestoreContext);

extern "C" const RUNTIME_FUNCTION* RtlLookupFunctionEntry(ULONG_PTR pc, ULONG_PTR* image_base,
                                                          UNWIND_HISTORY_TABLE*) {
    const auto entry = seh::dispatch_hooks().functions->lookup(pc);
    need_out(image_base) = entry.image_base;
    return entry.function;
}
GATE(RtlLookupFunctionEntry);

// Base of the image that contains the address; also the value.
extern "C" PVOID RtlPcToFileHeader(ULONG_PTR pc, PVOID* base) {
    const auto entry = seh::dispatch_hooks().functions->lookup(pc);
    return need_out(base) = reinterpret_cast<PVOID>(entry.image_base);
}
GATE(RtlPcToFileHeader);

extern "C" ULONG_PTR RtlVirtualUnwind(ULONG type, ULONG_PTR base, ULONG_PTR pc,
                                      const RUNTIME_FUNCTION* function, CONTEXT* context,
                                      ULONG_PTR* handler_data, ULONG_PTR* frame,
                                      KNONVOLATILE_CONTEXT_POINTERS* pointers) {
    if (function) need_in(function);
    need_out(context), need_out(handler_data), need_out(frame);
    if (pointers) need_out(pointers);
    const auto result = rtl::virtual_unwind(reader, type, base, pc, function, *context, pointers);
    // On Windows the routine itself faults on a stack that is not there.
    if (result.status != rtl::UnwindStatus::ok) need_read(reinterpret_cast<void*>(guest::fault_address()), 1);
    *handler_data = result.handler_data;
    *frame = result.establisher_frame;
    return result.handler;
}
GATE(RtlVirtualUnwind);

extern "C" USHORT RtlCaptureStackBackTrace(ULONG skip, ULONG count, PVOID* addresses, ULONG* hash) {
    if (count > 0xFFFF) count = 0xFFFF;
    need_write(addresses, SIZE_T{count} * sizeof(PVOID));
    if (hash) need_out(hash);
    return static_cast<USHORT>(
        seh::capture_back_trace(skip, count, reinterpret_cast<ULONG_PTR*>(addresses), hash));
}
GATE(RtlCaptureStackBackTrace);

// Flags: the low byte picks the user stack (1), the next one how many frames to skip.
extern "C" ULONG RtlWalkFrameChain(PVOID* addresses, ULONG count, ULONG flags) {
    if (flags & 1) return 0; // assumed: user frames without frame information give none
    need_write(addresses, SIZE_T{count} * sizeof(PVOID));
    return seh::capture_back_trace(flags >> 8 & 0xFF, count, reinterpret_cast<ULONG_PTR*>(addresses),
                                   nullptr);
}
GATE(RtlWalkFrameChain);

// A call of a pure virtual function: KMODE_EXCEPTION… on Windows by an unhandled
// STATUS_NONCONTINUABLE_EXCEPTION. assumed: the status; the routine is not documented.
extern "C" void _purecall() { seh::raise_status(STATUS_NONCONTINUABLE_EXCEPTION); }
GATE(_purecall);
