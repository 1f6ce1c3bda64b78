// Static TLS: every image with a TLS directory has an index into each thread's vector of blocks
// (TEB.ThreadLocalStoragePointer). Vectors are made with room to spare, so that a DLL loaded later rarely
// moves them. The list of threads goes through the vectors, not the TEBs: a thread that TerminateThread ends
// says nothing here, and its TEB is gone, or another thread's.
#include "loader.h"

namespace nt::loader {

namespace {

constexpr ULONG slack = 32;

struct Vector { // TEB.ThreadLocalStoragePointer points at `block`
    LIST_ENTRY link;
    TEB* teb;
    ULONG_PTR capacity;
    PVOID block[1];
};

LIST_ENTRY threads{&threads, &threads}; // Vector.link
Module* owners[256];                    // by index; null: free
ULONG index_count;

IMAGE_TLS_DIRECTORY64* directory_of(Module& module) {
    ULONG size = 0;
    return static_cast<IMAGE_TLS_DIRECTORY64*>(
        RtlImageDirectoryEntryToData(module.DllBase, 1, IMAGE_DIRECTORY_ENTRY_TLS, &size));
}

PVOID* vector_of(TEB* teb) { return static_cast<PVOID*>(teb->ThreadLocalStoragePointer); }
Vector* header_of(PVOID* blocks) {
    return reinterpret_cast<Vector*>(reinterpret_cast<UCHAR*>(blocks) - __builtin_offsetof(Vector, block));
}

// Blocks are aligned as the directory says (IMAGE_SCN_ALIGN_* in its Characteristics), at most a page.
PVOID make_block(const IMAGE_TLS_DIRECTORY64& directory) {
    const SIZE_T raw = directory.EndAddressOfRawData - directory.StartAddressOfRawData;
    const ULONG code = directory.Characteristics >> 20 & 15;
    const SIZE_T alignment = code > 5 ? SIZE_T(1) << (code - 1) : 16;
    auto* memory = static_cast<UCHAR*>(allocate(raw + directory.SizeOfZeroFill + alignment + sizeof(PVOID)));
    if (!memory) return nullptr;
    auto block = reinterpret_cast<UCHAR*>(
        (reinterpret_cast<ULONG_PTR>(memory) + sizeof(PVOID) + alignment - 1) & ~(alignment - 1));
    reinterpret_cast<PVOID*>(block)[-1] = memory;
    memcpy(block, reinterpret_cast<const void*>(directory.StartAddressOfRawData), raw);
    return block;
}

void release_block(PVOID block) {
    if (block) release(static_cast<PVOID*>(block)[-1]);
}

PVOID* make_vector(ULONG count) {
    auto* v = static_cast<Vector*>(allocate(sizeof(Vector) + (count + slack) * sizeof(PVOID)));
    if (!v) return nullptr;
    v->teb = NtCurrentTeb();
    v->capacity = count + slack;
    return v->block;
}

Vector* vector_at(LIST_ENTRY* e) { return container(e, &Vector::link); }

bool is_alive(Vector& v) {
    if (v.teb == NtCurrentTeb() && vector_of(v.teb) == v.block) return true;
    PVOID blocks;
    const auto pointer = &v.teb->ThreadLocalStoragePointer;
    return NT_SUCCESS(NtReadVirtualMemory(NtCurrentProcess(), pointer, &blocks, sizeof blocks, nullptr)) &&
           blocks == v.block;
}

void release_vector(Vector& v) {
    remove_entry(v.link);
    for (ULONG i = 0; i < index_count && i < v.capacity; i++)
        release_block(v.block[i]);
    release(&v);
}

// Before all threads are looked at.
void forget_ended_threads() {
    for (LIST_ENTRY* e = threads.Flink; e != &threads;) {
        Vector* v = vector_at(e);
        e = e->Flink;
        if (!is_alive(*v)) release_vector(*v);
    }
}

// The vector of a running thread moves by replacement; the old one stays, since that thread may be reading
// it.
Vector* make_room(Vector* old, ULONG index) {
    if (old->capacity > index) return old;
    PVOID* blocks = make_vector(index + 1);
    if (!blocks) return nullptr;
    memcpy(blocks, old->block, old->capacity * sizeof(PVOID));
    Vector* fresh = header_of(blocks);
    fresh->teb = old->teb;
    insert_tail(old->link, fresh->link);
    remove_entry(old->link);
    fresh->teb->ThreadLocalStoragePointer = blocks;
    return fresh;
}

} // namespace

NTSTATUS add_tls(Module& module) {
    IMAGE_TLS_DIRECTORY64* directory = directory_of(module);
    if (!directory || !directory->AddressOfIndex) return STATUS_SUCCESS;
    ULONG index = 0;
    while (index < index_count && owners[index])
        index++;
    if (index == sizeof owners / sizeof owners[0]) return STATUS_NO_MEMORY;
    owners[index] = &module;
    if (index == index_count) index_count++;
    module.TlsIndex = static_cast<USHORT>(index);
    *reinterpret_cast<ULONG*>(directory->AddressOfIndex) = index;
    forget_ended_threads();
    for (LIST_ENTRY* e = threads.Flink; e != &threads; e = e->Flink) {
        Vector* vector = make_room(vector_at(e), index);
        PVOID block = vector ? make_block(*directory) : nullptr;
        if (!block) return STATUS_NO_MEMORY;
        vector->block[index] = block;
        e = &vector->link;
    }
    return STATUS_SUCCESS;
}

void remove_tls(Module& module) {
    if (module.TlsIndex == no_tls) return;
    for (LIST_ENTRY* e = threads.Flink; e != &threads; e = e->Flink) {
        PVOID& block = vector_at(e)->block[module.TlsIndex];
        release_block(block);
        block = nullptr;
    }
    owners[module.TlsIndex] = nullptr;
    module.TlsIndex = no_tls;
}

// The running thread's vector. Before the first thread's, no module has been added.
NTSTATUS make_thread_tls() {
    TEB* teb = NtCurrentTeb();
    PVOID* blocks = make_vector(index_count);
    if (!blocks) return STATUS_NO_MEMORY;
    for (ULONG i = 0; i < index_count; i++)
        if (owners[i] && !(blocks[i] = make_block(*directory_of(*owners[i])))) return STATUS_NO_MEMORY;
    teb->ThreadLocalStoragePointer = blocks;
    insert_tail(threads, header_of(blocks)->link);
    return STATUS_SUCCESS;
}

void release_thread_tls() {
    TEB* teb = NtCurrentTeb();
    PVOID* blocks = vector_of(teb);
    if (!blocks) return;
    teb->ThreadLocalStoragePointer = nullptr;
    release_vector(*header_of(blocks));
}

void call_tls_callbacks(Module& module, ULONG reason) {
    const IMAGE_TLS_DIRECTORY64* directory = directory_of(module);
    if (!directory || !directory->AddressOfCallBacks) return;
    for (auto* callback = reinterpret_cast<PIMAGE_TLS_CALLBACK*>(directory->AddressOfCallBacks); *callback;
         callback++)
        (*callback)(module.DllBase, reason, nullptr);
}

} // namespace nt::loader
