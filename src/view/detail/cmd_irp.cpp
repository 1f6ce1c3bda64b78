// !irp
#include "abi/irp.h"
#include "trace/irp_text.h"
#include "trace/names.h"
#include "view/detail/session.h"

namespace view {

std::string irp_major_text(unsigned major) { return trace::irp_major_name(major); }

namespace {

bool is_control(unsigned major) {
    return major == nt::IRP_MJ_DEVICE_CONTROL || major == nt::IRP_MJ_INTERNAL_DEVICE_CONTROL ||
           major == nt::IRP_MJ_FILE_SYSTEM_CONTROL;
}

// Eight digits when the value fits, as the debugger prints arguments.
std::string argument(std::uint64_t value, bool prefixed = false) {
    char text[24];
    std::snprintf(text, sizeof text,
                  prefixed      ? "0x%llx"
                  : value >> 32 ? "%016llx"
                                : "%08llx",
                  static_cast<unsigned long long>(value));
    return text;
}

// With detail: the arguments by their names, below WinDbg's row of numbers.
void show_location(Session& s, const nt::IO_STACK_LOCATION& location, bool current, bool detail) {
    const unsigned major = location.MajorFunction;
    const unsigned minor = location.MinorFunction;
    const Address device = s.address_of(location.DeviceObject);
    // A location that no driver was given yet.
    const bool unused = major == 0 && !device && !location.CompletionRoutine;
    std::string minor_name = trace::irp_minor_name(major, minor);
    if (minor_name.empty()) minor_name = "N/A";
    const std::string major_name = unused ? "N/A" : irp_major_text(major);
    s.print("%c[%s(%x), %s(%x)]\n", current ? '>' : ' ', major_name.c_str(), major, minor_name.c_str(),
            minor);

    std::string words;
    if (location.Control & nt::SL_INVOKE_ON_SUCCESS) words += "Success ";
    if (location.Control & nt::SL_INVOKE_ON_ERROR) words += "Error ";
    if (location.Control & nt::SL_INVOKE_ON_CANCEL) words += "Cancel ";
    if (location.Control & nt::SL_PENDING_RETURNED) words += "pending";
    const Address routine = s.address_of(location.CompletionRoutine);
    s.print("            %x %2x %s %s %s-%s %s\n", location.Flags, location.Control,
            extension_address(device).c_str(), extension_address(s.address_of(location.FileObject)).c_str(),
            extension_address(routine).c_str(), extension_address(s.address_of(location.Context)).c_str(),
            words.empty() ? "   " : words.c_str());

    const std::string driver = s.driver_of_device(device);
    if (driver.empty())
        s.print("\n");
    else
        s.print("\t       %s%s%s\n", driver.c_str(), routine ? "\t" : "",
                routine ? s.symbol(routine).c_str() : "");
    const auto& others = location.Parameters.Others;
    s.print("\t\t\tArgs: %s %s %s %s\n", argument(s.address_of(others.Argument1)).c_str(),
            argument(s.address_of(others.Argument2)).c_str(),
            argument(s.address_of(others.Argument3), is_control(major)).c_str(),
            argument(s.address_of(others.Argument4)).c_str());
    if (!detail || unused) return;
    const std::string text =
        trace::irp_parameters_text({major,
                                    minor,
                                    location.Flags,
                                    {s.address_of(others.Argument1), s.address_of(others.Argument2),
                                     s.address_of(others.Argument3), s.address_of(others.Argument4)}});
    if (!text.empty()) s.print("\t\t\t      %s\n", text.c_str());
}

void show_fields(Session& s, Address address, const nt::IRP& irp) {
    const auto hex = [&](auto* pointer) { return extension_address(Session::address_of(pointer)); };
    const auto number = [&](const char* name, unsigned value) { s.print("%s = %08x\n", name, value); };
    const auto pointer = [&](const char* name, const std::string& value) {
        s.print("%s = %s\n", name, value.c_str());
    };
    number("Flags", irp.Flags);
    pointer("ThreadListEntry.Flink", hex(irp.ThreadListEntry.Flink));
    pointer("ThreadListEntry.Blink", hex(irp.ThreadListEntry.Blink));
    number("IoStatus.Status", static_cast<unsigned>(irp.IoStatus.Status));
    number("IoStatus.Information", static_cast<unsigned>(irp.IoStatus.Information));
    number("RequestorMode", static_cast<unsigned char>(irp.RequestorMode));
    s.print("Cancel = %02x\n", irp.Cancel);
    s.print("CancelIrql = %x\n", irp.CancelIrql);
    s.print("ApcEnvironment = %02x\n", static_cast<unsigned char>(irp.ApcEnvironment));
    pointer("UserIosb", hex(irp.UserIosb));
    pointer("UserEvent", hex(irp.UserEvent));
    pointer("Overlay.AsynchronousParameters.UserApcRoutine",
            hex(irp.Overlay.AsynchronousParameters.UserApcRoutine));
    pointer("Overlay.AsynchronousParameters.UserApcContext",
            hex(irp.Overlay.AsynchronousParameters.UserApcContext));
    const nt::LARGE_INTEGER size = irp.Overlay.AllocationSize;
    s.print("Overlay.AllocationSize = %08x - %08x\n", static_cast<unsigned>(size.HighPart), size.LowPart);
    pointer("CancelRoutine", hex(static_cast<nt::PDRIVER_CANCEL>(irp.CancelRoutine)));
    pointer("UserBuffer", hex(irp.UserBuffer));
    const Address tail = address + offsetof(nt::IRP, Tail);
    pointer("&Tail.Overlay.DeviceQueueEntry", extension_address(tail));
    pointer("Tail.Overlay.Thread", hex(irp.Tail.Overlay.Thread));
    pointer("Tail.Overlay.AuxiliaryBuffer", hex(irp.Tail.Overlay.AuxiliaryBuffer));
    pointer("Tail.Overlay.ListEntry.Flink", hex(irp.Tail.Overlay.ListEntry.Flink));
    pointer("Tail.Overlay.ListEntry.Blink", hex(irp.Tail.Overlay.ListEntry.Blink));
    pointer("Tail.Overlay.CurrentStackLocation", hex(irp.Tail.Overlay.CurrentStackLocation));
    pointer("Tail.Overlay.OriginalFileObject", hex(irp.Tail.Overlay.OriginalFileObject));
    pointer("Tail.Apc", extension_address(tail));
    pointer("Tail.CompletionKey", hex(irp.Tail.CompletionKey));
}

void irp_command(Session& s, std::string_view, std::span<const std::string> arguments) {
    if (arguments.empty()) return s.error("usage: !irp <address> [detail]\n");
    std::uint64_t address = 0;
    if (!s.evaluate(arguments[0], address)) return;
    nt::IRP irp;
    if (!s.read(address, irp)) return s.error("%s: Could not read Irp\n", extension_address(address).c_str());
    if (irp.Type != nt::IO_TYPE_IRP) return s.error("IRP signature does not match, probably not an IRP\n");
    const unsigned count = static_cast<unsigned char>(irp.StackCount);
    const unsigned current = static_cast<unsigned char>(irp.CurrentLocation);
    const Address current_address = s.address_of(irp.Tail.Overlay.CurrentStackLocation);
    if (current > count + 1) {
        // IoCompleteRequest leaves the location beyond the one above the top.
        s.print("Irp is active with %u stacks %u is current (No current stack location)\n", count, current);
    } else if (current == count + 1) {
        // assumed: not sent yet, or completed by all drivers; there is no current location to show.
        s.print("Irp is active with %u stacks %u is current (= %s)\n", count, current,
                ("0x" + extension_address(current_address)).c_str());
    } else {
        s.print("Irp is active with %u stacks %u is current (= 0x%s)\n", count, current,
                extension_address(current_address).c_str());
    }
    if (irp.MdlAddress)
        s.print(" Mdl=%s: ", extension_address(s.address_of(irp.MdlAddress)).c_str());
    else
        s.print(" No Mdl: ");
    const Address buffer = s.address_of(irp.AssociatedIrp.SystemBuffer);
    if (irp.Flags & nt::IRP_ASSOCIATED_IRP)
        s.print("Associated Irp: MasterIrp=%s: ", extension_address(buffer).c_str());
    else if (buffer)
        s.print("System buffer=%s: ", extension_address(buffer).c_str());
    else
        s.print("No System Buffer: ");
    s.print("Thread %s:  Irp stack trace.  \n",
            extension_address(s.address_of(irp.Tail.Overlay.Thread)).c_str());
    if (arguments.size() > 1) show_fields(s, address, irp);
    s.print("     cmd  flg cl Device   File     Completion-Context\n");
    for (unsigned i = 0; i < count; ++i) {
        nt::IO_STACK_LOCATION location;
        if (!s.read(address + sizeof(nt::IRP) + i * sizeof location, location))
            return s.error("Could not read stack location %u\n", i + 1);
        show_location(s, location, i + 1 == current, arguments.size() > 1);
    }
}

constexpr Command commands[] = {
    {"!irp", "!irp <address> [1]", "I/O request packet and its stack locations", irp_command}};

} // namespace

std::span<const Command> irp_commands() { return commands; }

} // namespace view
