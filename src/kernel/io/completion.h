// I/O completion ports: the IoCompletion object is a KQUEUE of packets. A packet is the IRP of the request
// that completed, kept until somebody takes it, or a small block that a program or driver posted.
//
// A request on a file with a port belongs to the file, not to its thread (FILE_OBJECT.IrpList): the end of
// the thread does not cancel it. https://learn.microsoft.com/windows/win32/fileio/i-o-completion-ports
#pragma once
#include "abi/dispatcher.h"
#include "abi/irp.h"

namespace nt {
struct OBJECT_TYPE;
}

namespace nt::io {

extern OBJECT_TYPE* completion_type;
inline constexpr ACCESS_MASK IO_COMPLETION_QUERY_STATE = 0x1, IO_COMPLETION_MODIFY_STATE = 0x2,
                             IO_COMPLETION_ALL_ACCESS = 0x1f0003;

// What a packet says; the layout of FILE_IO_COMPLETION_INFORMATION and OVERLAPPED_ENTRY.
struct Completion {
    PVOID key;
    PVOID context;
    IO_STATUS_BLOCK status;
};

// Puts a packet into the port (NtSetIoCompletion). STATUS_INSUFFICIENT_RESOURCES. Up to DISPATCH_LEVEL.
NTSTATUS post_completion(KQUEUE& port, const Completion& what);
// Takes up to `count` packets (at most 64 at once), waiting for the first one. 0: see `status`:
// STATUS_TIMEOUT, STATUS_USER_APC, STATUS_ABANDONED (the port was closed). Status blocks of requests are
// written now, so it must be called in the process that made them.
ULONG take_completions(KQUEUE& port, KPROCESSOR_MODE mode, bool alertable, const LARGE_INTEGER* timeout,
                       Completion* to, ULONG count, NTSTATUS& status);

// FileCompletionInformation and FileReplaceCompletionInformation: binds the file to the port, referenced for
// it. STATUS_INVALID_PARAMETER: the file is for synchronous I/O, or has a port (unless `replace`).
NTSTATUS bind_completion(FILE_OBJECT* file, KQUEUE* port, PVOID key, bool replace);

// The KAPC of a request has been taken or run down.
void free_apc(KAPC* apc);

} // namespace nt::io
