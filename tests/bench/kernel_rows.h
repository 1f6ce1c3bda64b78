// The rows of what the kernel does beside requests: switches, DPCs, timers, locks, interrupts, time.
#pragma once
#include "row.h"
#include <memory>

namespace bench {

// Rounds of measures, then their rows.
class KernelRows {
  public:
    explicit KernelRows(const std::string& trace); // a file for traces
    ~KernelRows();
    void take();
    std::vector<Row> rows() const;

  private:
    struct Measures;
    std::unique_ptr<Measures> m_;
};

} // namespace bench
