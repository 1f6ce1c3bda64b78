#include "kernel/io/detail/history.h"
#include "host/guest.h"
#include "kernel/io/detail/describe.h"
#include "kernel/ke/clock.h"
#include "trace/names.h"
#include <cstdio>
#include <vector>

namespace nt::io {

bool verifying = false;

namespace detail {

namespace {

struct Event {
    ULONGLONG time;
    const IRP* irp;
    ULONG_PTR address;
    const DRIVER_OBJECT* driver;
    NTSTATUS status;
    Happened what;
    UCHAR level, major;
};
constexpr ULONG events_kept = 4096;
Event events[events_kept];
ULONG event_count;

constexpr std::size_t lines_told = 24;

std::string place(ULONG_PTR address) {
    char text[160];
    ke::place_name(address, text, sizeof text);
    return text;
}

std::string line_of(const Event& e) {
    char head[40];
    std::snprintf(head, sizeof head, "  %lu.%07lu s ", e.time / 10'000'000, e.time % 10'000'000);
    std::string text = head;
    const std::string location = "location " + std::to_string(e.level) + ": ";
    switch (e.what) {
    case Happened::made:
        return text + (e.address ? "made at " + place(e.address)
                                 : "made by the I/O manager, " + trace::irp_major_name(e.major));
    case Happened::called:
        return text + location + name_of(e.driver).text + " gets it, " + trace::irp_major_name(e.major) +
               ", " + place(e.address);
    case Happened::returned:
        return text + location + place(e.address) + " returned " + status_name(e.status).text;
    case Happened::completed:
        return text + location + "completed with " + status_name(e.status).text + " at " + place(e.address);
    case Happened::routine_returned:
        return text + location + "completion routine " + place(e.address) + " returned " +
               (e.status == 0 ? "STATUS_CONTINUE_COMPLETION" : status_name(e.status).text);
    case Happened::cancelled:
        return text + "cancelled" +
               (e.address ? ", cancel routine " + place(e.address) : ", without a cancel routine");
    case Happened::freed:
        return text + "freed" + (e.address ? " at " + place(e.address) : "");
    }
    return text;
}

} // namespace

void note_event(Happened what, const IRP* irp, UCHAR level, ULONG_PTR address, NTSTATUS status, UCHAR major,
                const DRIVER_OBJECT* driver) {
    events[event_count++ % events_kept] = {
        ke::interrupt_time(), irp, address, driver, status, what, level, major};
}

std::string history_of(const void* irp) {
    // What ends in a freed IRP is about an earlier one at this address, if there is one there again.
    CSHORT type = 0;
    const bool living = guest::read(reinterpret_cast<ULONG_PTR>(irp), type) && type == IO_TYPE_IRP;
    std::vector<const Event*> found; // backwards
    bool whole = false;
    for (ULONG i = 1; i <= std::min(event_count, events_kept) && !whole; ++i) {
        const Event& e = events[(event_count - i) % events_kept];
        if (e.irp != irp) continue;
        if (e.what == Happened::freed && (living || !found.empty())) {
            whole = true;
            break;
        }
        found.push_back(&e);
        whole = e.what == Happened::made;
    }
    std::string text;
    for (std::size_t i = found.size(); i-- > 0;) {
        if (i + 1 < found.size()) text += "\n";
        if (i + 1 == found.size() && !whole) text += "  (what came before is no longer kept)\n";
        if (found.size() > lines_told && i + lines_told / 2 + 1 == found.size()) {
            const std::size_t left_out = found.size() - lines_told;
            text += "  (" + std::to_string(left_out) + " more)";
            i -= left_out - 1;
            continue;
        }
        text += line_of(*found[i]);
    }
    return text;
}

} // namespace detail
} // namespace nt::io
