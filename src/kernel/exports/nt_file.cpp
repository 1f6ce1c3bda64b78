// System services on files: ntifs pages nf-ntifs-ntcreatefile, nf-ntifs-ntreadfile,
// nf-ntifs-ntdeviceiocontrolfile …
#include "kernel/exports/capture.h"
#include "kernel/exports/runtime.h"
#include "kernel/io/file.h"

using namespace nt;
using exports::previous_mode;

extern "C" NTSTATUS NtCreateFile(HANDLE* handle, ACCESS_MASK desired, OBJECT_ATTRIBUTES* attributes,
                                 IO_STATUS_BLOCK* iosb, LARGE_INTEGER* allocation_size, ULONG file_attributes,
                                 ULONG share, ULONG disposition, ULONG options, PVOID ea, ULONG ea_length) {
    return io::create_file({handle, desired, attributes, iosb, allocation_size, file_attributes, share,
                            disposition, options, ea, ea_length},
                           previous_mode());
}
GATE(NtCreateFile);

extern "C" NTSTATUS NtOpenFile(HANDLE* handle, ACCESS_MASK desired, OBJECT_ATTRIBUTES* attributes,
                               IO_STATUS_BLOCK* iosb, ULONG share, ULONG options) {
    return io::create_file(
        {handle, desired, attributes, iosb, nullptr, 0, share, FILE_OPEN, options, nullptr, 0},
        previous_mode());
}
GATE(NtOpenFile);

extern "C" NTSTATUS NtReadFile(HANDLE file, HANDLE event, PVOID apc, PVOID apc_context, IO_STATUS_BLOCK* iosb,
                               PVOID buffer, ULONG length, LARGE_INTEGER* offset, ULONG* key) {
    return io::read_file({file, event, apc, apc_context, iosb, previous_mode()}, buffer, length, offset, key);
}
GATE(NtReadFile);

extern "C" NTSTATUS NtWriteFile(HANDLE file, HANDLE event, PVOID apc, PVOID apc_context,
                                IO_STATUS_BLOCK* iosb, PVOID buffer, ULONG length, LARGE_INTEGER* offset,
                                ULONG* key) {
    return io::write_file({file, event, apc, apc_context, iosb, previous_mode()}, buffer, length, offset,
                          key);
}
GATE(NtWriteFile);

extern "C" NTSTATUS NtReadFileScatter(HANDLE file, HANDLE event, PVOID apc, PVOID apc_context,
                                      IO_STATUS_BLOCK* iosb, FILE_SEGMENT_ELEMENT* segments, ULONG length,
                                      LARGE_INTEGER* offset, ULONG* key) {
    return io::read_scatter({file, event, apc, apc_context, iosb, previous_mode()}, segments, length, offset,
                            key);
}
GATE(NtReadFileScatter);

extern "C" NTSTATUS NtWriteFileGather(HANDLE file, HANDLE event, PVOID apc, PVOID apc_context,
                                      IO_STATUS_BLOCK* iosb, FILE_SEGMENT_ELEMENT* segments, ULONG length,
                                      LARGE_INTEGER* offset, ULONG* key) {
    return io::write_gather({file, event, apc, apc_context, iosb, previous_mode()}, segments, length, offset,
                            key);
}
GATE(NtWriteFileGather);

extern "C" NTSTATUS NtDeviceIoControlFile(HANDLE file, HANDLE event, PVOID apc, PVOID apc_context,
                                          IO_STATUS_BLOCK* iosb, ULONG code, PVOID in, ULONG in_length,
                                          PVOID out, ULONG out_length) {
    return io::control_file({file, event, apc, apc_context, iosb, previous_mode()}, code, in, in_length, out,
                            out_length, false);
}
GATE(NtDeviceIoControlFile);

extern "C" NTSTATUS NtFsControlFile(HANDLE file, HANDLE event, PVOID apc, PVOID apc_context,
                                    IO_STATUS_BLOCK* iosb, ULONG code, PVOID in, ULONG in_length, PVOID out,
                                    ULONG out_length) {
    return io::control_file({file, event, apc, apc_context, iosb, previous_mode()}, code, in, in_length, out,
                            out_length, true);
}
GATE(NtFsControlFile);

extern "C" NTSTATUS NtFlushBuffersFile(HANDLE file, IO_STATUS_BLOCK* iosb) {
    return io::flush_buffers(file, 0, iosb, previous_mode());
}
GATE(NtFlushBuffersFile);

extern "C" NTSTATUS NtQueryInformationFile(HANDLE file, IO_STATUS_BLOCK* iosb, PVOID buffer, ULONG length,
                                           ULONG info_class) {
    return io::query_information(file, iosb, buffer, length, info_class, previous_mode());
}
GATE(NtQueryInformationFile);

extern "C" NTSTATUS NtSetInformationFile(HANDLE file, IO_STATUS_BLOCK* iosb, PVOID buffer, ULONG length,
                                         ULONG info_class) {
    return io::set_information(file, iosb, buffer, length, info_class, previous_mode());
}
GATE(NtSetInformationFile);

extern "C" NTSTATUS NtQueryVolumeInformationFile(HANDLE file, IO_STATUS_BLOCK* iosb, PVOID buffer,
                                                 ULONG length, ULONG info_class) {
    return io::query_volume_information(file, iosb, buffer, length, info_class, previous_mode());
}
GATE(NtQueryVolumeInformationFile);

extern "C" NTSTATUS NtDeleteFile(OBJECT_ATTRIBUTES* attributes) {
    return io::delete_file(attributes, previous_mode());
}
GATE(NtDeleteFile);

extern "C" NTSTATUS NtQueryAttributesFile(OBJECT_ATTRIBUTES* attributes, PVOID information) {
    return io::query_attributes(attributes, information, previous_mode());
}
GATE(NtQueryAttributesFile);

extern "C" NTSTATUS NtQueryFullAttributesFile(OBJECT_ATTRIBUTES* attributes, PVOID information) {
    return io::query_full_attributes(attributes, information, previous_mode());
}
GATE(NtQueryFullAttributesFile);
