// NtCreateNamedPipeFile and NtCreateMailslotFile: creates that go to whatever device the name leads to, with
// parameters that only a file system for pipes or mailslots knows what to do with. Pages:
// nf-fltkernel-fltcreatenamedpipefile, nf-fltkernel-fltcreatemailslotfile.
#include "abi/status.h"
#include "kernel/io/detail/request.h"
#include "kernel/io/file.h"

namespace nt::io {

namespace {

constexpr ULONG sync_options = FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT;

// "This value is expressed as a negative integer."
NTSTATUS fetch_timeout(const LARGE_INTEGER* given, KPROCESSOR_MODE mode, LARGE_INTEGER& timeout,
                       BOOLEAN& specified) {
    specified = given != nullptr;
    if (!given) return STATUS_SUCCESS;
    if (const NTSTATUS status = detail::fetch(timeout, given, mode); !NT_SUCCESS(status)) return status;
    return timeout.QuadPart < 0 ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

bool is_pipe_valid(const CreateFile& what, const NamedPipe& pipe) {
    if (pipe.type & ~(FILE_PIPE_MESSAGE_TYPE | FILE_PIPE_REJECT_REMOTE_CLIENTS)) return false;
    if (pipe.read_mode > FILE_PIPE_MESSAGE_MODE || pipe.completion_mode > FILE_PIPE_COMPLETE_OPERATION)
        return false;
    if (pipe.read_mode == FILE_PIPE_MESSAGE_MODE && !(pipe.type & FILE_PIPE_MESSAGE_TYPE)) return false;
    if (what.share & ~(FILE_SHARE_READ | FILE_SHARE_WRITE)) return false;
    if (what.disposition < FILE_OPEN || what.disposition > FILE_OPEN_IF) return false;
    return !(what.options & ~FILE_VALID_PIPE_OPTION_FLAGS);
}

} // namespace

NTSTATUS create_named_pipe(const CreateFile& given, const NamedPipe& pipe, KPROCESSOR_MODE mode) {
    if (!is_pipe_valid(given, pipe)) return STATUS_INVALID_PARAMETER;
    NAMED_PIPE_CREATE_PARAMETERS parameters{pipe.type,
                                            pipe.read_mode,
                                            pipe.completion_mode,
                                            pipe.maximum_instances,
                                            pipe.inbound_quota,
                                            pipe.outbound_quota,
                                            {},
                                            FALSE};
    if (const NTSTATUS status =
            fetch_timeout(pipe.timeout, mode, parameters.DefaultTimeout, parameters.TimeoutSpecified);
        !NT_SUCCESS(status))
        return status;
    CreateFile what = given;
    what.kind = FileKind::named_pipe;
    what.parameters = &parameters;
    return create_file(what, mode);
}

// A timeout of -1 is one that never comes (win32, CreateMailslot: MAILSLOT_WAIT_FOREVER).
NTSTATUS create_mailslot(const CreateFile& given, const Mailslot& mailslot, KPROCESSOR_MODE mode) {
    if (given.options & ~(FILE_VALID_MAILSLOT_OPTION_FLAGS | sync_options)) return STATUS_INVALID_PARAMETER;
    MAILSLOT_CREATE_PARAMETERS parameters{mailslot.quota, mailslot.maximum_message_size, {}, FALSE};
    parameters.TimeoutSpecified = mailslot.timeout != nullptr;
    if (mailslot.timeout)
        if (const NTSTATUS status = detail::fetch(parameters.ReadTimeout, mailslot.timeout, mode);
            !NT_SUCCESS(status))
            return status;
    CreateFile what = given;
    what.kind = FileKind::mailslot;
    what.parameters = &parameters;
    what.share = FILE_SHARE_READ | FILE_SHARE_WRITE;
    what.disposition = FILE_CREATE;
    return create_file(what, mode);
}

} // namespace nt::io
