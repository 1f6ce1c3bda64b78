// NtCreateNamedPipeFile, NtCreateMailslotFile and IoCreateFile with its kin: every way to IRP_MJ_CREATE and
// the two majors beside it that is not NtCreateFile's own.
#include "abi/status.h"
#include "kernel/exports/runtime.h"
#include "kernel/io/ecp.h"
#include "kernel/io/file.h"

using namespace nt;
using exports::previous_mode;

extern "C" NTSTATUS NtCreateNamedPipeFile(HANDLE* handle, ULONG desired, OBJECT_ATTRIBUTES* attributes,
                                          IO_STATUS_BLOCK* iosb, ULONG share, ULONG disposition,
                                          ULONG options, ULONG type, ULONG read_mode, ULONG completion_mode,
                                          ULONG maximum_instances, ULONG inbound_quota, ULONG outbound_quota,
                                          const LARGE_INTEGER* timeout) {
    return io::create_named_pipe(
        {handle, desired, attributes, iosb, nullptr, 0, share, disposition, options, nullptr, 0},
        {type, read_mode, completion_mode, maximum_instances, inbound_quota, outbound_quota, timeout},
        previous_mode());
}
GATE(NtCreateNamedPipeFile);

extern "C" NTSTATUS NtCreateMailslotFile(HANDLE* handle, ULONG desired, OBJECT_ATTRIBUTES* attributes,
                                         IO_STATUS_BLOCK* iosb, ULONG options, ULONG quota,
                                         ULONG maximum_message_size, const LARGE_INTEGER* timeout) {
    return io::create_mailslot({handle, desired, attributes, iosb, nullptr, 0, 0, 0, options, nullptr, 0},
                               {quota, maximum_message_size, timeout}, previous_mode());
}
GATE(NtCreateMailslotFile);

namespace {

// InternalParameters is the structure that the stack location will point to.
NTSTATUS create(io::CreateFile what, ULONG type, const void* parameters) {
    if (type > static_cast<ULONG>(io::FileKind::mailslot) || (type && !parameters))
        return STATUS_INVALID_PARAMETER;
    what.kind = static_cast<io::FileKind>(type);
    what.parameters = parameters;
    return io::create_file(what, previous_mode());
}

} // namespace

extern "C" NTSTATUS IoCreateFile(HANDLE* handle, ACCESS_MASK desired, OBJECT_ATTRIBUTES* attributes,
                                 IO_STATUS_BLOCK* iosb, LARGE_INTEGER* allocation_size, ULONG file_attributes,
                                 ULONG share, ULONG disposition, ULONG options, PVOID ea, ULONG ea_length,
                                 ULONG create_file_type, PVOID parameters, ULONG io_options) {
    return create({handle, desired, attributes, iosb, allocation_size, file_attributes, share, disposition,
                   options, ea, ea_length, io_options},
                  create_file_type, parameters);
}
GATE(IoCreateFile);

extern "C" NTSTATUS IoCreateFileSpecifyDeviceObjectHint(HANDLE* handle, ACCESS_MASK desired,
                                                        OBJECT_ATTRIBUTES* attributes, IO_STATUS_BLOCK* iosb,
                                                        LARGE_INTEGER* allocation_size, ULONG file_attributes,
                                                        ULONG share, ULONG disposition, ULONG options,
                                                        PVOID ea, ULONG ea_length, ULONG create_file_type,
                                                        PVOID parameters, ULONG io_options, PVOID hint) {
    return create({handle, desired, attributes, iosb, allocation_size, file_attributes, share, disposition,
                   options, ea, ea_length, io_options | io::io_no_parameter_checking,
                   static_cast<DEVICE_OBJECT*>(hint)},
                  create_file_type, parameters);
}
GATE(IoCreateFileSpecifyDeviceObjectHint);

extern "C" NTSTATUS IoCreateFileEx(HANDLE* handle, ACCESS_MASK desired, OBJECT_ATTRIBUTES* attributes,
                                   IO_STATUS_BLOCK* iosb, LARGE_INTEGER* allocation_size,
                                   ULONG file_attributes, ULONG share, ULONG disposition, ULONG options,
                                   PVOID ea, ULONG ea_length, ULONG create_file_type, PVOID parameters,
                                   ULONG io_options, const IO_DRIVER_CREATE_CONTEXT* context) {
    DEVICE_OBJECT* hint = nullptr;
    io::EcpList* ecps = nullptr;
    if (context) {
        if (context->Size < static_cast<CSHORT>(offsetof(IO_DRIVER_CREATE_CONTEXT, SiloContext)))
            return STATUS_INVALID_PARAMETER;
        if (context->TxnParameters) return STATUS_NOT_SUPPORTED;
        ecps = static_cast<io::EcpList*>(context->ExtraCreateParameter);
        hint = static_cast<DEVICE_OBJECT*>(context->DeviceObjectHint);
    }
    io::CreateFile what{
        handle, desired,     attributes, iosb, allocation_size, file_attributes,
        share,  disposition, options,    ea,   ea_length,       io_options | io::io_no_parameter_checking,
        hint};
    what.ecps = ecps;
    return create(what, create_file_type, parameters);
}
GATE(IoCreateFileEx);
