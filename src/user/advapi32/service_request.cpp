#include "services.h"

namespace nt {

extern "C" NTSTATUS NTAPI NtDrvlabServices(SCM_REQUEST* request);

namespace svc {

WideList::WideList(const CHAR* from) {
    if (!from) return;
    const ULONG bytes = length_of_list(from) + 1;
    text_ = static_cast<WCHAR*>(heap_allocate(bytes * sizeof(WCHAR)));
    ok_ = text_ != nullptr;
    if (!ok_) {
        RtlSetLastWin32Error(ERROR_NOT_ENOUGH_MEMORY);
        return;
    }
    ULONG written = 0;
    RtlMultiByteToUnicodeN(text_, bytes * sizeof(WCHAR), &written, from, bytes);
}

BOOL Request::send_configuration(ULONG type, ULONG start, ULONG error_control, const WCHAR* path,
                                 const WCHAR* group, ULONG* tag, const WCHAR* dependencies,
                                 const WCHAR* account, const WCHAR* display) {
    text(ScmDisplay, display);
    text(ScmPath, path);
    text(ScmGroup, group);
    Text[ScmDependencies] = {dependencies, length_of_list(dependencies)};
    text(ScmAccount, account);
    Numbers[ScmType] = type;
    Numbers[ScmStart] = start;
    Numbers[ScmErrorControl] = error_control;
    Numbers[ScmTag] = tag != nullptr;
    if (!send()) return FALSE;
    if (tag) *tag = Numbers[ScmTag];
    return TRUE;
}

BOOL Request::send() {
    if (const NTSTATUS status = NtDrvlabServices(this); !NT_SUCCESS(status)) return fail(status);
    if (Error == SCM_PROGRAM) stop("StartService (of a service that is a program)");
    return Error ? fail_with(Error) : BOOL(TRUE);
}

BOOL Answer::get() {
    for (ULONG size = 1024;;) {
        heap_free(data_);
        data_ = static_cast<UCHAR*>(heap_allocate(size));
        if (!data_) return fail_with(ERROR_NOT_ENOUGH_MEMORY);
        request_.Data = data_;
        request_.DataLength = size;
        if (!request_.send()) return FALSE;
        if (request_.DataLength <= size) return TRUE;
        size = request_.DataLength;
    }
}

ULONG Answer::number() {
    ULONG value;
    RtlMoveMemory(&value, data_ + at_, sizeof value);
    at_ += sizeof value;
    return value;
}
const WCHAR* Answer::text(ULONG& length) {
    length = number();
    const auto* text = reinterpret_cast<const WCHAR*>(data_ + at_);
    at_ += (length * sizeof(WCHAR) + 3) & ~3u;
    return text;
}
SERVICE_STATUS_PROCESS Answer::status() {
    SERVICE_STATUS_PROCESS status;
    RtlMoveMemory(&status, data_ + at_, sizeof status);
    at_ += sizeof status;
    return status;
}

} // namespace svc
} // namespace nt
