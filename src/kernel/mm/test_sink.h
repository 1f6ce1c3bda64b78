// Signals for unit tests: guest:: primitives report faults, guard pages of user stacks grow.
#pragma once
#include "host/signals.h"
#include "kernel/mm/address_space.h"

namespace nt::mm {

struct TestSink final : host::FaultSink {
    bool deliver(host::Fault&) override { return false; }
    bool resolve(host::Fault& fault) override {
        if (bring_in(fault.address)) return true;
        AddressSpace* space = current_space();
        std::uint64_t limit;
        if (!space || !space->find_vad(fault.address) || !space->find_vad(fault.address)->stack) return false;
        return space->resolve_fault(fault.address, fault.is_write, fault.is_execute, limit) ==
               Resolution::retry;
    }
};

inline void prepare_test() {
    static TestSink sink;
    initialize();
    host::install_signals(&sink);
}

} // namespace nt::mm
