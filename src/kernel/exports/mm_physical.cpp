// Physical addresses of what is mapped: ntddk pages nf-ntddk-mmgetphysicaladdress, nf-ntddk-mmisaddressvalid.
#include "kernel/exports/gate.h"
#include "kernel/mm/probe.h"

using namespace nt;

extern "C" PHYSICAL_ADDRESS MmGetPhysicalAddress(PVOID address) {
    PHYSICAL_ADDRESS physical;
    physical.QuadPart = static_cast<LONGLONG>(mm::physical_address(reinterpret_cast<ULONG_PTR>(address)));
    return physical;
}
GATE(MmGetPhysicalAddress);

extern "C" PVOID MmGetVirtualForPhysical(PHYSICAL_ADDRESS physical) {
    return reinterpret_cast<PVOID>(mm::virtual_for_physical(static_cast<ULONG_PTR>(physical.QuadPart)));
}
GATE(MmGetVirtualForPhysical);

extern "C" BOOLEAN MmIsAddressValid(PVOID address) {
    return mm::is_address_valid(reinterpret_cast<ULONG_PTR>(address));
}
GATE(MmIsAddressValid);
