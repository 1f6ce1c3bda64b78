#include "rtl/status.h"

namespace nt::rtl {

namespace {

struct StatusMapRow {
    ULONG status;
    ULONG win32;
};

#include "rtl/status_map.inc"

constexpr ULONG CUSTOMER_BIT = 0x20000000, NT_BIT = 0x10000000;
constexpr ULONG NO_MAPPING = 317; // ERROR_MR_MID_NOT_FOUND

} // namespace

ULONG status_to_dos_error(NTSTATUS status) {
    ULONG value = ULONG(status);
    if (value & CUSTOMER_BIT) return value;
    if ((value & 0xf0000000) == 0xd0000000) value &= ~NT_BIT; // an HRESULT_FROM_NT
    const ULONG high = value & 0xffff0000;
    if (high == 0xc0010000 || high == 0xc0070000 || high == 0x80070000) return value & 0xffff;

    std::size_t low = 0, end = sizeof STATUS_MAP / sizeof STATUS_MAP[0];
    while (low < end) {
        const std::size_t middle = low + (end - low) / 2;
        if (STATUS_MAP[middle].status == value) return STATUS_MAP[middle].win32;
        if (STATUS_MAP[middle].status < value)
            low = middle + 1;
        else
            end = middle;
    }
    return NO_MAPPING;
}

} // namespace nt::rtl
