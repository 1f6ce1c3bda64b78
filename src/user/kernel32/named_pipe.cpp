// Named pipes: thin calls to whatever driver stands behind \??\PIPE. None does unless one is loaded; then a
// name leads nowhere, as on a Windows without npfs. Control codes: [MS-FSCC] and ntifs.h, FSCTL_PIPE_….
#include "path_name.h"

namespace nt {
using namespace k32;

namespace {

constexpr DWORD PIPE_ACCESS_INBOUND = 1, PIPE_ACCESS_DUPLEX = 3, FIRST_INSTANCE = 0x80000;
constexpr DWORD PIPE_NOWAIT = 1, PIPE_READMODE_MESSAGE = 2, PIPE_TYPE_MESSAGE = 4, PIPE_REJECT_REMOTE = 8;
constexpr DWORD PIPE_UNLIMITED_INSTANCES = 255;
constexpr DWORD object_access = 0x010c0000; // WRITE_DAC, WRITE_OWNER, ACCESS_SYSTEM_SECURITY
constexpr ULONG FSCTL_PIPE_DISCONNECT = 0x110004, FSCTL_PIPE_LISTEN = 0x110008, FSCTL_PIPE_PEEK = 0x11400c,
                FSCTL_PIPE_TRANSCEIVE = 0x11c017, FSCTL_PIPE_WAIT = 0x110018;

// \\.\pipe\name, of this machine: its NT path begins so.
bool is_pipe(const UNICODE_STRING& path) { return is_below(path, u"\\??\\pipe\\"); }

LARGE_INTEGER relative(DWORD milliseconds) {
    LARGE_INTEGER time;
    time.QuadPart = LONGLONG(milliseconds) * -10000;
    return time;
}

HANDLE create_pipe(const WCHAR* name, DWORD open_mode, DWORD pipe_mode, DWORD instances, DWORD out_size,
                   DWORD in_size, DWORD timeout, SECURITY_ATTRIBUTES* security) {
    constexpr DWORD known =
        PIPE_ACCESS_DUPLEX | FIRST_INSTANCE | FILE_FLAG_WRITE_THROUGH | FILE_FLAG_OVERLAPPED | object_access;
    if ((open_mode & ~known) || !(open_mode & PIPE_ACCESS_DUPLEX) || (pipe_mode & ~0xfu) || instances == 0 ||
        instances > PIPE_UNLIMITED_INSTANCES ||
        ((pipe_mode & PIPE_READMODE_MESSAGE) && !(pipe_mode & PIPE_TYPE_MESSAGE)))
        return fail_with(ERROR_INVALID_PARAMETER), INVALID_HANDLE_VALUE;
    Name path(name);
    if (!path) return INVALID_HANDLE_VALUE;
    if (!is_pipe(path.string())) return fail_with(ERROR_INVALID_NAME), INVALID_HANDLE_VALUE;
    if (security) {
        path.attributes()->SecurityDescriptor = security->lpSecurityDescriptor;
        if (security->bInheritHandle) path.attributes()->Attributes |= OBJ_INHERIT;
    }
    ULONG access = (open_mode & object_access) | SYNCHRONIZE, share = 0, options = 0;
    if (open_mode & PIPE_ACCESS_INBOUND) access |= 0x80000000, share |= FILE_SHARE_WRITE; // GENERIC_READ
    if (open_mode & 2) access |= 0x40000000, share |= FILE_SHARE_READ; // PIPE_ACCESS_OUTBOUND
    if (open_mode & FILE_FLAG_WRITE_THROUGH) options |= FILE_WRITE_THROUGH;
    if (!(open_mode & FILE_FLAG_OVERLAPPED)) options |= FILE_SYNCHRONOUS_IO_NONALERT;
    const ULONG type = (pipe_mode & PIPE_TYPE_MESSAGE ? FILE_PIPE_MESSAGE_TYPE : 0) |
                       (pipe_mode & PIPE_REJECT_REMOTE ? FILE_PIPE_REJECT_REMOTE_CLIENTS : 0);
    LARGE_INTEGER wait = relative(timeout ? timeout : 50);
    HANDLE file;
    IO_STATUS_BLOCK iosb;
    const NTSTATUS status = NtCreateNamedPipeFile(
        &file, access, path.attributes(), &iosb, share,
        open_mode & FIRST_INSTANCE ? FILE_CREATE : FILE_OPEN_IF, options, type,
        (pipe_mode & PIPE_READMODE_MESSAGE) != 0, pipe_mode & PIPE_NOWAIT,
        instances == PIPE_UNLIMITED_INSTANCES ? ~0u : instances, in_size, out_size, &wait);
    if (!NT_SUCCESS(status)) return fail(status), INVALID_HANDLE_VALUE;
    return file;
}

// A control request that is waited for.
NTSTATUS control(HANDLE file, ULONG code, PVOID in, ULONG in_size, PVOID out, ULONG out_size,
                 ULONG_PTR* information) {
    IO_STATUS_BLOCK iosb;
    NTSTATUS status =
        NtFsControlFile(file, nullptr, nullptr, nullptr, &iosb, code, in, in_size, out, out_size);
    if (status == STATUS_PENDING) {
        NtWaitForSingleObject(file, FALSE, nullptr);
        status = iosb.Status;
    }
    if (information) *information = NT_ERROR(status) ? 0 : iosb.Information;
    return status;
}

BOOL control(HANDLE file, ULONG code, PVOID in, ULONG in_size, PVOID out, ULONG out_size, DWORD* done,
             OVERLAPPED* o) {
    file = real_handle(file);
    ULONG_PTR information = 0;
    if (!o) {
        const NTSTATUS status = control(file, code, in, in_size, out, out_size, &information);
        if (done) *done = DWORD(information);
        return status == STATUS_BUFFER_OVERFLOW ? fail(status) : answer(status);
    }
    o->Internal = STATUS_PENDING;
    const NTSTATUS status = NtFsControlFile(file, event_of(o), nullptr, context_of(o), o->status_block(),
                                            code, in, in_size, out, out_size);
    if (NT_SUCCESS(status) && status != STATUS_PENDING) {
        if (done) *done = DWORD(o->InternalHigh);
        return TRUE;
    }
    return fail(status);
}

struct PEEK {
    ULONG NamedPipeState, ReadDataAvailable, NumberOfMessages, MessageLength;
    UCHAR Data[4096];
};

// FILE_PIPE_WAIT_FOR_BUFFER, asked of the pipe file system itself.
BOOL wait_for_pipe(const WCHAR* name, DWORD milliseconds) {
    struct {
        LARGE_INTEGER Timeout;
        ULONG NameLength;
        BOOLEAN TimeoutSpecified;
        WCHAR Text[MAX_PATH];
    } wait;
    Name path(name);
    if (!path) return FALSE;
    if (!is_pipe(path.string())) return fail_with(ERROR_INVALID_NAME);
    constexpr ULONG head = 9 * sizeof(WCHAR);
    const UNICODE_STRING& whole = path.string();
    wait.NameLength = whole.Length - head;
    if (wait.NameLength > sizeof wait.Text) return fail_with(ERROR_FILENAME_EXCED_RANGE);
    wait.TimeoutSpecified = milliseconds != 0; // NMPWAIT_USE_DEFAULT_WAIT
    wait.Timeout = relative(milliseconds);
    if (milliseconds == INFINITE) wait.Timeout.QuadPart = LONGLONG(1) << 63; // NMPWAIT_WAIT_FOREVER
    RtlMoveMemory(wait.Text, whole.Buffer + 9, wait.NameLength);
    UNICODE_STRING root = whole;
    root.Length = USHORT(head);
    OBJECT_ATTRIBUTES attributes{sizeof attributes, nullptr, &root, OBJ_CASE_INSENSITIVE, nullptr, nullptr};
    HANDLE device;
    IO_STATUS_BLOCK iosb;
    NTSTATUS status = NtOpenFile(&device, FILE_READ_ATTRIBUTES | SYNCHRONIZE, &attributes, &iosb,
                                 FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_SYNCHRONOUS_IO_NONALERT);
    if (!NT_SUCCESS(status)) return fail(status);
    const ULONG size =
        ULONG(reinterpret_cast<UCHAR*>(wait.Text) - reinterpret_cast<UCHAR*>(&wait)) + wait.NameLength;
    status = control(device, FSCTL_PIPE_WAIT, &wait, size, nullptr, 0, static_cast<ULONG_PTR*>(nullptr));
    NtClose(device);
    return answer(status);
}

HANDLE open_client(const WCHAR* name) {
    Name path(name);
    if (!path) return nullptr;
    if (!is_pipe(path.string())) return fail_with(ERROR_INVALID_NAME), nullptr;
    HANDLE file;
    IO_STATUS_BLOCK iosb;
    const NTSTATUS status =
        NtOpenFile(&file, 0xc0000000 | SYNCHRONIZE | FILE_READ_ATTRIBUTES, // GENERIC_READ | GENERIC_WRITE
                   path.attributes(), &iosb, 0, FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE);
    return NT_SUCCESS(status) ? file : (fail(status), nullptr);
}

// What CallNamedPipe's page says it is equivalent to: CreateFile (or WaitNamedPipe, while all instances are
// busy), TransactNamedPipe, CloseHandle.
BOOL call_pipe(const WCHAR* name, PVOID in, DWORD in_size, PVOID out, DWORD out_size, DWORD* read,
               DWORD milliseconds) {
    constexpr DWORD NMPWAIT_NOWAIT = 1, ERROR_PIPE_BUSY = 231;
    HANDLE pipe;
    while (!(pipe = open_client(name))) {
        if (NtCurrentTeb()->LastErrorValue != ERROR_PIPE_BUSY || milliseconds == NMPWAIT_NOWAIT) return FALSE;
        if (!wait_for_pipe(name, milliseconds)) return FALSE;
    }
    FILE_PIPE_INFORMATION by_message{1, 0};
    IO_STATUS_BLOCK iosb;
    NTSTATUS status = NtSetInformationFile(pipe, &iosb, &by_message, sizeof by_message, FilePipeInformation);
    if (NT_SUCCESS(status)) {
        ULONG_PTR information;
        status = control(pipe, FSCTL_PIPE_TRANSCEIVE, in, in_size, out, out_size, &information);
        if (!NT_ERROR(status)) *read = DWORD(information);
    }
    NtClose(pipe);
    return status == STATUS_BUFFER_OVERFLOW ? fail(status) : answer(status);
}

template <class T> NTSTATUS query(HANDLE file, T& to, FILE_INFORMATION_CLASS cls) {
    IO_STATUS_BLOCK iosb;
    return NtQueryInformationFile(real_handle(file), &iosb, &to, sizeof to, cls);
}

BOOL handle_state(HANDLE pipe, DWORD* state, DWORD* instances, DWORD* collection_count,
                  DWORD* collect_timeout, PVOID user) {
    if (collection_count || collect_timeout) return fail_with(ERROR_INVALID_PARAMETER);
    if (user) stop("GetNamedPipeHandleState with a user name");
    if (state) {
        FILE_PIPE_INFORMATION information;
        const NTSTATUS status = query(pipe, information, FilePipeInformation);
        if (!NT_SUCCESS(status)) return fail(status);
        *state = (information.ReadMode & 1 ? PIPE_READMODE_MESSAGE : 0) |
                 (information.CompletionMode & 1 ? PIPE_NOWAIT : 0);
    }
    if (instances) {
        FILE_PIPE_LOCAL_INFORMATION local;
        const NTSTATUS status = query(pipe, local, FilePipeLocalInformation);
        if (!NT_SUCCESS(status)) return fail(status);
        *instances = local.CurrentInstances < PIPE_UNLIMITED_INSTANCES ? local.CurrentInstances
                                                                       : PIPE_UNLIMITED_INSTANCES;
    }
    return TRUE;
}

} // namespace

extern "C" {

HANDLE CreateNamedPipeW(const WCHAR* name, DWORD open_mode, DWORD pipe_mode, DWORD instances, DWORD out_size,
                        DWORD in_size, DWORD timeout, SECURITY_ATTRIBUTES* security) {
    return create_pipe(name, open_mode, pipe_mode, instances, out_size, in_size, timeout, security);
}
HANDLE CreateNamedPipeA(const CHAR* name, DWORD open_mode, DWORD pipe_mode, DWORD instances, DWORD out_size,
                        DWORD in_size, DWORD timeout, SECURITY_ATTRIBUTES* security) {
    Wide wide(name);
    return wide.ok() ? create_pipe(wide.get(), open_mode, pipe_mode, instances, out_size, in_size, timeout,
                                   security)
                     : INVALID_HANDLE_VALUE;
}
BOOL ConnectNamedPipe(HANDLE pipe, OVERLAPPED* o) {
    return control(pipe, FSCTL_PIPE_LISTEN, nullptr, 0, nullptr, 0, nullptr, o);
}
BOOL DisconnectNamedPipe(HANDLE pipe) {
    return control(pipe, FSCTL_PIPE_DISCONNECT, nullptr, 0, nullptr, 0, nullptr, nullptr);
}
BOOL TransactNamedPipe(HANDLE pipe, PVOID in, DWORD in_size, PVOID out, DWORD out_size, DWORD* done,
                       OVERLAPPED* o) {
    return control(pipe, FSCTL_PIPE_TRANSCEIVE, in, in_size, out, out_size, done, o);
}
// A message that is larger than the buffer is not an error here.
BOOL PeekNamedPipe(HANDLE pipe, PVOID buffer, DWORD size, DWORD* read, DWORD* available, DWORD* left) {
    constexpr ULONG head = offsetof(PEEK, Data);
    Scratch<UCHAR> scratch(head + size);
    if (!scratch) return fail_with(ERROR_NOT_ENOUGH_MEMORY);
    ULONG_PTR information;
    const NTSTATUS status =
        control(real_handle(pipe), FSCTL_PIPE_PEEK, nullptr, 0, scratch.get(), head + size, &information);
    if (!NT_SUCCESS(status) && status != STATUS_BUFFER_OVERFLOW) return fail(status);
    const auto& peek = *reinterpret_cast<const PEEK*>(scratch.get());
    const DWORD bytes = DWORD(information) > head ? DWORD(information) - head : 0;
    if (buffer && bytes) RtlMoveMemory(buffer, scratch.get() + head, bytes);
    if (read) *read = bytes;
    if (available) *available = peek.ReadDataAvailable;
    if (left) *left = peek.MessageLength > bytes ? peek.MessageLength - bytes : 0;
    return TRUE;
}
BOOL WaitNamedPipeW(const WCHAR* name, DWORD milliseconds) { return wait_for_pipe(name, milliseconds); }
BOOL WaitNamedPipeA(const CHAR* name, DWORD milliseconds) {
    Wide wide(name);
    return wide.ok() && wait_for_pipe(wide.get(), milliseconds);
}

BOOL GetNamedPipeInfo(HANDLE pipe, DWORD* flags, DWORD* out_size, DWORD* in_size, DWORD* instances) {
    FILE_PIPE_LOCAL_INFORMATION local;
    const NTSTATUS status = query(pipe, local, FilePipeLocalInformation);
    if (!NT_SUCCESS(status)) return fail(status);
    if (flags) *flags = (local.NamedPipeEnd & 1) | (local.NamedPipeType & 1 ? PIPE_TYPE_MESSAGE : 0);
    if (out_size) *out_size = local.OutboundQuota;
    if (in_size) *in_size = local.InboundQuota;
    if (instances)
        *instances = local.MaximumInstances >= PIPE_UNLIMITED_INSTANCES ? PIPE_UNLIMITED_INSTANCES
                                                                        : local.MaximumInstances;
    return TRUE;
}
// Collection counts and timeouts are those of remote pipes.
BOOL SetNamedPipeHandleState(HANDLE pipe, DWORD* mode, DWORD* collection_count, DWORD* collect_timeout) {
    if (collection_count || collect_timeout) return fail_with(ERROR_INVALID_PARAMETER);
    if (!mode) return TRUE;
    if (*mode & ~(PIPE_NOWAIT | PIPE_READMODE_MESSAGE)) return fail_with(ERROR_INVALID_PARAMETER);
    FILE_PIPE_INFORMATION information{(*mode & PIPE_READMODE_MESSAGE) != 0, *mode & PIPE_NOWAIT};
    IO_STATUS_BLOCK iosb;
    return answer(NtSetInformationFile(real_handle(pipe), &iosb, &information, sizeof information,
                                       FilePipeInformation));
}

// The state of a remote pipe's client end is not there to be told, nor whom a server's client is.
BOOL GetNamedPipeHandleStateW(HANDLE pipe, DWORD* state, DWORD* instances, DWORD* collection_count,
                              DWORD* collect_timeout, WCHAR* user, DWORD) {
    return handle_state(pipe, state, instances, collection_count, collect_timeout, user);
}
BOOL GetNamedPipeHandleStateA(HANDLE pipe, DWORD* state, DWORD* instances, DWORD* collection_count,
                              DWORD* collect_timeout, CHAR* user, DWORD) {
    return handle_state(pipe, state, instances, collection_count, collect_timeout, user);
}

BOOL CallNamedPipeW(const WCHAR* name, PVOID in, DWORD in_size, PVOID out, DWORD out_size, DWORD* read,
                    DWORD milliseconds) {
    return call_pipe(name, in, in_size, out, out_size, read, milliseconds);
}
BOOL CallNamedPipeA(const CHAR* name, PVOID in, DWORD in_size, PVOID out, DWORD out_size, DWORD* read,
                    DWORD milliseconds) {
    Wide wide(name);
    return wide.ok() && call_pipe(wide.get(), in, in_size, out, out_size, read, milliseconds);
}

} // extern "C"
} // namespace nt
