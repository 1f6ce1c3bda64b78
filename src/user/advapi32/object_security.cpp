// Descriptors of objects by handle and by name: Win32 pages of GetKernelObjectSecurity, GetSecurityInfo,
// SetSecurityInfo, GetNamedSecurityInfo, SetNamedSecurityInfo, GetFileSecurity.
#include "abi/file.h"
#include "security.h"

namespace nt {

extern "C" {
LONG RegOpenKeyExW(HANDLE key, const WCHAR* name, DWORD options, ACCESS_MASK access, HANDLE* made);
ULONGLONG OpenSCManagerW(const WCHAR* machine, const WCHAR* database, ULONG access);
ULONGLONG OpenServiceW(ULONGLONG manager, const WCHAR* name, ULONG access);
BOOL CloseServiceHandle(ULONGLONG handle);
BOOL QueryServiceObjectSecurity(ULONGLONG service, ULONG parts, void* to, ULONG size, ULONG* needed);
BOOL SetServiceObjectSecurity(ULONGLONG service, ULONG parts, void* descriptor);
}

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

// \\Sessions\\1\\BaseNamedObjects\\ and the name, in which Global\\ and Local\\ are links.
void object_path(const WCHAR* name, WCHAR* to) {
    const auto append = [&](const WCHAR* text) {
        while (*text)
            *to++ = *text++;
    };
    if (const ULONG session = NtCurrentPeb()->SessionId) {
        WCHAR digits[12];
        int n = 11;
        digits[n] = 0;
        for (ULONG left = session; left; left /= 10)
            digits[--n] = WCHAR('0' + left % 10);
        append(u"\\Sessions\\");
        append(digits + n);
    }
    append(u"\\BaseNamedObjects\\");
    append(name);
    *to = 0;
}

// win32 page sync/synchronization-object-security-and-access-rights: an object of whichever type has the
// name.
NTSTATUS open_object(const WCHAR* name, ACCESS_MASK access, HANDLE& handle) {
    SIZE_T length = 0;
    while (name[length])
        ++length;
    if (length > 0x7f00) return STATUS_OBJECT_NAME_INVALID;
    constexpr SIZE_T longest_directory = 64;
    k32::Scratch<WCHAR> text(length + longest_directory);
    if (!text) return STATUS_NO_MEMORY;
    object_path(name, text.get());
    UNICODE_STRING path;
    RtlInitUnicodeString(&path, text.get());
    OBJECT_ATTRIBUTES attributes{sizeof attributes, nullptr, &path, 0, nullptr, nullptr};
    NTSTATUS status = STATUS_OBJECT_TYPE_MISMATCH;
    using Open = NTSTATUS NTAPI(HANDLE*, ACCESS_MASK, OBJECT_ATTRIBUTES*);
    Open* const services[] = {NtOpenEvent, NtOpenMutant, NtOpenSemaphore, NtOpenTimer, NtOpenSection};
    for (Open* open : services)
        if (status == STATUS_OBJECT_TYPE_MISMATCH) status = open(&handle, access, &attributes);
    return status;
}

// SE_OBJECT_TYPE. Of these the handle is one that the kernel or the service control manager knows.
enum ObjectType : DWORD { file_object = 1, service = 2, registry_key = 4, kernel_object = 6, last_type = 13 };
bool is_of_kernel(DWORD type) { return type == file_object || type == registry_key || type == kernel_object; }
// ERROR_SUCCESS: its descriptors are there. `what` names the function for a stop.
DWORD check_type(DWORD type, const char* what) {
    if (!type || type > last_type) return ERROR_INVALID_PARAMETER;
    if (!is_of_kernel(type) && type != service) k32::stop(what);
    return ERROR_SUCCESS;
}

ULONGLONG as_service(HANDLE handle) { return reinterpret_cast<ULONGLONG>(handle); }

// The descriptor in local memory.
DWORD query(HANDLE handle, DWORD type, DWORD information, PVOID& descriptor) {
    ULONG size = 0;
    if (type == service) {
        if (QueryServiceObjectSecurity(as_service(handle), information, nullptr, 0, &size))
            return ERROR_INVALID_PARAMETER;
        if (const DWORD error = RtlGetLastWin32Error(); error != ERROR_INSUFFICIENT_BUFFER) return error;
    } else if (const NTSTATUS status = NtQuerySecurityObject(handle, information, nullptr, 0, &size);
               status != STATUS_BUFFER_TOO_SMALL)
        return error_of(status);
    descriptor = local_allocate(size);
    if (!descriptor) return ERROR_NOT_ENOUGH_MEMORY;
    DWORD error;
    if (type == service)
        error = QueryServiceObjectSecurity(as_service(handle), information, descriptor, size, &size)
                    ? DWORD(ERROR_SUCCESS)
                    : RtlGetLastWin32Error();
    else
        error = error_of(NtQuerySecurityObject(handle, information, descriptor, size, &size));
    if (error) k32::heap_free(descriptor);
    return error;
}

// "CLASSES_ROOT\…", "CURRENT_USER\…", "MACHINE\…", "USERS\…".
DWORD open_key(const WCHAR* name, ACCESS_MASK access, HANDLE& handle) {
    constexpr struct {
        const WCHAR* name;
        ULONG_PTR root;
    } roots[] = {{u"CLASSES_ROOT", 0x80000000},
                 {u"CURRENT_USER", 0x80000001},
                 {u"MACHINE", 0x80000002},
                 {u"USERS", 0x80000003}};
    for (const auto& root : roots) {
        SIZE_T i = 0;
        while (root.name[i] && (name[i] & ~0x20) == (root.name[i] & ~0x20))
            ++i;
        if (root.name[i] || (name[i] && name[i] != '\\')) continue;
        return DWORD(RegOpenKeyExW(reinterpret_cast<HANDLE>(root.root), name[i] ? name + i + 1 : u"", 0,
                                   access, &handle));
    }
    return ERROR_INVALID_NAME;
}
// The handle itself, or the key behind a predefined one (HKEY_LOCAL_MACHINE …), for the time of a call.
class Real {
  public:
    Real(HANDLE handle, DWORD type, ACCESS_MASK access) : handle_(handle) {
        const auto value = ULONG(reinterpret_cast<ULONG_PTR>(handle));
        if (type != registry_key || value < 0x80000000 || value > 0x8000000f) return;
        error = DWORD(RegOpenKeyExW(handle, u"", 0, access, &handle_));
        opened_ = !error;
    }
    Real(const Real&) = delete;
    Real& operator=(const Real&) = delete;
    ~Real() {
        if (opened_) NtClose(handle_);
    }
    HANDLE get() const { return handle_; }
    DWORD error = ERROR_SUCCESS;

  private:
    HANDLE handle_;
    bool opened_ = false;
};

DWORD open_service(const WCHAR* name, ACCESS_MASK access, HANDLE& handle) {
    const ULONGLONG manager = OpenSCManagerW(nullptr, nullptr, 1 /* SC_MANAGER_CONNECT */);
    if (!manager) return RtlGetLastWin32Error();
    handle = reinterpret_cast<HANDLE>(OpenServiceW(manager, name, access));
    const DWORD error = handle ? DWORD(ERROR_SUCCESS) : RtlGetLastWin32Error();
    CloseServiceHandle(manager);
    return error;
}
void close(HANDLE handle, DWORD type) {
    if (type == service)
        CloseServiceHandle(as_service(handle));
    else
        NtClose(handle);
}

DWORD open_named(const WCHAR* name, DWORD type, ACCESS_MASK access, HANDLE& handle) {
    if (!name) return ERROR_INVALID_PARAMETER;
    if (const DWORD error =
            check_type(type, "GetNamedSecurityInfo or SetNamedSecurityInfo (of this type of object)"))
        return error;
    if (type == registry_key) return open_key(name, access, handle);
    if (type == service) return open_service(name, access, handle);
    return error_of(type == kernel_object ? open_object(name, access, handle) : open(name, access, handle));
}

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
    if (const DWORD error = check_type(type, "GetSecurityInfo (of this type of object)")) return error;
    const Real real(handle, type, to_read(information));
    if (real.error) return real.error;
    PVOID d = nullptr;
    if (const DWORD error = query(real.get(), type, information, d)) return error;
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
    if (const DWORD error = check_type(type, "SetSecurityInfo (of this type of object)")) return error;
    SECURITY_DESCRIPTOR d;
    rtl::create_descriptor(&d, SECURITY_DESCRIPTOR_REVISION);
    d.Owner = owner, d.Group = group;
    if (information & DACL_SECURITY_INFORMATION) rtl::set_dacl(&d, true, dacl, false);
    if (information & (SACL_SECURITY_INFORMATION | LABEL_SECURITY_INFORMATION))
        rtl::set_sacl(&d, true, sacl, false);
    if (information & PROTECTED_DACL_SECURITY_INFORMATION) d.Control |= SE_DACL_PROTECTED;
    if (information & PROTECTED_SACL_SECURITY_INFORMATION) d.Control |= SE_SACL_PROTECTED;
    if (type == service)
        return SetServiceObjectSecurity(as_service(handle), information, &d) ? DWORD(ERROR_SUCCESS)
                                                                             : RtlGetLastWin32Error();
    const Real real(handle, type, to_write(information));
    return real.error ? real.error : error_of(NtSetSecurityObject(real.get(), information, &d));
}

DWORD GetNamedSecurityInfoW(const WCHAR* name, DWORD type, DWORD information, SID** owner, SID** group,
                            ACL** dacl, ACL** sacl, PVOID* descriptor) {
    HANDLE handle;
    DWORD error = open_named(name, type, to_read(information), handle);
    if (error) return error;
    error = GetSecurityInfo(handle, type, information, owner, group, dacl, sacl, descriptor);
    close(handle, type);
    return error;
}
DWORD GetNamedSecurityInfoA(const CHAR* name, DWORD type, DWORD information, SID** owner, SID** group,
                            ACL** dacl, ACL** sacl, PVOID* descriptor) {
    if (!name) return ERROR_INVALID_PARAMETER;
    const k32::Wide wide(name);
    return wide.ok()
               ? GetNamedSecurityInfoW(wide.get(), type, information, owner, group, dacl, sacl, descriptor)
               : DWORD(ERROR_NOT_ENOUGH_MEMORY);
}
DWORD SetNamedSecurityInfoW(const WCHAR* name, DWORD type, DWORD information, SID* owner, SID* group,
                            ACL* dacl, ACL* sacl) {
    HANDLE handle;
    DWORD error = open_named(name, type, to_write(information), handle);
    if (error) return error;
    error = SetSecurityInfo(handle, type, information, owner, group, dacl, sacl);
    close(handle, type);
    return error;
}
DWORD SetNamedSecurityInfoA(const CHAR* name, DWORD type, DWORD information, SID* owner, SID* group,
                            ACL* dacl, ACL* sacl) {
    if (!name) return ERROR_INVALID_PARAMETER;
    const k32::Wide wide(name);
    return wide.ok() ? SetNamedSecurityInfoW(wide.get(), type, information, owner, group, dacl, sacl)
                     : DWORD(ERROR_NOT_ENOUGH_MEMORY);
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
