// Making, destroying, checking and walking heaps: nf-heapapi-heapcreate, -heapdestroy, -heapvalidate,
// -heapwalk …
#include "heap.h"

namespace nt {

namespace {

using heap::Block;
using heap::Heap;
using heap::Large;
using heap::Segment;

constexpr ULONG most_heaps = 512;
PVOID heaps[most_heaps]; // PEB.ProcessHeaps

void give_back(PVOID base) {
    SIZE_T size = 0;
    NtFreeVirtualMemory(NtCurrentProcess(), &base, &size, MEM_RELEASE);
}

Block* next_in(Segment& segment, Block* block) {
    auto* next = block ? reinterpret_cast<UCHAR*>(block) + heap::header_size + heap::class_size(block->cls)
                       : segment.first;
    return next < segment.carve ? reinterpret_cast<Block*>(next) : nullptr;
}

bool is_sound(Block* block) {
    return block->cls < heap::classes && (heap::is_busy(block) || block->state == heap::free_state(block)) &&
           block->size <= heap::class_size(block->cls);
}

bool validate_block(Heap& h, const void* memory) {
    Block* block = heap::block_of(memory);
    for (LIST_ENTRY* e = h.large.Flink; e != &h.large; e = e->Flink)
        if (&container(e, &Large::link)->block == block) return heap::is_busy(block);
    for (Segment* s = h.segments; s; s = s->next)
        if (reinterpret_cast<UCHAR*>(block) >= s->first && reinterpret_cast<UCHAR*>(block) < s->carve)
            return is_sound(block) && heap::is_busy(block);
    return false;
}

bool validate_all(Heap& h) {
    for (Segment* s = h.segments; s; s = s->next)
        for (Block* b = next_in(*s, nullptr); b; b = next_in(*s, b))
            if (!is_sound(b)) return false;
    return true;
}

void describe(RTL_HEAP_WALK_ENTRY& entry, Block* block) {
    entry.lpData = block->data();
    entry.cbData = static_cast<ULONG>(heap::is_busy(block) ? block->size : heap::class_size(block->cls));
    entry.cbOverhead = heap::header_size;
    entry.iRegionIndex = 0;
    entry.wFlags = heap::is_busy(block) ? 4 : 0;
    entry.Block = {};
}

void describe(RTL_HEAP_WALK_ENTRY& entry, Segment& segment) {
    entry.lpData = &segment;
    entry.cbData = sizeof(Segment);
    entry.cbOverhead = 0;
    entry.iRegionIndex = 0;
    entry.wFlags = 1; // PROCESS_HEAP_REGION
    entry.Region.dwCommittedSize = static_cast<ULONG>(segment.size);
    entry.Region.dwUnCommittedSize = 0;
    entry.Region.lpFirstBlock = segment.first;
    entry.Region.lpLastBlock = segment.end();
}

} // namespace

extern "C" {

PVOID NTAPI RtlCreateHeap(ULONG flags, PVOID, SIZE_T reserve, SIZE_T commit, PVOID, PVOID) {
    const ULONG protection = flags & HEAP_CREATE_ENABLE_EXECUTE ? PAGE_EXECUTE_READWRITE : PAGE_READWRITE;
    PEB* peb = NtCurrentPeb();
    if (peb->NumberOfHeaps >= most_heaps) return nullptr;
    PVOID base = nullptr;
    SIZE_T size = 0x10000;
    if (!NT_SUCCESS(NtAllocateVirtualMemory(NtCurrentProcess(), &base, 0, &size, MEM_RESERVE | MEM_COMMIT,
                                            protection)))
        return nullptr;
    auto* h = static_cast<Heap*>(base);
    h->signature = heap::signature;
    h->flags = flags & (HEAP_NO_SERIALIZE | HEAP_GENERATE_EXCEPTIONS | HEAP_ZERO_MEMORY);
    h->protection = protection;
    h->lock = unlocked_section;
    initialize_list(h->large);
    h->next_segment = 0x40000;
    if (!(flags & HEAP_GROWABLE) && reserve)
        h->maximum = ((reserve > commit ? reserve : commit) + 0xfff) & ~SIZE_T(0xfff);
    // The rest of the first pages is the first segment.
    auto* segment =
        reinterpret_cast<Segment*>(reinterpret_cast<UCHAR*>(base) + ((sizeof(Heap) + 15) & ~15ull));
    segment->size = size - static_cast<SIZE_T>(reinterpret_cast<UCHAR*>(segment) - static_cast<UCHAR*>(base));
    segment->first = segment->carve = reinterpret_cast<UCHAR*>(segment) + sizeof(Segment);
    h->segments = segment;
    h->reserved = segment->size;
    RtlAcquirePebLock();
    peb->ProcessHeaps = heaps;
    peb->MaximumNumberOfHeaps = most_heaps;
    heaps[peb->NumberOfHeaps++] = h;
    RtlReleasePebLock();
    return h;
}

PVOID NTAPI RtlDestroyHeap(PVOID handle) {
    Heap* h = heap::from_handle(handle);
    PEB* peb = NtCurrentPeb();
    if (!h || handle == peb->ProcessHeap) return handle;
    RtlAcquirePebLock();
    for (ULONG i = 0; i < peb->NumberOfHeaps; i++)
        if (heaps[i] == handle) {
            heaps[i] = heaps[--peb->NumberOfHeaps];
            break;
        }
    RtlReleasePebLock();
    while (!is_empty(h->large)) {
        Large* large = container(h->large.Flink, &Large::link);
        remove_entry(large->link);
        give_back(large);
    }
    h->signature = 0;
    if (h->lock.LockSemaphore) NtClose(h->lock.LockSemaphore);
    for (Segment *s = h->segments, *next; s; s = next) {
        next = s->next;
        if (next) give_back(s); // the last one shares the heap's own pages
    }
    give_back(h);
    return nullptr;
}

BOOLEAN NTAPI RtlValidateHeap(PVOID handle, ULONG flags, const void* memory) {
    Heap* h = heap::from_handle(handle);
    if (!h) return FALSE;
    heap::Lock lock(*h, flags);
    return memory ? validate_block(*h, memory) : validate_all(*h);
}

// "the size of the largest committed free block": what is left of the newest segment. // assumed: free lists
// are not counted.
SIZE_T NTAPI RtlCompactHeap(PVOID handle, ULONG flags) {
    Heap* h = heap::from_handle(handle);
    if (!h) return 0;
    heap::Lock lock(*h, flags);
    const auto left = static_cast<SIZE_T>(h->segments->end() - h->segments->carve);
    return left > heap::header_size ? left - heap::header_size : 0;
}

// lpData null: the first entry. Regions come before their blocks; blocks of their own come last.
NTSTATUS NTAPI RtlWalkHeap(PVOID handle, RTL_HEAP_WALK_ENTRY* entry) {
    Heap* h = heap::from_handle(handle);
    if (!h) return STATUS_INVALID_PARAMETER;
    heap::Lock lock(*h, 0);
    auto large_after = [&](LIST_ENTRY* e) -> NTSTATUS {
        if (e == &h->large) return STATUS_NO_MORE_ENTRIES;
        Block* block = &container(e, &Large::link)->block;
        entry->lpData = block->data();
        entry->cbData = static_cast<ULONG>(block->size);
        entry->cbOverhead = heap::header_size;
        entry->iRegionIndex = 0;
        entry->wFlags = 4;
        entry->Block = {};
        return STATUS_SUCCESS;
    };
    if (!entry->lpData) {
        describe(*entry, *h->segments);
        return STATUS_SUCCESS;
    }
    if (entry->wFlags & 1) {
        auto* segment = static_cast<Segment*>(entry->lpData);
        if (Block* block = next_in(*segment, nullptr)) {
            describe(*entry, block);
            return STATUS_SUCCESS;
        }
        if (segment->next) {
            describe(*entry, *segment->next);
            return STATUS_SUCCESS;
        }
        return large_after(h->large.Flink);
    }
    Block* block = heap::block_of(entry->lpData);
    if (block->cls == heap::large_class) {
        for (LIST_ENTRY* e = h->large.Flink; e != &h->large; e = e->Flink)
            if (&container(e, &Large::link)->block == block) return large_after(e->Flink);
        return STATUS_INVALID_PARAMETER;
    }
    for (Segment* s = h->segments; s; s = s->next) {
        if (reinterpret_cast<UCHAR*>(block) < s->first || reinterpret_cast<UCHAR*>(block) >= s->carve)
            continue;
        if (Block* next = next_in(*s, block)) {
            describe(*entry, next);
            return STATUS_SUCCESS;
        }
        if (s->next) {
            describe(*entry, *s->next);
            return STATUS_SUCCESS;
        }
        return large_after(h->large.Flink);
    }
    return STATUS_INVALID_PARAMETER;
}

BOOLEAN NTAPI RtlLockHeap(PVOID handle) {
    Heap* h = heap::from_handle(handle);
    if (!h || h->flags & HEAP_NO_SERIALIZE) return FALSE;
    RtlEnterCriticalSection(&h->lock);
    h->held++;
    return TRUE;
}

BOOLEAN NTAPI RtlUnlockHeap(PVOID handle) {
    Heap* h = heap::from_handle(handle);
    if (!h || h->flags & HEAP_NO_SERIALIZE) return FALSE;
    if (h->held) h->held--;
    RtlLeaveCriticalSection(&h->lock);
    return TRUE;
}

ULONG NTAPI RtlGetProcessHeaps(ULONG count, PVOID* to) {
    RtlAcquirePebLock();
    const ULONG n = NtCurrentPeb()->NumberOfHeaps;
    if (count >= n)
        for (ULONG i = 0; i < n; i++)
            to[i] = heaps[i];
    RtlReleasePebLock();
    return n;
}

// HeapCompatibilityInformation (0): 2 = low-fragmentation heap, which our heaps resemble;
// HeapEnableTerminationOnCorruption (1): always so.
NTSTATUS NTAPI RtlSetHeapInformation(PVOID handle, ULONG cls, PVOID information, SIZE_T length) {
    if (cls == 1) return length == 0 ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
    if (cls != 0) return STATUS_INVALID_INFO_CLASS;
    if (!heap::from_handle(handle)) return STATUS_INVALID_HANDLE;
    if (length < sizeof(ULONG)) return STATUS_BUFFER_TOO_SMALL;
    return *static_cast<ULONG*>(information) == 2 ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}

NTSTATUS NTAPI RtlQueryHeapInformation(PVOID handle, ULONG cls, PVOID information, SIZE_T length,
                                       SIZE_T* needed) {
    if (cls != 0) return STATUS_INVALID_INFO_CLASS;
    if (!heap::from_handle(handle)) return STATUS_INVALID_HANDLE;
    if (needed) *needed = sizeof(ULONG);
    if (length < sizeof(ULONG)) return STATUS_BUFFER_TOO_SMALL;
    *static_cast<ULONG*>(information) = 2;
    return STATUS_SUCCESS;
}

} // extern "C"

void lock_heaps() {
    for (ULONG i = 0; i < NtCurrentPeb()->NumberOfHeaps; i++) {
        auto* h = static_cast<Heap*>(heaps[i]);
        if (!h->held) enter_at_end(h->lock, Patience::limited);
    }
}
void unlock_heaps() {
    for (ULONG i = 0; i < NtCurrentPeb()->NumberOfHeaps; i++)
        if (auto* h = static_cast<Heap*>(heaps[i]); !h->held && RtlIsCriticalSectionLockedByThread(&h->lock))
            RtlLeaveCriticalSection(&h->lock);
}

} // namespace nt
