// NtCreateFile, NtOpenFile, IoCreateFile, IoGetDeviceObjectPointer.
#include "abi/status.h"
#include "host/guest.h"
#include "kernel/io/detail/lists.h"
#include "kernel/io/detail/open.h"
#include "kernel/io/device.h"
#include "kernel/io/file.h"
#include "kernel/mm/probe.h"
#include "kernel/pool/pool.h"

namespace nt::io {

namespace {

constexpr ULONG ea_tag = pool::tag("IoEa");
constexpr ULONG sync_options = FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT;
// What may stand beside FILE_DIRECTORY_FILE.
constexpr ULONG directory_options = FILE_DIRECTORY_FILE | sync_options | FILE_WRITE_THROUGH |
                                    FILE_OPEN_FOR_BACKUP_INTENT | FILE_DELETE_ON_CLOSE |
                                    FILE_OPEN_FOR_FREE_SPACE_QUERY | FILE_OPEN_BY_FILE_ID |
                                    FILE_OPEN_REPARSE_POINT | FILE_NO_COMPRESSION | FILE_OPEN_REMOTE_INSTANCE;

// The rules of the NtCreateFile page.
bool are_parameters_valid(const CreateFile& c) {
    if (c.file_attributes & ~FILE_ATTRIBUTE_VALID_FLAGS) return false;
    if (c.share & ~FILE_SHARE_VALID_FLAGS) return false;
    if (c.disposition > FILE_MAXIMUM_DISPOSITION) return false;
    if (c.options & ~FILE_VALID_OPTION_FLAGS) return false;
    if ((c.options & sync_options) && !(c.desired & SYNCHRONIZE)) return false;
    if ((c.options & sync_options) == sync_options) return false;
    if ((c.options & FILE_DELETE_ON_CLOSE) && !(c.desired & DELETE)) return false;
    if ((c.options & FILE_DIRECTORY_FILE) && (c.options & FILE_NON_DIRECTORY_FILE)) return false;
    if (c.options & FILE_DIRECTORY_FILE) {
        if (c.options & ~directory_options) return false;
        if (c.disposition != FILE_CREATE && c.disposition != FILE_OPEN && c.disposition != FILE_OPEN_IF)
            return false;
    }
    if ((c.options & FILE_COMPLETE_IF_OPLOCKED) && (c.options & FILE_RESERVE_OPFILTER)) return false;
    if ((c.options & FILE_NO_INTERMEDIATE_BUFFERING) && (c.desired & FILE_APPEND_DATA)) return false;
    return true;
}

NTSTATUS probe_out(PVOID address, SIZE_T size, ULONG alignment, KPROCESSOR_MODE mode) {
    return mode == KernelMode ? STATUS_SUCCESS
                              : mm::probe_for_write(reinterpret_cast<ULONG_PTR>(address), size, alignment);
}
NTSTATUS capture_ea(const CreateFile& c, KPROCESSOR_MODE mode, detail::OpenPacket& packet, ULONG& bad) {
    if (!c.ea || !c.ea_length) return STATUS_SUCCESS;
    packet.ea = pool::allocate(pool::Kind::nonpaged, c.ea_length, ea_tag);
    if (!packet.ea) return STATUS_INSUFFICIENT_RESOURCES;
    packet.ea_length = c.ea_length;
    if (const NTSTATUS status = detail::fetch(packet.ea, c.ea, c.ea_length, 4, mode); !NT_SUCCESS(status))
        return status;
    return check_ea_buffer(packet.ea, c.ea_length, &bad);
}

struct PacketResources {
    detail::OpenPacket& packet;
    ~PacketResources() {
        if (packet.ea) pool::release(packet.ea, ea_tag);
        if (packet.block) detail::give_open_block(packet.block);
    }
};

using detail::write_iosb;

// What a named pipe or a mailslot is to be like travels in the block, where its driver can read it.
NTSTATUS describe_kind(const CreateFile& c, detail::OpenPacket& packet) {
    if (c.kind == FileKind::none) return STATUS_SUCCESS;
    packet.block = detail::take_open_block();
    if (!packet.block) return STATUS_INSUFFICIENT_RESOURCES;
    const bool pipe = c.kind == FileKind::named_pipe;
    packet.major = pipe ? IRP_MJ_CREATE_NAMED_PIPE : IRP_MJ_CREATE_MAILSLOT;
    if (pipe)
        packet.block->pipe = *static_cast<const NAMED_PIPE_CREATE_PARAMETERS*>(c.parameters);
    else
        packet.block->mailslot = *static_cast<const MAILSLOT_CREATE_PARAMETERS*>(c.parameters);
    return STATUS_SUCCESS;
}

UCHAR location_flags(ULONG io_options) {
    return static_cast<UCHAR>((io_options & io_open_paging_file ? SL_OPEN_PAGING_FILE : 0) |
                              (io_options & io_open_target_directory ? SL_OPEN_TARGET_DIRECTORY : 0) |
                              (io_options & io_stop_on_symlink ? SL_STOP_ON_SYMLINK : 0));
}

} // namespace

NTSTATUS detail::open_packet(const ob::Attributes& attributes, OpenPacket& packet, ACCESS_MASK desired,
                             KPROCESSOR_MODE mode) {
    if (!packet.block) packet.block = take_open_block();
    if (!packet.block) return STATUS_INSUFFICIENT_RESOURCES;
    ACCESS_STATE& access = packet.block->access;
    access.OriginalDesiredAccess = desired;
    access.RemainingDesiredAccess = ob::map_generic(desired, file_type->TypeInfo.GenericMapping);
    access.ObjectName = {};
    packet.block->security.AccessState = &access;
    packet.force_access_check |= (attributes.attributes & OBJ_FORCE_ACCESS_CHECK) != 0;
    const ob::ParseRequest request{
        nullptr, &access, desired, mode, attributes.attributes, &packet, attributes.security_qos};
    PVOID found;
    packet.block->ecps = packet.ecps;
    begin_ecps(packet.ecps);
    const NTSTATUS status = ob::lookup(attributes, request, nullptr, &found);
    end_ecps(packet.ecps, packet.block->ecps);
    if (packet.answered) return packet.status;
    if (!NT_SUCCESS(status)) return status;
    if (ob::type_of(found) == file_type) return packet.parsed ? packet.status : STATUS_SUCCESS;
    // The name ends at something that is neither a device nor below one.
    ob::dereference(found);
    return STATUS_OBJECT_TYPE_MISMATCH;
}

NTSTATUS create_file(const CreateFile& c, KPROCESSOR_MODE requestor) {
    // "The I/O manager, by default, probes the supplied parameter values": not for a driver that says where
    // they are.
    const KPROCESSOR_MODE mode =
        c.io_options & io_no_parameter_checking ? KPROCESSOR_MODE(KernelMode) : requestor;
    if (const NTSTATUS status = probe_out(c.handle, sizeof(HANDLE), 8, mode); !NT_SUCCESS(status))
        return status;
    if (const NTSTATUS status = probe_out(c.iosb, sizeof(IO_STATUS_BLOCK), 4, mode); !NT_SUCCESS(status))
        return status;
    if (!(c.io_options & io_no_parameter_checking) && !are_parameters_valid(c))
        return STATUS_INVALID_PARAMETER;

    detail::OpenPacket packet;
    PacketResources resources{packet};
    if (c.allocation_size)
        if (const NTSTATUS status =
                detail::fetch(&packet.allocation_size, c.allocation_size, sizeof(LARGE_INTEGER), 4, mode);
            !NT_SUCCESS(status))
            return status;
    if (packet.allocation_size.QuadPart < 0) return STATUS_INVALID_PARAMETER;
    ULONG bad_ea = 0;
    if (const NTSTATUS status = capture_ea(c, mode, packet, bad_ea); !NT_SUCCESS(status)) {
        if (status == STATUS_EA_LIST_INCONSISTENT) write_iosb(c.iosb, status, bad_ea);
        return status;
    }
    ob::Attributes attributes;
    if (const NTSTATUS status = attributes.capture(c.attributes, mode); !NT_SUCCESS(status)) return status;
    packet.file_attributes = c.file_attributes;
    packet.share = c.share;
    packet.disposition = c.disposition;
    packet.options = c.options;
    packet.hint = c.hint;
    packet.ecps = c.ecps;
    packet.force_access_check = c.io_options & io_force_access_check;
    packet.location_flags = location_flags(c.io_options);
    packet.ignore_sharing = c.io_options & io_ignore_share_access_check;

    NTSTATUS status = describe_kind(c, packet);
    if (NT_SUCCESS(status)) status = detail::open_packet(attributes, packet, c.desired, requestor);
    if (!NT_SUCCESS(status)) {
        // "can find additional information about the cause of the failure by checking the IoStatusBlock"
        if (packet.asked) write_iosb(c.iosb, status, packet.information);
        return status;
    }
    const Result<HANDLE> handle =
        ob::create_handle(packet.file, packet.block->access.PreviouslyGrantedAccess, attributes.attributes);
    if (!handle) {
        ob::dereference(packet.file);
        return handle.error();
    }
    packet.file->Flags |= FO_HANDLE_CREATED;
    ob::dereference(packet.file);
    const bool told = guest::write(reinterpret_cast<ULONG_PTR>(c.handle), *handle);
    write_iosb(c.iosb, status, packet.information);
    return told ? status : STATUS_ACCESS_VIOLATION;
}

namespace {

// Opens a device by its name for kernel use: a referenced file and a handle to it, both the caller's.
NTSTATUS open_by_name(const UNICODE_STRING& name, ACCESS_MASK desired, FILE_OBJECT** file, HANDLE* handle) {
    detail::OpenPacket packet;
    PacketResources resources{packet};
    packet.share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    packet.options = FILE_NON_DIRECTORY_FILE;
    ob::Attributes attributes;
    attributes.set(name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE);
    if (const NTSTATUS status = detail::open_packet(attributes, packet, desired, KernelMode);
        !NT_SUCCESS(status))
        return status;
    const Result<HANDLE> made =
        ob::create_handle(packet.file, packet.block->access.PreviouslyGrantedAccess, OBJ_KERNEL_HANDLE);
    if (!made) {
        ob::dereference(packet.file);
        return made.error();
    }
    packet.file->Flags |= FO_HANDLE_CREATED;
    *file = packet.file;
    *handle = *made;
    return STATUS_SUCCESS;
}

} // namespace

NTSTATUS get_device_object_pointer(const UNICODE_STRING& name, ACCESS_MASK desired, FILE_OBJECT** file,
                                   DEVICE_OBJECT** device) {
    HANDLE handle;
    if (const NTSTATUS status = open_by_name(name, desired, file, &handle); !NT_SUCCESS(status))
        return status;
    *device = related_device(*file);
    ob::close_handle(handle, KernelMode); // the reference of the open stays with the caller
    return STATUS_SUCCESS;
}

// The file is closed after the attachment, so its cleanup and close go through `source`
// (nf-wdm-ioattachdevice).
NTSTATUS attach_to_named(DEVICE_OBJECT* source, const UNICODE_STRING& name, DEVICE_OBJECT** attached) {
    FILE_OBJECT* file;
    HANDLE handle;
    if (const NTSTATUS status = open_by_name(name, FILE_READ_ATTRIBUTES, &file, &handle); !NT_SUCCESS(status))
        return status;
    const bool done = attach_to_stack(source, related_device(file), attached) != nullptr;
    ob::close_handle(handle, KernelMode);
    ob::dereference(file);
    return done ? STATUS_SUCCESS : STATUS_NO_SUCH_DEVICE;
}

} // namespace nt::io
