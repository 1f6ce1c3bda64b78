// One-time initialisation and WaitOnAddress. State in the low two bits of the word: 0 not begun, 1 somebody
// is at it, 3 several may be (asynchronous), 2 done (the rest is the context).
#include "parking.h"

namespace nt {

namespace {

constexpr ULONG_PTR begun = 1, done = 2, parallel = 3, state_mask = 3;
constexpr ULONG check_only = 1, asynchronous = 2, init_failed = 4; // RTL_RUN_ONCE_*

ULONG_PTR& word(RTL_RUN_ONCE* once) { return reinterpret_cast<ULONG_PTR&>(once->Ptr); }

bool is_begun(void* once) { return word(static_cast<RTL_RUN_ONCE*>(once)) == begun; }

bool swap(RTL_RUN_ONCE* once, ULONG_PTR expected, ULONG_PTR value) {
    return __atomic_compare_exchange_n(&word(once), &expected, value, false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
}

struct Compare {
    const volatile void* address;
    PVOID expected;
    SIZE_T size;
};

bool is_unchanged(void* context) {
    const auto* c = static_cast<Compare*>(context);
    return memcmp(const_cast<const void*>(c->address), c->expected, c->size) == 0;
}

} // namespace

extern "C" {

void NTAPI RtlRunOnceInitialize(RTL_RUN_ONCE* once) { once->Ptr = nullptr; }

NTSTATUS NTAPI RtlRunOnceBeginInitialize(RTL_RUN_ONCE* once, ULONG flags, PVOID* context) {
    for (;;) {
        const ULONG_PTR value = __atomic_load_n(&word(once), __ATOMIC_ACQUIRE);
        if ((value & state_mask) == done) {
            if (context) *context = reinterpret_cast<PVOID>(value & ~state_mask);
            return STATUS_SUCCESS;
        }
        if (flags & check_only) return STATUS_UNSUCCESSFUL;
        if (flags & asynchronous) {
            if (value == begun) return STATUS_INVALID_PARAMETER; // begun synchronously
            if (value == parallel || swap(once, 0, parallel)) return STATUS_PENDING;
        } else {
            if (value == parallel) return STATUS_INVALID_PARAMETER;
            if (value == 0 && swap(once, 0, begun)) return STATUS_PENDING;
            parking::park(once, is_begun, once, nullptr);
        }
    }
}

NTSTATUS NTAPI RtlRunOnceComplete(RTL_RUN_ONCE* once, ULONG flags, PVOID context) {
    const auto given = reinterpret_cast<ULONG_PTR>(context);
    if (given & state_mask) return STATUS_INVALID_PARAMETER;
    if ((flags & init_failed) && (flags & asynchronous || context)) return STATUS_INVALID_PARAMETER;
    if (flags & asynchronous) {
        if (swap(once, parallel, given | done)) return STATUS_SUCCESS;
        return (word(once) & state_mask) == done ? STATUS_OBJECT_NAME_COLLISION : STATUS_INVALID_PARAMETER;
    }
    if (!swap(once, begun, flags & init_failed ? 0 : given | done)) return STATUS_UNSUCCESSFUL;
    parking::wake(once, ~0u);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlRunOnceExecuteOnce(RTL_RUN_ONCE* once, ULONG NTAPI (*init)(RTL_RUN_ONCE*, PVOID, PVOID*),
                                     PVOID parameter, PVOID* context) {
    PVOID result = nullptr;
    NTSTATUS status = RtlRunOnceBeginInitialize(once, 0, &result);
    if (status == STATUS_PENDING) {
        if (!init(once, parameter, &result)) {
            RtlRunOnceComplete(once, init_failed, nullptr);
            return STATUS_UNSUCCESSFUL;
        }
        status = RtlRunOnceComplete(once, 0, result);
    }
    if (NT_SUCCESS(status) && context) *context = result;
    return status;
}

NTSTATUS NTAPI RtlWaitOnAddress(const void* address, PVOID compare, SIZE_T size,
                                const LARGE_INTEGER* timeout) {
    if (size != 1 && size != 2 && size != 4 && size != 8) return STATUS_INVALID_PARAMETER;
    Compare c{address, compare, size};
    return parking::park(address, is_unchanged, &c, timeout);
}

void NTAPI RtlWakeAddressSingle(PVOID address) { parking::wake(address, 1); }
void NTAPI RtlWakeAddressAll(PVOID address) { parking::wake(address, ~0u); }

} // extern "C"
} // namespace nt
