// Which rows the text shows.
#pragma once
#include "trace/text.h"
#include <unordered_set>

namespace trace {

class RowFilter {
  public:
    // Looks through the reader for the end of system start, and rewinds it.
    RowFilter(const TextOptions& options, Reader& reader);
    bool shows(const Record& record);
    bool call_found() const { return call_found_; } // one of the call asked for was among the rows

  private:
    bool within_call(const Record& record);

    TextOptions options_;
    std::uint64_t start_ = 0; // offset of the first row after system start
    Names names_;
    // Threads (pid, tid) within a call asked for, with the number of such calls open; IRPs created there.
    std::unordered_map<std::uint64_t, unsigned> open_;
    std::unordered_set<std::uint64_t> irps_;
    bool call_found_ = false;
};

} // namespace trace
