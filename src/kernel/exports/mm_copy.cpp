// nf-ntddk-mmcopymemory: memory that may not be there, read without a fault.
#include "abi/status.h"
#include "host/guest.h"
#include "host/places.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/touch.h"
#include "kernel/mm/physical.h"
#include "kernel/mm/probe.h"
#include <algorithm>
#include <cstring>

using namespace nt;

namespace {

constexpr ULONG copy_physical = 1, copy_virtual = 2;

// Within one page of the source.
bool read_physical(void* to, std::uint64_t address, std::size_t n) {
    const mm::Pfn page = address >> mm::page_shift;
    if (!mm::is_ram(page))
        return false; // "an error status code for physical addresses that refer to I/O space"
    std::memcpy(to, mm::direct(page, address & (mm::page_size - 1)), n);
    return true;
}
bool read_virtual(void* to, std::uint64_t address, std::size_t n) {
    if (!host::places::is_user(address)) {
        const std::uint64_t physical = mm::physical_address(address);
        if (physical && !mm::is_ram(physical >> mm::page_shift)) return false;
    }
    return guest::copy_from(to, address, n);
}

} // namespace

// assumed: what cannot be read is STATUS_PARTIAL_COPY if something before it could be, else
// STATUS_INVALID_ADDRESS.
extern "C" NTSTATUS MmCopyMemory(PVOID target, ULONG_PTR source, SIZE_T length, ULONG flags, SIZE_T* copied) {
    exports::need_out(copied) = 0;
    if (flags != copy_physical && flags != copy_virtual) return STATUS_INVALID_PARAMETER_4;
    if (source + length < source) return STATUS_INVALID_PARAMETER_3;
    SIZE_T done = 0;
    while (done < length) {
        UCHAR buffer[512];
        const std::uint64_t at = source + done;
        const auto piece =
            std::min<SIZE_T>({length - done, sizeof buffer, mm::page_size - (at & (mm::page_size - 1))});
        if (!(flags == copy_physical ? read_physical : read_virtual)(buffer, at, piece)) break;
        auto* to = static_cast<UCHAR*>(target) + done;
        exports::need_write(to, piece);
        std::memcpy(to, buffer, piece);
        done += piece;
    }
    *copied = done;
    return done == length ? STATUS_SUCCESS : done ? STATUS_PARTIAL_COPY : STATUS_INVALID_ADDRESS;
}
GATE(MmCopyMemory);
