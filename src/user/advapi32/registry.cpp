// The registry: Win32's roots over the kernel's keys. Results are Win32 errors; the last error stays as it
// is.
#include "abi/misc.h"
#include "security.h"

namespace nt {
using namespace k32;

namespace {

using LSTATUS = LONG;
LSTATUS result(NTSTATUS status) {
    return NT_SUCCESS(status) ? 0 : LSTATUS(RtlNtStatusToDosErrorNoTeb(status));
}

struct Root {
    ULONG number;
    const WCHAR* path;
};
constexpr Root roots[] = {
    {0x80000000, u"\\Registry\\Machine\\Software\\Classes"}, // HKEY_CLASSES_ROOT
    {0x80000001, nullptr},                                   // HKEY_CURRENT_USER: by whom
    {0x80000002, u"\\Registry\\Machine"},                    // HKEY_LOCAL_MACHINE
    {0x80000003, u"\\Registry\\User"},                       // HKEY_USERS
    {0x80000005,
     u"\\Registry\\Machine\\System\\CurrentControlSet\\Hardware Profiles\\Current"}, // HKEY_CURRENT_CONFIG
};

const Root* predefined(HANDLE key) {
    for (auto& root : roots)
        if (ULONG(ULONG_PTR(key)) == root.number &&
            (ULONG_PTR(key) >> 32 == 0 || ULONG_PTR(key) >> 32 == 0xffffffff))
            return &root;
    return nullptr;
}

// \Registry\User\SID of the process; LocalSystem's is the default user's.
class CurrentUser {
  public:
    CurrentUser() {
        ULONGLONG room[16];
        ULONG length;
        HANDLE token;
        static constexpr WCHAR prefix[] = u"\\Registry\\User\\";
        ULONG n = sizeof prefix / sizeof(WCHAR) - 1;
        RtlMoveMemory(path_, prefix, sizeof prefix);
        if (NT_SUCCESS(NtOpenProcessToken(NtCurrentProcess(), TOKEN_QUERY, &token))) {
            if (NT_SUCCESS(NtQueryInformationToken(token, TokenUser, room, sizeof room, &length))) {
                const auto* sid =
                    static_cast<const SID*>(reinterpret_cast<const SID_AND_ATTRIBUTES*>(room)->Sid);
                if (sid->SubAuthority[0] == 21) {
                    n += rtl::sid_to_string(sid, path_ + n);
                    path_[n] = 0;
                    NtClose(token);
                    return;
                }
            }
            NtClose(token);
        }
        static constexpr WCHAR by_default[] = u".Default";
        RtlMoveMemory(path_ + n, by_default, sizeof by_default);
    }
    const WCHAR* path() const { return path_; }

  private:
    WCHAR path_[280];
};

constexpr ACCESS_MASK MAXIMUM = 0x02000000; // MAXIMUM_ALLOWED

// A key handle in any form, for the time of a call.
class Key {
  public:
    explicit Key(HANDLE key, ACCESS_MASK access = 0x20019 /* KEY_READ */) : handle_(key) {
        const Root* root = predefined(key);
        if (!key) status_ = STATUS_INVALID_HANDLE; // for the kernel: no directory, an absolute name
        if (!root) return;
        const CurrentUser user;
        UNICODE_STRING name;
        RtlInitUnicodeString(&name, root->path ? root->path : user.path());
        OBJECT_ATTRIBUTES attributes{sizeof attributes,    nullptr, &name,
                                     OBJ_CASE_INSENSITIVE, nullptr, nullptr};
        handle_ = nullptr;
        status_ = NtOpenKey(&handle_, access, &attributes);
        owned_ = NT_SUCCESS(status_);
    }
    Key(const Key&) = delete;
    Key& operator=(const Key&) = delete;
    ~Key() {
        if (owned_) NtClose(handle_);
    }
    HANDLE get() const { return handle_; }
    NTSTATUS status() const { return status_; }

  private:
    HANDLE handle_;
    NTSTATUS status_ = STATUS_SUCCESS;
    bool owned_ = false;
};

NTSTATUS open(HANDLE parent, const WCHAR* name, ULONG options, ACCESS_MASK access, HANDLE* made) {
    Key root(parent, MAXIMUM); // it is the key below that is opened with the access
    if (!NT_SUCCESS(root.status())) return root.status();
    UNICODE_STRING string;
    RtlInitUnicodeString(&string, name ? name : u"");
    OBJECT_ATTRIBUTES attributes{sizeof attributes,    root.get(), &string,
                                 OBJ_CASE_INSENSITIVE, nullptr,    nullptr};
    return NtOpenKeyEx(made, access, &attributes, options);
}

NTSTATUS create_one(HANDLE parent, UNICODE_STRING& name, ULONG options, ACCESS_MASK access,
                    const SECURITY_ATTRIBUTES* security, HANDLE* made, ULONG* disposition) {
    OBJECT_ATTRIBUTES attributes{sizeof attributes, parent, &name, OBJ_CASE_INSENSITIVE, nullptr, nullptr};
    if (security) {
        attributes.SecurityDescriptor = security->lpSecurityDescriptor;
        if (security->bInheritHandle) attributes.Attributes |= OBJ_INHERIT;
    }
    return NtCreateKey(made, access, &attributes, 0, nullptr, options, disposition);
}

// Creates every missing key on the way. The kernel looks at the parents' descriptors, not at our handles.
NTSTATUS create(HANDLE parent, const WCHAR* name, ULONG options, ACCESS_MASK access,
                const SECURITY_ATTRIBUTES* security, HANDLE* made, ULONG* disposition) {
    Key root(parent, MAXIMUM);
    if (!NT_SUCCESS(root.status())) return root.status();
    UNICODE_STRING whole;
    RtlInitUnicodeString(&whole, name);
    NTSTATUS status = create_one(root.get(), whole, options, access, security, made, disposition);
    if (status != STATUS_OBJECT_NAME_NOT_FOUND) return status;
    HANDLE at = root.get();
    for (;;) {
        const WCHAR* end = wcschr(name, '\\');
        SIZE_T length = end ? SIZE_T(end - name) : wcslen(name);
        UNICODE_STRING part{USHORT(length * 2), USHORT(length * 2), const_cast<WCHAR*>(name)};
        HANDLE next = nullptr;
        status = create_one(at, part, end ? options & 1 /* REG_OPTION_VOLATILE */ : options,
                            end ? MAXIMUM : access, end ? nullptr : security, &next, disposition);
        if (at != root.get()) NtClose(at);
        if (!NT_SUCCESS(status)) return status;
        if (!end) {
            *made = next;
            return status;
        }
        at = next;
        name = end + 1;
    }
}

bool text(ULONG type) { return type == REG_SZ || type == REG_EXPAND_SZ || type == 7 /* REG_MULTI_SZ */; }

// Value data as the kernel has it, in a buffer of its own.
class Value {
  public:
    Value(HANDLE key, const WCHAR* name) {
        UNICODE_STRING string;
        RtlInitUnicodeString(&string, name ? name : u"");
        ULONG size = 256;
        for (int round = 0; round < 4; ++round) {
            heap_free(info_);
            info_ = static_cast<KEY_VALUE_PARTIAL_INFORMATION*>(heap_allocate(size));
            if (!info_) return;
            status = NtQueryValueKey(key, &string, 2 /* KeyValuePartialInformation */, info_, size, &size);
            if (status != STATUS_BUFFER_OVERFLOW && status != STATUS_BUFFER_TOO_SMALL) return;
        }
    }
    Value(const Value&) = delete;
    Value& operator=(const Value&) = delete;
    ~Value() { heap_free(info_); }
    const KEY_VALUE_PARTIAL_INFORMATION* operator->() const { return info_; }
    NTSTATUS status = STATUS_NO_MEMORY;

  private:
    KEY_VALUE_PARTIAL_INFORMATION* info_ = nullptr;
};

// Deletes the keys below one.
NTSTATUS delete_below(HANDLE key) {
    constexpr ULONG size = sizeof(KEY_BASIC_INFORMATION) + 512;
    Scratch<UCHAR> buffer(size); // not on the stack: keys may be 512 deep
    if (!buffer) return STATUS_NO_MEMORY;
    auto& info = *reinterpret_cast<KEY_BASIC_INFORMATION*>(buffer.get());
    for (;;) {
        ULONG needed;
        NTSTATUS status = NtEnumerateKey(key, 0, 0 /* KeyBasicInformation */, &info, size, &needed);
        if (!NT_SUCCESS(status)) return status == STATUS_NO_MORE_ENTRIES ? STATUS_SUCCESS : status;
        UNICODE_STRING name{USHORT(info.NameLength), USHORT(info.NameLength), info.Name};
        OBJECT_ATTRIBUTES attributes{sizeof attributes, key, &name, OBJ_CASE_INSENSITIVE, nullptr, nullptr};
        HANDLE child = nullptr;
        status = NtOpenKey(&child, DELETE | 0x9 /* KEY_QUERY_VALUE | KEY_ENUMERATE_SUB_KEYS */, &attributes);
        if (!NT_SUCCESS(status)) return status;
        status = delete_below(child);
        if (NT_SUCCESS(status)) status = NtDeleteKey(child);
        NtClose(child);
        if (!NT_SUCCESS(status)) return status;
    }
}
NTSTATUS delete_values(HANDLE key) {
    constexpr ULONG size = sizeof(KEY_VALUE_BASIC_INFORMATION) + 0x8000; // names of 16383 characters
    Scratch<UCHAR> buffer(size);
    if (!buffer) return STATUS_NO_MEMORY;
    auto& info = *reinterpret_cast<KEY_VALUE_BASIC_INFORMATION*>(buffer.get());
    for (;;) {
        ULONG needed;
        NTSTATUS status = NtEnumerateValueKey(key, 0, 0 /* KeyValueBasicInformation */, &info, size, &needed);
        if (!NT_SUCCESS(status)) return status == STATUS_NO_MORE_ENTRIES ? STATUS_SUCCESS : status;
        UNICODE_STRING name{USHORT(info.NameLength), USHORT(info.NameLength), info.Name};
        status = NtDeleteValueKey(key, &name);
        if (!NT_SUCCESS(status)) return status;
    }
}

LSTATUS give(const void* from, ULONG length, UCHAR* to, DWORD* size) {
    if (!size) return to ? LSTATUS(ERROR_INVALID_PARAMETER) : 0;
    DWORD room = *size;
    *size = length;
    if (!to) return 0;
    if (room < length) return ERROR_MORE_DATA;
    RtlMoveMemory(to, from, length);
    return 0;
}

} // namespace

extern "C" {

LSTATUS RegOpenKeyExW(HANDLE key, const WCHAR* name, DWORD options, ACCESS_MASK access, HANDLE* made) {
    return result(open(key, name, options, access, made));
}
LSTATUS RegOpenKeyExA(HANDLE key, const CHAR* name, DWORD options, ACCESS_MASK access, HANDLE* made) {
    Wide wide(name);
    return wide.ok() ? RegOpenKeyExW(key, wide.get(), options, access, made)
                     : LSTATUS(ERROR_NOT_ENOUGH_MEMORY);
}
LSTATUS RegOpenKeyW(HANDLE key, const WCHAR* name, HANDLE* made) {
    return RegOpenKeyExW(key, name, 0, MAXIMUM, made);
}
LSTATUS RegOpenKeyA(HANDLE key, const CHAR* name, HANDLE* made) {
    return RegOpenKeyExA(key, name, 0, MAXIMUM, made);
}
LSTATUS RegCreateKeyExW(HANDLE key, const WCHAR* name, DWORD, const WCHAR*, DWORD options, ACCESS_MASK access,
                        const SECURITY_ATTRIBUTES* security, HANDLE* made, DWORD* disposition) {
    return name ? result(create(key, name, options, access, security, made, disposition))
                : LSTATUS(161); // ERROR_BAD_PATHNAME
}
LSTATUS RegCreateKeyExA(HANDLE key, const CHAR* name, DWORD, const CHAR*, DWORD options, ACCESS_MASK access,
                        const SECURITY_ATTRIBUTES* security, HANDLE* made, DWORD* disposition) {
    Wide wide(name);
    return wide.ok()
               ? RegCreateKeyExW(key, wide.get(), 0, nullptr, options, access, security, made, disposition)
               : LSTATUS(ERROR_NOT_ENOUGH_MEMORY);
}
// "If hKey is one of the predefined keys, lpSubKey may be NULL. In that case, phkResult receives the same
// hKey handle."
LSTATUS RegCreateKeyW(HANDLE key, const WCHAR* name, HANDLE* made) {
    if (!name && predefined(key)) return *made = key, LSTATUS(ERROR_SUCCESS);
    return RegCreateKeyExW(key, name, 0, nullptr, 0, MAXIMUM, nullptr, made, nullptr);
}
LSTATUS RegCreateKeyA(HANDLE key, const CHAR* name, HANDLE* made) {
    Wide wide(name);
    return wide.ok() ? RegCreateKeyW(key, wide.get(), made) : LSTATUS(ERROR_NOT_ENOUGH_MEMORY);
}
LSTATUS RegCloseKey(HANDLE key) { return predefined(key) ? 0 : result(NtClose(key)); }
LSTATUS RegFlushKey(HANDLE key) {
    Key real(key);
    return result(NT_SUCCESS(real.status()) ? NtFlushKey(real.get()) : real.status());
}

LSTATUS RegQueryValueExW(HANDLE key, const WCHAR* name, DWORD*, DWORD* type, UCHAR* data, DWORD* size) {
    Key real(key);
    if (!NT_SUCCESS(real.status())) return result(real.status());
    Value value(real.get(), name);
    if (!NT_SUCCESS(value.status)) return result(value.status);
    if (type) *type = value->Type;
    return give(value->Data, value->DataLength, data, size);
}
LSTATUS RegQueryValueExA(HANDLE key, const CHAR* name, DWORD*, DWORD* type, UCHAR* data, DWORD* size) {
    Wide wide(name);
    if (!wide.ok()) return ERROR_NOT_ENOUGH_MEMORY;
    Key real(key);
    if (!NT_SUCCESS(real.status())) return result(real.status());
    Value value(real.get(), wide.get());
    if (!NT_SUCCESS(value.status)) return result(value.status);
    if (type) *type = value->Type;
    if (!text(value->Type)) return give(value->Data, value->DataLength, data, size);
    const auto* from = reinterpret_cast<const WCHAR*>(value->Data);
    ULONG length = ansi_size(from, value->DataLength / 2);
    Scratch<CHAR> narrow(length + 1);
    if (!narrow) return ERROR_NOT_ENOUGH_MEMORY;
    to_ansi(narrow.get(), length, from, value->DataLength / 2);
    return give(narrow.get(), length, data, size);
}
LSTATUS RegSetValueExW(HANDLE key, const WCHAR* name, DWORD, DWORD type, const UCHAR* data, DWORD size) {
    Key real(key, 2 /* KEY_SET_VALUE */);
    if (!NT_SUCCESS(real.status())) return result(real.status());
    UNICODE_STRING string;
    RtlInitUnicodeString(&string, name ? name : u"");
    return result(NtSetValueKey(real.get(), &string, 0, type, const_cast<UCHAR*>(data), size));
}
LSTATUS RegSetValueExA(HANDLE key, const CHAR* name, DWORD, DWORD type, const UCHAR* data, DWORD size) {
    Wide wide(name);
    if (!wide.ok()) return ERROR_NOT_ENOUGH_MEMORY;
    if (!text(type)) return RegSetValueExW(key, wide.get(), 0, type, data, size);
    Scratch<WCHAR> words(size + 1);
    if (!words) return ERROR_NOT_ENOUGH_MEMORY;
    ULONG bytes = 0;
    RtlMultiByteToUnicodeN(words.get(), size * 2, &bytes, reinterpret_cast<const CHAR*>(data), size);
    return RegSetValueExW(key, wide.get(), 0, type, reinterpret_cast<const UCHAR*>(words.get()), bytes);
}
// Into a subkey, if there is a name of one, which is made if need be.
LSTATUS RegSetKeyValueW(HANDLE key, const WCHAR* subkey, const WCHAR* name, DWORD type, const void* data,
                        DWORD size) {
    HANDLE made = nullptr;
    if (subkey && *subkey) {
        const LSTATUS error =
            RegCreateKeyExW(key, subkey, 0, nullptr, 0, 2 /* KEY_SET_VALUE */, nullptr, &made, nullptr);
        if (error) return error;
    }
    const LSTATUS error =
        RegSetValueExW(made ? made : key, name, 0, type, static_cast<const UCHAR*>(data), size);
    if (made) NtClose(made);
    return error;
}
LSTATUS RegSetKeyValueA(HANDLE key, const CHAR* subkey, const CHAR* name, DWORD type, const void* data,
                        DWORD size) {
    HANDLE made = nullptr;
    if (subkey && *subkey) {
        const LSTATUS error = RegCreateKeyExA(key, subkey, 0, nullptr, 0, 2, nullptr, &made, nullptr);
        if (error) return error;
    }
    const LSTATUS error =
        RegSetValueExA(made ? made : key, name, 0, type, static_cast<const UCHAR*>(data), size);
    if (made) NtClose(made);
    return error;
}
LSTATUS RegDeleteValueW(HANDLE key, const WCHAR* name) {
    Key real(key, 2);
    if (!NT_SUCCESS(real.status())) return result(real.status());
    UNICODE_STRING string;
    RtlInitUnicodeString(&string, name ? name : u"");
    return result(NtDeleteValueKey(real.get(), &string));
}
LSTATUS RegDeleteValueA(HANDLE key, const CHAR* name) {
    Wide wide(name);
    return wide.ok() ? RegDeleteValueW(key, wide.get()) : LSTATUS(ERROR_NOT_ENOUGH_MEMORY);
}
LSTATUS RegDeleteKeyW(HANDLE key, const WCHAR* name) {
    HANDLE victim = nullptr;
    NTSTATUS status = open(key, name, 0, DELETE, &victim);
    if (!NT_SUCCESS(status)) return result(status);
    status = NtDeleteKey(victim);
    NtClose(victim);
    return status == STATUS_CANNOT_DELETE ? LSTATUS(ERROR_ACCESS_DENIED) : result(status);
}
LSTATUS RegDeleteKeyA(HANDLE key, const CHAR* name) {
    Wide wide(name);
    return wide.ok() ? RegDeleteKeyW(key, wide.get()) : LSTATUS(ERROR_NOT_ENOUGH_MEMORY);
}
// There is one view of the registry, whatever samDesired says.
LSTATUS RegDeleteKeyExW(HANDLE key, const WCHAR* name, ACCESS_MASK, DWORD reserved) {
    return reserved ? LSTATUS(ERROR_INVALID_PARAMETER) : RegDeleteKeyW(key, name);
}
LSTATUS RegDeleteKeyExA(HANDLE key, const CHAR* name, ACCESS_MASK, DWORD reserved) {
    return reserved ? LSTATUS(ERROR_INVALID_PARAMETER) : RegDeleteKeyA(key, name);
}

LSTATUS RegEnumKeyExW(HANDLE key, DWORD index, WCHAR* to, DWORD* size, DWORD*, WCHAR*, DWORD*,
                      FILETIME* written) {
    Key real(key);
    if (!NT_SUCCESS(real.status())) return result(real.status());
    alignas(8) UCHAR buffer[sizeof(KEY_BASIC_INFORMATION) + 512];
    ULONG needed;
    NTSTATUS status =
        NtEnumerateKey(real.get(), index, 0 /* KeyBasicInformation */, buffer, sizeof buffer, &needed);
    if (!NT_SUCCESS(status)) return result(status);
    auto& info = *reinterpret_cast<KEY_BASIC_INFORMATION*>(buffer);
    DWORD n = info.NameLength / 2, room = *size;
    if (return_string(to, room, info.Name, n) >= room) return ERROR_MORE_DATA;
    *size = n;
    if (written) *written = filetime(info.LastWriteTime.QuadPart);
    return 0;
}
LSTATUS RegEnumKeyExA(HANDLE key, DWORD index, CHAR* to, DWORD* size, DWORD*, CHAR*, DWORD*,
                      FILETIME* written) {
    WCHAR name[260];
    DWORD n = 260;
    LSTATUS status = RegEnumKeyExW(key, index, name, &n, nullptr, nullptr, nullptr, written);
    if (status) return status;
    DWORD room = *size, length = return_string(to, room, name, n);
    if (length >= room) return ERROR_MORE_DATA;
    *size = length;
    return 0;
}
LSTATUS RegEnumKeyW(HANDLE key, DWORD index, WCHAR* to, DWORD size) {
    return RegEnumKeyExW(key, index, to, &size, nullptr, nullptr, nullptr, nullptr);
}
LSTATUS RegEnumKeyA(HANDLE key, DWORD index, CHAR* to, DWORD size) {
    return RegEnumKeyExA(key, index, to, &size, nullptr, nullptr, nullptr, nullptr);
}
// With a name that key goes as well, without one what is below the key and its values.
LSTATUS RegDeleteTreeW(HANDLE key, const WCHAR* name) {
    HANDLE top = nullptr;
    const ACCESS_MASK below = 0x9 /* KEY_QUERY_VALUE | KEY_ENUMERATE_SUB_KEYS */;
    NTSTATUS status = open(key, name, 0, below | (name ? DELETE : 2u /* KEY_SET_VALUE */), &top);
    if (!NT_SUCCESS(status)) return result(status);
    status = delete_below(top);
    if (NT_SUCCESS(status)) status = name ? NtDeleteKey(top) : delete_values(top);
    NtClose(top);
    return status == STATUS_CANNOT_DELETE ? LSTATUS(ERROR_ACCESS_DENIED) : result(status);
}
LSTATUS RegDeleteTreeA(HANDLE key, const CHAR* name) {
    if (!name) return RegDeleteTreeW(key, nullptr);
    Wide wide(name);
    return wide.ok() ? RegDeleteTreeW(key, wide.get()) : LSTATUS(ERROR_NOT_ENOUGH_MEMORY);
}
LSTATUS RegEnumValueW(HANDLE key, DWORD index, WCHAR* to, DWORD* size, DWORD*, DWORD* type, UCHAR* data,
                      DWORD* data_size) {
    Key real(key);
    if (!NT_SUCCESS(real.status())) return result(real.status());
    ULONG length = 1024;
    for (int round = 0; round < 4; ++round) {
        Scratch<UCHAR> buffer(length);
        if (!buffer) return ERROR_NOT_ENOUGH_MEMORY;
        NTSTATUS status = NtEnumerateValueKey(real.get(), index, 1 /* KeyValueFullInformation */,
                                              buffer.get(), length, &length);
        if (status == STATUS_BUFFER_OVERFLOW || status == STATUS_BUFFER_TOO_SMALL) continue;
        if (!NT_SUCCESS(status)) return result(status);
        auto& info = *reinterpret_cast<KEY_VALUE_FULL_INFORMATION*>(buffer.get());
        DWORD n = info.NameLength / 2, room = *size;
        if (return_string(to, room, info.Name, n) >= room) return ERROR_MORE_DATA;
        *size = n;
        if (type) *type = info.Type;
        return give(buffer.get() + info.DataOffset, info.DataLength, data, data_size);
    }
    return ERROR_MORE_DATA;
}
LSTATUS RegQueryInfoKeyW(HANDLE key, WCHAR*, DWORD*, DWORD*, DWORD* keys, DWORD* longest_key,
                         DWORD* longest_class, DWORD* values, DWORD* longest_name, DWORD* longest_data,
                         DWORD* security, FILETIME* written) {
    Key real(key);
    if (!NT_SUCCESS(real.status())) return result(real.status());
    alignas(8) UCHAR buffer[sizeof(KEY_FULL_INFORMATION) + 512];
    ULONG needed;
    NTSTATUS status = NtQueryKey(real.get(), 2 /* KeyFullInformation */, buffer, sizeof buffer, &needed);
    if (!NT_SUCCESS(status)) return result(status);
    auto& info = *reinterpret_cast<KEY_FULL_INFORMATION*>(buffer);
    if (security) {
        constexpr ULONG parts =
            OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;
        ULONG length = 0;
        status = NtQuerySecurityObject(real.get(), parts, nullptr, 0, &length);
        if (status != STATUS_BUFFER_TOO_SMALL) return result(status);
        *security = length;
    }
    if (keys) *keys = info.SubKeys;
    if (longest_key) *longest_key = info.MaxNameLen / 2;
    if (longest_class) *longest_class = info.MaxClassLen / 2;
    if (values) *values = info.Values;
    if (longest_name) *longest_name = info.MaxValueNameLen / 2;
    if (longest_data) *longest_data = info.MaxValueDataLen;
    if (written) *written = filetime(info.LastWriteTime.QuadPart);
    return 0;
}

// The access that the parts take, if the key is a predefined one, which is opened here.
LSTATUS RegGetKeySecurity(HANDLE key, DWORD information, PVOID to, DWORD* size) {
    if (!size) return ERROR_INVALID_PARAMETER;
    DWORD access;
    QuerySecurityAccessMask(information, &access);
    Key real(key, access);
    if (!NT_SUCCESS(real.status())) return result(real.status());
    ULONG needed = *size;
    const NTSTATUS status = NtQuerySecurityObject(real.get(), information, to, to ? *size : 0, &needed);
    if (NT_SUCCESS(status) || status == STATUS_BUFFER_TOO_SMALL) *size = needed;
    return result(status);
}
LSTATUS RegSetKeySecurity(HANDLE key, DWORD information, PVOID descriptor) {
    DWORD access;
    SetSecurityAccessMask(information, &access);
    Key real(key, access);
    return result(NT_SUCCESS(real.status()) ? NtSetSecurityObject(real.get(), information, descriptor)
                                            : real.status());
}

} // extern "C"
} // namespace nt
