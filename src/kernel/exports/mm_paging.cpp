// wdm pages nf-wdm-mmlockpagabledatasection (MmLockPagableCodeSection is the same function),
// nf-wdm-mmunlockpagableimagesection, nf-wdm-mmpageentiredriver, nf-wdm-mmresetdriverpaging; ntddk page
// nf-ntddk-mmlockpagablesectionbyhandle. The handle of a section is its address.
#include "abi/bugcheck.h"
#include "kernel/exports/gate.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/mm/paging.h"

using namespace nt;

namespace {

// Parameter 1 of MEMORY_MANAGEMENT.
constexpr ULONG not_locked = 0x1010, no_such_section = 0x1234;

ULONG_PTR number(const void* p) { return reinterpret_cast<ULONG_PTR>(p); }
PVOID pointer(std::uint64_t address) { return reinterpret_cast<PVOID>(address); }

// assumed: parameter 2 is what the caller gave.
[[noreturn]] void bad_section(ULONG what, PVOID given) {
    ke::bug_check(MEMORY_MANAGEMENT, what, number(given));
}

} // namespace

extern "C" PVOID MmLockPagableDataSection(PVOID address) {
    const std::uint64_t handle = mm::lock_driver_section(number(address));
    if (!handle) bad_section(no_such_section, address);
    return pointer(handle);
}
GATE(MmLockPagableDataSection);

extern "C" void MmLockPagableSectionByHandle(PVOID handle) {
    if (!mm::lock_driver_section_again(number(handle))) bad_section(no_such_section, handle);
}
GATE(MmLockPagableSectionByHandle);

extern "C" void MmUnlockPagableImageSection(PVOID handle) {
    if (!mm::unlock_driver_section(number(handle))) bad_section(not_locked, handle);
}
GATE(MmUnlockPagableImageSection);

extern "C" PVOID MmPageEntireDriver(PVOID address) {
    return pointer(mm::page_entire_driver(number(address))); // assumed: null where no driver is
}
GATE(MmPageEntireDriver);

extern "C" void MmResetDriverPaging(PVOID address) { mm::reset_driver_paging(number(address)); }
GATE(MmResetDriverPaging);
