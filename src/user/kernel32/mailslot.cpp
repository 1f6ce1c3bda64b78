// Mailslots: creates at whatever driver stands behind \??\MAILSLOT, and what its files know of themselves.
#include "path_name.h"

namespace nt {
using namespace k32;

namespace {

struct FILE_MAILSLOT_QUERY_INFORMATION {
    ULONG MaximumMessageSize, MailslotQuota, NextMessageSize, MessagesAvailable;
    LARGE_INTEGER ReadTimeout;
};
constexpr DWORD MAILSLOT_WAIT_FOREVER = ~0u;

LARGE_INTEGER timeout_from(DWORD milliseconds) {
    LARGE_INTEGER time;
    time.QuadPart = milliseconds == MAILSLOT_WAIT_FOREVER ? -1 : LONGLONG(milliseconds) * -10000;
    return time;
}

bool is_mailslot(const UNICODE_STRING& path) { return is_below(path, u"\\??\\mailslot\\"); }

HANDLE create_mailslot(const WCHAR* name, DWORD maximum, DWORD timeout, SECURITY_ATTRIBUTES* security) {
    Name path(name);
    if (!path) return INVALID_HANDLE_VALUE;
    if (!is_mailslot(path.string())) return fail_with(ERROR_INVALID_NAME), INVALID_HANDLE_VALUE;
    if (security) {
        path.attributes()->SecurityDescriptor = security->lpSecurityDescriptor;
        if (security->bInheritHandle) path.attributes()->Attributes |= OBJ_INHERIT;
    }
    LARGE_INTEGER wait = timeout_from(timeout);
    HANDLE file;
    IO_STATUS_BLOCK iosb;
    const NTSTATUS status =
        NtCreateMailslotFile(&file, 0x80000000 | SYNCHRONIZE | WRITE_DAC, path.attributes(), &iosb,
                             FILE_WRITE_THROUGH, 0, maximum, &wait);
    if (!NT_SUCCESS(status)) {
        fail(status);
        if (status == STATUS_OBJECT_NAME_COLLISION) RtlSetLastWin32Error(ERROR_ALREADY_EXISTS);
        return INVALID_HANDLE_VALUE;
    }
    return file;
}

} // namespace

extern "C" {

HANDLE CreateMailslotW(const WCHAR* name, DWORD maximum, DWORD timeout, SECURITY_ATTRIBUTES* security) {
    return create_mailslot(name, maximum, timeout, security);
}
HANDLE CreateMailslotA(const CHAR* name, DWORD maximum, DWORD timeout, SECURITY_ATTRIBUTES* security) {
    Wide wide(name);
    return wide.ok() ? create_mailslot(wide.get(), maximum, timeout, security) : INVALID_HANDLE_VALUE;
}
BOOL GetMailslotInfo(HANDLE slot, DWORD* maximum, DWORD* next, DWORD* count, DWORD* timeout) {
    FILE_MAILSLOT_QUERY_INFORMATION information;
    IO_STATUS_BLOCK iosb;
    const NTSTATUS status =
        NtQueryInformationFile(slot, &iosb, &information, sizeof information, FileMailslotQueryInformation);
    if (!NT_SUCCESS(status)) return fail(status);
    if (maximum) *maximum = information.MaximumMessageSize;
    if (next) *next = information.NextMessageSize; // MAILSLOT_NO_MESSAGE is the same number in both worlds
    if (count) *count = information.MessagesAvailable;
    const LONGLONG wait = information.ReadTimeout.QuadPart;
    if (timeout) *timeout = wait == -1 ? MAILSLOT_WAIT_FOREVER : DWORD(-wait / 10000);
    return TRUE;
}
BOOL SetMailslotInfo(HANDLE slot, DWORD timeout) {
    LARGE_INTEGER wait = timeout_from(timeout), *information = &wait;
    IO_STATUS_BLOCK iosb;
    return answer(
        NtSetInformationFile(slot, &iosb, &information, sizeof information, FileMailslotSetInformation));
}

} // extern "C"
} // namespace nt
