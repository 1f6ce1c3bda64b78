// A trace as text, readable at a glance in 80 columns: virtual time, process.thread, processor/IRQL, then the
// row; an IRP's life is indented by stack level. Names of devices, drivers, files and code addresses come
// from earlier rows, so feed every row.
#pragma once
#include "trace/reader.h"
#include <map>
#include <memory>
#include <string>

namespace trace {

class TextFormatter {
  public:
    TextFormatter();
    ~TextFormatter();
    // The row as text with newlines; "" for rows that only carry names.
    std::string format(const Record& record);
    static std::string heading();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

// Writes all rows to a file descriptor; a damaged file's message comes last, on the same descriptor. False:
// damaged or unwritable.
bool print_text(Reader& reader, int descriptor);

} // namespace trace
