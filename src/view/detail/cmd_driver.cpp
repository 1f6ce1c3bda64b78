// !drvobj
#include "abi/device.h"
#include "abi/irp.h"
#include "view/detail/session.h"

namespace view {

namespace {

// FAST_IO_DISPATCH from offset 8 (after SizeOfFastIoDispatch), one pointer each. Names as the debugger writes
// them.
constexpr const char* fast_io_names[] = {"FastIoCheckIfPossible",
                                         "FastIoRead",
                                         "FastIoWrite",
                                         "FastIoQueryBasicInfo",
                                         "FastIoQueryStandardInfo",
                                         "FastIoLock",
                                         "FastIoUnlockSingle",
                                         "FastIoUnlockAll",
                                         "FastIoUnlockAllByKey",
                                         "FastIoDeviceControl",
                                         "AcquireFileForNtCreateSection",
                                         "ReleaseFileForNtCreateSection",
                                         "FastIoDetachDevice",
                                         "FastIoQueryNetworkOpenInfo",
                                         "AcquireForModWrite",
                                         "MdlRead",
                                         "MdlReadComplete",
                                         "PrepareMdlWrite",
                                         "MdlWriteComplete",
                                         "FastIoReadCompressed",
                                         "FastIoWriteCompressed",
                                         "MdlReadCompleteCompressed",
                                         "MdlWriteCompleteCompressed",
                                         "FastIoQueryOpen",
                                         "ReleaseForModWrite",
                                         "AcquireForCcFlush",
                                         "ReleaseForCcFlush"};

constexpr std::size_t most_devices = 4096; // a damaged list must end

void entry_point(Session& s, const char* label, Address address) {
    s.print("%-15s%s\t%s\n", label, extension_address(address).c_str(), s.symbol(address).c_str());
}

void list_extensions(Session& s, const nt::DRIVER_OBJECT& driver) {
    s.print("\nDriver Extension List: (id , addr)\n");
    nt::DRIVER_EXTENSION extension;
    if (driver.DriverExtension && s.read(s.address_of(driver.DriverExtension), extension)) {
        Address at = s.address_of(extension.ClientDriverExtension);
        nt::IO_CLIENT_EXTENSION client;
        bool any = false;
        for (std::size_t i = 0; at && i < most_devices && s.read(at, client); ++i) {
            s.print("(%s %s)  ", extension_address(s.address_of(client.ClientIdentificationAddress)).c_str(),
                    extension_address(at + sizeof client).c_str());
            any = true;
            at = s.address_of(client.NextExtension);
        }
        if (any) s.print("\n");
    }
}

// Addresses three to a line, each with two blanks after it.
void list_devices(Session& s, const nt::DRIVER_OBJECT& driver) {
    s.print("\nDevice Object list:\n");
    Address at = s.address_of(driver.DeviceObject);
    nt::DEVICE_OBJECT device;
    std::size_t count = 0;
    for (; at && count < most_devices; ++count) {
        if (!s.read(at, device)) {
            s.error("%s: Could not read device object\n", extension_address(at).c_str());
            return;
        }
        if (count && count % 3 == 0) s.print("\n");
        s.print("%s  ", extension_address(at).c_str());
        at = s.address_of(device.NextDevice);
    }
    s.print("\n");
}

void list_devices_in_detail(Session& s, const nt::DRIVER_OBJECT& driver) {
    s.print("\nDevice Object list:\n");
    Address at = s.address_of(driver.DeviceObject);
    nt::DEVICE_OBJECT device;
    for (std::size_t i = 0; at && i < most_devices && s.read(at, device); ++i) {
        if (i) s.print("\n");
        show_device(s, at);
        at = s.address_of(device.NextDevice);
    }
}

void list_entry_points(Session& s, const nt::DRIVER_OBJECT& driver) {
    nt::DRIVER_EXTENSION extension{};
    if (driver.DriverExtension) s.read(s.address_of(driver.DriverExtension), extension);
    s.print("\n");
    entry_point(s, "DriverEntry:", s.address_of(driver.DriverInit));
    entry_point(s, "DriverStartIo:", s.address_of(driver.DriverStartIo));
    entry_point(s, "DriverUnload:", s.address_of(driver.DriverUnload));
    entry_point(s, "AddDevice:", s.address_of(extension.AddDevice));

    s.print("\nDispatch routines:\n");
    for (unsigned major = 0; major < nt::IRP_MJ_COUNT; ++major) {
        const Address routine = s.address_of(driver.MajorFunction[major]);
        s.print("[%02x] %-35s%s\t%s\n", major, irp_major_text(major).c_str(),
                extension_address(routine).c_str(), s.symbol(routine).c_str());
    }

    std::uint32_t size = 0;
    const Address table = s.address_of(driver.FastIoDispatch);
    if (!table || !s.read(table, size)) return;
    s.print("\nFast I/O routines:\n");
    for (std::size_t i = 0; i < std::size(fast_io_names) && 8 * (i + 2) <= size; ++i) {
        Address routine = 0;
        if (!s.read(table + 8 * (i + 1), routine) || !routine) continue;
        s.print("%-40s%s\t%s\n", fast_io_names[i], extension_address(routine).c_str(),
                s.symbol(routine).c_str());
    }
}

void drvobj(Session& s, std::string_view, std::span<const std::string> arguments) {
    if (arguments.empty()) return s.error("usage: !drvobj <driver object> [flags]\n");
    const Address address = s.object_argument(arguments[0], "\\Driver\\", "Driver");
    if (!address) return;
    const std::uint64_t flags = number_argument(s, arguments, 1, 1);
    nt::DRIVER_OBJECT driver;
    if (!s.read(address, driver))
        return s.error("Could not read driver object %s\n", extension_address(address).c_str());
    if (driver.Type != nt::IO_TYPE_DRIVER)
        return s.error("%s: is not a driver object\n", extension_address(address).c_str());
    std::string name;
    s.read_unicode(driver.DriverName, name);
    s.print("Driver object (%s) is for:\n %s\n", extension_address(address).c_str(), name.c_str());
    if (flags & 1) {
        list_extensions(s, driver);
        if (flags & 4)
            list_devices_in_detail(s, driver);
        else
            list_devices(s, driver);
    }
    if (flags & 2) list_entry_points(s, driver);
}

constexpr Command commands[] = {{"!drvobj", "!drvobj <driver> [1|2|4]",
                                 "driver object: devices (1), entry points (2), devices in detail (4)",
                                 drvobj}};

} // namespace

std::span<const Command> driver_commands() { return commands; }

} // namespace view
