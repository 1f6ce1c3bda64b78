#include "trace/detail/chunks.h"
#include "trace/format.h"
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace trace {

// Maps the chunk at offset_ into prepared_, or leaves error_.
void Chunks::prepare() {
    if (used_) munmap(used_, chunk_bytes);
    used_ = nullptr;
    prepared_ = nullptr;
    // A file-size limit also sends SIGXFSZ, whose default ends the process; the error number is what we want.
    sigset_t limit, before;
    sigemptyset(&limit);
    sigaddset(&limit, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &limit, &before);
    error_ = posix_fallocate(file_, static_cast<off_t>(offset_), chunk_bytes);
    if (error_ == EFBIG) {
        const timespec now{};
        sigtimedwait(&limit, nullptr, &now);
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (error_) return;
    void* mapping =
        mmap(nullptr, chunk_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file_, static_cast<off_t>(offset_));
    if (mapping == MAP_FAILED) {
        error_ = errno;
        return;
    }
    prepared_ = static_cast<std::byte*>(mapping);
    offset_ += chunk_bytes;
}

void Chunks::run(void* self) {
    auto& chunks = *static_cast<Chunks*>(self);
    for (;;) {
        std::uint32_t state = chunks.state_.load(std::memory_order_acquire);
        if (state == quit) return;
        if (state != wanted) {
            chunks.state_.wait(state, std::memory_order_acquire);
            continue;
        }
        chunks.prepare();
        // Faults in every page for writing. Older kernels refuse; the pages then come one by one.
        if (chunks.prepared_) madvise(chunks.prepared_, chunk_bytes, MADV_POPULATE_WRITE);
        chunks.state_.compare_exchange_strong(state, chunks.error_ ? failed : ready,
                                              std::memory_order_acq_rel);
        chunks.state_.notify_all();
    }
}

int Chunks::start(int file, const HelperThread& helper) {
    file_ = file;
    helper_ = helper;
    offset_ = 0;
    present_ = used_ = prepared_ = nullptr;
    error_ = 0;
    prepare(); // the first one must be there at once
    if (error_) return error_;
    state_.store(ready, std::memory_order_release);
    threaded_ = helper.start && helper.start(run, this);
    return 0;
}

std::byte* Chunks::next(int& error) {
    if (!threaded_ && state_.load() == wanted) {
        prepare();
        state_.store(error_ ? failed : ready);
    }
    std::uint32_t state;
    while ((state = state_.load(std::memory_order_acquire)) == wanted)
        state_.wait(wanted, std::memory_order_acquire);
    if (state != ready) {
        error = error_;
        return nullptr;
    }
    used_ = present_;
    present_ = prepared_;
    prepared_ = nullptr;
    state_.store(wanted, std::memory_order_release);
    state_.notify_all();
    return present_;
}

void Chunks::stop(std::uint64_t size) {
    if (file_ < 0) return;
    state_.store(quit, std::memory_order_release);
    state_.notify_all();
    if (threaded_) helper_.join();
    threaded_ = false;
    for (std::byte* mapping : {present_, prepared_, used_})
        if (mapping) munmap(mapping, chunk_bytes);
    present_ = prepared_ = used_ = nullptr;
    // If cutting fails, the zero tail is harmless.
    if (ftruncate(file_, static_cast<off_t>(size)) != 0) errno = 0;
    file_ = -1;
}

} // namespace trace
