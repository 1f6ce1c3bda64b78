// Extended processor state: wdm pages nf-wdm-kesaveextendedprocessorstate,
// nf-wdm-kerestoreextendedprocessorstate, ntddk page nf-ntddk-rtlgetenabledextendedfeatures.
//
// The modelled processor has x87, MMX and SSE and no XSAVE (hardware/cpuid.h), so no feature counts as
// enabled, and the state that can be saved is the legacy one. Of it, the registers that a call may change
// hold what the caller had only by chance: they are saved as the call finds them.
#include "abi/context.h"
#include "abi/status.h"
#include "kernel/exports/gate.h"
#include "kernel/ke/thread.h"
#include "kernel/pool/pool.h"
#include <cstring>

using namespace nt;

namespace {

constexpr ULONG64 legacy_x87 = 1, legacy_sse = 2; // XSTATE_MASK_LEGACY_…
constexpr ULONG area_tag = pool::tag("Xsav");
constexpr std::size_t sse_begin = 160; // of an FXSAVE area: mxcsr stands in its head, the registers from here
constexpr ULONG first_nonvolatile = 6; // xmm6 … xmm15 stand in the gate's record

seh::EntryRecord& own_record() { return *static_cast<seh::EntryRecord*>(seh::innermost()); }

void store(XSAVE_FORMAT& area) {
    asm volatile("fxsave64 %0" : "=m"(area));
    std::memcpy(&area.XmmRegisters[first_nonvolatile], own_record().xmm, sizeof own_record().xmm);
}

// x87 and mxcsr are the running state; of xmm, what the record puts back when the gate returns.
void load(const XSAVE_FORMAT& area, ULONG64 mask) {
    alignas(16) XSAVE_FORMAT now;
    store(now);
    const ULONG control = now.MxCsr, control_mask = now.MxCsr_Mask;
    if (mask & legacy_x87) {
        std::memcpy(&now, &area, sse_begin);
        now.MxCsr = control;
        now.MxCsr_Mask = control_mask;
    }
    if (mask & legacy_sse) {
        std::memcpy(own_record().xmm, &area.XmmRegisters[first_nonvolatile], sizeof own_record().xmm);
        now.MxCsr = area.MxCsr & (control_mask ? control_mask : 0xFFBF);
    }
    asm volatile("fxrstor64 %0"
                 :
                 : "m"(now)
                 : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
                   "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
}

} // namespace

// assumed: features that are not enabled are left out.
extern "C" NTSTATUS KeSaveExtendedProcessorState(ULONG64 mask, XSTATE_SAVE* save) {
    auto* area = static_cast<XSAVE_FORMAT*>(
        pool::allocate(pool::Kind::nonpaged, sizeof(XSAVE_FORMAT), area_tag, 0, true));
    if (!area) return STATUS_INSUFFICIENT_RESOURCES;
    store(*area);
    *save = {};
    save->Thread = &ke::current_thread().Tcb;
    save->Level = ke::current_irql();
    save->XStateContext.Mask = mask & (legacy_x87 | legacy_sse);
    save->XStateContext.Length = sizeof(XSAVE_FORMAT);
    save->XStateContext.Area = save->XStateContext.Buffer = area;
    return STATUS_SUCCESS;
}
GATE(KeSaveExtendedProcessorState);

extern "C" void KeRestoreExtendedProcessorState(XSTATE_SAVE* save) {
    auto* area = static_cast<XSAVE_FORMAT*>(save->XStateContext.Area);
    load(*area, save->XStateContext.Mask);
    save->XStateContext.Area = save->XStateContext.Buffer = nullptr;
    pool::release(area, area_tag);
}
GATE(KeRestoreExtendedProcessorState);

// "returns 0 if the XSAVE and XRSTOR instructions are disabled by the system".
extern "C" ULONG64 RtlGetEnabledExtendedFeatures(ULONG64) { return 0; }
GATE(RtlGetEnabledExtendedFeatures);
