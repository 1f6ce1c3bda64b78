// Structured exception handling, the part that both halves of NT share: search for a handler, unwind,
// __C_specific_handler.
//
// The algorithms are templates over an environment, because the kernel calls guest handlers across a stack
// switch and steps over host frames, while ntdll.dll calls them directly. Everything that handlers can see
// (DISPATCHER_CONTEXT, the contexts in it) lives in a Workspace that the caller puts where guests may look.
//
// An environment gives:
//   bool lookup(ULONG_PTR pc, ULONG_PTR& image_base, const RUNTIME_FUNCTION*& function);  // false: leaf or
//   unknown code const MemoryReader& memory(); bool on_stack(ULONG_PTR frame);                          //
//   frame is within the limits of the current stack Crossing cross(const CONTEXT&, CrossingState&); // is
//   this pc a boundary that .pdata does not describe? LONG call_handler(HandlerPhase, ULONG_PTR handler,
//   EXCEPTION_RECORD*, ULONG_PTR frame, CONTEXT*, DISPATCHER_CONTEXT*); LONG call_filter(ULONG_PTR filter,
//   EXCEPTION_POINTERS*, ULONG_PTR frame); void call_termination(ULONG_PTR handler, bool abnormal, ULONG_PTR
//   frame);
//   [[noreturn]] void resume(CONTEXT*, EXCEPTION_RECORD*);   // continue the target of an unwind
//   [[noreturn]] void raise(NTSTATUS, EXCEPTION_RECORD* cause);  // noncontinuable exception from inside the
//   dispatcher
//   [[noreturn]] void unwind_lost(EXCEPTION_RECORD*, CONTEXT*);  // the target frame of an unwind was not
//   found
#pragma once
#include "abi/types.h"

namespace nt {
struct CONTEXT;
struct EXCEPTION_RECORD;
struct EXCEPTION_POINTERS;
struct DISPATCHER_CONTEXT;
} // namespace nt
