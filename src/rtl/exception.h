// Structured exception handling, the part that both halves of NT share: the search for a handler, unwinding,
// and
// __C_specific_handler ("x64 exception handling" in Microsoft's C++ documentation).
//
// The algorithms are templates over an environment, because the kernel calls guest handlers across a stack
// switch and steps over host frames, while ntdll.dll calls them directly. What handlers can see (the
// DISPATCHER_CONTEXT and the CONTEXT it points to) lives in a Workspace that the caller puts where guests may
// look.
//
// An environment `env` gives:
//   bool lookup(ULONG_PTR pc, ULONG_PTR& base, const RUNTIME_FUNCTION*& function)  no entry: function null
//   const MemoryReader& memory()
//   bool on_stack(ULONG_PTR frame)         the frame lies within the current stack
//   Crossing cross(CONTEXT& walk)          steps over a boundary that .pdata does not describe, see Crossing
//   LONG call_handler(EXCEPTION_RECORD*, ULONG_PTR frame, CONTEXT*, DISPATCHER_CONTEXT*)   → disposition.
//   Nested and
//                                          collided calls are recognised by cross(), or by the handler of the
//                                          environment's own frame that answers with the disposition.
//   LONG call_filter(ULONG_PTR filter, EXCEPTION_POINTERS& pointers, ULONG_PTR frame)
//   void call_termination(ULONG_PTR handler, ULONG_PTR frame)                              → __finally,
//   abnormal void resume(CONTEXT&, EXCEPTION_RECORD*)        goes on at the target of an unwind; does not
//   return void invalid(NTSTATUS, EXCEPTION_RECORD*)       raises a noncontinuable status from inside; does
//   not return void unwind_lost(EXCEPTION_RECORD*, CONTEXT&)   the target frame was not found; does not
//   return void unwind(ULONG_PTR frame, ULONG_PTR ip, EXCEPTION_RECORD*, ULONG_PTR value, CONTEXT*)
//   RtlUnwindEx; no return
#pragma once
#include "abi/context.h"
#include "abi/status.h"
#include "rtl/unwind.h"

namespace nt::rtl {

// What a walk found at a boundary.
struct Crossing {
    enum Kind : UCHAR {
        none,    // no boundary: unwind by .pdata
        end,     // the base of the stack
        moved,   // `walk` is now at the frame beyond
        nested,  // moved, over a dispatcher that was calling a handler of frame `nested_frame`
        collided // over an unwind that was calling a termination handler as `dispatcher` says: go on there
    } kind = none;
    ULONG_PTR nested_frame = 0;
    const DISPATCHER_CONTEXT* dispatcher = nullptr;
};

// Visible to handlers.
struct Workspace {
    DISPATCHER_CONTEXT dispatcher;
    CONTEXT walk;
};

namespace detail {

// The frame a walk is at: what DISPATCHER_CONTEXT says of it.
struct WalkFrame {
    ULONG_PTR pc = 0, base = 0;
    const RUNTIME_FUNCTION* function = nullptr;
    UnwindResult unwind;
    ULONG scope_index = 0;

    void take(const DISPATCHER_CONTEXT& from) {
        pc = from.ControlPc;
        base = from.ImageBase;
        function = from.FunctionEntry;
        scope_index = from.ScopeIndex;
        unwind = {};
        unwind.establisher_frame = from.EstablisherFrame;
        unwind.handler = reinterpret_cast<ULONG_PTR>(from.LanguageHandler);
        unwind.handler_data = reinterpret_cast<ULONG_PTR>(from.HandlerData);
    }
    void give(DISPATCHER_CONTEXT& to, CONTEXT* context, ULONG_PTR target_ip) const {
        to.ControlPc = pc;
        to.ImageBase = base;
        to.FunctionEntry = const_cast<RUNTIME_FUNCTION*>(function);
        to.EstablisherFrame = unwind.establisher_frame;
        to.TargetIp = target_ip;
        to.ContextRecord = context;
        to.LanguageHandler = reinterpret_cast<decltype(to.LanguageHandler)>(unwind.handler);
        to.HandlerData = reinterpret_cast<PVOID>(unwind.handler_data);
        to.HistoryTable = nullptr;
        to.ScopeIndex = scope_index;
        to.Fill0 = 0;
    }
};

// Unwinds one frame of `context`; false: the stack is damaged.
template <class Env> bool step(Env& env, ULONG handler_type, CONTEXT& context, WalkFrame& frame) {
    const ULONG_PTR before = context.Rsp;
    frame.pc = context.Rip;
    frame.base = 0;
    frame.function = nullptr;
    frame.scope_index = 0;
    env.lookup(frame.pc, frame.base, frame.function);
    frame.unwind =
        virtual_unwind(env.memory(), handler_type, frame.base, frame.pc, frame.function, context, nullptr);
    if (frame.unwind.status != UnwindStatus::ok) return false;
    return frame.unwind.machine_frame ||
           context.Rsp > before; // a stack grows downward: no way to go in a circle
}

} // namespace detail

// Searches the frames outward from `context` for a handler. True: one said that execution continues with
// `context` (which it may have changed). False: nobody did; the record's flags tell if the stack was damaged.
// A handler that takes the exception unwinds and never returns here.
template <class Env>
bool search_handler(Env& env, EXCEPTION_RECORD& record, CONTEXT& context, Workspace& space) {
    ULONG flags = record.ExceptionFlags & EXCEPTION_NONCONTINUABLE;
    ULONG_PTR nested_frame = 0;
    space.walk = context;
    for (;;) {
        detail::WalkFrame frame;
        const Crossing crossing = env.cross(space.walk);
        if (crossing.kind == Crossing::end) break;
        if (crossing.kind == Crossing::nested) {
            flags |= EXCEPTION_NESTED_CALL;
            if (crossing.nested_frame > nested_frame) nested_frame = crossing.nested_frame;
        }
        if (crossing.kind == Crossing::moved || crossing.kind == Crossing::nested) continue;
        bool again = crossing.kind == Crossing::collided;
        if (again) {
            space.walk = *crossing.dispatcher->ContextRecord;
            detail::WalkFrame scratch;
            if (!detail::step(env, UNW_FLAG_NHANDLER, space.walk, scratch)) {
                flags |= EXCEPTION_STACK_INVALID;
                break;
            }
            frame.take(*crossing.dispatcher);
        } else if (!detail::step(env, UNW_FLAG_EHANDLER, space.walk, frame) ||
                   !env.on_stack(frame.unwind.establisher_frame)) {
            flags |= EXCEPTION_STACK_INVALID;
            break;
        }
        if (!frame.unwind.handler) continue;
        do {
            again = false;
            frame.give(space.dispatcher, &space.walk, 0);
            record.ExceptionFlags = flags;
            const LONG disposition =
                env.call_handler(&record, frame.unwind.establisher_frame, &context, &space.dispatcher);
            flags |= record.ExceptionFlags & EXCEPTION_NONCONTINUABLE;
            if (nested_frame ==
                frame.unwind.establisher_frame) { // back in what the interrupted search had not seen
                flags &= ~EXCEPTION_NESTED_CALL;
                nested_frame = 0;
            }
            switch (disposition) {
            case ExceptionContinueExecution:
                if (flags & EXCEPTION_NONCONTINUABLE) env.invalid(STATUS_NONCONTINUABLE_EXCEPTION, &record);
                return true;
            case ExceptionContinueSearch:
                break;
            case ExceptionNestedException:
                flags |= EXCEPTION_NESTED_CALL;
                if (space.dispatcher.EstablisherFrame > nested_frame)
                    nested_frame = space.dispatcher.EstablisherFrame;
                break;
            case ExceptionCollidedUnwind: {
                frame.take(space.dispatcher);
                space.walk = *space.dispatcher.ContextRecord;
                detail::WalkFrame scratch;
                again = detail::step(env, UNW_FLAG_NHANDLER, space.walk, scratch);
                break;
            }
            default:
                env.invalid(STATUS_INVALID_DISPOSITION, &record);
            }
        } while (again);
    }
    record.ExceptionFlags = flags;
    return false;
}

// Unwinds from `start` to target_frame (0: to the end of the stack), running termination handlers, and
// resumes there at target_ip with return_value in rax. `start` is the state just outside the caller of
// RtlUnwindEx.
template <class Env>
void unwind_frames(Env& env, ULONG_PTR target_frame, ULONG_PTR target_ip, EXCEPTION_RECORD& record,
                   ULONG_PTR return_value, const CONTEXT& start, Workspace& space) {
    CONTEXT next = start;
    ULONG flags = record.ExceptionFlags | EXCEPTION_UNWINDING;
    if (!target_frame) flags |= EXCEPTION_EXIT_UNWIND;
    for (;;) {
        detail::WalkFrame frame;
        const Crossing crossing = env.cross(next);
        if (crossing.kind == Crossing::end) break;
        if (crossing.kind == Crossing::moved || crossing.kind == Crossing::nested) continue;
        if (crossing.kind == Crossing::collided) {
            space.walk = *crossing.dispatcher->ContextRecord;
            next = space.walk;
            if (!detail::step(env, UNW_FLAG_NHANDLER, next, frame)) env.invalid(STATUS_BAD_STACK, &record);
            frame.take(*crossing.dispatcher);
            flags |= EXCEPTION_COLLIDED_UNWIND;
        } else {
            space.walk = next;
            if (!detail::step(env, UNW_FLAG_UHANDLER, next, frame) ||
                !env.on_stack(frame.unwind.establisher_frame))
                env.invalid(STATUS_BAD_STACK, &record);
        }
        const ULONG_PTR establisher = frame.unwind.establisher_frame;
        // Frames ascend: beyond the target it cannot come any more.
        if (target_frame && establisher > target_frame) env.invalid(STATUS_INVALID_UNWIND_TARGET, &record);
        bool again = frame.unwind.handler != 0;
        while (again) {
            again = false;
            if (frame.unwind.establisher_frame == target_frame) flags |= EXCEPTION_TARGET_UNWIND;
            record.ExceptionFlags = flags;
            space.walk.Rax = return_value;
            frame.give(space.dispatcher, &space.walk, target_ip);
            const LONG disposition =
                env.call_handler(&record, frame.unwind.establisher_frame, &space.walk, &space.dispatcher);
            flags &= ~(EXCEPTION_COLLIDED_UNWIND | EXCEPTION_TARGET_UNWIND);
            switch (disposition) {
            case ExceptionContinueSearch:
                break;
            case ExceptionCollidedUnwind: {
                frame.take(space.dispatcher);
                if (space.dispatcher.ContextRecord != &space.walk)
                    space.walk = *space.dispatcher.ContextRecord;
                next = space.walk;
                detail::WalkFrame scratch;
                if (!detail::step(env, UNW_FLAG_NHANDLER, next, scratch))
                    env.invalid(STATUS_BAD_STACK, &record);
                flags |= EXCEPTION_COLLIDED_UNWIND;
                again = true;
                break;
            }
            default:
                env.invalid(STATUS_INVALID_DISPOSITION, &record);
            }
        }
        if (target_frame && frame.unwind.establisher_frame == target_frame) {
            space.walk.Rax = return_value;
            if (record.ExceptionCode != STATUS_UNWIND_CONSOLIDATE) space.walk.Rip = target_ip;
            env.resume(space.walk, &record);
            return;
        }
    }
    env.unwind_lost(&record, next);
}

// __C_specific_handler: the scope table of a function with __try. Each scope has begin, end, handler (filter,
// __finally block, or 1 for EXCEPTION_EXECUTE_HANDLER) and jump target (0 marks a __finally), all RVAs; inner
// scopes come first.
template <class Env>
LONG c_specific_handler(Env& env, EXCEPTION_RECORD& record, ULONG_PTR frame, CONTEXT& context,
                        DISPATCHER_CONTEXT& dispatcher) {
    struct Scope {
        ULONG begin, end, handler, target;
        bool covers(ULONG_PTR rva) const { return rva >= begin && rva < end; }
    };
    const ULONG_PTR base = dispatcher.ImageBase;
    const auto table = reinterpret_cast<ULONG_PTR>(dispatcher.HandlerData);
    ULONG count = 0;
    if (!env.memory().get(table, count)) return ExceptionContinueSearch;
    const auto read = [&](ULONG i, Scope& scope) {
        return env.memory().get(table + 4 + i * sizeof(Scope), scope);
    };
    Scope scope;
    const ULONG_PTR pc = dispatcher.ControlPc - base;

    if (!(record.ExceptionFlags & EXCEPTION_UNWIND)) {
        EXCEPTION_POINTERS pointers{&record, &context};
        for (ULONG i = dispatcher.ScopeIndex; i < count && read(i, scope); i++) {
            if (!scope.covers(pc) || scope.target == 0) continue;
            const LONG answer =
                scope.handler == 1 ? 1 : env.call_filter(base + scope.handler, pointers, frame);
            if (answer < 0) return ExceptionContinueExecution;
            if (answer > 0)
                env.unwind(frame, base + scope.target, &record, static_cast<ULONG>(record.ExceptionCode),
                           dispatcher.ContextRecord);
        }
        return ExceptionContinueSearch;
    }

    const ULONG_PTR target = dispatcher.TargetIp - base;
    const bool at_target = record.ExceptionFlags & EXCEPTION_TARGET_UNWIND;
    for (ULONG i = dispatcher.ScopeIndex; i < count && read(i, scope); i++) {
        if (!scope.covers(pc)) continue;
        if (at_target) {
            // Control stays inside this __try (whose code may be in several pieces), so it and all around it
            // go on.
            bool stays = false;
            Scope piece;
            for (ULONG j = 0; j < count && !stays && read(j, piece); j++)
                stays =
                    piece.covers(target) && piece.handler == scope.handler && piece.target == scope.target;
            if (stays) break;
        }
        if (scope.target != 0) {
            if (at_target && scope.target == target) break; // arrived at this __except
        } else {
            dispatcher.ScopeIndex =
                i + 1; // if the block unwinds itself, the collided unwind goes on behind it
            env.call_termination(base + scope.handler, frame);
        }
    }
    return ExceptionContinueSearch;
}

} // namespace nt::rtl
