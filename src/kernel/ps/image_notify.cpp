#include "kernel/ps/image_notify.h"
#include "abi/status.h"
#include "host/utf16.h"
#include "kernel/ldr/modules.h"
#include "kernel/pool/pool.h"
#include "kernel/ps/detail/notify_list.h"
#include "kernel/ps/process.h"
#include <algorithm>

namespace nt::ps {

namespace {

detail::NotifyList<64> routines;

constexpr ULONG addressing_mode = 3; // IMAGE_ADDRESSING_MODE_32BIT: what every PE image has
constexpr ULONG system_mode_image = 1 << 8;

// In pool memory, for drivers to read.
struct Event {
    IMAGE_INFO info;
    UNICODE_STRING name;
    WCHAR characters[512];
};

Event* describe(const ldr::Module& module, bool driver) {
    auto* event =
        static_cast<Event*>(pool::allocate(pool::Kind::paged, sizeof(Event), pool::tag("PsNt"), 0, true));
    if (!event) return nullptr;
    event->info.Properties = addressing_mode | (driver ? system_mode_image : 0);
    event->info.ImageBase = reinterpret_cast<PVOID>(module.base);
    event->info.ImageSize = module.size;
    // A program's path begins with a drive letter; its volume is what the file system would say.
    const std::string path = driver ? module.path : "\\Device\\HarddiskVolume1" + module.path.substr(2);
    const std::u16string name = host::utf16(path);
    const std::size_t n = std::min(name.size(), std::size(event->characters) - 1);
    std::copy_n(name.begin(), n, event->characters);
    event->name = {static_cast<USHORT>(n * 2), static_cast<USHORT>(n * 2 + 2), event->characters};
    return event;
}

void notify(const ldr::Module& module, HANDLE process, bool driver) {
    if (routines.empty()) return;
    Event* event = describe(module, driver);
    if (!event) return;
    routines.call([&](PVOID routine, bool) {
        seh::call_out(reinterpret_cast<LOAD_IMAGE_NOTIFY_ROUTINE*>(routine), &event->name, process,
                      &event->info);
    });
    pool::release(event);
}

} // namespace

NTSTATUS add_image_notify_routine(LOAD_IMAGE_NOTIFY_ROUTINE* routine) {
    return routines.add(reinterpret_cast<PVOID>(routine), false) ? STATUS_SUCCESS
                                                                 : STATUS_INSUFFICIENT_RESOURCES;
}
NTSTATUS remove_image_notify_routine(LOAD_IMAGE_NOTIFY_ROUTINE* routine) {
    return routines.remove(reinterpret_cast<PVOID>(routine), false) ? STATUS_SUCCESS
                                                                    : STATUS_PROCEDURE_NOT_FOUND;
}
void for_each_image_notify_routine(void (*visit)(void*, ULONG_PTR), void* context) {
    routines.for_each(visit, context);
}

void notify_driver_image(const ldr::Module& module) { notify(module, nullptr, true); }

void notify_user_image(EPROCESS& process, ULONG_PTR base) {
    if (const ldr::Module* module = body(&process).modules->find(base))
        notify(*module, process.UniqueProcessId, false);
}

void notify_first_images(EPROCESS& object) {
    Process& process = body(&object);
    if (process.images_announced) return;
    process.images_announced = true;
    notify_user_image(object, reinterpret_cast<ULONG_PTR>(process.SectionBaseAddress));
    notify_user_image(object, process.ntdll);
}

} // namespace nt::ps
