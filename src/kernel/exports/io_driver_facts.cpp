// What a driver asks about itself and others: ntddk pages nf-ntddk-ioqueryfulldriverpath,
// nf-ntddk-iogetinitiatorprocess, nf-ntddk-iotransferactivityid; wdm page nf-wdm-ioopendriverregistrykey.
#include "abi/peb.h"
#include "abi/status.h"
#include "kernel/cm/registry.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/touch.h"
#include "kernel/io/driver_service.h"
#include "kernel/pool/pool.h"
#include "rtl/misc.h"
#include "trace/trace.h"
#include <cstring>

using namespace nt;
using namespace nt::exports;

// "allocates a string buffer from paged system memory", which the caller frees.
extern "C" NTSTATUS IoQueryFullDriverPath(DRIVER_OBJECT* driver, UNICODE_STRING* path) {
    const auto* entry = static_cast<const KLDR_DATA_TABLE_ENTRY*>(need_in(driver).DriverSection);
    need_out(path);
    if (!entry) return STATUS_NOT_FOUND;
    const UNICODE_STRING& name = entry->FullDllName;
    const auto size = static_cast<USHORT>(name.Length + sizeof(WCHAR));
    auto* buffer =
        static_cast<WCHAR*>(pool::allocate(pool::Kind::paged, size, pool::tag("IoDp"),
                                           static_cast<const seh::EntryRecord*>(seh::innermost())->rip));
    if (!buffer) return STATUS_INSUFFICIENT_RESOURCES;
    std::memcpy(buffer, name.Buffer, name.Length);
    buffer[name.Length / sizeof(WCHAR)] = 0;
    *path = {name.Length, size, buffer};
    return STATUS_SUCCESS;
}
GATE(IoQueryFullDriverPath);

// assumed: the mutable state lies in the service's key, as its parameters do, and either key is made when it
// is not there. DriverRegKeySharedPersistentState came later than this version of Windows.
extern "C" NTSTATUS IoOpenDriverRegistryKey(DRIVER_OBJECT* driver, ULONG type, ACCESS_MASK desired,
                                            ULONG flags, HANDLE* key) {
    constexpr std::u16string_view names[] = {u"\\Parameters", u"\\PersistentState"};
    need_in(driver);
    need_out(key);
    if (flags || type >= std::size(names)) return STATUS_INVALID_PARAMETER;
    const UNICODE_STRING& service = driver->DriverExtension->ServiceKeyName;
    std::u16string path(io::services_key);
    path.append(service.Buffer, service.Length / sizeof(WCHAR));
    if (!cm::find_key(path)) return STATUS_OBJECT_NAME_NOT_FOUND; // a driver without a service
    path += names[type];
    cm::make_key(path);
    ob::Attributes attributes;
    attributes.set(path, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE);
    cm::CreateRequest request;
    *key = TRY_STATUS(cm::open_key(attributes, desired, KernelMode, request));
    return STATUS_SUCCESS;
}
GATE(IoOpenDriverRegistryKey);

// "NULL if there is no initiator process": no component here opens files for another process.
extern "C" EPROCESS* IoGetInitiatorProcess(FILE_OBJECT* file) {
    need_in(file);
    return nullptr;
}
GATE(IoGetInitiatorProcess);

// "logs an ETW transfer event using the I/O tracing provider": the trace is what takes the events.
extern "C" void IoTransferActivityId(const GUID* from, const GUID* to) {
    need_in(from);
    need_in(to);
    if (!trace::on) return;
    WCHAR texts[2][rtl::guid_characters];
    rtl::guid_to_string(*from, texts[0]);
    rtl::guid_to_string(*to, texts[1]);
    trace::emit_activity_transferred(std::u16string_view(texts[0], rtl::guid_characters),
                                     std::u16string_view(texts[1], rtl::guid_characters));
}
GATE(IoTransferActivityId);
