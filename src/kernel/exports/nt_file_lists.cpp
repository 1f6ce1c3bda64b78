// System services on directories, extended attributes, quotas and volumes: nf-ntifs-ntquerydirectoryfileex,
// nf-ntifs-zwqueryeafile, nf-ntifs-zwqueryquotainformationfile, nf-ntifs-zwsetvolumeinformationfile,
// nf-ntifs-zwflushbuffersfileex …
#include "abi/status.h"
#include "kernel/exports/runtime.h"
#include "kernel/io/file.h"

using namespace nt;
using exports::previous_mode;

extern "C" NTSTATUS NtQueryDirectoryFile(HANDLE file, HANDLE event, PVOID apc, PVOID apc_context,
                                         IO_STATUS_BLOCK* iosb, PVOID buffer, ULONG length, ULONG info_class,
                                         BOOLEAN single, const UNICODE_STRING* name, BOOLEAN restart) {
    const ULONG flags = (restart ? SL_RESTART_SCAN : 0) | (single ? SL_RETURN_SINGLE_ENTRY : 0);
    return io::query_directory({file, event, apc, apc_context, iosb, previous_mode()}, buffer, length,
                               info_class, flags, name);
}
GATE(NtQueryDirectoryFile);

extern "C" NTSTATUS NtQueryDirectoryFileEx(HANDLE file, HANDLE event, PVOID apc, PVOID apc_context,
                                           IO_STATUS_BLOCK* iosb, PVOID buffer, ULONG length,
                                           ULONG info_class, ULONG flags, const UNICODE_STRING* name) {
    return io::query_directory({file, event, apc, apc_context, iosb, previous_mode()}, buffer, length,
                               info_class, flags, name);
}
GATE(NtQueryDirectoryFileEx);

extern "C" NTSTATUS NtNotifyChangeDirectoryFile(HANDLE file, HANDLE event, PVOID apc, PVOID apc_context,
                                                IO_STATUS_BLOCK* iosb, PVOID buffer, ULONG length,
                                                ULONG filter, BOOLEAN tree) {
    return io::notify_directory({file, event, apc, apc_context, iosb, previous_mode()}, buffer, length,
                                filter, tree, DirectoryNotifyInformation);
}
GATE(NtNotifyChangeDirectoryFile);

extern "C" NTSTATUS NtNotifyChangeDirectoryFileEx(HANDLE file, HANDLE event, PVOID apc, PVOID apc_context,
                                                  IO_STATUS_BLOCK* iosb, PVOID buffer, ULONG length,
                                                  ULONG filter, BOOLEAN tree, ULONG info_class) {
    return io::notify_directory({file, event, apc, apc_context, iosb, previous_mode()}, buffer, length,
                                filter, tree, info_class);
}
GATE(NtNotifyChangeDirectoryFileEx);

extern "C" NTSTATUS NtQueryEaFile(HANDLE file, IO_STATUS_BLOCK* iosb, PVOID buffer, ULONG length,
                                  BOOLEAN single, PVOID list, ULONG list_length, ULONG* index,
                                  BOOLEAN restart) {
    return io::query_ea({file, iosb, buffer, length, single != 0, list, list_length, index, restart != 0},
                        previous_mode());
}
GATE(NtQueryEaFile);

extern "C" NTSTATUS NtSetEaFile(HANDLE file, IO_STATUS_BLOCK* iosb, PVOID buffer, ULONG length) {
    return io::set_ea(file, iosb, buffer, length, previous_mode());
}
GATE(NtSetEaFile);

extern "C" NTSTATUS NtQueryQuotaInformationFile(HANDLE file, IO_STATUS_BLOCK* iosb, PVOID buffer,
                                                ULONG length, BOOLEAN single, PVOID list, ULONG list_length,
                                                PVOID start, BOOLEAN restart) {
    return io::query_quota({file, iosb, buffer, length, single != 0, list, list_length, start, restart != 0},
                           previous_mode());
}
GATE(NtQueryQuotaInformationFile);

extern "C" NTSTATUS NtSetQuotaInformationFile(HANDLE file, IO_STATUS_BLOCK* iosb, PVOID buffer,
                                              ULONG length) {
    return io::set_quota(file, iosb, buffer, length, previous_mode());
}
GATE(NtSetQuotaInformationFile);

extern "C" NTSTATUS NtSetVolumeInformationFile(HANDLE file, IO_STATUS_BLOCK* iosb, PVOID buffer, ULONG length,
                                               ULONG info_class) {
    return io::set_volume_information(file, iosb, buffer, length, info_class, previous_mode());
}
GATE(NtSetVolumeInformationFile);

// Parameters and their size are reserved.
extern "C" NTSTATUS NtFlushBuffersFileEx(HANDLE file, ULONG flags, PVOID parameters, ULONG size,
                                         IO_STATUS_BLOCK* iosb) {
    if (parameters || size) return STATUS_INVALID_PARAMETER; // assumed: "must be NULL", "must be 0"
    return io::flush_buffers(file, flags, iosb, previous_mode());
}
GATE(NtFlushBuffersFileEx);

extern "C" NTSTATUS NtLockFile(HANDLE file, HANDLE event, PVOID apc, PVOID apc_context, IO_STATUS_BLOCK* iosb,
                               const LARGE_INTEGER* offset, const LARGE_INTEGER* length, ULONG key,
                               BOOLEAN fail, BOOLEAN exclusive) {
    return io::lock_range({file, event, apc, apc_context, iosb, previous_mode()}, offset, length, key, fail,
                          exclusive);
}
GATE(NtLockFile);

extern "C" NTSTATUS NtUnlockFile(HANDLE file, IO_STATUS_BLOCK* iosb, const LARGE_INTEGER* offset,
                                 const LARGE_INTEGER* length, ULONG key) {
    return io::unlock_range(file, iosb, offset, length, key, previous_mode());
}
GATE(NtUnlockFile);
