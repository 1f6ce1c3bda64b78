// File objects from drivers: sharing (nf-wdm-iocheckshareaccess, nf-wdm-iochecklinkshareaccess and kin),
// files of the driver's own (nf-ntifs-iocreatestreamfileobject), information about files by object.
#include "abi/status.h"
#include "kernel/exports/runtime.h"
#include "kernel/io/device.h"
#include "kernel/io/file.h"
#include "kernel/ob/namespace.h"
#include "kernel/seh/dispatch.h"

using namespace nt;

extern "C" NTSTATUS IoCheckShareAccess(ACCESS_MASK desired, ULONG share, FILE_OBJECT* file,
                                       SHARE_ACCESS* state, BOOLEAN update) {
    return io::check_share_access(desired, share, file, state, update);
}
GATE(IoCheckShareAccess);
extern "C" void IoSetShareAccess(ACCESS_MASK desired, ULONG share, FILE_OBJECT* file, SHARE_ACCESS* state) {
    io::set_share_access(desired, share, file, state);
}
GATE(IoSetShareAccess);
extern "C" void IoRemoveShareAccess(FILE_OBJECT* file, SHARE_ACCESS* state) {
    io::remove_share_access(file, state);
}
GATE(IoRemoveShareAccess);
extern "C" void IoUpdateShareAccess(FILE_OBJECT* file, SHARE_ACCESS* state) {
    io::update_share_access(file, state);
}
GATE(IoUpdateShareAccess);

extern "C" NTSTATUS IoCheckShareAccessEx(ACCESS_MASK desired, ULONG share, FILE_OBJECT* file,
                                         SHARE_ACCESS* state, BOOLEAN update,
                                         const BOOLEAN* write_permission) {
    const ULONG flags = (update ? io::share::update : 0) |
                        (write_permission && !*write_permission ? io::share::no_write_permission : 0);
    return io::check_link_share_access(desired, share, file, state, nullptr, flags);
}
GATE(IoCheckShareAccessEx);
extern "C" void IoSetShareAccessEx(ACCESS_MASK desired, ULONG share, FILE_OBJECT* file, SHARE_ACCESS* state,
                                   const BOOLEAN* write_permission) {
    io::set_link_share_access(desired, share, file, state, nullptr,
                              write_permission && !*write_permission ? io::share::no_write_permission : 0);
}
GATE(IoSetShareAccessEx);

extern "C" NTSTATUS IoCheckLinkShareAccess(ACCESS_MASK desired, ULONG share, FILE_OBJECT* file,
                                           SHARE_ACCESS* state, LINK_SHARE_ACCESS* link, ULONG flags) {
    return io::check_link_share_access(desired, share, file, state, link, flags);
}
GATE(IoCheckLinkShareAccess);
extern "C" void IoSetLinkShareAccess(ACCESS_MASK desired, ULONG share, FILE_OBJECT* file, SHARE_ACCESS* state,
                                     LINK_SHARE_ACCESS* link, ULONG flags) {
    io::set_link_share_access(desired, share, file, state, link, flags);
}
GATE(IoSetLinkShareAccess);
extern "C" void IoRemoveLinkShareAccess(FILE_OBJECT* file, SHARE_ACCESS* state, LINK_SHARE_ACCESS* link) {
    io::remove_link_share_access(file, state, link, 0);
}
GATE(IoRemoveLinkShareAccess);
extern "C" void IoRemoveLinkShareAccessEx(FILE_OBJECT* file, SHARE_ACCESS* state, LINK_SHARE_ACCESS* link,
                                          ULONG flags) {
    io::remove_link_share_access(file, state, link, flags);
}
GATE(IoRemoveLinkShareAccessEx);
extern "C" void IoUpdateLinkShareAccess(FILE_OBJECT* file, SHARE_ACCESS* state, LINK_SHARE_ACCESS* link) {
    io::update_link_share_access(file, state, link, 0);
}
GATE(IoUpdateLinkShareAccess);
extern "C" void IoUpdateLinkShareAccessEx(FILE_OBJECT* file, SHARE_ACCESS* state, LINK_SHARE_ACCESS* link,
                                          ULONG flags) {
    io::update_link_share_access(file, state, link, flags);
}
GATE(IoUpdateLinkShareAccessEx);

namespace {

FILE_OBJECT* or_raise(Result<FILE_OBJECT*> made) {
    if (!made) seh::raise_status(made.error());
    return *made;
}

} // namespace

extern "C" FILE_OBJECT* IoCreateStreamFileObject(FILE_OBJECT* related, DEVICE_OBJECT* device) {
    return or_raise(io::create_stream_file(related, device, nullptr, false));
}
GATE(IoCreateStreamFileObject);
extern "C" FILE_OBJECT* IoCreateStreamFileObjectEx(FILE_OBJECT* related, DEVICE_OBJECT* device,
                                                   HANDLE* handle) {
    return or_raise(io::create_stream_file(related, device, handle, false));
}
GATE(IoCreateStreamFileObjectEx);
extern "C" FILE_OBJECT* IoCreateStreamFileObjectLite(FILE_OBJECT* related, DEVICE_OBJECT* device) {
    return or_raise(io::create_stream_file(related, device, nullptr, true));
}
GATE(IoCreateStreamFileObjectLite);

extern "C" NTSTATUS IoSetFileOrigin(FILE_OBJECT* file, BOOLEAN remote) {
    return io::set_file_origin(file, remote);
}
GATE(IoSetFileOrigin);
extern "C" NTSTATUS IoSetFileObjectIgnoreSharing(FILE_OBJECT* file) { return io::ignore_sharing(file); }
GATE(IoSetFileObjectIgnoreSharing);
extern "C" BOOLEAN IoIsFileOriginRemote(FILE_OBJECT* file) { return (file->Flags & FO_REMOTE_ORIGIN) != 0; }
GATE(IoIsFileOriginRemote);
extern "C" BOOLEAN IoIsFileObjectIgnoringSharing(FILE_OBJECT* file) { return io::is_ignoring_sharing(file); }
GATE(IoIsFileObjectIgnoringSharing);
extern "C" NTSTATUS IoCheckFunctionAccess(ACCESS_MASK granted, UCHAR major, UCHAR minor, ULONG code,
                                          ULONG* file_class, ULONG* volume_class) {
    return io::check_function_access(granted, major, minor, code, file_class, volume_class);
}
GATE(IoCheckFunctionAccess);

extern "C" NTSTATUS IoCheckQuerySetFileInformation(ULONG info_class, ULONG length, BOOLEAN set) {
    return io::check_query_set(info_class, length, set);
}
GATE(IoCheckQuerySetFileInformation);
extern "C" NTSTATUS IoCheckQuerySetVolumeInformation(ULONG info_class, ULONG length, BOOLEAN set) {
    return io::check_query_set_volume(info_class, length, set);
}
GATE(IoCheckQuerySetVolumeInformation);
extern "C" NTSTATUS IoCheckQuotaBufferValidity(PVOID quota, ULONG length, ULONG* offset) {
    return io::check_quota_buffer(quota, length, offset);
}
GATE(IoCheckQuotaBufferValidity);
extern "C" NTSTATUS IoCheckDesiredAccess(ACCESS_MASK* desired, ACCESS_MASK granted) {
    *desired = ob::map_generic(*desired, io::file_type->TypeInfo.GenericMapping);
    return *desired & ~granted ? STATUS_ACCESS_DENIED : STATUS_SUCCESS;
}
GATE(IoCheckDesiredAccess);

// The last three are reserved for the system: nf-ntifs-ioqueryfileinformation refers to
// ZwQueryInformationFile.
extern "C" NTSTATUS IoQueryFileInformation(FILE_OBJECT* file, ULONG info_class, ULONG length, PVOID buffer,
                                           ULONG* returned) {
    ULONG_PTR information = 0;
    const NTSTATUS status = io::query_information_of(file, buffer, length, info_class, information);
    *returned = static_cast<ULONG>(information);
    return status;
}
GATE(IoQueryFileInformation);
extern "C" NTSTATUS IoQueryVolumeInformation(FILE_OBJECT* file, ULONG info_class, ULONG length, PVOID buffer,
                                             ULONG* returned) {
    ULONG_PTR information = 0;
    const NTSTATUS status = io::query_volume_information_of(file, buffer, length, info_class, information);
    *returned = static_cast<ULONG>(information);
    return status;
}
GATE(IoQueryVolumeInformation);
extern "C" NTSTATUS IoSetInformation(FILE_OBJECT* file, ULONG info_class, ULONG length, PVOID buffer) {
    return io::set_information_of(file, buffer, length, info_class);
}
GATE(IoSetInformation);
