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

// Types Device, Driver, File, Controller, Adapter; \Driver and \FileSystem exist already. After
// ob::initialize().
NTSTATUS initialize();

// IoCreateFile's Options.
inline constexpr ULONG io_force_access_check = 0x1;
inline constexpr ULONG io_no_parameter_checking = 0x100;

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
};
NTSTATUS create_file(const CreateFile& what, KPROCESSOR_MODE mode);

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
NTSTATUS control_file(const Caller& caller, ULONG code, PVOID in, ULONG in_length, PVOID out,
                      ULONG out_length, bool fsctl);

NTSTATUS flush_buffers(HANDLE file, IO_STATUS_BLOCK* iosb, KPROCESSOR_MODE mode);
NTSTATUS query_information(HANDLE file, IO_STATUS_BLOCK* iosb, PVOID buffer, ULONG length, ULONG info_class,
                           KPROCESSOR_MODE mode);
NTSTATUS set_information(HANDLE file, IO_STATUS_BLOCK* iosb, PVOID buffer, ULONG length, ULONG info_class,
                         KPROCESSOR_MODE mode);
NTSTATUS query_volume_information(HANDLE file, IO_STATUS_BLOCK* iosb, PVOID buffer, ULONG length,
                                  ULONG info_class, KPROCESSOR_MODE mode);
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

// IoCreateStreamFileObject and kin come with file systems.

// IoCheckShareAccess, IoSetShareAccess, IoRemoveShareAccess, IoUpdateShareAccess.
NTSTATUS check_share_access(ACCESS_MASK desired, ULONG share, FILE_OBJECT* file, SHARE_ACCESS* state,
                            bool update);
void set_share_access(ACCESS_MASK desired, ULONG share, FILE_OBJECT* file, SHARE_ACCESS* state);
void remove_share_access(FILE_OBJECT* file, SHARE_ACCESS* state);
void update_share_access(FILE_OBJECT* file, SHARE_ACCESS* state);

// IoCheckEaBufferValidity. *offset gets the place of the first bad entry. STATUS_EA_LIST_INCONSISTENT.
NTSTATUS check_ea_buffer(const void* ea, ULONG length, ULONG* offset);

} // namespace nt::io
