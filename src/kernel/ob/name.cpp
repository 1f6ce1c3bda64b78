#include "abi/status.h"
#include "kernel/ob/namespace.h"
#include <cstring>

namespace nt::ob {

namespace {

// The path is put together from its end; `at` moves towards the start of the buffer.
ULONG path_bytes(PVOID object) {
    ULONG bytes = 0;
    for (PVOID o = object; o != root_directory; o = directory_of(o)) {
        if (!directory_of(o)) return 0;
        bytes += sizeof(WCHAR) + name_of(o).Length;
    }
    return bytes;
}

} // namespace

NTSTATUS query_name(PVOID object, UNICODE_STRING& to) {
    if (auto* own = procedures_of(type_of(object)).query_name) return own(object, to);
    return query_path(object, to);
}

NTSTATUS query_name_quietly(PVOID object, UNICODE_STRING& to) {
    return facts_of(type_of(object)).of_driver ? query_path(object, to) : query_name(object, to);
}

NTSTATUS query_path(PVOID object, UNICODE_STRING& to) {
    to.Length = 0;
    if (object == root_directory) {
        to.Length = sizeof(WCHAR);
        if (to.MaximumLength >= sizeof(WCHAR)) *to.Buffer = u'\\';
        return STATUS_SUCCESS;
    }
    const ULONG bytes = path_bytes(object);
    if (bytes > 0xfffe) return STATUS_NAME_TOO_LONG;
    to.Length = static_cast<USHORT>(bytes);
    if (bytes == 0 || bytes > to.MaximumLength) return STATUS_SUCCESS;
    WCHAR* at = to.Buffer + bytes / sizeof(WCHAR);
    for (PVOID o = object; o != root_directory; o = directory_of(o)) {
        const UNICODE_STRING name = name_of(o);
        at -= name.Length / sizeof(WCHAR);
        std::memcpy(at, name.Buffer, name.Length);
        *--at = u'\\';
    }
    return STATUS_SUCCESS;
}

} // namespace nt::ob
