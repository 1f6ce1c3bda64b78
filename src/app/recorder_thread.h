// The host thread that prepares the trace file's pages (trace/recorder.h).
#pragma once

namespace app {

// Call before trace::start.
void plug_recorder_thread();

} // namespace app
