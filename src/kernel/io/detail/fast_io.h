// Fast I/O: asking a driver's routine before an IRP is made. Whether a routine may be asked is the service's
// matter.
//
// A routine writes its status where guests can, so the block lies in pool. Attempts and refusals are traced;
// the control path tries it for every request to a driver that has a table.
#pragma once
#include "abi/fast_io.h"
#include "kernel/io/detail/checked_call.h"
#include "kernel/io/detail/request.h"
#include "kernel/pool/pool.h"

namespace nt::io::detail {

// The routine in the driver's table, null when it has none.
template <class F> F* fast_io_routine(const DEVICE_OBJECT* device, F* FAST_IO_DISPATCH::* member) {
    const FAST_IO_DISPATCH* table = device->DriverObject->FastIoDispatch;
    if (!table) [[likely]]
        return nullptr;
    const auto end = reinterpret_cast<ULONG_PTR>(&(table->*member)) + sizeof(PVOID);
    if (end - reinterpret_cast<ULONG_PTR>(table) > table->SizeOfFastIoDispatch) return nullptr;
    return table->*member;
}

class FastIo {
  public:
    struct Block {
        IO_STATUS_BLOCK iosb;
        LARGE_INTEGER offset, length;
        union {
            FILE_BASIC_INFORMATION basic;
            FILE_STANDARD_INFORMATION standard;
            FILE_NETWORK_OPEN_INFORMATION network;
        };
    };
    explicit FastIo(const Request& request) : device_(request.device) {}
    explicit FastIo(DEVICE_OBJECT* device) : device_(device) {}
    FastIo(const FastIo&) = delete;
    FastIo& operator=(const FastIo&) = delete;
    // Whoever has begun must end. No destructor: a routine may raise through us, and then its block stays
    // behind.
    void end() {
        if (block) pool::release(block);
        block = nullptr;
    }
    // False: the driver has no table, or there is no memory for the block.
    bool begin() {
        if (!device_->DriverObject->FastIoDispatch) return false;
        block = static_cast<Block*>(
            pool::allocate(pool::Kind::nonpaged, sizeof(Block), pool::tag("IoFs"), 0, true));
        return block;
    }
    // Calls the routine if there is one. True: it did the work, and block->iosb says how it went.
    template <class F, class... A>
    bool call(const char* name, F* FAST_IO_DISPATCH::* member, A... arguments) {
        F* routine = fast_io_routine(device_, member);
        if (!routine) return false;
        const bool handled = call_fast_io(routine, arguments...);
        if (trace::on) [[unlikely]]
            trace::emit_fast_io(device_, device_->DriverObject, routine, name, handled, block->iosb.Status);
        return handled;
    }

    Block* block = nullptr;

  private:
    DEVICE_OBJECT* device_;
};

} // namespace nt::io::detail
