#include "trace/recorder.h"
#include "abi/status.h"
#include "trace/detail/chunks.h"
#include "trace/format.h"
#include "trace/trace.h"
#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace trace {
namespace {

int file = -1;
Chunks chunks;
HelperThread helper{};
std::byte* chunk = nullptr;     // mapped one, null when none
std::uint64_t chunk_offset = 0; // its place in the file
std::uint64_t final_size = 0;   // after stop
RecorderStatus state{};

nt::NTSTATUS status_of(int error) {
    switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return nt::STATUS_DISK_FULL;
    case EACCES:
    case EPERM:
    case EROFS:
        return nt::STATUS_ACCESS_DENIED;
    case ENOENT:
    case ENOTDIR:
        return nt::STATUS_OBJECT_PATH_NOT_FOUND;
    default:
        return nt::STATUS_UNSUCCESSFUL;
    }
}

void record_failure(int error) {
    const nt::NTSTATUS status = status_of(error);
    state = {status == nt::STATUS_DISK_FULL ? RecorderState::full : RecorderState::failed, status, error};
}

std::uint64_t used_bytes() {
    return chunk ? chunk_offset + static_cast<std::uint64_t>(detail::window.at - chunk) : final_size;
}

// Ends recording; the state must already say why.
void finish() {
    on = false;
    verbose = false;
    if (!chunk) return;
    final_size = used_bytes();
    chunk = nullptr;
    detail::window = {};
    chunks.stop(final_size);
}

void write_file_head() {
    const FileHead head{{'D', 'R', 'V', 'T', 'R', 'A', 'C', 'E'},
                        format_version,
                        static_cast<std::uint32_t>((sizeof(FileHead) + schema.size() + 3) & ~std::size_t{3}),
                        chunk_bytes,
                        static_cast<std::uint32_t>(schema.size())};
    static_assert(sizeof(FileHead) + schema.size() < chunk_bytes / 2);
    std::memcpy(chunk + sizeof head, schema.data(), schema.size());
    std::memcpy(chunk, &head, sizeof head);
    detail::window.at += head.head_bytes;
}

bool start_on(int descriptor, bool verbose_rows) {
    file = descriptor;
    final_size = 0;
    chunk_offset = 0;
    if (file < 0) {
        record_failure(errno);
        return false;
    }
    state = {RecorderState::recording, nt::STATUS_SUCCESS, 0};
    int error = chunks.start(file, helper);
    if (!error) chunk = chunks.next(error);
    if (!chunk) {
        record_failure(error);
        chunks.stop(0);
        return false;
    }
    detail::window = {chunk, chunk + chunk_bytes};
    write_file_head();
    on = true;
    verbose = verbose_rows;
    return true;
}

void close_last() {
    stop();
    if (file >= 0) close(file);
    file = -1;
}

} // namespace

namespace detail {

// Out of the hot path: goes on in the next chunk if this one is full, and writes down who is running.
bool prepare(std::size_t most) {
    if (!chunk) return false;
    if (most + sizeof(ContextRecord) > static_cast<std::size_t>(window.end - window.at)) {
        // Padding first: chunks.next() gives the full chunk away. It is of no use to a file that ends here.
        const auto rest = static_cast<std::uint32_t>(window.end - window.at);
        auto* const rest_at = reinterpret_cast<std::uint32_t*>(window.at);
        if (rest) __atomic_store_n(rest_at, record_head(0, rest), __ATOMIC_RELEASE);
        int error = 0;
        std::byte* const next = chunks.next(error);
        if (!next) {
            if (rest) __atomic_store_n(rest_at, 0u, __ATOMIC_RELEASE);
            record_failure(error);
            finish();
            return false;
        }
        chunk = next;
        chunk_offset += chunk_bytes;
        window = {chunk, chunk + chunk_bytes};
    }
    window.ids = current_ids();
    window.cpu = current.cpu;
    window.time = *current.time;
    const ContextRecord record{0,
                               current.pid,
                               current.tid,
                               current.cpu,
                               static_cast<std::uint32_t>(window.time),
                               static_cast<std::uint32_t>(window.time >> 32)};
    std::memcpy(window.at, &record, sizeof record);
    __atomic_store_n(reinterpret_cast<std::uint32_t*>(window.at), record_head(context_id, sizeof record),
                     __ATOMIC_RELEASE);
    window.at += sizeof record;
    return true;
}

} // namespace detail

void use_helper_thread(const HelperThread& thread) { helper = thread; }

bool start(const std::string& path, bool verbose_rows) {
    close_last();
    return start_on(open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666), verbose_rows);
}

bool start_unnamed(bool verbose_rows) {
    close_last();
    int descriptor = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor < 0) descriptor = memfd_create("drvlab-trace", MFD_CLOEXEC);
    return start_on(descriptor, verbose_rows);
}

int descriptor() { return file; }

void stop() {
    if (state.state == RecorderState::recording) state.state = RecorderState::closed;
    finish();
}

RecorderStatus recorder_status() { return state; }

std::uint64_t bytes_recorded() { return used_bytes(); }

std::string describe(const RecorderStatus& status) {
    const std::string because =
        status.error ? std::string(": ") + strerrordesc_np(status.error) : std::string();
    switch (status.state) {
    case RecorderState::off:
        return "off";
    case RecorderState::recording:
        return "recording";
    case RecorderState::closed:
        return "complete";
    case RecorderState::full:
        return "stopped early, disk full (STATUS_DISK_FULL" + because + ")";
    case RecorderState::failed:
        return "stopped early, the system refused" + because;
    }
    return "unknown";
}

} // namespace trace
