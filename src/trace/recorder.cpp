#include "trace/recorder.h"
#include "abi/status.h"
#include "trace/format.h"
#include "trace/trace.h"
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace trace {
namespace {

int file = -1;
std::byte* chunk = nullptr;     // mapped chunk, null when none
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

void unmap_chunk() {
    if (!chunk) return;
    munmap(chunk, chunk_bytes);
    chunk = nullptr;
    detail::window = {};
}

// Allocates and maps the chunk at `offset`. The old one stays as it is if that fails.
bool map_chunk(std::uint64_t offset) {
    // A file-size limit also sends SIGXFSZ, whose default ends the process; the error number is what we want.
    struct sigaction ignore = {}, before = {};
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGXFSZ, &ignore, &before);
    const int error = posix_fallocate(file, static_cast<off_t>(offset), chunk_bytes);
    sigaction(SIGXFSZ, &before, nullptr);
    if (error) {
        record_failure(error);
        return false;
    }
    void* mapping = mmap(nullptr, chunk_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, file,
                         static_cast<off_t>(offset));
    if (mapping == MAP_FAILED) {
        record_failure(errno);
        return false;
    }
    unmap_chunk();
    chunk = static_cast<std::byte*>(mapping);
    chunk_offset = offset;
    detail::window = {chunk, chunk + chunk_bytes};
    return true;
}

// Ends recording; the state must already say why.
void finish() {
    on = false;
    verbose = false;
    if (!chunk) return;
    final_size = used_bytes();
    unmap_chunk();
    // A chunk that was allocated in part only (full disk) goes, too. If cutting fails, the zero tail is
    // harmless.
    if (ftruncate(file, static_cast<off_t>(final_size)) != 0) return;
}

void write_file_head() {
    const FileHead head{{'D', 'R', 'V', 'T', 'R', 'A', 'C', 'E'},
                        format_version,
                        static_cast<std::uint32_t>((sizeof(FileHead) + schema.size() + 7) & ~std::size_t{7}),
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
    if (!map_chunk(0)) return false;
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

// Out of the hot path: pads the rest of the chunk and goes on in the next one.
std::byte* reserve_in_next_chunk(std::uint32_t size) {
    if (!chunk) return nullptr;
    const auto rest = static_cast<std::uint32_t>(window.end - window.at);
    std::byte* const rest_at = window.at;
    if (rest) {
        const std::uint32_t padding[2] = {rest, 0}; // a record's size, then id 0
        std::memcpy(rest_at + 4, &padding[1], 4);
        __atomic_store_n(reinterpret_cast<std::uint32_t*>(rest_at), padding[0], __ATOMIC_RELEASE);
        window.at = window.end;
    }
    if (!map_chunk(chunk_offset + chunk_bytes)) {
        // The padding is of no use to a file that ends here.
        if (rest) __atomic_store_n(reinterpret_cast<std::uint32_t*>(rest_at), 0u, __ATOMIC_RELEASE);
        window.at = rest_at;
        finish();
        return nullptr;
    }
    std::byte* const at = window.at;
    window.at += size;
    return at;
}

} // namespace detail

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
