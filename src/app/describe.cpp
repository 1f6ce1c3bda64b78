// What loaded drivers made: devices, links, dispatch table, as `load` and `inspect --load` show it.
#include "abi/irp.h"
#include "app/machine.h"
#include "app/target.h"
#include "app/text.h"
#include "kernel/io/device_walk.h"
#include "kernel/ob/namespace.h"
#include "trace/names.h"
#include <cstdio>

namespace app {

using namespace nt;

namespace {

// Links of \GLOBAL?? by target.
std::string links_to(Target& target, const std::string& path) {
    std::string out;
    const auto directory = target.find_object("\\GLOBAL??");
    if (!directory) return out;
    for (const auto& entry : target.directory(directory->body))
        if (entry.object.symlink_target == path) out += "  \\\\.\\" + entry.object.name;
    return out;
}

} // namespace

void Machine::describe_drivers() {
    Target target(*this);
    for (const LoadedDriver& d : drivers_) {
        if (!d.object || d.spec.inbox) continue;
        std::printf("\\Driver\\%s  %s  %016llx  size 0x%x\n", d.spec.name.c_str(),
                    d.module->file_name.c_str(), static_cast<unsigned long long>(d.module->base),
                    d.module->size);
        bool any = false;
        io::DeviceWalk walk("NextDevice");
        for (DEVICE_OBJECT* device = d.object->DeviceObject; device;
             device = walk.to(device->NextDevice), any = true) {
            const auto object = target.object_at(reinterpret_cast<std::uint64_t>(device));
            const std::string path = object && !object->path.empty() ? object->path : "(unnamed)";
            std::printf("  device %016llx  %s  type 0x%x  flags 0x%x%s\n",
                        static_cast<unsigned long long>(reinterpret_cast<std::uint64_t>(device)),
                        path.c_str(), device->DeviceType, device->Flags, links_to(target, path).c_str());
        }
        if (!any) std::printf("  no devices\n");
        for (unsigned i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
            const std::string routine =
                modules_.describe(reinterpret_cast<std::uint64_t>(d.object->MajorFunction[i]));
            if (routine != "nt!IopInvalidDeviceRequest")
                std::printf("  %-33s %s\n", trace::irp_major_name(i).c_str(), routine.c_str());
        }
        std::printf("  DriverUnload %s\n",
                    d.object->DriverUnload
                        ? modules_.describe(reinterpret_cast<std::uint64_t>(d.object->DriverUnload)).c_str()
                        : "none: the driver cannot be unloaded");
    }
    std::fflush(stdout);
}

} // namespace app
