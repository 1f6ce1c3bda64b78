#include "kernel/ke/processor.h"
#include "abi/processor.h"
#include "host/processor.h"
#include "kernel/ke/apc.h"
#include "kernel/ke/clock.h"
#include "kernel/ke/scheduler.h"
#include "kernel/seh/crossing.h"
#include "trace/trace.h"

namespace nt::ke {

ULONG_PTR pcr_address = 0;

KPCR& pcr() { return *reinterpret_cast<KPCR*>(pcr_address); }

void initialize_processor(PVOID area) {
    pcr_address = reinterpret_cast<ULONG_PTR>(area);
    KPCR& p = pcr();
    p.Self = &p;
    p.CurrentPrcb = reinterpret_cast<decltype(p.CurrentPrcb)>(pcr_address + 0x180);
    p.MajorVersion = 1;
    p.MinorVersion = 1;
    seh::nt_kernel_gs = pcr_address;
    host::set_gs_base(pcr_address);
    trace::current.time = reinterpret_cast<const std::uint64_t*>(&virtual_time());
    trace::current.irql = &irql_byte();
}

void lower_irql(KIRQL level) {
    irql_byte() = level;
    if (level < DISPATCH_LEVEL) {
        dispatch_pending();
        if (level < APC_LEVEL) deliver_kernel_apcs();
    }
}

} // namespace nt::ke
