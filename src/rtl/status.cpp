#include "rtl/status.h"

namespace nt::rtl {

namespace {

struct CodeRow {
    ULONG code;
    const char* name;
    const char* text;
};
struct NamedStatus {
    const char* name;
    ULONG status;
};
struct BugcheckRow {
    ULONG code;
    const char* name;
    const char* parameters[4];
};

#include "rtl/code_tables.inc"

template <class Row, std::size_t N> const Row* find(const Row (&rows)[N], ULONG code) {
    std::size_t low = 0, end = N;
    while (low < end) {
        const std::size_t middle = low + (end - low) / 2;
        if (rows[middle].code == code) return &rows[middle];
        if (rows[middle].code < code)
            low = middle + 1;
        else
            end = middle;
    }
    return nullptr;
}

int compare(const char* a, const char* b) {
    while (*a && *a == *b)
        ++a, ++b;
    return int(UCHAR(*a)) - int(UCHAR(*b));
}

} // namespace

const char* status_name(NTSTATUS status) {
    const CodeRow* row = find(STATUS_ROWS, ULONG(status));
    return row ? row->name : nullptr;
}

const char* status_text(NTSTATUS status) {
    const CodeRow* row = find(STATUS_ROWS, ULONG(status));
    return row ? row->text : nullptr;
}

bool find_status(const char* name, NTSTATUS* status) {
    std::size_t low = 0, end = sizeof STATUS_NAMES / sizeof STATUS_NAMES[0];
    while (low < end) {
        const std::size_t middle = low + (end - low) / 2;
        const int order = compare(STATUS_NAMES[middle].name, name);
        if (order == 0) {
            *status = NTSTATUS(STATUS_NAMES[middle].status);
            return true;
        }
        if (order < 0)
            low = middle + 1;
        else
            end = middle;
    }
    return false;
}

const char* win32_error_name(ULONG code) {
    const CodeRow* row = find(WIN32_ROWS, code);
    return row ? row->name : nullptr;
}

const char* win32_error_text(ULONG code) {
    const CodeRow* row = find(WIN32_ROWS, code);
    return row ? row->text : nullptr;
}

const char* bugcheck_name(ULONG code) {
    const BugcheckRow* row = find(BUGCHECK_ROWS, code);
    return row ? row->name : nullptr;
}

const char* bugcheck_parameter(ULONG code, unsigned parameter) {
    const BugcheckRow* row = find(BUGCHECK_ROWS, code);
    return row && parameter >= 1 && parameter <= 4 ? row->parameters[parameter - 1] : "";
}

} // namespace nt::rtl
