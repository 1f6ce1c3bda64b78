// The mapped chunks of a growing file. Allocating a chunk and its pages costs far more than filling it, so a
// thread of its own prepares the next chunk while the machine fills the present one. The thread touches
// nothing but the file's mappings: it decides nothing, and the file's contents do not depend on it.
#pragma once
#include "trace/recorder.h"
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace trace {

class Chunks {
  public:
    // Takes a file that is empty. 0, or the error number.
    int start(int file, const HelperThread& helper);
    // The next chunk, zeroed and mapped, in file order; the one before is unmapped. Null: `error` says why.
    std::byte* next(int& error);
    // Unmaps all, ends the thread, and cuts the file at `size`.
    void stop(std::uint64_t size);

  private:
    enum State : std::uint32_t { wanted, ready, failed, quit };
    static void run(void* self);
    void prepare();

    int file_ = -1;
    HelperThread helper_{};
    bool threaded_ = false;
    std::byte* present_ = nullptr;
    std::uint64_t offset_ = 0; // of the chunk being prepared
    // Handed over by state_.
    std::byte* prepared_ = nullptr;
    std::byte* used_ = nullptr; // to be unmapped
    int error_ = 0;
    std::atomic<std::uint32_t> state_{quit};
};

} // namespace trace
