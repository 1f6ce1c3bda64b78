// Dispatching and unwinding in user mode: the shared algorithms of src/rtl/exception.h over direct calls.
#include "internal.h"
#include "rtl/exception.h"
#include "vectored.h"

namespace nt {

namespace {

struct Bounds {
    ULONG_PTR limit, base;
    bool contains(ULONG_PTR a, ULONG_PTR n = 1) const { return a >= limit && a < base && n <= base - a; }
};

// TEB.StackLimit is what is committed: everything below it is a guard page or nothing.
Bounds stack() {
    const NT_TIB& tib = NtCurrentTeb()->NtTib;
    return {reinterpret_cast<ULONG_PTR>(tib.StackLimit), reinterpret_cast<ULONG_PTR>(tib.StackBase)};
}

// The dispatcher must not fault on a damaged stack or on unwind data that is not there.
bool is_readable(ULONG_PTR address, SIZE_T length) {
    if (stack().contains(address, length)) return true;
    PVOID base = nullptr;
    if (RtlPcToFileHeader(reinterpret_cast<PVOID>(address), &base)) return true;
    MEMORY_BASIC_INFORMATION info{};
    if (!NT_SUCCESS(NtQueryVirtualMemory(NtCurrentProcess(), reinterpret_cast<PVOID>(address),
                                         MemoryBasicInformation, &info, sizeof info, nullptr)))
        return false;
    return info.State == MEM_COMMIT && !(info.Protect & (PAGE_GUARD | PAGE_NOACCESS)) &&
           address + length <= reinterpret_cast<ULONG_PTR>(info.BaseAddress) + info.RegionSize;
}

bool read_memory(const rtl::MemoryReader&, std::uint64_t address, void* to, std::size_t length) {
    if (!is_readable(address, length)) return false;
    __builtin_memcpy(to, reinterpret_cast<const void*>(address), length);
    return true;
}

constexpr rtl::MemoryReader reader{read_memory};

[[noreturn]] void raise_noncontinuable(NTSTATUS status, EXCEPTION_RECORD* cause) {
    EXCEPTION_RECORD record{};
    record.ExceptionCode = status;
    record.ExceptionFlags = EXCEPTION_NONCONTINUABLE;
    record.ExceptionRecord = cause;
    RtlRaiseException(&record);
    __builtin_trap();
}

struct Environment {
    bool unwinding = false;

    bool lookup(ULONG_PTR pc, ULONG_PTR& base, const RUNTIME_FUNCTION*& function) {
        base = 0;
        function = RtlLookupFunctionEntry(pc, &base, nullptr);
        return function != nullptr;
    }
    const rtl::MemoryReader& memory() { return reader; }
    bool on_stack(ULONG_PTR frame) { return (frame & 7) == 0 && stack().contains(frame); }
    rtl::Crossing cross(CONTEXT& walk) {
        // The base of a thread has a null return address above it.
        return {walk.Rip == 0 || walk.Rsp >= stack().base ? rtl::Crossing::end : rtl::Crossing::none, 0,
                nullptr};
    }
    LONG call_handler(EXCEPTION_RECORD* record, ULONG_PTR frame, CONTEXT* context,
                      DISPATCHER_CONTEXT* dispatcher) {
        return unwinding ? DrvlabCallUnwindHandler(record, frame, context, dispatcher)
                         : DrvlabCallHandler(record, frame, context, dispatcher);
    }
    LONG call_filter(ULONG_PTR filter, EXCEPTION_POINTERS& pointers, ULONG_PTR frame) {
        return reinterpret_cast<LONG NTAPI (*)(EXCEPTION_POINTERS*, ULONG_PTR)>(filter)(&pointers, frame);
    }
    void call_termination(ULONG_PTR handler, ULONG_PTR frame) {
        reinterpret_cast<void NTAPI (*)(BOOLEAN, ULONG_PTR)>(handler)(TRUE, frame);
    }
    void resume(CONTEXT& context, EXCEPTION_RECORD* record) { RtlRestoreContext(&context, record); }
    void invalid(NTSTATUS status, EXCEPTION_RECORD* cause) { raise_noncontinuable(status, cause); }
    void unwind_lost(EXCEPTION_RECORD* record, CONTEXT& context) {
        if (record->ExceptionFlags & EXCEPTION_EXIT_UNWIND) {
            NtContinue(&context, 0); // an exit unwind ends where the stack ends
            __builtin_trap();
        }
        NtRaiseException(record, &context, 0);
        __builtin_trap();
    }
    void unwind(ULONG_PTR frame, ULONG_PTR ip, EXCEPTION_RECORD* record, ULONG_PTR value, CONTEXT* context) {
        RtlUnwindEx(reinterpret_cast<PVOID>(frame), reinterpret_cast<PVOID>(ip), record,
                    reinterpret_cast<PVOID>(value), context, nullptr);
    }
};

// Gives the exception to the program; comes back only when execution shall continue with `context`.
void dispatch(EXCEPTION_RECORD* record, CONTEXT* context) {
    if (!RtlDispatchException(record, context)) {
        NtRaiseException(record, context, 0); // the program dies of it
        __builtin_trap();
    }
}

} // namespace

extern "C" {

BOOLEAN NTAPI RtlDispatchException(EXCEPTION_RECORD* record, CONTEXT* context) {
    bool handled = call_vectored_exception_handlers(record, context);
    if (!handled) {
        Environment environment;
        rtl::Workspace space;
        handled = rtl::search_handler(environment, *record, *context, space);
    }
    if (handled) call_vectored_continue_handlers(record, context);
    return handled;
}

[[noreturn]] void DrvlabDispatchException(EXCEPTION_RECORD* record, CONTEXT* context) {
    dispatch(record, context);
    NtContinue(context, 0);
    __builtin_trap();
}

// `context`: the caller of RtlRaiseException.
[[noreturn]] void DrvlabRaise(EXCEPTION_RECORD* record, CONTEXT* context) {
    record->ExceptionAddress = reinterpret_cast<PVOID>(context->Rip);
    dispatch(record, context);
    NtContinue(context, 0);
    __builtin_trap();
}

[[noreturn]] void DrvlabRaiseStatus(NTSTATUS status, CONTEXT* context) {
    EXCEPTION_RECORD record{};
    record.ExceptionCode = status;
    record.ExceptionFlags = EXCEPTION_NONCONTINUABLE;
    DrvlabRaise(&record, context);
}

[[noreturn]] void DrvlabUnwind(PVOID frame, PVOID target, EXCEPTION_RECORD* record, PVOID value,
                               CONTEXT* start) {
    EXCEPTION_RECORD own{};
    if (!record) {
        own.ExceptionCode = STATUS_UNWIND;
        own.ExceptionAddress = reinterpret_cast<PVOID>(start->Rip);
        record = &own;
    }
    Environment environment;
    environment.unwinding = true;
    rtl::Workspace space;
    rtl::unwind_frames(environment, reinterpret_cast<ULONG_PTR>(frame), reinterpret_cast<ULONG_PTR>(target),
                       *record, reinterpret_cast<ULONG_PTR>(value), *start, space);
    __builtin_trap();
}

// Handlers of the frames that call handlers: what the saved dispatcher context says goes to whoever walks
// over them.
LONG DrvlabNestedHandler(EXCEPTION_RECORD* record, ULONG_PTR frame, CONTEXT*,
                         DISPATCHER_CONTEXT* dispatcher) {
    if (record->ExceptionFlags & EXCEPTION_UNWIND) return ExceptionContinueSearch;
    dispatcher->EstablisherFrame = (*reinterpret_cast<DISPATCHER_CONTEXT**>(frame + 0x20))->EstablisherFrame;
    return ExceptionNestedException;
}

LONG DrvlabCollidedHandler(EXCEPTION_RECORD*, ULONG_PTR frame, CONTEXT*, DISPATCHER_CONTEXT* dispatcher) {
    const ULONG_PTR target = dispatcher->TargetIp;
    *dispatcher = **reinterpret_cast<DISPATCHER_CONTEXT**>(frame + 0x20);
    dispatcher->TargetIp = target;
    return ExceptionCollidedUnwind;
}

LONG NTAPI __C_specific_handler(EXCEPTION_RECORD* record, PVOID frame, CONTEXT* context,
                                DISPATCHER_CONTEXT* dispatcher) {
    Environment environment;
    return rtl::c_specific_handler(environment, *record, reinterpret_cast<ULONG_PTR>(frame), *context,
                                   *dispatcher);
}

// STATUS_LONGJUMP: to the jump buffer in ExceptionInformation[0]; STATUS_UNWIND_CONSOLIDATE: calls back
// first.
void NTAPI RtlRestoreContext(CONTEXT* context, EXCEPTION_RECORD* record) {
    if (record && record->ExceptionCode == STATUS_LONGJUMP && record->NumberParameters >= 1) {
        const auto& jump = *reinterpret_cast<const JUMP_BUFFER*>(record->ExceptionInformation[0]);
        context->Rbx = jump.Rbx;
        context->Rsp = jump.Rsp;
        context->Rbp = jump.Rbp;
        context->Rsi = jump.Rsi;
        context->Rdi = jump.Rdi;
        context->R12 = jump.R12;
        context->R13 = jump.R13;
        context->R14 = jump.R14;
        context->R15 = jump.R15;
        context->Rip = jump.Rip;
        context->MxCsr = jump.MxCsr;
        context->FltSave.MxCsr = jump.MxCsr;
        context->FltSave.ControlWord = jump.FpCsr;
        for (int i = 0; i < 10; i++)
            (&context->Xmm6)[i] = (&jump.Xmm6)[i];
    } else if (record && record->ExceptionCode == STATUS_UNWIND_CONSOLIDATE &&
               record->NumberParameters >= 1) {
        DrvlabConsolidate(context, record);
    }
    DrvlabLoadContext(context);
}

EXCEPTION_HANDLER NTAPI RtlVirtualUnwind(ULONG type, ULONG_PTR image_base, ULONG_PTR pc,
                                         RUNTIME_FUNCTION* function, CONTEXT* context, PVOID* handler_data,
                                         ULONG_PTR* frame, KNONVOLATILE_CONTEXT_POINTERS* pointers) {
    const rtl::UnwindResult result =
        rtl::virtual_unwind(reader, type, image_base, pc, function, *context, pointers);
    if (result.status != rtl::UnwindStatus::ok) {
        context->Rip = 0; // the end of the stack for every walker
        return nullptr;
    }
    *frame = result.establisher_frame;
    if (handler_data) *handler_data = reinterpret_cast<PVOID>(result.handler_data);
    return reinterpret_cast<EXCEPTION_HANDLER>(result.handler);
}

USHORT NTAPI RtlCaptureStackBackTrace(ULONG skip, ULONG count, PVOID* addresses, ULONG* hash) {
    CONTEXT context;
    RtlCaptureContext(&context);
    ULONG sum = 0;
    USHORT n = 0;
    for (ULONG i = 0; n < count; i++) {
        ULONG_PTR base = 0;
        RUNTIME_FUNCTION* function = RtlLookupFunctionEntry(context.Rip, &base, nullptr);
        if (rtl::virtual_unwind(reader, 0, base, context.Rip, function, context, nullptr).status !=
                rtl::UnwindStatus::ok ||
            !context.Rip || !stack().contains(context.Rsp - 8))
            break;
        if (i < skip) continue;
        addresses[n++] = reinterpret_cast<PVOID>(context.Rip);
        sum += static_cast<ULONG>(context.Rip);
    }
    if (hash) *hash = sum;
    return n;
}

} // extern "C"
} // namespace nt
