// Requests of our advapi32.dll to the service control manager.
#include "abi/status.h"
#include "abi/win32_error.h"
#include "kernel/exports/capture.h"
#include "kernel/exports/gate.h"
#include "kernel/ke/thread.h"
#include "kernel/scm/requests.h"

using namespace nt;

namespace {

constexpr ULONG longest = 0x10000;

bool capture(scm::Request& request) {
    for (unsigned i = 0; i < ScmTexts; i++) {
        const SCM_TEXT& from = request.head.Text[i];
        if (!from.Buffer) continue;
        if (from.Length > longest) return false;
        request.text[i].resize(from.Length);
        if (!exports::copy_in(request.text[i].data(), from.Buffer, from.Length * sizeof(WCHAR))) return false;
    }
    if (!request.head.In) return true;
    if (request.head.InLength > longest) return false;
    request.in.resize(request.head.InLength);
    return exports::copy_in(request.in.data(), request.head.In, request.head.InLength);
}

} // namespace

extern "C" NTSTATUS NtDrvlabServices(SCM_REQUEST* given) {
    scm::Request request;
    if (!exports::read_parameter(given, request.head)) return STATUS_ACCESS_VIOLATION;
    if (!capture(request)) return STATUS_INVALID_PARAMETER;
    scm::serve(request, ke::current_thread().pid);
    const ULONG length = static_cast<ULONG>(request.data.size());
    const ULONG room = request.head.DataLength;
    request.head.DataLength = length;
    if (request.head.Error == ERROR_SUCCESS && length <= room &&
        !exports::copy_out(request.head.Data, request.data.data(), length))
        return STATUS_ACCESS_VIOLATION;
    return exports::write_parameter(given, request.head) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}
GATE(NtDrvlabServices);
