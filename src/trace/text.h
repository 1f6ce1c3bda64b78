// A trace as text, readable at a glance in 80 columns: virtual time in milliseconds, process.thread,
// processor/IRQL, then the row. What happens within a call stands deeper than the call; an IRP's life is
// indented by stack level, top driver outermost. Names of devices, drivers, files and code addresses come
// from earlier rows, so feed every row.
#pragma once
#include "trace/names.h"
#include <unordered_map>

namespace trace {

class TextFormatter {
  public:
    // Appends the row with its newline; nothing for rows that only name something.
    void append(const Record& record, std::string& out);
    // Only keeps its picture of the machine up to date.
    void skip(const Record& record);
    // The two lines above the first row.
    static std::string heading();

  private:
    friend struct TextRows;
    struct Irp {
        unsigned stack_count;
        unsigned depth; // of the thread when it was created
        unsigned major;
    };
    struct Call { // an open one
        char kind;
        std::uint64_t id;
        bool operator==(const Call&) const = default;
    };
    unsigned irp_depth(const Record& record) const;

    Names names_;
    std::unordered_map<std::uint64_t, Irp> irps_;
    std::unordered_map<std::uint64_t, std::vector<Call>> calls_; // by pid and tid, outermost first
};

// What print_text shows.
struct TextOptions {
    bool everything =
        false; // also the rows of system start, and "object created" where a row of its own says it
    std::string
        call; // only what happens within calls of this name, "WriteFile" or "NtWriteFile"; "": no limit
};

// The rows that name a request, since it was made last under this address.
std::string request_history(Reader& reader, std::uint64_t irp);

// Writes rows to a file descriptor; what is wrong with a damaged file comes last. False: damaged, or the
// descriptor failed. `call_found`: told, if the options ask for a call, whether there was one.
bool print_text(Reader& reader, int descriptor, const TextOptions& options = {}, bool* call_found = nullptr);

} // namespace trace
