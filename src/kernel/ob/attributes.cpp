#include "abi/status.h"
#include "host/guest.h"
#include "kernel/mm/probe.h"
#include "kernel/ob/namespace.h"
#include "kernel/pool/pool.h"

namespace nt::ob {

namespace {

constexpr ULONG name_tag = pool::tag("ObNa");

NTSTATUS fetch(void* to, const void* from, SIZE_T size, ULONG alignment, KPROCESSOR_MODE mode) {
    const auto address = reinterpret_cast<std::uint64_t>(from);
    if (mode != KernelMode)
        if (const NTSTATUS status = mm::probe_for_read(address, size, alignment); !NT_SUCCESS(status))
            return status;
    return guest::copy_from(to, address, size) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}

} // namespace

void Attributes::release() {
    if (pool_buffer_) pool::release(pool_buffer_, name_tag);
    pool_buffer_ = nullptr;
    if (captured_descriptor_) release_descriptor(security_descriptor);
    captured_descriptor_ = false;
}

void Attributes::set(std::u16string_view text, ULONG flags, HANDLE directory) {
    name = {static_cast<USHORT>(text.size() * 2), static_cast<USHORT>(text.size() * 2),
            const_cast<WCHAR*>(text.data())};
    attributes = flags;
    root = directory;
}
void Attributes::set(const UNICODE_STRING& text, ULONG flags, HANDLE directory) {
    set(std::u16string_view(text.Buffer, text.Length / sizeof(WCHAR)), flags, directory);
}

NTSTATUS Attributes::capture(const OBJECT_ATTRIBUTES* from, KPROCESSOR_MODE mode) {
    if (!from) return STATUS_SUCCESS;
    OBJECT_ATTRIBUTES given;
    if (const NTSTATUS status = fetch(&given, from, sizeof given, 8, mode); !NT_SUCCESS(status))
        return status;
    if (given.Length != sizeof given || (given.Attributes & ~OBJ_VALID_ATTRIBUTES))
        return STATUS_INVALID_PARAMETER;
    root = given.RootDirectory;
    attributes = given.Attributes;
    if (mode != KernelMode) attributes &= ~OBJ_KERNEL_HANDLE; // only the kernel may ask for one
    security_descriptor = given.SecurityDescriptor;
    if (security_descriptor && mode != KernelMode) {
        if (const NTSTATUS status = capture_descriptor(given.SecurityDescriptor, mode, &security_descriptor);
            !NT_SUCCESS(status))
            return status;
        captured_descriptor_ = true;
    }
    security_qos = given.SecurityQualityOfService;
    if (!given.ObjectName) return STATUS_SUCCESS;
    return capture_name(given.ObjectName, mode);
}

NTSTATUS Attributes::capture_name(const UNICODE_STRING* from, KPROCESSOR_MODE mode) {
    UNICODE_STRING string;
    if (const NTSTATUS status = fetch(&string, from, sizeof string, 8, mode); !NT_SUCCESS(status))
        return status;
    return capture_string(string, mode);
}

NTSTATUS Attributes::capture_string(const UNICODE_STRING& string, KPROCESSOR_MODE mode) {
    if (string.Length == 0) return STATUS_SUCCESS;
    if (string.Length & 1) return STATUS_OBJECT_NAME_INVALID;
    WCHAR* buffer = inline_buffer_;
    if (string.Length > sizeof inline_buffer_) {
        if (pool_buffer_) pool::release(pool_buffer_, name_tag);
        pool_buffer_ = static_cast<WCHAR*>(pool::allocate(pool::Kind::paged, string.Length, name_tag));
        if (!pool_buffer_) return STATUS_INSUFFICIENT_RESOURCES;
        buffer = pool_buffer_;
    }
    if (const NTSTATUS status = fetch(buffer, string.Buffer, string.Length, 2, mode); !NT_SUCCESS(status))
        return status;
    name = {string.Length, string.Length, buffer};
    return STATUS_SUCCESS;
}

} // namespace nt::ob
