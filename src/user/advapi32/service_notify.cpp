// NotifyServiceStatusChange: sdk-api page winsvc/nf-winsvc-notifyservicestatuschangew.
#include "services.h"

namespace nt {
using namespace svc;

namespace {

// SERVICE_NOTIFY_2W and …2A; the first version ends before `triggered`.
struct Notify {
    ULONG version;
    void (*callback)(PVOID);
    PVOID context;
    ULONG error;
    SERVICE_STATUS_PROCESS status;
    ULONG triggered;
    PVOID names; // to be freed by LocalFree
};

// The list, each string with its terminator, and one more, in the caller's kind of characters.
template <class Char> PVOID list_of(const WCHAR* names, ULONG length) {
    const ULONG bytes = Strings<Char>::size(names, length);
    auto* list = static_cast<Char*>(heap_allocate(bytes));
    if (!list) return nullptr;
    Strings<Char>(list, 0).add(names, length);
    return list;
}

// The APC.
template <class Char> void NTAPI notified(PVOID buffer, PVOID triggered, PVOID token) {
    auto& to = *static_cast<Notify*>(buffer);
    Request request(ScmNotification, reinterpret_cast<ULONG_PTR>(token));
    Answer answer(request);
    const BOOL done = answer.get();
    to.error = done ? ULONG(ERROR_SUCCESS) : RtlGetLastWin32Error();
    if (done) to.status = request.Status;
    if (to.version >= 2) {
        to.triggered = ULONG(reinterpret_cast<ULONG_PTR>(triggered));
        ULONG length = 0;
        const WCHAR* names = done ? answer.text(length) : nullptr;
        to.names = length ? list_of<Char>(names, length) : nullptr;
    }
    to.callback(buffer);
}

// The result is the error.
template <class Char> ULONG notify(SC_HANDLE handle, ULONG mask, Notify* buffer) {
    if (!buffer || !buffer->callback) return ERROR_INVALID_PARAMETER;
    if (buffer->version != 1 && buffer->version != 2) return error_invalid_level;
    PVOID routine_and_argument[2] = {reinterpret_cast<PVOID>(&notified<Char>), buffer};
    Request request(ScmNotify, handle);
    request.Numbers[0] = mask;
    request.In = routine_and_argument;
    request.InLength = sizeof routine_and_argument;
    return request.send() ? ULONG(ERROR_SUCCESS) : RtlGetLastWin32Error();
}

} // namespace

extern "C" {

ULONG NotifyServiceStatusChangeW(SC_HANDLE handle, ULONG mask, Notify* buffer) {
    return notify<WCHAR>(handle, mask, buffer);
}
ULONG NotifyServiceStatusChangeA(SC_HANDLE handle, ULONG mask, Notify* buffer) {
    return notify<CHAR>(handle, mask, buffer);
}

} // extern "C"
} // namespace nt
