// Registry services: wdm pages nf-wdm-zwcreatekey, …openkey, …queryvaluekey, …setvaluekey, …deletekey,
// …enumeratekey and kin.
#include "abi/status.h"
#include "kernel/cm/query.h"
#include "kernel/exports/capture.h"
#include "kernel/ob/handle.h"
#include "kernel/seh/dispatch.h"
#include <algorithm>

using namespace nt;
using exports::copy_in;
using exports::copy_out;

namespace {

constexpr ULONG largest_value = 1 << 20;
constexpr ACCESS_MASK which_view = 0x100 | 0x200; // KEY_WOW64_64KEY, KEY_WOW64_32KEY: there is one view only

// A Key object behind a handle, referenced for the life of this.
class KeyReference {
  public:
    KeyReference(HANDLE handle, ACCESS_MASK desired) {
        status =
            ob::reference_by_handle(handle, desired, cm::key_type, exports::previous_mode(), &key_, nullptr);
        if (NT_SUCCESS(status) && node().deleted) status = STATUS_KEY_DELETED;
    }
    ~KeyReference() {
        if (key_) ob::dereference(key_);
    }
    KeyReference(const KeyReference&) = delete;
    KeyReference& operator=(const KeyReference&) = delete;
    cm::Node& node() { return cm::node_of(key_); }
    NTSTATUS status;

  private:
    PVOID key_ = nullptr;
};

NTSTATUS capture(const UNICODE_STRING* from, std::u16string& to) {
    UNICODE_STRING head;
    if (!from || !copy_in(&head, from, sizeof head)) return STATUS_ACCESS_VIOLATION;
    if (head.Length % sizeof(WCHAR)) return STATUS_OBJECT_NAME_INVALID;
    to.resize(head.Length / sizeof(WCHAR));
    return copy_in(to.data(), head.Buffer, head.Length) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}

// Runs a query into a host buffer and copies what fits to the caller.
template <class Query> NTSTATUS answer(PVOID to, ULONG length, ULONG* result_length, Query query) {
    std::vector<UCHAR> buffer(std::min(length, largest_value));
    ULONG needed = 0;
    const NTSTATUS status = query(buffer.data(), static_cast<ULONG>(buffer.size()), needed);
    if (status == STATUS_INVALID_PARAMETER) return status;
    if (!copy_out(result_length, &needed, sizeof needed)) return STATUS_ACCESS_VIOLATION;
    if (status == STATUS_BUFFER_TOO_SMALL) return status;
    return copy_out(to, buffer.data(), std::min<std::size_t>(needed, buffer.size()))
               ? status
               : STATUS_ACCESS_VIOLATION;
}

NTSTATUS open(HANDLE* handle, ACCESS_MASK desired, const OBJECT_ATTRIBUTES* given,
              cm::CreateRequest& request) {
    const KPROCESSOR_MODE mode = exports::previous_mode();
    ob::Attributes attributes;
    if (const NTSTATUS status = attributes.capture(given, mode); !NT_SUCCESS(status)) return status;
    attributes.attributes |= OBJ_CASE_INSENSITIVE;
    const HANDLE made = TRY_STATUS(cm::open_key(attributes, desired & ~which_view, mode, request));
    if (copy_out(handle, &made, sizeof made)) return STATUS_SUCCESS;
    ob::close_handle(made, mode);
    return STATUS_ACCESS_VIOLATION;
}

} // namespace

extern "C" NTSTATUS NtCreateKey(HANDLE* handle, ACCESS_MASK desired, const OBJECT_ATTRIBUTES* attributes,
                                ULONG, const UNICODE_STRING* class_name, ULONG options, ULONG* disposition) {
    constexpr ULONG legal = 0xf; // REG_LEGAL_OPTION: volatile, create link, backup and restore, open link
    if (options & ~legal) return STATUS_INVALID_PARAMETER; // assumed: as NtOpenKeyEx has it
    cm::CreateRequest request{.create = true, .options = options, .class_name = {}};
    if (class_name)
        if (const NTSTATUS status = capture(class_name, request.class_name); !NT_SUCCESS(status))
            return status;
    const NTSTATUS status = open(handle, desired, attributes, request);
    if (NT_SUCCESS(status) && disposition && !copy_out(disposition, &request.disposition, sizeof(ULONG)))
        return STATUS_ACCESS_VIOLATION;
    return status;
}
GATE(NtCreateKey);

extern "C" NTSTATUS NtOpenKey(HANDLE* handle, ACCESS_MASK desired, const OBJECT_ATTRIBUTES* attributes) {
    cm::CreateRequest request;
    return open(handle, desired, attributes, request);
}
GATE(NtOpenKey);

extern "C" NTSTATUS NtOpenKeyEx(HANDLE* handle, ACCESS_MASK desired, const OBJECT_ATTRIBUTES* attributes,
                                ULONG options) {
    if (options & ~0x0Cu)
        return STATUS_INVALID_PARAMETER_4; // REG_OPTION_BACKUP_RESTORE, REG_OPTION_OPEN_LINK
    cm::CreateRequest request{.options = options, .class_name = {}};
    return open(handle, desired, attributes, request);
}
GATE(NtOpenKeyEx);

extern "C" NTSTATUS NtQueryValueKey(HANDLE handle, const UNICODE_STRING* name, ULONG information_class,
                                    PVOID to, ULONG length, ULONG* result_length) {
    KeyReference key(handle, 0x1);
    if (!NT_SUCCESS(key.status)) return key.status;
    std::u16string wanted;
    if (const NTSTATUS status = capture(name, wanted); !NT_SUCCESS(status)) return status;
    const cm::Value* value = cm::find_value(key.node(), wanted);
    if (!value) return STATUS_OBJECT_NAME_NOT_FOUND;
    return answer(to, length, result_length, [&](PVOID buffer, ULONG size, ULONG& needed) {
        return cm::query_value(*value, information_class, buffer, size, needed);
    });
}
GATE(NtQueryValueKey);

extern "C" NTSTATUS NtEnumerateValueKey(HANDLE handle, ULONG index, ULONG information_class, PVOID to,
                                        ULONG length, ULONG* result_length) {
    KeyReference key(handle, 0x1);
    if (!NT_SUCCESS(key.status)) return key.status;
    if (index >= key.node().values.size()) return STATUS_NO_MORE_ENTRIES;
    const cm::Value& value = key.node().values[index];
    return answer(to, length, result_length, [&](PVOID buffer, ULONG size, ULONG& needed) {
        return cm::query_value(value, information_class, buffer, size, needed);
    });
}
GATE(NtEnumerateValueKey);

extern "C" NTSTATUS NtSetValueKey(HANDLE handle, const UNICODE_STRING* name, ULONG, ULONG type,
                                  const void* data, ULONG size) {
    KeyReference key(handle, 0x2);
    if (!NT_SUCCESS(key.status)) return key.status;
    std::u16string wanted; // "can be a NULL pointer if the value entry has no name"
    if (const NTSTATUS status = name ? capture(name, wanted) : STATUS_SUCCESS; !NT_SUCCESS(status))
        return status;
    if (size > largest_value) return STATUS_INSUFFICIENT_RESOURCES;
    if (const NTSTATUS status = cm::may_set_value(key.node(), wanted, type); !NT_SUCCESS(status))
        return status;
    std::vector<UCHAR> bytes(size);
    if (!copy_in(bytes.data(), data, size)) return STATUS_ACCESS_VIOLATION;
    cm::write_value(key.node(), wanted, type, bytes.data(), size);
    return STATUS_SUCCESS;
}
GATE(NtSetValueKey);

extern "C" NTSTATUS NtDeleteValueKey(HANDLE handle, const UNICODE_STRING* name) {
    KeyReference key(handle, 0x2);
    if (!NT_SUCCESS(key.status)) return key.status;
    std::u16string wanted;
    if (const NTSTATUS status = capture(name, wanted); !NT_SUCCESS(status)) return status;
    return cm::delete_value(key.node(), wanted);
}
GATE(NtDeleteValueKey);

extern "C" NTSTATUS NtDeleteKey(HANDLE handle) {
    KeyReference key(handle, 0x10000);
    return NT_SUCCESS(key.status) ? cm::delete_key(key.node()) : key.status;
}
GATE(NtDeleteKey);

extern "C" NTSTATUS NtQueryKey(HANDLE handle, ULONG information_class, PVOID to, ULONG length,
                               ULONG* result_length) {
    constexpr ULONG key_handle_tags_information = 7;
    const bool free =
        information_class == KeyNameInformation || information_class == key_handle_tags_information;
    KeyReference key(handle, free ? 0 : 0x1);
    if (!NT_SUCCESS(key.status)) return key.status;
    return answer(to, length, result_length, [&](PVOID buffer, ULONG size, ULONG& needed) {
        return cm::query_key(key.node(), information_class, buffer, size, needed);
    });
}
GATE(NtQueryKey);

extern "C" NTSTATUS NtEnumerateKey(HANDLE handle, ULONG index, ULONG information_class, PVOID to,
                                   ULONG length, ULONG* result_length) {
    KeyReference key(handle, 0x8);
    if (!NT_SUCCESS(key.status)) return key.status;
    if (information_class > KeyFullInformation) return STATUS_INVALID_PARAMETER;
    if (index >= key.node().children.size()) return STATUS_NO_MORE_ENTRIES;
    const cm::Node& child = *std::next(key.node().children.begin(), index)->second;
    return answer(to, length, result_length, [&](PVOID buffer, ULONG size, ULONG& needed) {
        return cm::query_key(child, information_class, buffer, size, needed);
    });
}
GATE(NtEnumerateKey);

// Keys live in memory: there is nothing to write back.
extern "C" NTSTATUS NtFlushKey(HANDLE handle) { return KeyReference(handle, 0).status; }
GATE(NtFlushKey);
