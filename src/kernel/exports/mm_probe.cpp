// wdm pages nf-wdm-probeforread, nf-wdm-probeforwrite: they raise.
#include "abi/status.h"
#include "host/guest.h"
#include "kernel/exports/gate.h"
#include "kernel/mm/probe.h"
#include "kernel/seh/dispatch.h"

using namespace nt;

static void raise(NTSTATUS status, ULONG_PTR address, ULONG access) {
    if (status == STATUS_ACCESS_VIOLATION) seh::raise_access_violation(address, access);
    if (!NT_SUCCESS(status)) seh::raise_status(status);
}

extern "C" void ProbeForRead(PVOID address, SIZE_T length, ULONG alignment) {
    const auto at = reinterpret_cast<ULONG_PTR>(address);
    raise(mm::probe_for_read(at, length, alignment), at, 0);
}
GATE(ProbeForRead);

extern "C" void ProbeForWrite(PVOID address, SIZE_T length, ULONG alignment) {
    const auto at = reinterpret_cast<ULONG_PTR>(address);
    raise(mm::probe_for_write(at, length, alignment), at, 1);
}
GATE(ProbeForWrite);
