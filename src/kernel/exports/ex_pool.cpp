// Pool: wdm pages nf-wdm-exallocatepoolwithtag, nf-wdm-exallocatepool2, nf-wdm-exfreepoolwithtag …
#include "abi/mm.h"
#include "kernel/ex/work.h"
#include "kernel/exports/gate.h"
#include "kernel/io/verifier.h"
#include "kernel/ke/processor.h"
#include "kernel/pool/pool.h"
#include "kernel/seh/dispatch.h"

using namespace nt;

namespace {

constexpr ULONG none_tag = 0x656e6f4e; // "None", what ExAllocatePool uses

ULONG_PTR caller() { return static_cast<const seh::EntryRecord*>(seh::innermost())->rip; }

PVOID finish(const pool::Outcome& outcome) {
    if (outcome.raise) seh::raise_status(outcome.raise);
    return outcome.block;
}

} // namespace

extern "C" PVOID ExAllocatePoolWithTag(ULONG type, SIZE_T size, ULONG tag) {
    return finish(pool::allocate_typed(type, size, tag, ke::current_irql(), caller()));
}
GATE(ExAllocatePoolWithTag);

extern "C" PVOID ExAllocatePool(ULONG type, SIZE_T size) {
    return finish(pool::allocate_typed(type, size, none_tag, ke::current_irql(), caller()));
}
GATE(ExAllocatePool);

// The priority only says how to fail when memory is low.
extern "C" PVOID ExAllocatePoolWithTagPriority(ULONG type, SIZE_T size, ULONG tag, ULONG) {
    return finish(pool::allocate_typed(type, size, tag, ke::current_irql(), caller()));
}
GATE(ExAllocatePoolWithTagPriority);

extern "C" PVOID ExAllocatePoolWithQuotaTag(ULONG type, SIZE_T size, ULONG tag) {
    return finish(pool::allocate_typed(type, size, tag, ke::current_irql(), caller(), true));
}
GATE(ExAllocatePoolWithQuotaTag);

extern "C" PVOID ExAllocatePoolWithQuota(ULONG type, SIZE_T size) {
    return finish(pool::allocate_typed(type, size, none_tag, ke::current_irql(), caller(), true));
}
GATE(ExAllocatePoolWithQuota);

// "If a pool allocation failure occurs", it raises whatever the type says.
extern "C" PVOID FsRtlAllocatePoolWithQuotaTag(ULONG type, SIZE_T size, ULONG tag) {
    return finish(pool::allocate_typed(type & ~POOL_QUOTA_FAIL_INSTEAD_OF_RAISE, size, tag,
                                       ke::current_irql(), caller(), true));
}
GATE(FsRtlAllocatePoolWithQuotaTag);

extern "C" PVOID ExAllocatePool2(ULONGLONG flags, SIZE_T size, ULONG tag) {
    return finish(pool::allocate_flags(flags, size, tag, ke::current_irql(), caller()));
}
GATE(ExAllocatePool2);

extern "C" void ExFreePoolWithTag(PVOID block, ULONG tag) {
    io::check_pool_free(block);
    ex::check_released_block(reinterpret_cast<ULONG_PTR>(block));
    pool::release_checked(block, tag, ke::current_irql());
}
GATE(ExFreePoolWithTag);

extern "C" void ExFreePool(PVOID block) { ExFreePoolWithTag(block, 0); }
GATE(ExFreePool);
