// Data exports of ntoskrnl: variables that drivers read. Written once the objects they point at exist.
#include "app/data_exports.h"
#include "app/kernel_images.h"
#include "kernel/exports/sync_objects.h"
#include "kernel/io/device.h"
#include "kernel/io/driver.h"
#include "kernel/io/file.h"
#include "kernel/ke/clock.h"
#include "kernel/mm/probe.h"
#include "kernel/ob/type.h"
#include "kernel/ps/process.h"
#include "kernel/ps/thread.h"
#include "kernel/se/token.h"
#include <cstring>

namespace app {

using namespace nt;

namespace {

template <class T> void set(const char* name, const T& value) {
    if (const std::uint64_t address = kernel_symbol(name))
        std::memcpy(reinterpret_cast<void*>(address), &value, sizeof value);
}

} // namespace

void write_data_exports() {
    set("PsProcessType", ps::process_type);
    set("PsThreadType", ps::thread_type);
    set("PsInitialSystemProcess", ps::system_process);
    set("ExDesktopObjectType", ob::find_type(u"Desktop"));
    set("IoFileObjectType", io::file_type);
    set("IoDeviceObjectType", io::device_type);
    set("IoDriverObjectType", io::driver_type);
    set("ExEventObjectType", exports::event_type);
    set("ExSemaphoreObjectType", exports::semaphore_type);
    set("SeTokenObjectType", se::token_type);
    set("SeExports", se::make_exports());
    set("KeNumberProcessors", static_cast<CHAR>(ke::processor_count()));
    set("NtBuildNumber", ULONG{0xF0000000 | 19045}); // free build
    set("KdDebuggerEnabled", BOOLEAN{0});
    set("KdDebuggerNotPresent", BOOLEAN{1});
    set("MmUserProbeAddress", ULONG_PTR{mm::user_probe_address});
    set("MmHighestUserAddress", ULONG_PTR{mm::highest_user_address});
    ke::tick_count_export = reinterpret_cast<volatile KSYSTEM_TIME*>(kernel_symbol("KeTickCount"));
    ke::publish_shared_time();
    set("MmSystemRangeStart", ULONG_PTR{host::places::user_high});
}

} // namespace app
