// Loading and unloading drivers by service: wdm pages nf-wdm-zwloaddriver, nf-wdm-zwunloaddriver.
#include "abi/status.h"
#include "kernel/exports/capture.h"
#include "kernel/exports/gate.h"
#include "kernel/io/driver_service.h"
#include "kernel/ob/namespace.h"
#include "kernel/se/subject.h"

using namespace nt;

namespace {

NTSTATUS with_name(const UNICODE_STRING* given, NTSTATUS (*call)(std::u16string_view)) {
    if (!se::check_privilege(SE_LOAD_DRIVER_PRIVILEGE, exports::previous_mode()))
        return STATUS_PRIVILEGE_NOT_HELD;
    if (!given) return STATUS_ACCESS_VIOLATION;
    ob::Attributes name;
    if (const NTSTATUS status = name.capture_name(given, exports::previous_mode()); !NT_SUCCESS(status))
        return status;
    if (name.name.Length == 0) return STATUS_INVALID_PARAMETER;
    return call({name.name.Buffer, name.name.Length / sizeof(WCHAR)});
}

} // namespace

extern "C" NTSTATUS NtLoadDriver(UNICODE_STRING* service) {
    return with_name(service, io::load_driver_service);
}
GATE(NtLoadDriver);

extern "C" NTSTATUS NtUnloadDriver(UNICODE_STRING* service) {
    return with_name(service, io::unload_driver_service);
}
GATE(NtUnloadDriver);
