#include "kernel/io/detail/describe.h"
#include "host/guest.h"
#include "kernel/io/irp.h"
#include "rtl/status.h"
#include "rtl/strings.h"
#include "trace/names.h"
#include <cstdio>
#include <cstring>

namespace nt::io::detail {

namespace {

template <class T> bool look(const T* at, T& to) { return guest::read(reinterpret_cast<ULONG_PTR>(at), to); }

std::string driver_of(const DEVICE_OBJECT* device) {
    DRIVER_OBJECT* driver = nullptr;
    if (!device || !look(&device->DriverObject, driver)) return "nobody";
    return name_of(driver).text;
}

std::string place_of(const IRP* irp, int level) {
    IO_STACK_LOCATION location;
    const auto* stack = reinterpret_cast<const IO_STACK_LOCATION*>(irp + 1);
    if (!look(stack + (level - 1), location)) return "";
    return driver_of(location.DeviceObject) + " (stack location " + std::to_string(level) +
           (location.Control & SL_PENDING_RETURNED ? ", marked pending" : ", not marked pending") + ")";
}

} // namespace

Text name_of(const DRIVER_OBJECT* driver) {
    Text name{"(unknown driver)"};
    UNICODE_STRING wide;
    WCHAR text[60];
    if (!driver || !look(&driver->DriverName, wide)) return name;
    const ULONG bytes = std::min<ULONG>(wide.Length, sizeof text);
    if (!bytes || !guest::copy_from(text, reinterpret_cast<ULONG_PTR>(wide.Buffer), bytes)) return name;
    ULONG written = 0;
    rtl::unicode_to_utf8(name.text, sizeof name.text - 1, &written, text, bytes);
    name.text[std::min<ULONG>(written, sizeof name.text - 1)] = 0;
    return name;
}

Text status_name(NTSTATUS status) {
    Text text;
    if (const char* name = rtl::status_name(status))
        std::snprintf(text.text, sizeof text.text, "%s", name);
    else
        std::snprintf(text.text, sizeof text.text, "0x%08x", static_cast<unsigned>(status));
    return text;
}

ULONG_PTR holder_of(const IRP* irp) {
    IO_STACK_LOCATION location;
    DEVICE_OBJECT device;
    DRIVER_OBJECT driver;
    if (level_of(irp) < 1 || level_of(irp) > irp->StackCount) return 0;
    if (!look(irp->Tail.Overlay.CurrentStackLocation, location) || !look(location.DeviceObject, device) ||
        !look(device.DriverObject, driver) || location.MajorFunction > IRP_MJ_MAXIMUM_FUNCTION)
        return 0;
    return reinterpret_cast<ULONG_PTR>(driver.MajorFunction[location.MajorFunction]) + 1;
}

std::string describe_request(const IRP* given) {
    IRP irp;
    char text[40];
    std::snprintf(text, sizeof text, "IRP %llx", address_of(given));
    std::string out = text;
    if (!look(given, irp) || irp.Type != IO_TYPE_IRP) return out + ", which is no longer one";
    const int top = irp.StackCount, current = level_of(&irp);
    if (current == top + 1)
        return out + ": no driver has it; its maker has not sent it, or has taken it back";
    if (current > top) return out + ": it was completed, but without its mark nobody was told";
    IO_STACK_LOCATION first{};
    look(reinterpret_cast<const IO_STACK_LOCATION*>(given + 1) + (top - 1), first);
    out += " " + trace::irp_major_name(first.MajorFunction);
    if (irp.Cancel) out += ", cancelled";
    if (current < 1) return out + ": damaged";
    out += ": " + place_of(given, current) + " has it";
    out += irp.CancelRoutine ? ", with a cancel routine" : ", without a cancel routine";
    for (int level = top; level > current; level--)
        out += (level == top ? "; it came through " : ", ") + place_of(given, level);
    return out;
}

} // namespace nt::io::detail
