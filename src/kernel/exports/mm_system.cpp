// What kind of system this is: nf-wdm-mmquerysystemsize, nf-ntddk-mmisthisanntassystem, and whether a driver
// is verified: nf-wdm-mmisdriververifying and kin. `--verifier io` verifies all of them.
#include "kernel/exports/gate.h"
#include "kernel/exports/system_modules.h"
#include "kernel/io/verifier.h"
#include "kernel/ldr/modules.h"

using namespace nt;

extern "C" ULONG MmQuerySystemSize() {
    constexpr ULONG large_system = 2;
    return large_system;
}
GATE(MmQuerySystemSize);

extern "C" BOOLEAN MmIsThisAnNtAsSystem() { return 0; } // a workstation
GATE(MmIsThisAnNtAsSystem);

extern "C" ULONG MmIsDriverVerifying(DRIVER_OBJECT*) { return io::verifying; }
GATE(MmIsDriverVerifying);

extern "C" ULONG MmIsDriverSuspectForVerifier(DRIVER_OBJECT*) { return io::verifying; }
GATE(MmIsDriverSuspectForVerifier);

extern "C" ULONG MmIsDriverVerifyingByAddress(PVOID address) {
    return io::verifying && exports::kernel_modules->find(reinterpret_cast<std::uint64_t>(address));
}
GATE(MmIsDriverVerifyingByAddress);
