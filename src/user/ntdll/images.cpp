// Looking into mapped images: headers, directories, resources, delay-loaded imports.
#include "loader.h"

namespace nt {

extern "C" {

PVOID NTAPI RtlImageNtHeader(PVOID base) {
    const auto* dos = static_cast<IMAGE_DOS_HEADER*>(base);
    if (!base || base == reinterpret_cast<PVOID>(~ULONG_PTR(0)) || dos->e_magic != IMAGE_DOS_SIGNATURE)
        return nullptr;
    IMAGE_NT_HEADERS64* headers = nt_headers(base);
    return headers->Signature == IMAGE_NT_SIGNATURE ? headers : nullptr;
}

PVOID NTAPI RtlImageDirectoryEntryToData(PVOID base, BOOLEAN mapped, USHORT directory, ULONG* size) {
    *size = 0;
    const auto flag = reinterpret_cast<ULONG_PTR>(base) & 3; // LoadLibraryEx: loaded as a data file
    base = reinterpret_cast<PVOID>(reinterpret_cast<ULONG_PTR>(base) - flag);
    const auto* headers = static_cast<IMAGE_NT_HEADERS64*>(RtlImageNtHeader(base));
    if (!headers || directory >= headers->OptionalHeader.NumberOfRvaAndSizes) return nullptr;
    const IMAGE_DATA_DIRECTORY& entry = headers->OptionalHeader.DataDirectory[directory];
    if (!entry.VirtualAddress) return nullptr;
    *size = entry.Size;
    if (mapped && !(flag & 1)) return at<void>(base, entry.VirtualAddress);
    const auto* section = reinterpret_cast<const IMAGE_SECTION_HEADER*>(
        reinterpret_cast<const UCHAR*>(&headers->OptionalHeader) + headers->FileHeader.SizeOfOptionalHeader);
    for (ULONG i = 0; i < headers->FileHeader.NumberOfSections; i++, section++)
        if (entry.VirtualAddress - section->VirtualAddress < section->SizeOfRawData)
            return at<void>(base, entry.VirtualAddress - section->VirtualAddress + section->PointerToRawData);
    *size = 0;
    return nullptr;
}

PVOID NTAPI RtlPcToFileHeader(PVOID pc, PVOID* base) {
    const loader::Module* module = loader::find_by_address(pc);
    *base = module ? module->DllBase : nullptr;
    return *base;
}

// Levels: type, name, language; each an identifier or a pointer to a string (as MAKEINTRESOURCE). Language 0:
// the first.
NTSTATUS NTAPI LdrFindResource_U(PVOID base, const ULONG_PTR* path, ULONG levels, PVOID* data_entry) {
    constexpr NTSTATUS not_found[] = {STATUS_RESOURCE_TYPE_NOT_FOUND, STATUS_RESOURCE_NAME_NOT_FOUND,
                                      STATUS_RESOURCE_LANG_NOT_FOUND};
    ULONG size = 0;
    auto* root =
        static_cast<UCHAR*>(RtlImageDirectoryEntryToData(base, 1, IMAGE_DIRECTORY_ENTRY_RESOURCE, &size));
    if (!root) return STATUS_RESOURCE_DATA_NOT_FOUND;
    if (levels > 3) return STATUS_INVALID_PARAMETER_3;
    ULONG offset = 0;
    for (ULONG level = 0; level < levels; level++) {
        const auto* directory = reinterpret_cast<IMAGE_RESOURCE_DIRECTORY*>(root + offset);
        const auto* entries = reinterpret_cast<const IMAGE_RESOURCE_DIRECTORY_ENTRY*>(directory + 1);
        const ULONG named = directory->NumberOfNamedEntries, count = named + directory->NumberOfIdEntries;
        const IMAGE_RESOURCE_DIRECTORY_ENTRY* found = nullptr;
        for (ULONG i = 0; i < count && !found; i++) {
            const bool by_name = path[level] >> 16 != 0;
            if (by_name && i < named) {
                const auto* s = reinterpret_cast<const USHORT*>(root + (entries[i].Name & 0x7fffffff));
                const auto* wanted = reinterpret_cast<const WCHAR*>(path[level]);
                if (wcslen(wanted) == *s && _wcsnicmp(wanted, reinterpret_cast<const WCHAR*>(s + 1), *s) == 0)
                    found = &entries[i];
            } else if (!by_name && i >= named &&
                       (entries[i].Name == path[level] || (level == 2 && path[level] == 0))) {
                found = &entries[i];
            }
        }
        if (!found) return not_found[level];
        offset = found->OffsetToData;
        if (!(offset & 0x80000000)) {
            if (level + 1 != levels) return STATUS_RESOURCE_DATA_NOT_FOUND;
            *data_entry = root + offset;
            return STATUS_SUCCESS;
        }
        offset &= 0x7fffffff;
    }
    return STATUS_RESOURCE_DATA_NOT_FOUND;
}

NTSTATUS NTAPI LdrAccessResource(PVOID base, PVOID data_entry, PVOID* address, ULONG* size) {
    const auto* entry = static_cast<IMAGE_RESOURCE_DATA_ENTRY*>(data_entry);
    if (address) *address = at<void>(base, entry->OffsetToData);
    if (size) *size = entry->Size;
    return STATUS_SUCCESS;
}

// nf-libloaderapi2-resolvedelayloadedapi. Without a hook that helps, a failure raises what the C run-time's
// helper raises: VcppException(ERROR_MOD_NOT_FOUND / ERROR_PROC_NOT_FOUND).
PVOID NTAPI LdrResolveDelayLoadedAPI(PVOID base, const void* descriptor, PVOID, PVOID, PVOID* thunk, ULONG) {
    const auto& d = *static_cast<const IMAGE_DELAYLOAD_DESCRIPTOR*>(descriptor);
    const auto* dll = at<CHAR>(base, d.DllNameRVA);
    auto& handle = *at<PVOID>(base, d.ModuleHandleRVA);
    const auto index = static_cast<ULONG>(thunk - at<PVOID>(base, d.ImportAddressTableRVA));
    const ULONGLONG what = at<ULONGLONG>(base, d.ImportNameTableRVA)[index];
    NTSTATUS status = STATUS_SUCCESS;
    if (!handle) {
        UNICODE_STRING name;
        if (!RtlCreateUnicodeStringFromAsciiz(&name, dll)) return nullptr;
        status = LdrLoadDll(nullptr, nullptr, &name, &handle);
        RtlFreeUnicodeString(&name);
    }
    PVOID address = nullptr;
    if (NT_SUCCESS(status)) {
        ANSI_STRING symbol{};
        const bool by_ordinal = what & IMAGE_ORDINAL_FLAG64;
        if (!by_ordinal) RtlInitAnsiString(&symbol, at<IMAGE_IMPORT_BY_NAME>(base, what)->Name);
        status = LdrGetProcedureAddress(handle, by_ordinal ? nullptr : &symbol,
                                        static_cast<ULONG>(what & 0xffff), &address);
    }
    if (!NT_SUCCESS(status))
        RtlRaiseStatus(static_cast<NTSTATUS>(status == STATUS_DLL_NOT_FOUND ? 0xc06d007e : 0xc06d007f));
    auto slot = reinterpret_cast<PVOID>(thunk);
    SIZE_T size = sizeof(PVOID);
    ULONG old = 0;
    NtProtectVirtualMemory(NtCurrentProcess(), &slot, &size, PAGE_READWRITE, &old);
    *thunk = address;
    NtProtectVirtualMemory(NtCurrentProcess(), &slot, &size, old, &old);
    return address;
}

} // extern "C"
} // namespace nt
