// Opening, closing and watching the trace file.
//
// The file is written through a shared mapping of one 4 MiB chunk at a time. A chunk is allocated on disk
// before it is mapped, so a full disk is a status here and not a SIGBUS in the middle of a row; a killed
// process leaves everything up to its last row. One recorder per process: it feeds the global `trace::on` and
// the emit functions.
#pragma once
#include "abi/types.h"
#include <cstdint>
#include <string>

namespace trace {

enum class RecorderState {
    off,       // never started
    recording, //
    closed,    // stopped in good order
    full,      // the disk or the allowed file size is used up: rows from then on are not in the file
    failed,    // the system refused to create, grow or map the file
};

struct RecorderStatus {
    RecorderState state = RecorderState::off;
    nt::NTSTATUS status = 0; // STATUS_SUCCESS, STATUS_DISK_FULL, STATUS_UNSUCCESSFUL …
    int error = 0;           // errno behind it
};

// A thread to prepare the file's next chunk on while the machine fills the present one; without it each new
// chunk costs the machine its page faults. It must run `body(argument)` with all signals blocked. `join`
// waits for its end. Plugged in by app; call before start.
struct HelperThread {
    bool (*start)(void (*body)(void*), void* argument) = nullptr;
    void (*join)() = nullptr;
};
void use_helper_thread(const HelperThread& helper);

// Creates (or empties) the file and sets `on`. `verbose_rows` also sets `verbose`. False: see
// recorder_status().
bool start(const std::string& path, bool verbose_rows = false);
// The same into a file without a name, for text at the end: `descriptor()` is readable until `stop` and after
// it.
bool start_unnamed(bool verbose_rows = false);
// The file of the running or last recording, or -1. Stays open until the next start; valid for
// Reader::open(int).
int descriptor();
// Stops recording and cuts the unused rest off the file. Safe to call twice, and from a fatal signal handler.
void stop();
RecorderStatus recorder_status();
// "recording", "disk full (STATUS_DISK_FULL)" … for messages and --result.
std::string describe(const RecorderStatus& status);
// Bytes recorded so far (head and schema included).
std::uint64_t bytes_recorded();

} // namespace trace
