// From a name to a FILE_OBJECT: the parse procedures of Device and File objects, and IRP_MJ_CREATE.
#include "abi/bugcheck.h"
#include "abi/status.h"
#include "abi/thread.h"
#include "kernel/io/detail/cancel_requests.h"
#include "kernel/io/detail/fast_io.h"
#include "kernel/io/detail/file_body.h"
#include "kernel/io/detail/finish.h"
#include "kernel/io/detail/life.h"
#include "kernel/io/detail/open.h"
#include "kernel/io/device.h"
#include "kernel/io/file.h"
#include "kernel/io/irp.h"
#include "kernel/io/kept_blocks.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/thread.h"
#include "kernel/ke/wait.h"
#include "kernel/pool/pool.h"
#include "kernel/se/subject.h"
#include "trace/trace.h"
#include <cstring>
#include <utility>

namespace nt::io::detail {

namespace {

constexpr ULONG name_tag = pool::tag("IoNm");
OpenBlock* free_blocks;

constexpr ACCESS_MASK attribute_access =
    SYNCHRONIZE | FILE_READ_ATTRIBUTES | READ_CONTROL | ACCESS_SYSTEM_SECURITY | WRITE_OWNER | WRITE_DAC;

ULONG file_flags(ULONG options, ULONG attributes) {
    ULONG flags = 0;
    if (options & (FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT)) flags |= FO_SYNCHRONOUS_IO;
    if (options & FILE_SYNCHRONOUS_IO_ALERT) flags |= FO_ALERTABLE_IO;
    if (options & FILE_NO_INTERMEDIATE_BUFFERING) flags |= FO_NO_INTERMEDIATE_BUFFERING;
    if (options & FILE_WRITE_THROUGH) flags |= FO_WRITE_THROUGH;
    if (options & FILE_SEQUENTIAL_ONLY) flags |= FO_SEQUENTIAL_ONLY;
    if (options & FILE_RANDOM_ACCESS) flags |= FO_RANDOM_ACCESS;
    if (!(attributes & OBJ_CASE_INSENSITIVE)) flags |= FO_OPENED_CASE_SENSITIVE;
    return flags;
}

// STATUS_SUCCESS when a file may be opened on the device now.
NTSTATUS check_device(DEVICE_OBJECT* device, const OpenPacket& packet) {
    if (is_going(device) || extension_of(device)->ExtensionFlags & DOE_START_PENDING)
        return STATUS_NO_SUCH_DEVICE;
    if (device->Flags & DO_DEVICE_INITIALIZING) return STATUS_NO_SUCH_DEVICE;
    if ((device->Flags & DO_EXCLUSIVE) && device->ReferenceCount && !packet.related && !packet.attach)
        return STATUS_ACCESS_DENIED;
    return STATUS_SUCCESS;
}

// The device's descriptor decides opens of the device itself, and those of names below it if the driver asked
// for that (FILE_DEVICE_SECURE_OPEN). Other names below are the driver's matter: "the I/O manager will only
// check to ensure that traverse access is granted to the device object" (ifs page "Applying Security
// Descriptors on the Device Object"), which most callers' SeChangeNotifyPrivilege grants.
NTSTATUS check_security(DEVICE_OBJECT* device, const ob::ParseRequest& request, const OpenPacket& packet,
                        bool device_itself) {
    ACCESS_STATE& access = packet.block->access;
    const ACCESS_MASK desired = access.RemainingDesiredAccess | access.PreviouslyGrantedAccess;
    const GENERIC_MAPPING& mapping = file_type->TypeInfo.GenericMapping;
    ACCESS_MASK granted = ob::map_generic(desired, mapping) & ~MAXIMUM_ALLOWED;
    if (desired & MAXIMUM_ALLOWED) granted |= mapping.GenericAll;
    const KPROCESSOR_MODE mode = packet.force_access_check ? KPROCESSOR_MODE(UserMode) : request.mode;
    // "is checked at the top of the stack, so filter device objects must copy the Characteristics" (kernel
    // page "Controlling Device Namespace Access")
    if (device_itself || (top_of_stack(device)->Characteristics & FILE_DEVICE_SECURE_OPEN)) {
        const NTSTATUS status = ob::check_access(device, ob::map_generic(desired, mapping), mode, &granted);
        if (!NT_SUCCESS(status)) return status;
    } else if (mode != KernelMode && !(access.Flags & TOKEN_HAS_TRAVERSE_PRIVILEGE)) {
        ACCESS_MASK passing;
        const NTSTATUS status = ob::check_access(device, FILE_TRAVERSE, mode, &passing);
        if (!NT_SUCCESS(status)) return status;
    }
    access.PreviouslyGrantedAccess |= granted;
    access.RemainingDesiredAccess = 0;
    return STATUS_SUCCESS;
}

// A create that failed: no close follows, so the file must not name the device any more.
void abandon_file(FILE_OBJECT* file) {
    if (file->Flags & FO_FILE_OPEN_CANCELLED) { // one does
        ob::dereference(file);
        return;
    }
    DEVICE_OBJECT* device = file->DeviceObject;
    file->DeviceObject = nullptr;
    ob::dereference(file);
    drop_device_reference(device);
}

} // namespace

Result<FILE_OBJECT*> new_file(DEVICE_OBJECT* device, const OpenPacket& packet, ULONG attributes,
                              const UNICODE_STRING& name) {
    const Result<PVOID> body =
        ob::create_object({.type = file_type, .body_size = sizeof(FileBody), .attributes = attributes});
    if (!body) return fail(body.error());
    auto* file = static_cast<FILE_OBJECT*>(*body);
    file->Type = IO_TYPE_FILE;
    file->Size = sizeof(FILE_OBJECT);
    file->Flags = file_flags(packet.options, attributes);
    ke::initialize_event(file->Event, NotificationEvent, false);
    if (file->Flags & FO_SYNCHRONOUS_IO) ke::initialize_event(file->Lock, SynchronizationEvent, false);
    file->IrpList = {&file->IrpList, &file->IrpList};
    if (name.Length) {
        // Drivers may append to the name: Windows leaves room in short ones too.
        const auto room = static_cast<USHORT>(std::max<ULONG>(name.Length + sizeof(WCHAR), 0x38));
        auto* buffer = static_cast<WCHAR*>(pool::allocate(pool::Kind::paged, room, name_tag));
        if (!buffer) {
            ob::dereference(file);
            return fail(STATUS_INSUFFICIENT_RESOURCES);
        }
        std::memcpy(buffer, name.Buffer, name.Length);
        buffer[name.Length / sizeof(WCHAR)] = 0;
        file->FileName = {name.Length, room, buffer};
    }
    if (packet.related) {
        file->RelatedFileObject = packet.related;
        ob::reference(packet.related);
    }
    file->DeviceObject = device;
    take_device_reference(device);
    if (packet.ignore_sharing)
        if (const NTSTATUS status = ignore_sharing(file); !NT_SUCCESS(status)) {
            abandon_file(file);
            return fail(status);
        }
    if (packet.hint) {
        FileExtension* extension = extend(file);
        if (!extension) {
            abandon_file(file);
            return fail(STATUS_INSUFFICIENT_RESOURCES);
        }
        ob::reference(packet.hint);
        extension->hint = packet.hint;
    }
    return file;
}

namespace {

void fill_create(IRP* irp, FILE_OBJECT* file, const OpenPacket& packet, const ob::ParseRequest& request) {
    irp->RequestorMode = request.mode;
    irp->Flags = IRP_CREATE_OPERATION | IRP_SYNCHRONOUS_API | IRP_DEFER_IO_COMPLETION;
    irp->UserIosb = &packet.block->iosb;
    irp->Tail.Overlay.Thread = reinterpret_cast<ETHREAD*>(&ke::current_thread());
    irp->Tail.Overlay.OriginalFileObject = file;
    irp->AssociatedIrp.SystemBuffer = packet.ea;
    irp->Overlay.AllocationSize = packet.allocation_size;
    IO_STACK_LOCATION* next = next_location(irp);
    next->MajorFunction = packet.major;
    if (!(request.attributes & OBJ_CASE_INSENSITIVE)) next->Flags |= SL_CASE_SENSITIVE;
    if (packet.force_access_check) next->Flags |= SL_FORCE_ACCESS_CHECK;
    next->Flags |= packet.location_flags;
    next->FileObject = file;
    auto& create = next->Parameters.Create;
    create.SecurityContext = &packet.block->security;
    create.Options = packet.disposition << 24 | (packet.options & FILE_VALID_OPTION_FLAGS);
    create.FileAttributes = static_cast<USHORT>(packet.file_attributes);
    create.ShareAccess = static_cast<USHORT>(packet.share);
    create.EaLength = packet.ea_length;
    // Create, CreatePipe and CreateMailslot differ in what lies behind ShareAccess.
    if (packet.major == IRP_MJ_CREATE_NAMED_PIPE)
        next->Parameters.CreatePipe.Parameters = &packet.block->pipe;
    if (packet.major == IRP_MJ_CREATE_MAILSLOT)
        next->Parameters.CreateMailslot.Parameters = &packet.block->mailslot;
}

[[gnu::cold, gnu::noinline]] void trace_open(FILE_OBJECT* file) {
    WCHAR text[512];
    UNICODE_STRING name{0, sizeof text, text};
    query_file_name(file, name);
    if (name.Length > name.MaximumLength) name.Length = 0;
    trace::emit_file_opened(file, file->DeviceObject, name);
}

// What only asks for attributes may be answered without an open: FastIoQueryOpen gets the create request that
// would be sent, its stack location current. assumed: that this is how the location stands
bool query_open(DEVICE_OBJECT* target, IRP* irp, OpenPacket& packet) {
    FAST_IO_QUERY_OPEN* routine = fast_io_routine(target, &FAST_IO_DISPATCH::FastIoQueryOpen);
    if (!routine) return false;
    --irp->CurrentLocation;
    --irp->Tail.Overlay.CurrentStackLocation;
    current_location(irp)->DeviceObject = target;
    packet.answered = call_fast_io(routine, irp, &packet.block->network, target);
    if (trace::on) [[unlikely]]
        trace::emit_fast_io(target, target->DriverObject, routine, "FastIoQueryOpen", packet.answered,
                            irp->IoStatus.Status);
    ++irp->CurrentLocation;
    ++irp->Tail.Overlay.CurrentStackLocation;
    packet.information = irp->IoStatus.Information;
    packet.status = irp->IoStatus.Status;
    if (!packet.answered) irp->IoStatus = {};
    return packet.answered;
}

// Sends the create and waits for it.
NTSTATUS send_create(DEVICE_OBJECT* target, FILE_OBJECT* file, OpenPacket& packet,
                     const ob::ParseRequest& request) {
    IRP* irp = allocate_irp(target->StackSize);
    if (!irp) return STATUS_INSUFFICIENT_RESOURCES;
    fill_create(irp, file, packet, request);
    if (packet.query_open && query_open(target, irp, packet)) {
        free_irp(irp);
        return STATUS_SUCCESS;
    }
    queue_to_thread(irp);
    if (trace::on) [[unlikely]]
        trace::emit_irp_created(irp, static_cast<UCHAR>(irp->StackCount), packet.major, 0,
                                static_cast<UCHAR>(request.mode), irp->Flags, file, target);
    ob::reference(file); // finish() drops it
    const Returned returned = detail::call_dispatch(target, irp);
    NTSTATUS status = returned.status;
    if (status == STATUS_PENDING) {
        wait_for_own_request(file, file->Event, request.mode);
        status = packet.block->iosb.Status;
    } else {
        packet.block->iosb = irp->IoStatus;
        irp->UserIosb = nullptr;
        status = finish_deferred(irp, returned);
    }
    packet.information = packet.block->iosb.Information;
    packet.asked = true;
    return status;
}

// The driver answered that the name stands for another one: IO_REPARSE, it is in the file object now
// (IoReplaceFileObjectName); IO_REMOUNT, look again. Takes the file. Other tags are file systems' own.
NTSTATUS reparse(FILE_OBJECT& file, DEVICE_OBJECT* target, OpenPacket& packet,
                 const ob::ParseRequest& request, const UNICODE_STRING& remaining) {
    constexpr ULONG_PTR io_reparse = 0, io_remount = 1;
    if (!remaining.Length)
        ke::bug_check(DRIVER_RETURNED_STATUS_REPARSE_FOR_VOLUME_OPEN,
                      reinterpret_cast<ULONG_PTR>(file.DeviceObject), reinterpret_cast<ULONG_PTR>(target),
                      reinterpret_cast<ULONG_PTR>(&file.FileName), packet.information);
    NTSTATUS status = STATUS_IO_REPARSE_TAG_NOT_HANDLED;
    if (request.answer && packet.information == io_reparse && file.FileName.Length) {
        request.answer->name = std::exchange(file.FileName, {});
        status = STATUS_REPARSE;
    } else if (request.answer && packet.information == io_remount && !packet.related) {
        UNICODE_STRING& name = request.answer->name;
        const USHORT bytes = request.complete.Length;
        auto* copy = static_cast<WCHAR*>(pool::allocate(pool::Kind::paged, bytes, name_tag));
        if (copy) {
            std::memcpy(copy, request.complete.Buffer, bytes);
            name = {bytes, bytes, copy};
        }
        status = copy ? STATUS_REPARSE : STATUS_INSUFFICIENT_RESOURCES;
    }
    abandon_file(&file);
    packet.related = nullptr; // the new name begins at the root
    return status;
}

} // namespace

OpenBlock* take_open_block() {
    OpenBlock* block = free_blocks;
    if (block)
        free_blocks = block->next_free;
    else
        block = static_cast<OpenBlock*>(
            pool::allocate(pool::Kind::nonpaged, sizeof(OpenBlock), pool::tag("IoOp")));
    if (!block) return nullptr;
    std::memset(block, 0, sizeof *block);
    se::begin_access(block->access, block->auxiliary, 0, &file_type->TypeInfo.GenericMapping);
    return block;
}
void give_open_block(OpenBlock* block) {
    se::end_access(block->access);
    block->next_free = free_blocks;
    free_blocks = block;
}
void for_each_kept_open_block(const KeptBlocks& kept) {
    for (const OpenBlock* block = free_blocks; block; block = block->next_free)
        kept(block);
}

NTSTATUS parse_device(PVOID object, const ob::ParseRequest& request, const UNICODE_STRING& remaining,
                      PVOID* found) {
    OpenPacket* packet = packet_of(request);
    if (!packet) return STATUS_OBJECT_TYPE_MISMATCH; // only the I/O services open what is behind a device
    auto* device = static_cast<DEVICE_OBJECT*>(object);
    packet->parsed = true;
    if (const NTSTATUS status = check_device(device, *packet); !NT_SUCCESS(status))
        return packet->status = status;
    const bool device_itself = remaining.Length == 0 && !packet->related;
    if (const NTSTATUS status = check_security(device, request, *packet, device_itself); !NT_SUCCESS(status))
        return packet->status = status;
    if (packet->hint && !is_in_stack(packet->hint, device))
        return packet->status = STATUS_INVALID_DEVICE_OBJECT_PARAMETER;
    DEVICE_OBJECT* target = packet->hint ? packet->hint : device;
    const bool direct = device_itself && !((packet->block->access.OriginalDesiredAccess) & ~attribute_access);
    if (!packet->hint) {
        if (!direct && device->Vpb && device->Vpb->DeviceObject) target = device->Vpb->DeviceObject;
        target = top_of_stack(target);
    }
    const Result<FILE_OBJECT*> made = new_file(device, *packet, request.attributes, remaining);
    if (!made) return packet->status = made.error();
    FILE_OBJECT* file = *made;
    if (direct) file->Flags |= FO_DIRECT_DEVICE_OPEN;
    // assumed: what makes an open that of a volume
    if (device_itself && !direct && device->Vpb) file->Flags |= FO_VOLUME_OPEN;
    if (packet->options & FILE_DELETE_ON_CLOSE) file->Flags |= FO_DELETE_ON_CLOSE;
    // assumed: what makes a file one of a pipe or mailslot
    if (device->DeviceType == FILE_DEVICE_NAMED_PIPE) file->Flags |= FO_NAMED_PIPE;
    if (device->DeviceType == FILE_DEVICE_MAILSLOT) file->Flags |= FO_MAILSLOT;
    packet->block->security.DesiredAccess = packet->block->access.PreviouslyGrantedAccess;
    packet->block->security.FullCreateOptions = packet->options;

    const NTSTATUS status = send_create(target, file, *packet, request);
    if (packet->answered) {
        abandon_file(file);
        return NT_SUCCESS(packet->status) ? STATUS_UNSUCCESSFUL
                                          : packet->status; // there is no object to be found
    }
    if (status == STATUS_REPARSE) return packet->status = reparse(*file, target, *packet, request, remaining);
    if (!NT_SUCCESS(status)) {
        abandon_file(file);
        return packet->status = status;
    }
    if (trace::on) [[unlikely]]
        trace_open(file);
    packet->status = status;
    packet->file = file;
    *found = file;
    return STATUS_SUCCESS;
}

// A name relative to an open file goes to that file's device, and the driver sees which file it was.
NTSTATUS parse_file(PVOID object, const ob::ParseRequest& request, const UNICODE_STRING& remaining,
                    PVOID* found) {
    OpenPacket* packet = packet_of(request);
    if (!packet) return STATUS_OBJECT_TYPE_MISMATCH;
    auto* related = static_cast<FILE_OBJECT*>(object);
    // An identifier is a number, whatever its bytes look like.
    if (!(packet->options & FILE_OPEN_BY_FILE_ID) && remaining.Length && *remaining.Buffer == u'\\')
        return STATUS_INVALID_PARAMETER;
    packet->related = related;
    return parse_device(related->DeviceObject, request, remaining, found);
}

} // namespace nt::io::detail
