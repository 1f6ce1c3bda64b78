#include "trace/detail/row_filter.h"
#include <algorithm>

namespace trace {
namespace {

// Types whose objects have a row of their own when they are created.
constexpr std::string_view told_otherwise[] = {"Device", "Driver", "SymbolicLink", "Process",
                                               "Thread", "File",   "Type"};

} // namespace

RowFilter::RowFilter(const TextOptions& options, Reader& reader) : options_(options) {
    if (options_.everything) return;
    // System start ends where the machine says so; a trace that stops before that is shown whole.
    Record record;
    while (reader.next(record))
        if (record.is("machine_start")) {
            start_ = record.offset;
            break;
        }
    reader.rewind();
}

bool RowFilter::shows(const Record& r) {
    if (!options_.call.empty()) return within_call(r);
    if (options_.everything) return true;
    if (r.offset < start_) return false;
    return !r.is("object_created") ||
           std::ranges::find(told_otherwise, r.text("type")) == std::end(told_otherwise);
}

bool RowFilter::within_call(const Record& r) {
    names_.learn(r);
    unsigned& open = open_[std::uint64_t{r.head.pid} << 32 | r.head.tid];
    std::string name;
    if (r.is("api_call") || r.is("api_return"))
        name = r.text("name");
    else if (r.is("syscall_enter") || r.is("syscall_exit") || r.is("zw_enter") || r.is("zw_exit"))
        name = names_.call(0, static_cast<std::uint32_t>(r.number("number")));
    if (name == options_.call) {
        call_found_ = true;
        const bool entered = r.is("api_call") || r.event->name.ends_with("_enter");
        if (entered) ++open;
        const bool shown = open != 0;
        if (!entered && open) --open;
        return shown;
    }
    const std::uint64_t irp = r.number("irp");
    if (r.is("irp_created") && open) irps_.insert(irp);
    const bool shown = open != 0 || (irp && irps_.contains(irp));
    if (r.is("irp_freed")) irps_.erase(irp);
    return shown;
}

} // namespace trace
