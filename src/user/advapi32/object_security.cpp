// Descriptors of objects by handle: Win32 pages of GetKernelObjectSecurity, GetSecurityInfo, SetSecurityInfo,
// GetFileSecurity.
#include "abi/file.h"
#include "security.h"

namespace nt {
using namespace security;

namespace {

DWORD error_of(NTSTATUS status) {
    return NT_SUCCESS(status) ? ERROR_SUCCESS : RtlNtStatusToDosErrorNoTeb(status);
}

// The device or file of a Win32 name, for its descriptor.
NTSTATUS open(const WCHAR* name, ACCESS_MASK access, HANDLE& handle) {
    UNICODE_STRING path;
    if (!RtlDosPathNameToNtPathName_U(name, &path, nullptr, nullptr)) return STATUS_OBJECT_PATH_NOT_FOUND;
    OBJECT_ATTRIBUTES attributes{sizeof attributes, nullptr, &path, OBJ_CASE_INSENSITIVE, nullptr, nullptr};
    IO_STATUS_BLOCK iosb;
    const NTSTATUS status = NtOpenFile(&handle, access, &attributes, &iosb,
                                       FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, 0);
    RtlFreeUnicodeString(&path);
    return status;
}
ACCESS_MASK to_read(DWORD information) {
    return READ_CONTROL | (information & SACL_SECURITY_INFORMATION ? ACCESS_SYSTEM_SECURITY : 0);
}
ACCESS_MASK to_write(DWORD information) {
    ACCESS_MASK access = 0;
    if (information & (OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION | LABEL_SECURITY_INFORMATION))
        access |= WRITE_OWNER;
    if (information & DACL_SECURITY_INFORMATION) access |= WRITE_DAC;
    if (information & SACL_SECURITY_INFORMATION) access |= ACCESS_SYSTEM_SECURITY;
    return access;
}

// SE_OBJECT_TYPE of a handle that the kernel knows: file, key, kernel object.
bool is_of_kernel(DWORD type) { return type == 1 || type == 4 || type == 6; }

} // namespace

extern "C" {

BOOL GetKernelObjectSecurity(HANDLE handle, DWORD information, PVOID to, DWORD length, DWORD* needed) {
    ULONG size = 0;
    const NTSTATUS status = NtQuerySecurityObject(handle, information, to, length, &size);
    *needed = size;
    return answer(status);
}
BOOL SetKernelObjectSecurity(HANDLE handle, DWORD information, PVOID descriptor) {
    return answer(NtSetSecurityObject(handle, information, descriptor));
}

// The parts point into one block, which the caller frees with LocalFree.
DWORD GetSecurityInfo(HANDLE handle, DWORD type, DWORD information, SID** owner, SID** group, ACL** dacl,
                      ACL** sacl, PVOID* descriptor) {
    if (!is_of_kernel(type)) k32::stop("GetSecurityInfo (of this type of object)");
    ULONG size = 0;
    NTSTATUS status = NtQuerySecurityObject(handle, information, nullptr, 0, &size);
    if (status != STATUS_BUFFER_TOO_SMALL) return error_of(status);
    PVOID d = local_allocate(size);
    if (!d) return ERROR_NOT_ENOUGH_MEMORY;
    status = NtQuerySecurityObject(handle, information, d, size, &size);
    if (!NT_SUCCESS(status)) {
        k32::heap_free(d);
        return error_of(status);
    }
    BOOLEAN present = FALSE, defaulted;
    if (owner && (information & OWNER_SECURITY_INFORMATION)) rtl::get_owner(d, owner, &defaulted);
    if (group && (information & GROUP_SECURITY_INFORMATION)) rtl::get_group(d, group, &defaulted);
    if (dacl && (information & DACL_SECURITY_INFORMATION)) {
        rtl::get_dacl(d, &present, dacl, &defaulted);
        if (!present) *dacl = nullptr;
    }
    if (sacl && (information & SACL_SECURITY_INFORMATION)) {
        rtl::get_sacl(d, &present, sacl, &defaulted);
        if (!present) *sacl = nullptr;
    }
    if (descriptor)
        *descriptor = d;
    else if (!owner && !group && !dacl && !sacl)
        k32::heap_free(d);
    return ERROR_SUCCESS;
}
DWORD SetSecurityInfo(HANDLE handle, DWORD type, DWORD information, SID* owner, SID* group, ACL* dacl,
                      ACL* sacl) {
    if (!is_of_kernel(type)) k32::stop("SetSecurityInfo (of this type of object)");
    SECURITY_DESCRIPTOR d;
    rtl::create_descriptor(&d, SECURITY_DESCRIPTOR_REVISION);
    d.Owner = owner, d.Group = group;
    if (information & DACL_SECURITY_INFORMATION) rtl::set_dacl(&d, true, dacl, false);
    if (information & (SACL_SECURITY_INFORMATION | LABEL_SECURITY_INFORMATION))
        rtl::set_sacl(&d, true, sacl, false);
    if (information & PROTECTED_DACL_SECURITY_INFORMATION) d.Control |= SE_DACL_PROTECTED;
    if (information & PROTECTED_SACL_SECURITY_INFORMATION) d.Control |= SE_SACL_PROTECTED;
    return error_of(NtSetSecurityObject(handle, information, &d));
}

BOOL GetFileSecurityW(const WCHAR* name, DWORD information, PVOID to, DWORD length, DWORD* needed) {
    HANDLE handle;
    const NTSTATUS status = open(name, to_read(information), handle);
    if (!NT_SUCCESS(status)) return fail(status);
    const BOOL good = GetKernelObjectSecurity(handle, information, to, length, needed);
    NtClose(handle);
    return good;
}
BOOL GetFileSecurityA(const CHAR* name, DWORD information, PVOID to, DWORD length, DWORD* needed) {
    const k32::Wide wide(name);
    return wide.ok() ? GetFileSecurityW(wide.get(), information, to, length, needed) : BOOL(FALSE);
}
BOOL SetFileSecurityW(const WCHAR* name, DWORD information, PVOID descriptor) {
    HANDLE handle;
    const NTSTATUS status = open(name, to_write(information), handle);
    if (!NT_SUCCESS(status)) return fail(status);
    const BOOL good = SetKernelObjectSecurity(handle, information, descriptor);
    NtClose(handle);
    return good;
}
BOOL SetFileSecurityA(const CHAR* name, DWORD information, PVOID descriptor) {
    const k32::Wide wide(name);
    return wide.ok() ? SetFileSecurityW(wide.get(), information, descriptor) : BOOL(FALSE);
}

} // extern "C"
} // namespace nt
