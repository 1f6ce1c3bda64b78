#include "kernel/mm/probe.h"
#include "abi/mm.h"
#include "abi/status.h"
#include "host/guest.h"
#include "kernel/ke/processor.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/fault.h"
#include "kernel/mm/kernel_memory.h"
#include "kernel/mm/paging.h"
#include "kernel/mm/windows.h"

namespace nt::mm {
namespace {

NTSTATUS check_range(std::uint64_t address, std::uint64_t length, ULONG alignment) {
    if (address & (alignment - 1)) return STATUS_DATATYPE_MISALIGNMENT;
    std::uint64_t end = address + length;
    if (end < address || end > user_probe_address) return STATUS_ACCESS_VIOLATION;
    return STATUS_SUCCESS;
}

} // namespace

NTSTATUS probe_for_read(std::uint64_t address, std::uint64_t length, ULONG alignment) {
    return length == 0 ? STATUS_SUCCESS : check_range(address, length, alignment);
}

NTSTATUS probe_for_write(std::uint64_t address, std::uint64_t length, ULONG alignment) {
    if (length == 0) return STATUS_SUCCESS;
    if (NTSTATUS status = check_range(address, length, alignment); !NT_SUCCESS(status)) return status;
    if (guest::touch_write(address, length)) return STATUS_SUCCESS;
    return classify_primitive_fault().code;
}

bool is_address_valid(std::uint64_t address) {
    if (!host::places::is_user(address))
        return kernel_accessible(address, false) && !(is_paged(address) && ke::current_irql() >= 2);
    if (page_floor(address) == host::places::user_shared_data) return true;
    AddressSpace* space = current_space();
    const Extent* e = space ? space->find(address) : nullptr;
    return e && host_protection(e->protection) != Protection::none;
}

std::uint64_t physical_address(std::uint64_t address) {
    Pfn pfn;
    std::uint64_t offset = address & (page_size - 1);
    if (!host::places::is_user(address)) return kernel_page(address, pfn) ? (pfn << page_shift) + offset : 0;
    AddressSpace* space = current_space();
    const Extent* e = space ? space->find(address) : nullptr;
    return e ? (std::uint64_t(e->first) << page_shift) + (address - e->address) : 0;
}

std::uint64_t virtual_for_physical(std::uint64_t physical) {
    return is_ram(physical >> page_shift) ? host::places::ram + physical : 0;
}

} // namespace nt::mm
