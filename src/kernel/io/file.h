// File objects and the services on them. The Nt… functions are thin gates over these; `mode` is the previous
// mode, and pointers of UserMode callers are touched through guest:: primitives only.
//
// IRQL PASSIVE_LEVEL (special kernel APCs enabled). Pages: wdm/ntifs nf-*-ntcreatefile … (Zw forms).
#pragma once
#include "abi/irp.h"
#include "base/result.h"
#include "kernel/ob/handle.h"

namespace nt::io {

extern OBJECT_TYPE* file_type;
struct EcpList;

// Types Device, Driver, File, Controller, Adapter; \Driver and \FileSystem exist already. After
// ob::initialize().
NTSTATUS initialize();

// IoCreateFile's Options.
inline constexpr ULONG io_force_access_check = 0x1;
inline constexpr ULONG io_open_paging_file = 0x2;
inline constexpr ULONG io_open_target_directory = 0x4;
inline constexpr ULONG io_stop_on_symlink = 0x8;
inline constexpr ULONG io_no_parameter_checking = 0x100;
inline constexpr ULONG io_ignore_share_access_check = 0x800;

// IoCreateFile's CreateFileType; what it creates has parameters of its own.
enum class FileKind : ULONG { none, named_pipe, mailslot };

struct CreateFile {
    HANDLE* handle; // out
    ACCESS_MASK desired;
    OBJECT_ATTRIBUTES* attributes;
    IO_STATUS_BLOCK* iosb;
    LARGE_INTEGER* allocation_size;
    ULONG file_attributes;
    ULONG share;
    ULONG disposition;
    ULONG options;
    PVOID ea;
    ULONG ea_length;
    ULONG io_options = 0; // IO_* of IoCreateFile
    DEVICE_OBJECT* hint = nullptr;
    FileKind kind = FileKind::none;
    const void* parameters = nullptr; // the kernel's copy of NAMED_PIPE_ or MAILSLOT_CREATE_PARAMETERS
    EcpList* ecps = nullptr;          // extra create parameters (ecp.h)
};
// STATUS_INVALID_DEVICE_OBJECT_PARAMETER: the hint is not in the stack of the device.
NTSTATUS create_file(const CreateFile& what, KPROCESSOR_MODE mode);

// NtCreateNamedPipeFile and NtCreateMailslotFile: `what` holds the arguments that are like NtCreateFile's.
// Timeouts are relative, so negative; null: the default. STATUS_INVALID_PARAMETER.
struct NamedPipe {
    ULONG type, read_mode, completion_mode, maximum_instances, inbound_quota, outbound_quota;
    const LARGE_INTEGER* timeout;
};
NTSTATUS create_named_pipe(const CreateFile& what, const NamedPipe& pipe, KPROCESSOR_MODE mode);
struct Mailslot {
    ULONG quota, maximum_message_size;
    const LARGE_INTEGER* timeout;
};
NTSTATUS create_mailslot(const CreateFile& what, const Mailslot& mailslot, KPROCESSOR_MODE mode);

// IoCancelFileOpen: a filter fails an open that the drivers below have completed.
namespace detail {
void cancel_file_open(DEVICE_OBJECT* below, FILE_OBJECT* file);
}
// IoReplaceFileObjectName. STATUS_INVALID_PARAMETER: the file has no name.
NTSTATUS replace_file_name(FILE_OBJECT* file, const WCHAR* name, USHORT length);
KIRQL acquire_vpb_lock();
void release_vpb_lock(KIRQL irql);

// For the kernel itself: opens by name in kernel mode and puts a handle with the granted access into `table`.
// `attributes`: OBJ_INHERIT and so on, of the handle.
struct OpenFile {
    std::u16string_view name;
    ACCESS_MASK desired;
    ULONG share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    ULONG options = FILE_SYNCHRONOUS_IO_NONALERT;
};
Result<HANDLE> open_file(const OpenFile& what, ob::HandleTable& table, ULONG attributes);

// Every asynchronous-capable service shares these.
struct Caller {
    HANDLE file;
    HANDLE event;
    PVOID apc_routine;
    PVOID apc_context;
    IO_STATUS_BLOCK* iosb;
    KPROCESSOR_MODE mode;
};
NTSTATUS read_file(const Caller& caller, PVOID buffer, ULONG length, const LARGE_INTEGER* offset,
                   const ULONG* key);
NTSTATUS write_file(const Caller& caller, PVOID buffer, ULONG length, const LARGE_INTEGER* offset,
                    const ULONG* key);
// One page from or to each segment. STATUS_INVALID_PARAMETER: the file was not opened with
// FILE_NO_INTERMEDIATE_BUFFERING, or its device buffers.
NTSTATUS read_scatter(const Caller& caller, FILE_SEGMENT_ELEMENT* segments, ULONG length,
                      const LARGE_INTEGER* offset, const ULONG* key);
NTSTATUS write_gather(const Caller& caller, FILE_SEGMENT_ELEMENT* segments, ULONG length,
                      const LARGE_INTEGER* offset, const ULONG* key);
NTSTATUS control_file(const Caller& caller, ULONG code, PVOID in, ULONG in_length, PVOID out,
                      ULONG out_length, bool fsctl);

// `flags`: SL_* of a directory query; `name`: the search expression, or null.
NTSTATUS query_directory(const Caller& caller, PVOID buffer, ULONG length, ULONG info_class, ULONG flags,
                         const UNICODE_STRING* name);
NTSTATUS notify_directory(const Caller& caller, PVOID buffer, ULONG length, ULONG filter, bool tree,
                          ULONG info_class);
NTSTATUS lock_range(const Caller& caller, const LARGE_INTEGER* offset, const LARGE_INTEGER* length, ULONG key,
                    bool fail, bool exclusive);
NTSTATUS unlock_range(HANDLE file, IO_STATUS_BLOCK* iosb, const LARGE_INTEGER* offset,
                      const LARGE_INTEGER* length, ULONG key, KPROCESSOR_MODE mode);

// STATUS_EA_LIST_INCONSISTENT, STATUS_QUOTA_LIST_INCONSISTENT: the status block's Information is the place of
// the bad entry.
struct QueryEa {
    HANDLE file;
    IO_STATUS_BLOCK* iosb;
    PVOID buffer;
    ULONG length;
    bool single;
    const void* list;
    ULONG list_length;
    const ULONG* index;
    bool restart;
};
NTSTATUS query_ea(const QueryEa& what, KPROCESSOR_MODE mode);
NTSTATUS set_ea(HANDLE file, IO_STATUS_BLOCK* iosb, const void* buffer, ULONG length, KPROCESSOR_MODE mode);
struct QueryQuota {
    HANDLE file;
    IO_STATUS_BLOCK* iosb;
    PVOID buffer;
    ULONG length;
    bool single;
    const void* list;
    ULONG list_length;
    const void* start; // a SID
    bool restart;
};
NTSTATUS query_quota(const QueryQuota& what, KPROCESSOR_MODE mode);
NTSTATUS set_quota(HANDLE file, IO_STATUS_BLOCK* iosb, const void* buffer, ULONG length,
                   KPROCESSOR_MODE mode);

NTSTATUS flush_buffers(HANDLE file, ULONG flags, IO_STATUS_BLOCK* iosb, KPROCESSOR_MODE mode);
NTSTATUS query_information(HANDLE file, IO_STATUS_BLOCK* iosb, PVOID buffer, ULONG length, ULONG info_class,
                           KPROCESSOR_MODE mode);
NTSTATUS set_information(HANDLE file, IO_STATUS_BLOCK* iosb, PVOID buffer, ULONG length, ULONG info_class,
                         KPROCESSOR_MODE mode);
NTSTATUS query_volume_information(HANDLE file, IO_STATUS_BLOCK* iosb, PVOID buffer, ULONG length,
                                  ULONG info_class, KPROCESSOR_MODE mode);
NTSTATUS set_volume_information(HANDLE file, IO_STATUS_BLOCK* iosb, PVOID buffer, ULONG length,
                                ULONG info_class, KPROCESSOR_MODE mode);
// The same for a driver that has the file object.
NTSTATUS query_information_of(FILE_OBJECT* file, PVOID buffer, ULONG length, ULONG info_class,
                              ULONG_PTR& information);
NTSTATUS set_information_of(FILE_OBJECT* file, PVOID buffer, ULONG length, ULONG info_class);
NTSTATUS query_volume_information_of(FILE_OBJECT* file, PVOID buffer, ULONG length, ULONG info_class,
                                     ULONG_PTR& information);
// IoCheckQuerySetFileInformation, IoCheckQuerySetVolumeInformation.
NTSTATUS check_query_set(ULONG info_class, ULONG length, bool set);
NTSTATUS check_query_set_volume(ULONG info_class, ULONG length, bool set);
// NtCancelIoFile: this thread's requests on the file, waited for.
NTSTATUS cancel_io(HANDLE file, KPROCESSOR_MODE mode);
// NtCancelIoFileEx: the process's requests, or those with one status block; not waited for. STATUS_NOT_FOUND.
NTSTATUS cancel_io_of_process(HANDLE file, const IO_STATUS_BLOCK* only, KPROCESSOR_MODE mode);
// NtCancelSynchronousIoFile: what the thread waits for itself. STATUS_NOT_FOUND.
NTSTATUS cancel_synchronous_io(ke::Thread& thread, const IO_STATUS_BLOCK* only);
NTSTATUS delete_file(OBJECT_ATTRIBUTES* attributes, KPROCESSOR_MODE mode);
NTSTATUS query_attributes(OBJECT_ATTRIBUTES* attributes, PVOID basic_information, KPROCESSOR_MODE mode);
NTSTATUS query_full_attributes(OBJECT_ATTRIBUTES* attributes, PVOID network_open_information,
                               KPROCESSOR_MODE mode);

// IoCreateStreamFileObject and kin: a file of the driver's own, related to another file's device or to a
// device. With `handle` the caller gets one; a lite one is never cleaned up. Raises nothing: an error is the
// status to raise.
Result<FILE_OBJECT*> create_stream_file(FILE_OBJECT* related, DEVICE_OBJECT* device, HANDLE* handle,
                                        bool lite);
// IoSetFileOrigin: STATUS_INVALID_PARAMETER_MIX when it is so already.
NTSTATUS set_file_origin(FILE_OBJECT* file, bool remote);
// IoSetFileObjectIgnoreSharing.
NTSTATUS ignore_sharing(FILE_OBJECT* file);
bool is_ignoring_sharing(const FILE_OBJECT* file);
// IoCheckFunctionAccess; the classes may be null. STATUS_ACCESS_DENIED.
NTSTATUS check_function_access(ACCESS_MASK granted, UCHAR major, UCHAR minor, ULONG code,
                               const ULONG* file_class, const ULONG* volume_class);

// IoCheckShareAccess, IoSetShareAccess, IoRemoveShareAccess, IoUpdateShareAccess.
NTSTATUS check_share_access(ACCESS_MASK desired, ULONG share, FILE_OBJECT* file, SHARE_ACCESS* state,
                            bool update);
void set_share_access(ACCESS_MASK desired, ULONG share, FILE_OBJECT* file, SHARE_ACCESS* state);
void remove_share_access(FILE_OBJECT* file, SHARE_ACCESS* state);
void update_share_access(FILE_OBJECT* file, SHARE_ACCESS* state);

// With links (LINK_SHARE_ACCESS, may be null) and flags: IoCheckLinkShareAccess and kin,
// IoCheckShareAccessEx.
namespace share {
inline constexpr ULONG update = 0x1;
inline constexpr ULONG leave_file = 0x2;
inline constexpr ULONG skip_read = 0x4;
inline constexpr ULONG skip_write = 0x8;
inline constexpr ULONG skip_delete = 0x10;
inline constexpr ULONG force = 0x20;
inline constexpr ULONG delete_by_stream = 0x40;
inline constexpr ULONG secondary_stream = 0x80;
inline constexpr ULONG no_write_permission = 0x80000000;
} // namespace share
NTSTATUS check_link_share_access(ACCESS_MASK desired, ULONG sharing, FILE_OBJECT* file, SHARE_ACCESS* state,
                                 LINK_SHARE_ACCESS* link, ULONG flags);
void set_link_share_access(ACCESS_MASK desired, ULONG sharing, FILE_OBJECT* file, SHARE_ACCESS* state,
                           LINK_SHARE_ACCESS* link, ULONG flags);
void remove_link_share_access(FILE_OBJECT* file, SHARE_ACCESS* state, LINK_SHARE_ACCESS* link, ULONG flags);
void update_link_share_access(FILE_OBJECT* file, SHARE_ACCESS* state, LINK_SHARE_ACCESS* link, ULONG flags);

// IoCheckQuotaBufferValidity: as below, STATUS_QUOTA_LIST_INCONSISTENT, STATUS_DATATYPE_MISALIGNMENT.
NTSTATUS check_quota_buffer(const void* quota, ULONG length, ULONG* offset);
// IoCheckEaBufferValidity. *offset gets the place of the first bad entry. STATUS_EA_LIST_INCONSISTENT.
NTSTATUS check_ea_buffer(const void* ea, ULONG length, ULONG* offset);

} // namespace nt::io
