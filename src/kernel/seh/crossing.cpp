#include "kernel/seh/crossing.h"
#include <cstddef>

namespace nt::seh {

static_assert(offsetof(Record, previous) == RECORD_PREVIOUS && offsetof(Record, kind) == RECORD_KIND &&
              offsetof(Record, index) == RECORD_INDEX);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof"
static_assert(offsetof(EntryRecord, rip) == ENTRY_RIP && offsetof(EntryRecord, rsp) == ENTRY_RSP);
static_assert(offsetof(EntryRecord, rbx) == ENTRY_RBX && offsetof(EntryRecord, r15) == ENTRY_R15);
static_assert(offsetof(EntryRecord, guest_stack) == ENTRY_GUEST_STACK);
static_assert(offsetof(EntryRecord, args) == ENTRY_ARGS && offsetof(EntryRecord, registers) == ENTRY_REGS);
static_assert(offsetof(EntryRecord, xmm) == ENTRY_XMM && offsetof(EntryRecord, context) == ENTRY_CONTEXT);
static_assert(offsetof(EntryRecord, mxcsr) == ENTRY_MXCSR && sizeof(EntryRecord) == ENTRY_SIZE);
static_assert(offsetof(CalloutRecord, function) == CALLOUT_FUNCTION);
static_assert(offsetof(CalloutRecord, guest_rsp) == CALLOUT_GUEST_RSP &&
              sizeof(CalloutRecord) == CALLOUT_SIZE);
static_assert(offsetof(CalloutRecord, mxcsr) == CALLOUT_MXCSR &&
              offsetof(CalloutRecord, fpcw) == CALLOUT_FPCW &&
              offsetof(CalloutRecord, mxcsr_after) == CALLOUT_MXCSR_AFTER &&
              offsetof(CalloutRecord, fpcw_after) == CALLOUT_FPCW_AFTER);
#pragma GCC diagnostic pop

extern "C" void nt_gate_entry();
extern "C" void nt_call_out_return();
extern "C" void nt_system_call_entry();

Gateway gateway_addresses() {
    return {reinterpret_cast<ULONG_PTR>(&nt_gate_entry), reinterpret_cast<ULONG_PTR>(&nt_call_out_return),
            reinterpret_cast<ULONG_PTR>(&nt_system_call_entry)};
}

} // namespace nt::seh
