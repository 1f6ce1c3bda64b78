#include "kernel/pool/lookaside.h"

namespace nt::pool {
namespace {

// The head as SLIST_HEADER has it on x64: depth in the low 16 bits, sequence above, the first entry's address
// in the second word (its low four bits are the header type).
SLIST_ENTRY* first_of(const SLIST_HEADER& head) {
    return reinterpret_cast<SLIST_ENTRY*>(head.Region & ~ULONGLONG(15));
}
void set(SLIST_HEADER& head, SLIST_ENTRY* first, int change) {
    ULONGLONG depth = (head.Alignment + static_cast<ULONGLONG>(change)) & 0xffff;
    head.Alignment = ((head.Alignment + 0x1'0000) & ~ULONGLONG(0xffff)) | depth;
    head.Region = reinterpret_cast<ULONGLONG>(first) | (head.Region & 15);
}

} // namespace

void initialize_lookaside(GENERAL_LOOKASIDE* list, ULONG type, SIZE_T size, ULONG tag, void* allocate,
                          void* free) {
    initialize_lookaside_pool(reinterpret_cast<GENERAL_LOOKASIDE_POOL*>(list), type, size, tag, allocate,
                              free);
}

void initialize_lookaside_pool(GENERAL_LOOKASIDE_POOL* list, ULONG type, SIZE_T size, ULONG tag,
                               void* allocate, void* free) {
    *list = GENERAL_LOOKASIDE_POOL{};
    list->ListHead.Region = 1; // HeaderType: 16-byte header
    list->Depth = list->MaximumDepth = lookaside_depth;
    list->Type = static_cast<POOL_TYPE>(type);
    list->Tag = tag;
    list->Size = static_cast<ULONG>(size < sizeof(SLIST_ENTRY) ? sizeof(SLIST_ENTRY) : size);
    list->Allocate = reinterpret_cast<PALLOCATE_FUNCTION>(allocate);
    list->Free = reinterpret_cast<PFREE_FUNCTION>(free);
}

void* lookaside_pop(GENERAL_LOOKASIDE_POOL* list) {
    ++list->TotalAllocates;
    SLIST_ENTRY* entry = first_of(list->ListHead);
    if (!entry) {
        ++list->AllocateMisses;
        return nullptr;
    }
    set(list->ListHead, entry->Next, -1);
    return entry;
}

bool lookaside_push(GENERAL_LOOKASIDE_POOL* list, void* entry) {
    ++list->TotalFrees;
    if ((list->ListHead.Alignment & 0xffff) >= list->Depth) {
        ++list->FreeMisses;
        return false;
    }
    auto* e = static_cast<SLIST_ENTRY*>(entry);
    e->Next = first_of(list->ListHead);
    set(list->ListHead, e, 1);
    return true;
}

void* lookaside_drain(GENERAL_LOOKASIDE_POOL* list) {
    SLIST_ENTRY* entry = first_of(list->ListHead);
    if (entry) set(list->ListHead, entry->Next, -1);
    return entry;
}

} // namespace nt::pool
