// Thread-local slots (TlsAlloc) and fiber-local slots (FlsAlloc).
//
// TLS: 64 slots in the TEB, 1024 more in an array made on first use; PEB.TlsBitmap and TlsExpansionBitmap say
// which are taken. FLS: one table of callbacks; each thread's values are in a block at TEB.FlsData.
#include "internal.h"

namespace nt {

namespace {

constexpr ULONG minimum_slots = 64, expansion_slots = 1024;
constexpr ULONG fls_slots = 4080; // FLS_MAXIMUM_AVAILABLE of Windows 10 2004

RTL_BITMAP slot_map, expansion_map;

struct FlsData {
    LIST_ENTRY link;
    ULONG count;
    PVOID* values;
};
using FlsCallback = void NTAPI (*)(PVOID);
constexpr FlsCallback no_callback = nullptr;
bool fls_used[fls_slots];
FlsCallback fls_callback[fls_slots];
LIST_ENTRY fls_threads{&fls_threads, &fls_threads};
RTL_CRITICAL_SECTION fls_lock = unlocked_section;

FlsData* fls_data() { return static_cast<FlsData*>(NtCurrentTeb()->FlsData); }

PVOID* tls_cell(ULONG index, bool make) {
    TEB* teb = NtCurrentTeb();
    if (index < minimum_slots) return &teb->TlsSlots[index];
    if (index >= minimum_slots + expansion_slots) return nullptr;
    if (!teb->TlsExpansionSlots && make)
        teb->TlsExpansionSlots = static_cast<PVOID*>(allocate(expansion_slots * sizeof(PVOID)));
    return teb->TlsExpansionSlots ? &teb->TlsExpansionSlots[index - minimum_slots] : nullptr;
}

bool fls_make_room(ULONG index) {
    FlsData* data = fls_data();
    if (!data) {
        data = static_cast<FlsData*>(allocate(sizeof(FlsData)));
        if (!data) return false;
        NtCurrentTeb()->FlsData = data;
        Guard guard(fls_lock);
        insert_tail(fls_threads, data->link);
    }
    if (index < data->count) return true;
    ULONG count = (index + 64) & ~63u;
    if (count > fls_slots) count = fls_slots;
    auto* values = static_cast<PVOID*>(allocate(count * sizeof(PVOID)));
    if (!values) return false;
    if (data->values) memcpy(values, data->values, data->count * sizeof(PVOID));
    release(data->values);
    data->values = values;
    data->count = count;
    return true;
}

} // namespace

void initialize_tls_bitmaps() {
    PEB* peb = NtCurrentPeb();
    RtlInitializeBitMap(&slot_map, peb->TlsBitmapBits, minimum_slots);
    RtlInitializeBitMap(&expansion_map, peb->TlsExpansionBitmapBits, expansion_slots);
    peb->TlsBitmap = &slot_map;
    peb->TlsExpansionBitmap = &expansion_map;
    RtlSetBits(&slot_map, 0, 1); // slot 0 is not given out, as on Windows
}

void release_thread_tls_expansion() {
    TEB* teb = NtCurrentTeb();
    release(teb->TlsExpansionSlots);
    teb->TlsExpansionSlots = nullptr;
}

void release_thread_fls() {
    PVOID data = NtCurrentTeb()->FlsData;
    if (data) RtlProcessFlsData(data, 3);
}

extern "C" {

NTSTATUS NTAPI RtlTlsAlloc(ULONG* index) {
    RtlAcquirePebLock();
    ULONG i = RtlFindClearBitsAndSet(&slot_map, 1, 0);
    if (i == ~0u) {
        i = RtlFindClearBitsAndSet(&expansion_map, 1, 0);
        if (i != ~0u) i += minimum_slots;
    }
    RtlReleasePebLock();
    if (i == ~0u) return STATUS_NO_MEMORY;
    PVOID* cell = tls_cell(i, true);
    if (!cell) {
        RtlTlsFree(i);
        return STATUS_NO_MEMORY;
    }
    *cell = nullptr;
    *index = i;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlTlsFree(ULONG index) {
    RTL_BITMAP& map = index < minimum_slots ? slot_map : expansion_map;
    const ULONG bit = index < minimum_slots ? index : index - minimum_slots;
    if (index >= minimum_slots + expansion_slots || !RtlAreBitsSet(&map, bit, 1))
        return STATUS_INVALID_PARAMETER;
    NtSetInformationThread(NtCurrentThread(), ThreadZeroTlsCell, &index, sizeof index);
    RtlAcquirePebLock();
    RtlClearBits(&map, bit, 1);
    RtlReleasePebLock();
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlTlsSetValue(ULONG index, PVOID value) {
    PVOID* cell = tls_cell(index, true);
    if (!cell) return index < minimum_slots + expansion_slots ? STATUS_NO_MEMORY : STATUS_INVALID_PARAMETER;
    *cell = value;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlFlsAlloc(FlsCallback callback, ULONG* index) {
    Guard guard(fls_lock);
    for (ULONG i = 1; i < fls_slots; i++) { // slot 0 is not given out, as on Windows
        if (fls_used[i]) continue;
        if (!fls_make_room(i)) return STATUS_NO_MEMORY;
        fls_used[i] = true;
        fls_callback[i] = callback;
        fls_data()->values[i] = nullptr;
        *index = i;
        return STATUS_SUCCESS;
    }
    return STATUS_NO_MEMORY;
}

// "FlsFree calls the callback for each thread's value"; the slot is free afterwards.
NTSTATUS NTAPI RtlFlsFree(ULONG index) {
    Guard guard(fls_lock);
    if (index >= fls_slots || !fls_used[index]) return STATUS_INVALID_PARAMETER;
    for (LIST_ENTRY* e = fls_threads.Flink; e != &fls_threads; e = e->Flink) {
        FlsData* data = container(e, &FlsData::link);
        if (index >= data->count) continue;
        PVOID value = data->values[index];
        data->values[index] = nullptr;
        if (value && fls_callback[index]) fls_callback[index](value);
    }
    fls_used[index] = false;
    fls_callback[index] = no_callback;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlFlsGetValue(ULONG index, PVOID* value) {
    if (!index || index >= fls_slots) return STATUS_INVALID_PARAMETER;
    const FlsData* data = fls_data();
    *value = data && index < data->count ? data->values[index] : nullptr;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlFlsSetValue(ULONG index, PVOID value) {
    if (!index || index >= fls_slots) return STATUS_INVALID_PARAMETER;
    if (!fls_make_room(index)) return STATUS_NO_MEMORY;
    fls_data()->values[index] = value;
    return STATUS_SUCCESS;
}

void NTAPI RtlProcessFlsData(PVOID block, ULONG flags) {
    auto* data = static_cast<FlsData*>(block);
    if (flags & 1)
        for (ULONG i = 1; i < data->count; i++) {
            PVOID value = data->values[i];
            data->values[i] = nullptr;
            if (value && fls_callback[i]) fls_callback[i](value);
        }
    if (!(flags & 2)) return;
    {
        Guard guard(fls_lock);
        remove_entry(data->link);
    }
    if (NtCurrentTeb()->FlsData == data) NtCurrentTeb()->FlsData = nullptr;
    release(data->values);
    release(data);
}

} // extern "C"
} // namespace nt
