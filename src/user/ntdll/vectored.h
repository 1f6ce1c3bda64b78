// Vectored handlers: asked before (exception) and after (continue) the frames' handlers.
#pragma once
#include "internal.h"

namespace nt {

// True: one of them said that execution continues.
bool call_vectored_exception_handlers(EXCEPTION_RECORD* record, CONTEXT* context);
void call_vectored_continue_handlers(EXCEPTION_RECORD* record, CONTEXT* context);

} // namespace nt
