// Virtual memory and heaps.
#include "kernel32.h"

namespace nt {
using namespace k32;

extern "C" {

PVOID VirtualAllocEx(HANDLE process, PVOID address, SIZE_T size, DWORD type, DWORD protection) {
    // An address below 64 KiB means zero to the kernel; Win32 refuses it.
    if (address && ULONG_PTR(address) < 0x10000) return fail_with(ERROR_INVALID_PARAMETER), nullptr;
    NTSTATUS status = NtAllocateVirtualMemory(process, &address, 0, &size, type, protection);
    return NT_SUCCESS(status) ? address : (fail(status), nullptr);
}
PVOID VirtualAlloc(PVOID address, SIZE_T size, DWORD type, DWORD protection) {
    return VirtualAllocEx(NtCurrentProcess(), address, size, type, protection);
}
BOOL VirtualFreeEx(HANDLE process, PVOID address, SIZE_T size, DWORD type) {
    if ((type & MEM_RELEASE) && size) return fail_with(ERROR_INVALID_PARAMETER);
    return answer(NtFreeVirtualMemory(process, &address, &size, type));
}
BOOL VirtualFree(PVOID address, SIZE_T size, DWORD type) {
    return VirtualFreeEx(NtCurrentProcess(), address, size, type);
}
BOOL VirtualProtectEx(HANDLE process, PVOID address, SIZE_T size, DWORD protection, DWORD* old) {
    return answer(NtProtectVirtualMemory(process, &address, &size, protection, old));
}
BOOL VirtualProtect(PVOID address, SIZE_T size, DWORD protection, DWORD* old) {
    return VirtualProtectEx(NtCurrentProcess(), address, size, protection, old);
}
SIZE_T VirtualQueryEx(HANDLE process, const void* address, MEMORY_BASIC_INFORMATION* to, SIZE_T size) {
    SIZE_T done = 0;
    NTSTATUS status =
        NtQueryVirtualMemory(process, const_cast<PVOID>(address), MemoryBasicInformation, to, size, &done);
    return NT_SUCCESS(status) ? done : (fail(status), 0);
}
SIZE_T VirtualQuery(const void* address, MEMORY_BASIC_INFORMATION* to, SIZE_T size) {
    return VirtualQueryEx(NtCurrentProcess(), address, to, size);
}
// Nothing is ever paged out, so what is committed is locked.
BOOL VirtualLock(PVOID address, SIZE_T size) {
    MEMORY_BASIC_INFORMATION information;
    for (ULONG_PTR at = ULONG_PTR(address), end = at + size; at < end;) {
        if (!VirtualQuery(reinterpret_cast<PVOID>(at), &information, sizeof information)) return FALSE;
        if (information.State != MEM_COMMIT) return fail_with(ERROR_INVALID_ADDRESS);
        if (information.Protect & (PAGE_NOACCESS | PAGE_GUARD)) return fail_with(ERROR_NOACCESS);
        at = ULONG_PTR(information.BaseAddress) + information.RegionSize;
    }
    return TRUE;
}
// Nothing is paged out, so a lock is not counted; unlocking what is not committed fails as locking does.
BOOL VirtualUnlock(PVOID address, SIZE_T size) {
    return VirtualLock(address, size) ? BOOL(TRUE) : fail_with(ERROR_NOT_LOCKED);
}
BOOL ReadProcessMemory(HANDLE process, const void* address, PVOID to, SIZE_T size, SIZE_T* done) {
    return answer(NtReadVirtualMemory(process, const_cast<PVOID>(address), to, size, done));
}
BOOL WriteProcessMemory(HANDLE process, PVOID address, const void* from, SIZE_T size, SIZE_T* done) {
    return answer(NtWriteVirtualMemory(process, address, from, size, done));
}
BOOL FlushInstructionCache(HANDLE process, const void* base, SIZE_T size) {
    return answer(NtFlushInstructionCache(process, const_cast<PVOID>(base), size));
}

HANDLE GetProcessHeap() { return process_heap(); }
DWORD GetProcessHeaps(DWORD count, HANDLE* heaps) { return RtlGetProcessHeaps(count, heaps); }
HANDLE HeapCreate(DWORD options, SIZE_T initial, SIZE_T maximum) {
    ULONG flags = options & (HEAP_NO_SERIALIZE | HEAP_GENERATE_EXCEPTIONS | HEAP_CREATE_ENABLE_EXECUTE);
    if (!maximum) flags |= HEAP_GROWABLE;
    PVOID heap = RtlCreateHeap(flags, nullptr, maximum, initial, nullptr, nullptr);
    if (!heap) RtlSetLastWin32Error(ERROR_NOT_ENOUGH_MEMORY);
    return heap;
}
BOOL HeapDestroy(HANDLE heap) { return RtlDestroyHeap(heap) ? fail_with(ERROR_INVALID_HANDLE) : BOOL(TRUE); }
BOOL HeapFree(HANDLE heap, DWORD flags, PVOID memory) { return RtlFreeHeap(heap, flags, memory); }
BOOL HeapValidate(HANDLE heap, DWORD flags, const void* memory) {
    return RtlValidateHeap(heap, flags, memory);
}
SIZE_T HeapCompact(HANDLE heap, DWORD flags) { return RtlCompactHeap(heap, flags); }
BOOL HeapLock(HANDLE heap) { return RtlLockHeap(heap); }
BOOL HeapUnlock(HANDLE heap) { return RtlUnlockHeap(heap); }
BOOL HeapWalk(HANDLE heap, RTL_HEAP_WALK_ENTRY* entry) { return answer(RtlWalkHeap(heap, entry)); }
BOOL HeapSetInformation(HANDLE heap, ULONG cls, PVOID information, SIZE_T size) {
    return answer(RtlSetHeapInformation(heap, cls, information, size));
}
BOOL HeapQueryInformation(HANDLE heap, ULONG cls, PVOID information, SIZE_T size, SIZE_T* needed) {
    return answer(RtlQueryHeapInformation(heap, cls, information, size, needed));
}

// Local and global memory. A fixed block is a heap block and its handle is its address. A movable one has a
// handle to a record of its block; the low bits of the handle tell it apart, since heap blocks are
// 16-aligned.
} // extern "C"

namespace {

struct Movable {
    PVOID block; // null: discarded
    ULONG locks;
    ULONG pad;
};
constexpr UINT MOVEABLE = 2, ZEROINIT = 0x40, MODIFY = 0x80;

bool movable(PVOID handle) { return ULONG_PTR(handle) & 8; }
Movable* record(PVOID handle) { return reinterpret_cast<Movable*>(ULONG_PTR(handle) - 8); }

PVOID allocate(UINT flags, SIZE_T size) {
    ULONG heap_flags = flags & ZEROINIT ? HEAP_ZERO_MEMORY : 0;
    PVOID block = nullptr;
    if (size || !(flags & MOVEABLE)) {
        block = RtlAllocateHeap(process_heap(), heap_flags, size);
        if (!block) return fail_with(ERROR_NOT_ENOUGH_MEMORY), nullptr;
    }
    if (!(flags & MOVEABLE)) return block;
    auto* r = static_cast<Movable*>(heap_allocate(sizeof(Movable)));
    if (!r) return heap_free(block), fail_with(ERROR_NOT_ENOUGH_MEMORY), nullptr;
    *r = {block, 0, 0};
    return reinterpret_cast<PVOID>(ULONG_PTR(r) + 8);
}
PVOID release(PVOID handle) {
    if (!handle) return nullptr;
    if (!movable(handle))
        return RtlFreeHeap(process_heap(), 0, handle) ? nullptr : (fail_with(ERROR_INVALID_HANDLE), handle);
    Movable* r = record(handle);
    heap_free(r->block);
    heap_free(r);
    return nullptr;
}
PVOID resize(PVOID handle, SIZE_T size, UINT flags) {
    ULONG heap_flags = flags & ZEROINIT ? HEAP_ZERO_MEMORY : 0;
    if (flags & MODIFY) return handle; // attributes only; discardability has no effect
    if (!movable(handle)) {
        if (!(flags & MOVEABLE)) heap_flags |= HEAP_REALLOC_IN_PLACE_ONLY;
        PVOID block = RtlReAllocateHeap(process_heap(), heap_flags, handle, size);
        return block ? block : (fail_with(ERROR_NOT_ENOUGH_MEMORY), nullptr);
    }
    Movable* r = record(handle);
    PVOID block = r->block ? RtlReAllocateHeap(process_heap(), heap_flags, r->block, size)
                           : RtlAllocateHeap(process_heap(), heap_flags, size);
    if (!block) return fail_with(ERROR_NOT_ENOUGH_MEMORY), nullptr;
    r->block = block;
    return handle;
}
PVOID lock(PVOID handle) {
    if (!movable(handle)) return handle;
    Movable* r = record(handle);
    if (!r->block) return fail_with(157), nullptr; // ERROR_DISCARDED
    ++r->locks;
    return r->block;
}
BOOL unlock(PVOID handle) {
    if (!movable(handle)) return fail_with(ERROR_NOT_LOCKED);
    Movable* r = record(handle);
    if (!r->locks) return fail_with(ERROR_NOT_LOCKED);
    if (--r->locks) return TRUE;
    return fail_with(ERROR_SUCCESS);
}
SIZE_T size_of(PVOID handle) {
    PVOID block = movable(handle) ? record(handle)->block : handle;
    SIZE_T size = block ? RtlSizeHeap(process_heap(), 0, block) : 0;
    return size == ~SIZE_T(0) ? (fail_with(ERROR_INVALID_HANDLE), 0) : size;
}

} // namespace

extern "C" {

HANDLE LocalAlloc(UINT flags, SIZE_T size) { return allocate(flags, size); }
HANDLE LocalFree(HANDLE handle) { return release(handle); }
HANDLE LocalReAlloc(HANDLE handle, SIZE_T size, UINT flags) { return resize(handle, size, flags); }
PVOID LocalLock(HANDLE handle) { return lock(handle); }
BOOL LocalUnlock(HANDLE handle) { return unlock(handle); }
SIZE_T LocalSize(HANDLE handle) { return size_of(handle); }
HANDLE GlobalAlloc(UINT flags, SIZE_T size) { return allocate(flags, size); }
HANDLE GlobalFree(HANDLE handle) { return release(handle); }
HANDLE GlobalReAlloc(HANDLE handle, SIZE_T size, UINT flags) { return resize(handle, size, flags); }
PVOID GlobalLock(HANDLE handle) { return lock(handle); }
BOOL GlobalUnlock(HANDLE handle) { return unlock(handle); }
SIZE_T GlobalSize(HANDLE handle) { return size_of(handle); }

// Are these addresses accessible? By asking for the protection of each page, not by touching it.
} // extern "C"

namespace {

bool accessible(ULONG_PTR at, SIZE_T size, ULONG protections) {
    if (!size) return true;
    if (!at || at + size < at) return false;
    MEMORY_BASIC_INFORMATION information;
    for (ULONG_PTR end = at + size; at < end;
         at = ULONG_PTR(information.BaseAddress) + information.RegionSize) {
        SIZE_T done;
        if (!NT_SUCCESS(NtQueryVirtualMemory(NtCurrentProcess(), reinterpret_cast<PVOID>(at),
                                             MemoryBasicInformation, &information, sizeof information,
                                             &done)))
            return false;
        if (information.State != MEM_COMMIT || !(information.Protect & protections) ||
            (information.Protect & PAGE_GUARD))
            return false;
    }
    return true;
}
constexpr ULONG WRITABLE = PAGE_READWRITE | PAGE_WRITECOPY | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY;
constexpr ULONG READABLE = WRITABLE | PAGE_READONLY | PAGE_EXECUTE_READ;

template <class Char> BOOL bad_string(const Char* s, ULONG_PTR maximum) {
    ULONG_PTR at = ULONG_PTR(s), checked = 0;
    for (; maximum--; at += sizeof(Char)) {
        if (at >= checked) {
            if (!accessible(at, 1, READABLE)) return TRUE;
            checked = (at | 0xfff) + 1;
        }
        if (!*reinterpret_cast<const Char*>(at)) return FALSE;
    }
    return FALSE;
}

} // namespace

extern "C" {

BOOL IsBadReadPtr(const void* at, ULONG_PTR size) { return !accessible(ULONG_PTR(at), size, READABLE); }
BOOL IsBadWritePtr(PVOID at, ULONG_PTR size) { return !accessible(ULONG_PTR(at), size, WRITABLE); }
BOOL IsBadCodePtr(PVOID at) { return !accessible(ULONG_PTR(at), 1, READABLE | PAGE_EXECUTE); }
BOOL IsBadStringPtrA(const CHAR* s, ULONG_PTR maximum) { return bad_string(s, maximum); }
BOOL IsBadStringPtrW(const WCHAR* s, ULONG_PTR maximum) { return bad_string(s, maximum); }

} // extern "C"
} // namespace nt
