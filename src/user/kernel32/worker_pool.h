// Worker threads at a completion port: each packet is handed to one of them. A thread is added when a packet
// comes while all of them are busy.
#pragma once
#include "kernel32.h"

namespace nt::k32 {

class WorkerPool {
  public:
    using Deliver = void (*)(PVOID key, PVOID context, const IO_STATUS_BLOCK& result);
    constexpr explicit WorkerPool(Deliver deliver) : deliver_(deliver) {}
    NTSTATUS begin(); // before the first use of the port
    HANDLE port() const { return port_; }
    // Whether somebody is there for the next packet, after an attempt to add a thread if need be.
    bool ready() { return idle_ > 0 || start_worker(); }

  private:
    static DWORD work(PVOID pool);
    bool start_worker();

    const Deliver deliver_;
    HANDLE port_ = nullptr;
    volatile LONG idle_ = 0, workers_ = 0;
    volatile LONG state_ = 0; // 0: nobody has begun, 1: somebody begins, 2: there is a port
};

} // namespace nt::k32
