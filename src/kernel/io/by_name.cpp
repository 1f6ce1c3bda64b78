// Services that open a file only for one question or for its deletion.
#include "abi/status.h"
#include "host/guest.h"
#include "kernel/io/detail/open.h"
#include "kernel/io/file.h"
#include "kernel/pool/pool.h"

namespace nt::io {

namespace {

// With `quick` the driver may answer instead of opening: then the handle is null.
Result<HANDLE> open(const ob::Attributes& attributes, ACCESS_MASK desired, ULONG share, ULONG options,
                    KPROCESSOR_MODE mode, ob::HandleTable& table,
                    FILE_NETWORK_OPEN_INFORMATION* quick = nullptr) {
    detail::OpenPacket packet;
    packet.share = share;
    packet.options = options;
    packet.query_open = quick != nullptr;
    const NTSTATUS status = detail::open_packet(attributes, packet, desired, mode);
    const ACCESS_MASK access = packet.block ? packet.block->access.PreviouslyGrantedAccess : 0;
    if (packet.answered) *quick = packet.block->network;
    if (packet.block) detail::give_open_block(packet.block);
    if (!NT_SUCCESS(status)) return fail(status);
    if (packet.answered) return nullptr;
    const Result<HANDLE> handle = ob::create_handle_in(table, packet.file, access, attributes.attributes);
    if (handle) packet.file->Flags |= FO_HANDLE_CREATED;
    ob::dereference(packet.file);
    return handle;
}

// A short-lived kernel handle to what the caller's attributes name.
Result<HANDLE> open_for_caller(const OBJECT_ATTRIBUTES* given, ACCESS_MASK desired, ULONG options,
                               KPROCESSOR_MODE mode, FILE_NETWORK_OPEN_INFORMATION* quick = nullptr) {
    ob::Attributes attributes;
    if (const NTSTATUS status = attributes.capture(given, mode); !NT_SUCCESS(status)) return fail(status);
    return open(attributes, desired, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, options, mode,
                *ob::kernel_table, quick);
}

template <class T> T from_network(const FILE_NETWORK_OPEN_INFORMATION& n);
template <> FILE_NETWORK_OPEN_INFORMATION from_network(const FILE_NETWORK_OPEN_INFORMATION& n) { return n; }
template <> FILE_BASIC_INFORMATION from_network(const FILE_NETWORK_OPEN_INFORMATION& n) {
    return {n.CreationTime, n.LastAccessTime, n.LastWriteTime, n.ChangeTime, n.FileAttributes};
}

// Opens what the attributes name only to ask it for one fixed-size class. The question goes out in kernel
// mode, so its buffers are the kernel's.
template <class T>
NTSTATUS query_by_name(OBJECT_ATTRIBUTES* attributes, PVOID to, ULONG info_class, KPROCESSOR_MODE mode) {
    struct Scratch {
        IO_STATUS_BLOCK iosb;
        T information;
    };
    constexpr ULONG options = FILE_OPEN_REPARSE_POINT | FILE_SYNCHRONOUS_IO_NONALERT;
    FILE_NETWORK_OPEN_INFORMATION quick{};
    const Result<HANDLE> handle =
        open_for_caller(attributes, FILE_READ_ATTRIBUTES | SYNCHRONIZE, options, mode, &quick);
    if (!handle) return handle.error();
    const auto address = reinterpret_cast<ULONG_PTR>(to);
    const bool writable = mode == KernelMode || address < host::places::user_high;
    if (!*handle)
        return writable && guest::write(address, from_network<T>(quick)) ? STATUS_SUCCESS
                                                                         : STATUS_ACCESS_VIOLATION;
    auto* scratch = static_cast<Scratch*>(
        pool::allocate(pool::Kind::nonpaged, sizeof(Scratch), pool::tag("IoQa"), 0, true));
    if (!scratch) {
        ob::close_handle(*handle, KernelMode);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    NTSTATUS status = query_information(*handle, &scratch->iosb, &scratch->information,
                                        sizeof scratch->information, info_class, KernelMode);
    ob::close_handle(*handle, KernelMode);
    if (NT_SUCCESS(status) && (!writable || !guest::write(address, scratch->information)))
        status = STATUS_ACCESS_VIOLATION;
    pool::release(scratch);
    return status;
}

} // namespace

Result<HANDLE> open_file(const OpenFile& what, ob::HandleTable& table, ULONG handle_attributes) {
    ob::Attributes attributes;
    attributes.set(what.name, OBJ_CASE_INSENSITIVE | handle_attributes);
    return open(attributes, what.desired, what.share, what.options, KernelMode, table);
}

NTSTATUS delete_file(OBJECT_ATTRIBUTES* attributes, KPROCESSOR_MODE mode) {
    if (!attributes) return STATUS_INVALID_PARAMETER;
    const Result<HANDLE> handle = open_for_caller(attributes, DELETE, FILE_DELETE_ON_CLOSE, mode);
    if (!handle) return handle.error();
    return ob::close_handle(*handle, KernelMode);
}

NTSTATUS query_attributes(OBJECT_ATTRIBUTES* attributes, PVOID information, KPROCESSOR_MODE mode) {
    return query_by_name<FILE_BASIC_INFORMATION>(attributes, information, FileBasicInformation, mode);
}

NTSTATUS query_full_attributes(OBJECT_ATTRIBUTES* attributes, PVOID information, KPROCESSOR_MODE mode) {
    return query_by_name<FILE_NETWORK_OPEN_INFORMATION>(attributes, information, FileNetworkOpenInformation,
                                                        mode);
}

} // namespace nt::io
