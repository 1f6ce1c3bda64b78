#include "kernel/io/detail/target.h"
#include "kernel/io/detail/open.h"

namespace nt::io::detail {

NTSTATUS Target::open(const Request& request, const FILE_RENAME_INFORMATION& to, ULONG length,
                      bool without_checks) {
    constexpr ULONG head = offsetof(FILE_RENAME_INFORMATION, FileName);
    if (to.FileNameLength > length - head || to.FileNameLength % sizeof(WCHAR) || to.FileNameLength > 0xfffe)
        return STATUS_INVALID_PARAMETER;
    if (!to.FileNameLength) return STATUS_OBJECT_NAME_INVALID;
    if (!to.RootDirectory && *to.FileName != u'\\') return STATUS_SUCCESS;

    const auto bytes = static_cast<USHORT>(to.FileNameLength);
    ob::Attributes attributes;
    attributes.set({bytes, bytes, const_cast<WCHAR*>(to.FileName)}, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE,
                   to.RootDirectory);
    OpenPacket packet;
    packet.share = FILE_SHARE_READ | FILE_SHARE_WRITE;
    packet.options = FILE_OPEN_FOR_BACKUP_INTENT;
    packet.location_flags = SL_OPEN_TARGET_DIRECTORY;
    packet.force_access_check = !without_checks && request.caller.mode != KernelMode;
    const KPROCESSOR_MODE mode = without_checks ? KPROCESSOR_MODE(KernelMode) : request.caller.mode;
    NTSTATUS status = open_packet(attributes, packet, FILE_WRITE_DATA | SYNCHRONIZE, mode);
    if (packet.block) give_open_block(packet.block);
    if (!NT_SUCCESS(status)) return status;
    const Result<HANDLE> made = ob::create_handle_in(*ob::kernel_table, packet.file,
                                                     FILE_WRITE_DATA | SYNCHRONIZE, OBJ_KERNEL_HANDLE);
    if (made) packet.file->Flags |= FO_HANDLE_CREATED;
    if (made && related_device(packet.file) != request.device) {
        ob::close_handle(*made, KernelMode);
        status = STATUS_NOT_SAME_DEVICE;
    } else if (made) {
        file = packet.file; // the handle keeps it
        handle = *made;
    } else
        status = made.error();
    ob::dereference(packet.file);
    return status;
}

void Target::close() {
    if (handle) ob::close_handle(handle, KernelMode);
    handle = nullptr;
}

} // namespace nt::io::detail
