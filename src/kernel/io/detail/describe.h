// Words for reports: drivers, statuses and requests. Guest structures may be damaged, so they are read with
// care.
#pragma once
#include "abi/irp.h"
#include <string>

namespace nt::io::detail {

struct Text {
    char text[120];
};

Text name_of(const DRIVER_OBJECT* driver); // "\Driver\null"
Text status_name(NTSTATUS status);         // "STATUS_PENDING", else "0xc0001234"
inline unsigned long long address_of(const void* p) { return reinterpret_cast<unsigned long long>(p); }

// "IRP 310000012340 IRP_MJ_READ, cancelled: \Driver\pender has it (stack location 1 of 2, marked pending,
// no cancel routine); it came through \Driver\filter (2, marked pending)".
// The place of a report about it: the dispatch routine of the driver that has it; 0: nobody has.
ULONG_PTR holder_of(const IRP* irp);
std::string describe_request(const IRP* irp);

} // namespace nt::io::detail
