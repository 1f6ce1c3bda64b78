// The registry for drivers without handles: nf-wdm-rtlqueryregistryvalues, nf-wdm-rtlwriteregistryvalue,
// nf-wdm-rtldeleteregistryvalue, nf-wdm-rtlcheckregistrykey, nf-wdm-rtlcreateregistrykey. The keys are cm's.
//
// A query routine may raise, which abandons these frames: what is held across a call of it (a referenced key,
// a pool block with the value that it sees) is then lost, as it is on Windows; host memory is never held.
#include "abi/misc.h"
#include "abi/status.h"
#include "kernel/cm/registry.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/touch.h"
#include "kernel/ob/handle.h"
#include "kernel/pool/pool.h"
#include "rtl/strings.h"
#include <cstring>

using namespace nt;
using namespace nt::exports;

namespace {

constexpr ULONG registry_tag = pool::tag("Rqrv"); // assumed: Windows' own tag is not documented
constexpr ULONG string_tag = pool::tag("Strg");
constexpr ULONG type_check = 0x100, type_check_shift = 24;
constexpr ACCESS_MASK key_all = 0xF003F;

const char16_t* base_path(ULONG relative_to) {
    switch (relative_to) {
    case RTL_REGISTRY_ABSOLUTE:
        return u"";
    case RTL_REGISTRY_SERVICES:
        return u"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\";
    case RTL_REGISTRY_CONTROL:
        return u"\\Registry\\Machine\\System\\CurrentControlSet\\Control\\";
    case RTL_REGISTRY_WINDOWS_NT:
        return u"\\Registry\\Machine\\Software\\Microsoft\\Windows NT\\CurrentVersion\\";
    case RTL_REGISTRY_DEVICEMAP:
        return u"\\Registry\\Machine\\Hardware\\DeviceMap\\";
    case RTL_REGISTRY_USER:
        return u"\\Registry\\User\\.Default\\"; // of the System process
    default:
        return nullptr;
    }
}

// A referenced Key object. A plain struct: no destructor must be needed when a callback raises.
struct KeyObject {
    PVOID object = nullptr;
    cm::Node& node() const { return cm::node_of(object); }
    void release() {
        if (object) ob::dereference(object);
        object = nullptr;
    }
};

NTSTATUS reference(HANDLE handle, KeyObject& key) {
    return ob::reference_by_handle(handle, 0, cm::key_type, KernelMode, &key.object, nullptr);
}

NTSTATUS open_name(std::u16string_view name, HANDLE root, bool create, KeyObject& key) {
    while (!name.empty() && name.back() == u'\\')
        name.remove_suffix(1);
    ob::Attributes attributes;
    UNICODE_STRING text{static_cast<USHORT>(name.size() * 2), static_cast<USHORT>(name.size() * 2),
                        const_cast<WCHAR*>(name.data())};
    attributes.set(text, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, root);
    cm::CreateRequest request{.create = create, .class_name = {}};
    const auto handle = cm::open_key(attributes, key_all, KernelMode, request);
    if (!handle) return handle.error();
    const NTSTATUS status = reference(*handle, key);
    ob::close_handle(*handle, KernelMode);
    return status;
}

// The key that RelativeTo and Path name.
NTSTATUS open_path(ULONG relative_to, const WCHAR* path, bool create, KeyObject& key) {
    if (relative_to & RTL_REGISTRY_HANDLE) return reference(const_cast<WCHAR*>(path), key);
    const char16_t* base = base_path(relative_to & ~RTL_REGISTRY_OPTIONAL);
    if (!base) return STATUS_INVALID_PARAMETER;
    WCHAR full[512];
    std::size_t n = 0;
    while (base[n])
        full[n] = base[n], n++;
    const std::size_t length = need_string(path) / sizeof(WCHAR);
    if (n + length > std::size(full)) return STATUS_OBJECT_NAME_INVALID;
    std::size_t from = 0;
    if (n && length && path[0] == u'\\') from = 1;
    std::memcpy(full + n, path + from, (length - from) * sizeof(WCHAR));
    return open_name({full, n + length - from}, nullptr, create, key);
}

bool is_string(ULONG type) { return type == REG_SZ || type == REG_EXPAND_SZ || type == REG_MULTI_SZ; }

ULONG multi_string_length(const WCHAR* s) {
    ULONG n = 0;
    for (; s[n]; n++)
        while (s[n])
            n++;
    return (n + 1) * sizeof(WCHAR);
}

// One value as a query entry sees it; all of it guest memory.
struct Seen {
    WCHAR* name;
    ULONG type;
    void* data;
    ULONG length;
};

// Stores into EntryContext as the table of the page says.
NTSTATUS store_direct(void* to, const Seen& value) {
    if (is_string(value.type)) {
        auto& s = need_out(static_cast<UNICODE_STRING*>(to));
        ULONG length = value.length & ~1u;
        if (length > 0xFFFC) length = 0xFFFC;
        const bool terminated =
            length >= 2 && static_cast<const WCHAR*>(value.data)[length / sizeof(WCHAR) - 1] == 0;
        const ULONG whole = terminated ? length : length + sizeof(WCHAR);
        if (!s.Buffer) {
            s.Buffer = static_cast<WCHAR*>(pool::allocate(pool::Kind::paged, whole, string_tag));
            if (!s.Buffer) return STATUS_NO_MEMORY;
            s.MaximumLength = static_cast<USHORT>(whole);
        } else if (whole > s.MaximumLength) {
            return STATUS_BUFFER_TOO_SMALL;
        }
        need_write(s.Buffer, whole);
        std::memcpy(s.Buffer, value.data, length);
        s.Buffer[whole / sizeof(WCHAR) - 1] = 0;
        s.Length = static_cast<USHORT>(whole - sizeof(WCHAR));
        return STATUS_SUCCESS;
    }
    if (value.length <= sizeof(ULONG)) {
        need_write(to, value.length);
        std::memcpy(to, value.data, value.length);
        return STATUS_SUCCESS;
    }
    const LONG size = need_out(static_cast<LONG*>(to));
    if (size < 0) {
        if (ULONG(-size) < value.length) return STATUS_BUFFER_TOO_SMALL;
        need_write(to, value.length);
        std::memcpy(to, value.data, value.length);
        return STATUS_SUCCESS;
    }
    if (ULONG(size) < value.length + 2 * sizeof(ULONG)) return STATUS_BUFFER_TOO_SMALL;
    need_write(to, value.length + 2 * sizeof(ULONG));
    auto* words = static_cast<ULONG*>(to);
    words[0] = value.length;
    words[1] = value.type;
    std::memcpy(words + 2, value.data, value.length);
    return STATUS_SUCCESS;
}

NTSTATUS call(const RTL_QUERY_REGISTRY_TABLE& entry, const Seen& value, PVOID context) {
    const NTSTATUS status =
        seh::call_out(entry.QueryRoutine, value.name, value.type, static_cast<PVOID>(value.data),
                      value.length, context, entry.EntryContext);
    return status == STATUS_BUFFER_TOO_SMALL ? STATUS_SUCCESS : status; // the one error that is ignored
}

// Gives one value to the entry: directly, or by its routine, string by string for REG_MULTI_SZ.
NTSTATUS give(const RTL_QUERY_REGISTRY_TABLE& entry, const Seen& value, PVOID context) {
    if (entry.Flags & RTL_QUERY_REGISTRY_DIRECT) {
        if (value.type == REG_MULTI_SZ && !(entry.Flags & RTL_QUERY_REGISTRY_NOEXPAND))
            return STATUS_INVALID_PARAMETER;
        return store_direct(entry.EntryContext, value);
    }
    if (entry.Flags & RTL_QUERY_REGISTRY_NOEXPAND || !is_string(value.type) || value.type == REG_SZ)
        return call(entry, value, context);
    // assumed: there is no environment in kernel mode, so references in REG_EXPAND_SZ stay as they are.
    if (value.type == REG_EXPAND_SZ)
        return call(entry, {value.name, REG_SZ, value.data, value.length}, context);
    const auto* text = static_cast<WCHAR*>(value.data);
    const ULONG count = value.length / sizeof(WCHAR);
    for (ULONG at = 0; at < count && text[at];) {
        ULONG end = at;
        while (end < count && text[end])
            end++;
        const ULONG length = (end - at + (end < count ? 1 : 0)) * sizeof(WCHAR);
        const NTSTATUS status =
            call(entry, {value.name, REG_SZ, const_cast<WCHAR*>(text + at), length}, context);
        if (!NT_SUCCESS(status)) return status;
        at = end + 1;
    }
    return STATUS_SUCCESS;
}

// A stored value: copied to pool, so that the routine may look at it whatever happens to the key meanwhile.
NTSTATUS give_stored(const RTL_QUERY_REGISTRY_TABLE& entry, const cm::Value& value, PVOID context) {
    if ((entry.Flags & (type_check | RTL_QUERY_REGISTRY_DIRECT)) ==
        (type_check | RTL_QUERY_REGISTRY_DIRECT)) {
        const ULONG wanted = entry.DefaultType >> type_check_shift;
        if (wanted != value.type) return STATUS_OBJECT_TYPE_MISMATCH;
    }
    const ULONG name_size = static_cast<ULONG>((value.name.size() + 1) * sizeof(WCHAR) + 7) & ~7u;
    const auto length = static_cast<ULONG>(value.data.size());
    auto* block = static_cast<UCHAR*>(
        pool::allocate(pool::Kind::paged, name_size + length + sizeof(WCHAR), registry_tag));
    if (!block) return STATUS_NO_MEMORY;
    std::memcpy(block, value.name.c_str(), (value.name.size() + 1) * sizeof(WCHAR));
    if (length) std::memcpy(block + name_size, value.data.data(), length);
    std::memset(block + name_size + length, 0, sizeof(WCHAR));
    const NTSTATUS status =
        give(entry, {reinterpret_cast<WCHAR*>(block), value.type, block + name_size, length}, context);
    pool::release(block, registry_tag);
    return status;
}

NTSTATUS give_default(const RTL_QUERY_REGISTRY_TABLE& entry, PVOID context) {
    const ULONG type = entry.DefaultType & 0xFF;
    if (type == REG_NONE) return STATUS_SUCCESS;
    ULONG length = entry.DefaultLength;
    if (length == 0 && is_string(type)) {
        auto* text = static_cast<WCHAR*>(entry.DefaultData);
        length = type == REG_MULTI_SZ ? multi_string_length(text)
                                      : static_cast<ULONG>(need_string(text) + sizeof(WCHAR));
    }
    need_read(entry.DefaultData, length);
    return give(entry, {entry.Name, type, entry.DefaultData, length}, context);
}

// Every value of the key. By position: a routine may write to the key.
NTSTATUS give_all(const RTL_QUERY_REGISTRY_TABLE& entry, const KeyObject& key, PVOID context) {
    if (!key.object || key.node().values.empty())
        return entry.Flags & RTL_QUERY_REGISTRY_REQUIRED ? STATUS_OBJECT_NAME_NOT_FOUND : STATUS_SUCCESS;
    for (std::size_t i = 0; i < key.node().values.size(); i++) {
        const NTSTATUS status = give_stored(entry, key.node().values[i], context);
        if (!NT_SUCCESS(status)) return status;
    }
    if (entry.Flags & RTL_QUERY_REGISTRY_DELETE) key.node().values.clear();
    return STATUS_SUCCESS;
}

NTSTATUS give_named(const RTL_QUERY_REGISTRY_TABLE& entry, const KeyObject& key, PVOID context) {
    const std::u16string_view name{entry.Name, need_string(entry.Name) / sizeof(WCHAR)};
    const cm::Value* value = key.object ? cm::find_value(key.node(), name) : nullptr;
    if (!value) {
        if (entry.Flags & RTL_QUERY_REGISTRY_REQUIRED) return STATUS_OBJECT_NAME_NOT_FOUND;
        return give_default(entry, context);
    }
    const NTSTATUS status = give_stored(entry, *value, context);
    if (NT_SUCCESS(status) && entry.Flags & RTL_QUERY_REGISTRY_DELETE) cm::delete_value(key.node(), name);
    return status;
}

NTSTATUS process_table(RTL_QUERY_REGISTRY_TABLE* table, const KeyObject& top, PVOID context) {
    KeyObject sub; // of the last SUBKEY entry
    const KeyObject* current = &top;
    NTSTATUS status = STATUS_SUCCESS;
    for (; NT_SUCCESS(status); table++) {
        const RTL_QUERY_REGISTRY_TABLE entry = need_in(table);
        if (!entry.QueryRoutine && !entry.Name && !(entry.Flags & RTL_QUERY_REGISTRY_SUBKEY)) break;
        if (entry.Flags & RTL_QUERY_REGISTRY_DIRECT &&
            (!entry.Name || entry.Flags & RTL_QUERY_REGISTRY_SUBKEY || entry.QueryRoutine)) {
            status = STATUS_INVALID_PARAMETER;
            break;
        }
        if (entry.Flags & (RTL_QUERY_REGISTRY_TOPKEY | RTL_QUERY_REGISTRY_SUBKEY)) {
            sub.release();
            current = &top;
        }
        if (entry.Flags & RTL_QUERY_REGISTRY_SUBKEY) {
            if (!entry.Name) {
                status = STATUS_INVALID_PARAMETER;
                break;
            }
            const std::u16string_view name{entry.Name, need_string(entry.Name) / sizeof(WCHAR)};
            status = STATUS_OBJECT_NAME_NOT_FOUND;
            if (top.object) {
                const std::u16string path = cm::path_of(top.node()) + u"\\" + std::u16string(name);
                status = open_name(path, nullptr, false, sub);
            }
            current = &sub; // without an object: its values are all missing
            if (!NT_SUCCESS(status) && entry.Flags & RTL_QUERY_REGISTRY_REQUIRED) break;
            status = STATUS_SUCCESS;
            if (entry.QueryRoutine && sub.object) status = give_all(entry, sub, context);
        } else if (entry.Flags & RTL_QUERY_REGISTRY_NOVALUE && entry.QueryRoutine && !entry.Name) {
            status = call(entry, {nullptr, REG_NONE, nullptr, 0}, context);
        } else if (!entry.Name) {
            status = give_all(entry, *current, context);
        } else if (!entry.QueryRoutine && !(entry.Flags & RTL_QUERY_REGISTRY_DIRECT)) {
            status = STATUS_INVALID_PARAMETER;
        } else {
            status = give_named(entry, *current, context);
        }
    }
    sub.release();
    return status;
}

} // namespace

extern "C" NTSTATUS RtlQueryRegistryValues(ULONG relative_to, const WCHAR* path,
                                           RTL_QUERY_REGISTRY_TABLE* table, PVOID context,
                                           PVOID environment) {
    (void)environment;
    KeyObject top;
    NTSTATUS status = open_path(relative_to, path, false, top);
    if (!NT_SUCCESS(status) && !(relative_to & RTL_REGISTRY_OPTIONAL)) return status;
    status = process_table(table, top, context);
    top.release();
    return status;
}
GATE(RtlQueryRegistryValues);

extern "C" NTSTATUS RtlQueryRegistryValuesEx(ULONG relative_to, const WCHAR* path,
                                             RTL_QUERY_REGISTRY_TABLE* table, PVOID context,
                                             PVOID environment) {
    return RtlQueryRegistryValues(relative_to, path, table, context, environment);
}
GATE(RtlQueryRegistryValuesEx);

extern "C" NTSTATUS RtlWriteRegistryValue(ULONG relative_to, const WCHAR* path, const WCHAR* name, ULONG type,
                                          const void* data, ULONG length) {
    const std::size_t name_length = name ? need_string(name) / sizeof(WCHAR) : 0;
    if (length) need_read(data, length);
    KeyObject key;
    const NTSTATUS status = open_path(relative_to, path, true, key);
    if (!NT_SUCCESS(status)) return status;
    cm::write_value(key.node(), {name ? name : u"", name_length}, type, data, length);
    key.release();
    return STATUS_SUCCESS;
}
GATE(RtlWriteRegistryValue);

extern "C" NTSTATUS RtlDeleteRegistryValue(ULONG relative_to, const WCHAR* path, const WCHAR* name) {
    const std::size_t name_length = need_string(name) / sizeof(WCHAR);
    KeyObject key;
    NTSTATUS status = open_path(relative_to, path, false, key);
    if (!NT_SUCCESS(status)) return status;
    status = cm::delete_value(key.node(), {name, name_length});
    key.release();
    return status;
}
GATE(RtlDeleteRegistryValue);

extern "C" NTSTATUS RtlCheckRegistryKey(ULONG relative_to, WCHAR* path) {
    KeyObject key;
    const NTSTATUS status = open_path(relative_to, path, false, key);
    key.release();
    if (relative_to & RTL_REGISTRY_HANDLE) ob::close_handle(path, KernelMode); // documented side effect
    return status;
}
GATE(RtlCheckRegistryKey);

extern "C" NTSTATUS RtlCreateRegistryKey(ULONG relative_to, const WCHAR* path) {
    KeyObject key;
    const NTSTATUS status = open_path(relative_to, path, true, key);
    key.release();
    return status;
}
GATE(RtlCreateRegistryKey);
