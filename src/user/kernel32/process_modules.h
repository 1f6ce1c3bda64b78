// The modules of a process, in the memory of which its loader's list is.
#pragma once
#include "kernel32.h"

namespace nt::k32 {

template <class T> bool read_from(HANDLE process, const void* from, T* to) {
    SIZE_T done;
    const NTSTATUS status = NtReadVirtualMemory(process, const_cast<PVOID>(from), to, sizeof *to, &done);
    return NT_SUCCESS(status) ? true : bool(fail(status));
}

// Walks the loader's list in load order; `found` says whether to go on.
template <class Found> bool each_module(HANDLE process, Found found) {
    PROCESS_BASIC_INFORMATION basic;
    const NTSTATUS status =
        NtQueryInformationProcess(process, ProcessBasicInformation, &basic, sizeof basic, nullptr);
    if (!NT_SUCCESS(status)) return fail(status);
    PEB_LDR_DATA* loader;
    LIST_ENTRY head;
    const auto* peb = static_cast<const PEB*>(basic.PebBaseAddress);
    if (!read_from(process, &peb->Ldr, &loader) || !read_from(process, &loader->InLoadOrderModuleList, &head))
        return false;
    for (LIST_ENTRY* at = head.Flink; at != &loader->InLoadOrderModuleList;) {
        LDR_DATA_TABLE_ENTRY entry;
        if (!read_from(process, at, &entry)) return false; // the links are its first member
        if (!found(entry)) return true;
        at = entry.InLoadOrderLinks.Flink;
    }
    return true;
}

} // namespace nt::k32
