// What became of requests, for reports: a ring of events, kept while verifying. The trace has more, but not
// every run has one.
#pragma once
#include "kernel/io/verifier.h"
#include "kernel/ke/report.h"

namespace nt::io::detail {

enum class Happened : UCHAR { made, called, returned, completed, routine_returned, cancelled, freed };

// `address`: of the routine or behind the call.
[[gnu::cold]] void note_event(Happened what, const IRP* irp, UCHAR level, ULONG_PTR address,
                              NTSTATUS status = 0, UCHAR major = 0, const DRIVER_OBJECT* driver = nullptr);
inline void note(Happened what, const IRP* irp, UCHAR level, ULONG_PTR address, NTSTATUS status = 0,
                 UCHAR major = 0, const DRIVER_OBJECT* driver = nullptr) {
    if (verifying) [[unlikely]]
        note_event(what, irp, level, address, status, major, driver);
}
// For ke::report_at.
std::string history_of(const void* irp);
inline ke::Subject about(const IRP* irp) { return {history_of, irp}; }

} // namespace nt::io::detail
