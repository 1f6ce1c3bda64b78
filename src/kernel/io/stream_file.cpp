// File objects that a driver makes for itself (IoCreateStreamFileObject and kin), and what drivers say about
// files of others: IoSetFileOrigin, IoSetFileObjectIgnoreSharing.
#include "abi/status.h"
#include "kernel/io/detail/file_body.h"
#include "kernel/io/detail/open.h"
#include "kernel/io/device.h"
#include "kernel/io/file.h"
#include "kernel/pool/pool.h"

namespace nt::io {

// The file has a handle for a moment at least, and what closes that handle sends IRP_MJ_CLEANUP
// (nf-ntifs-iocreatestreamfileobject).
Result<FILE_OBJECT*> create_stream_file(FILE_OBJECT* related, DEVICE_OBJECT* device, HANDLE* handle,
                                        bool lite) {
    detail::OpenPacket packet;
    const Result<FILE_OBJECT*> made =
        detail::new_file(related ? related->DeviceObject : device, packet, OBJ_CASE_INSENSITIVE, {});
    if (!made) return made;
    FILE_OBJECT* file = *made;
    file->Flags = FO_STREAM_FILE;
    file->Vpb = related ? related->Vpb : device->Vpb;
    if (lite) return file;
    const Result<HANDLE> opened = ob::create_handle(file, FILE_READ_DATA, OBJ_KERNEL_HANDLE);
    if (!opened) {
        ob::dereference(file);
        return fail(opened.error());
    }
    file->Flags |= FO_HANDLE_CREATED;
    if (handle)
        *handle = *opened;
    else
        ob::close_handle(*opened, KernelMode);
    return file;
}

NTSTATUS set_file_origin(FILE_OBJECT* file, bool remote) {
    if (remote == ((file->Flags & FO_REMOTE_ORIGIN) != 0)) return STATUS_INVALID_PARAMETER_MIX;
    file->Flags ^= FO_REMOTE_ORIGIN;
    return STATUS_SUCCESS;
}

detail::FileExtension* detail::extend(FILE_OBJECT* file) {
    if (!file->FileObjectExtension)
        file->FileObjectExtension =
            pool::allocate(pool::Kind::nonpaged, sizeof(FileExtension), pool::tag("IoFx"), 0, true);
    return static_cast<FileExtension*>(file->FileObjectExtension);
}

NTSTATUS ignore_sharing(FILE_OBJECT* file) {
    detail::FileExtension* extension = detail::extend(file);
    if (!extension) return STATUS_INSUFFICIENT_RESOURCES;
    extension->ignore_sharing = true;
    return STATUS_SUCCESS;
}

bool is_ignoring_sharing(const FILE_OBJECT* file) { return detail::ignores_sharing(file); }

} // namespace nt::io
