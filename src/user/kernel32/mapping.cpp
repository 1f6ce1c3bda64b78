// File mappings: sections and their views.
#include "kernel32.h"

namespace nt {
using namespace k32;

namespace {

constexpr DWORD FILE_MAP_WRITE = 2, FILE_MAP_READ = 4, FILE_MAP_EXECUTE = 0x20, FILE_MAP_COPY = 1;

ULONG view_protection(DWORD access) {
    bool execute = access & FILE_MAP_EXECUTE;
    if (access & FILE_MAP_WRITE) return execute ? PAGE_EXECUTE_READWRITE : PAGE_READWRITE;
    if (access & FILE_MAP_READ) return execute ? PAGE_EXECUTE_READ : PAGE_READONLY;
    if (access & FILE_MAP_COPY) return execute ? PAGE_EXECUTE_WRITECOPY : PAGE_WRITECOPY;
    return PAGE_NOACCESS;
}

} // namespace

extern "C" {

// SEC_… flags share the word with the protection; none means SEC_COMMIT.
HANDLE CreateFileMappingW(HANDLE file, SECURITY_ATTRIBUTES* security, DWORD protection, DWORD size_high,
                          DWORD size_low, const WCHAR* name) {
    ULONG section_flags = protection & 0xffff0000;
    protection &= 0xffff;
    ACCESS_MASK access = STANDARD_RIGHTS_REQUIRED | 1 | FILE_MAP_READ; // SECTION_QUERY, SECTION_MAP_READ
    if (protection & (PAGE_READWRITE | PAGE_EXECUTE_READWRITE)) access |= FILE_MAP_WRITE;
    if (protection & (PAGE_EXECUTE_READ | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY))
        access |= 8; // SECTION_MAP_EXECUTE
    LARGE_INTEGER size{{size_low, LONG(size_high)}};
    NamedObject object(name, security, OBJ_OPENIF);
    if (!object) return nullptr;
    HANDLE section = nullptr;
    bool sized = size.QuadPart != 0;
    if (!sized && file == INVALID_HANDLE_VALUE) return fail_with(ERROR_INVALID_PARAMETER), nullptr;
    NTSTATUS status = NtCreateSection(&section, access, object.get(), sized ? &size : nullptr, protection,
                                      section_flags ? section_flags : SEC_COMMIT,
                                      file == INVALID_HANDLE_VALUE ? nullptr : file);
    if (!NT_SUCCESS(status)) return fail(status), nullptr;
    RtlSetLastWin32Error(status == STATUS_OBJECT_NAME_EXISTS ? ERROR_ALREADY_EXISTS : ERROR_SUCCESS);
    return section;
}
HANDLE CreateFileMappingA(HANDLE file, SECURITY_ATTRIBUTES* security, DWORD protection, DWORD size_high,
                          DWORD size_low, const CHAR* name) {
    Wide wide(name);
    return wide.ok() ? CreateFileMappingW(file, security, protection, size_high, size_low, wide.get())
                     : nullptr;
}
HANDLE OpenFileMappingW(DWORD access, BOOL inherit, const WCHAR* name) {
    SECURITY_ATTRIBUTES security{sizeof security, nullptr, inherit};
    NamedObject object(name, &security, 0);
    if (!object) return nullptr;
    if (access == FILE_MAP_COPY) access = FILE_MAP_READ;
    if (access & FILE_MAP_EXECUTE) access = (access & ~FILE_MAP_EXECUTE) | 8;
    HANDLE section = nullptr;
    NTSTATUS status = NtOpenSection(&section, access, object.get());
    return NT_SUCCESS(status) ? section : (fail(status), nullptr);
}
HANDLE OpenFileMappingA(DWORD access, BOOL inherit, const CHAR* name) {
    Wide wide(name);
    return wide.ok() ? OpenFileMappingW(access, inherit, wide.get()) : nullptr;
}

PVOID MapViewOfFileEx(HANDLE section, DWORD access, DWORD offset_high, DWORD offset_low, SIZE_T size,
                      PVOID address) {
    // The service rounds both down; this function "fails".
    if ((offset_low | ULONG_PTR(address)) & 0xffff) return fail(STATUS_MAPPED_ALIGNMENT), nullptr;
    LARGE_INTEGER offset{{offset_low, LONG(offset_high)}};
    NTSTATUS status = NtMapViewOfSection(section, NtCurrentProcess(), &address, 0, 0, &offset, &size,
                                         ViewShare, 0, view_protection(access));
    return NT_SUCCESS(status) ? address : (fail(status), nullptr);
}
PVOID MapViewOfFile(HANDLE section, DWORD access, DWORD offset_high, DWORD offset_low, SIZE_T size) {
    return MapViewOfFileEx(section, access, offset_high, offset_low, size, nullptr);
}
// A view of memory has no file that it must be written to; images are never written back.
BOOL FlushViewOfFile(const void* address, SIZE_T) {
    MEMORY_BASIC_INFORMATION information;
    NTSTATUS status = NtQueryVirtualMemory(NtCurrentProcess(), const_cast<PVOID>(address),
                                           MemoryBasicInformation, &information, sizeof information, nullptr);
    if (!NT_SUCCESS(status)) return fail(status);
    return information.Type == MEM_MAPPED || information.Type == MEM_IMAGE ? BOOL(TRUE)
                                                                           : fail_with(ERROR_INVALID_ADDRESS);
}
BOOL UnmapViewOfFile(const void* address) {
    return answer(NtUnmapViewOfSection(NtCurrentProcess(), const_cast<PVOID>(address)));
}

} // extern "C"
} // namespace nt
