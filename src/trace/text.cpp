#include "trace/text.h"
#include "trace/detail/output.h"
#include "trace/detail/row_filter.h"
#include "trace/detail/text_rows.h"
#include <algorithm>
#include <cstdio>

namespace trace {
namespace {

constexpr std::size_t width = 80;
constexpr unsigned deepest = 12; // levels shown by indentation

// Breaks at blanks; further lines stand two columns deeper. Text with newlines of its own keeps them.
void append_wrapped(std::string& out, std::size_t indent, std::string_view text) {
    std::size_t column = indent;
    std::size_t begin = indent;
    bool first = true;
    while (!text.empty()) {
        const auto end = std::min(text.find_first_of(" \n"), text.size());
        const std::string_view word = text.substr(0, end);
        if (!first && column + word.size() > width && column > begin) {
            while (!out.empty() && out.back() == ' ')
                out.pop_back();
            begin = indent + 2;
            out += '\n';
            out.append(begin, ' ');
            column = begin;
        }
        out += word;
        column += word.size();
        first = false;
        if (end == text.size()) break;
        if (text[end] == '\n') {
            begin = indent + 2;
            out += '\n';
            out.append(begin, ' ');
            column = begin;
        } else {
            out += ' ';
            ++column;
        }
        text.remove_prefix(end + 1);
    }
    while (!out.empty() && out.back() == ' ')
        out.pop_back();
    out += '\n';
}

} // namespace

std::string TextFormatter::heading() {
    return "  time/ms  pid.tid cpu/irql\n"
           "--------- -------- --- --------------------------------------------------------\n";
}

unsigned TextFormatter::irp_depth(const Record& r) const {
    const auto found = irps_.find(r.number("irp"));
    if (found == irps_.end()) return 0;
    const Irp& irp = found->second;
    const Value* level = r.find("level");
    if (!level) return irp.depth;
    const auto at = static_cast<unsigned>(level->number);
    return irp.depth + 1 + (at < irp.stack_count ? irp.stack_count - at : 0);
}

void TextFormatter::append(const Record& r, std::string& out) {
    const TextRow row = text_row(*this, r);
    if (row.text.empty()) return;
    char prefix[64];
    char thread[32];
    std::snprintf(thread, sizeof thread, "%u.%u", r.head.pid, r.head.tid);
    std::snprintf(prefix, sizeof prefix, "%5llu.%03llu %8s %u/%-2u",
                  static_cast<unsigned long long>(r.head.time / 10000),
                  static_cast<unsigned long long>(r.head.time / 10 % 1000), thread, r.head.cpu, r.head.irql);
    const std::size_t before = out.size();
    out += prefix;
    out.append(2 * std::min(row.depth, deepest), ' ');
    append_wrapped(out, out.size() - before, row.text);
}

void TextFormatter::skip(const Record& r) { text_row(*this, r); }

std::string request_history(Reader& reader, std::uint64_t irp) {
    TextFormatter formatter;
    Record record;
    std::string text;
    while (reader.next(record)) {
        bool named = false;
        for (std::size_t i = 0; i < record.values.size(); i++)
            named |= record.event->fields[i].type == Type::ptr && record.values[i].number == irp;
        if (record.is("irp_created") && named) text.clear();
        if (named)
            formatter.append(record, text);
        else
            formatter.skip(record);
    }
    return text;
}

bool print_text(Reader& reader, int descriptor, const TextOptions& options, bool* call_found) {
    Output output(descriptor);
    TextFormatter formatter;
    RowFilter filter(options, reader);
    Record record;
    output.text = TextFormatter::heading();
    while (output.good() && reader.next(record)) {
        if (filter.shows(record))
            formatter.append(record, output.text);
        else
            formatter.skip(record);
        output.flush_if_large();
    }
    if (call_found && !options.call.empty()) *call_found = filter.call_found();
    if (reader.damaged()) output.text += "The trace is damaged: " + reader.error() + "\n";
    return output.flush() && !reader.damaged();
}

} // namespace trace
