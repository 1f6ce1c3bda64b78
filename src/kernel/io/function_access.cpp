// nf-ntifs-iocheckfunctionaccess: what a request needs of a handle's rights, by its function codes.
#include "abi/ioctl.h"
#include "abi/se.h"
#include "abi/status.h"
#include "kernel/io/detail/information_classes.h"
#include "kernel/io/file.h"

namespace nt::io {

namespace {

constexpr ACCESS_MASK any_data = FILE_READ_DATA | FILE_WRITE_DATA;
constexpr ACCESS_MASK any_write = FILE_WRITE_DATA | FILE_APPEND_DATA;

// All of `all` and one of `any`.
struct Needed {
    ACCESS_MASK all = 0, any = 0;
};

ACCESS_MASK of_control(ULONG code) {
    const ULONG access = code >> 14 & 3;
    return (access & FILE_READ_ACCESS ? FILE_READ_DATA : 0) |
           (access & FILE_WRITE_ACCESS ? FILE_WRITE_DATA : 0);
}

// What the services that make such requests ask for.
Needed needed_for(UCHAR major, UCHAR minor, ULONG code, const ULONG* file_class, const ULONG* volume_class) {
    switch (major) {
    case IRP_MJ_READ:
        return {FILE_READ_DATA};
    case IRP_MJ_WRITE:
    case IRP_MJ_FLUSH_BUFFERS:
        return {0, any_write};
    case IRP_MJ_QUERY_INFORMATION:
        return {0, file_class ? detail::query_facts(*file_class).access : 0};
    case IRP_MJ_SET_INFORMATION:
        return {0, file_class ? detail::set_facts(*file_class).access : 0};
    case IRP_MJ_QUERY_VOLUME_INFORMATION:
        return {0, volume_class ? detail::query_volume_facts(*volume_class).access : 0};
    case IRP_MJ_SET_VOLUME_INFORMATION:
        return {0, volume_class ? detail::set_volume_facts(*volume_class).access : 0};
    case IRP_MJ_QUERY_EA:
        return {FILE_READ_EA};
    case IRP_MJ_SET_EA:
        return {FILE_WRITE_EA};
    case IRP_MJ_SET_QUOTA:
        return {FILE_WRITE_DATA};
    case IRP_MJ_DIRECTORY_CONTROL:
        return {FILE_LIST_DIRECTORY};
    case IRP_MJ_LOCK_CONTROL:
        return {0, any_data};
    case IRP_MJ_QUERY_SECURITY:
        return {READ_CONTROL};
    case IRP_MJ_SET_SECURITY:
        return {0, WRITE_DAC | WRITE_OWNER | ACCESS_SYSTEM_SECURITY};
    case IRP_MJ_DEVICE_CONTROL:
    case IRP_MJ_INTERNAL_DEVICE_CONTROL:
        return {of_control(code)};
    case IRP_MJ_FILE_SYSTEM_CONTROL:
        return {minor == IRP_MN_USER_FS_REQUEST || minor == IRP_MN_KERNEL_CALL ? of_control(code) : 0};
    default:
        return {};
    }
}

} // namespace

NTSTATUS check_function_access(ACCESS_MASK granted, UCHAR major, UCHAR minor, ULONG code,
                               const ULONG* file_class, const ULONG* volume_class) {
    const Needed needed = needed_for(major, minor, code, file_class, volume_class);
    const bool allowed = (granted & needed.all) == needed.all && (!needed.any || (granted & needed.any) != 0);
    return allowed ? STATUS_SUCCESS : STATUS_ACCESS_DENIED;
}

} // namespace nt::io
