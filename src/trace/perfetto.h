// A trace as Perfetto's, for ui.perfetto.dev: a track per processor (the running thread, within it interrupt
// service routines and DPCs; idle time is a gap) and one per thread (calls, requests, waits). Times are
// virtual, in nanoseconds.
#pragma once
#include "trace/reader.h"

namespace trace {

// Writes the whole trace to a file descriptor as one perfetto.protos.Trace. False: the trace is damaged (what
// stands before the damage is written), or the descriptor failed.
bool print_perfetto(Reader& reader, int descriptor);

} // namespace trace
