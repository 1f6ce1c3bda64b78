// !fileobj
#include "abi/device.h"
#include "abi/irp.h"
#include "view/detail/session.h"

namespace view {
namespace {

struct Flag {
    std::uint32_t bit;
    const char* text;
};
// Texts of shared documentation; those it does not show are assumed.
constexpr Flag flags[] = {{nt::FO_FILE_OPEN, "File Open"},
                          {nt::FO_SYNCHRONOUS_IO, "Synchronous IO"},
                          {nt::FO_ALERTABLE_IO, "Alertable IO"},
                          {nt::FO_NO_INTERMEDIATE_BUFFERING, "No Intermediate Buffering"},
                          {nt::FO_WRITE_THROUGH, "Write Through"},
                          {nt::FO_SEQUENTIAL_ONLY, "Sequential Only"},
                          {nt::FO_CACHE_SUPPORTED, "Cache Supported"},
                          {nt::FO_NAMED_PIPE, "Named Pipe"},
                          {nt::FO_STREAM_FILE, "Stream File"},
                          {nt::FO_MAILSLOT, "Mailslot"},
                          {nt::FO_QUEUE_IRP_TO_THREAD, "Queue Irps to Thread"},
                          {nt::FO_DIRECT_DEVICE_OPEN, "Direct Device Open"},
                          {nt::FO_FILE_MODIFIED, "Modified"},
                          {nt::FO_FILE_SIZE_CHANGED, "Size Changed"},
                          {nt::FO_CLEANUP_COMPLETE, "Cleanup Complete"},
                          {nt::FO_TEMPORARY_FILE, "Temporary File"},
                          {nt::FO_DELETE_ON_CLOSE, "Delete on Close"},
                          {nt::FO_OPENED_CASE_SENSITIVE, "Opened Case Sensitive"},
                          {nt::FO_HANDLE_CREATED, "Handle Created"},
                          {nt::FO_FILE_FAST_IO_READ, "Fast IO Read"},
                          {nt::FO_RANDOM_ACCESS, "Random Access"},
                          {nt::FO_FILE_OPEN_CANCELLED, "File Open Cancelled"},
                          {nt::FO_VOLUME_OPEN, "Volume Open"},
                          {nt::FO_REMOTE_ORIGIN, "Remote Origin"}};

void show_access(Session& s, const nt::FILE_OBJECT& file) {
    std::string access;
    const auto add = [&](bool set, const char* word) {
        if (set) access += std::string(access.empty() ? "" : " ") + word;
    };
    add(file.ReadAccess, "Read");
    add(file.WriteAccess, "Write");
    add(file.DeleteAccess, "Delete");
    add(file.SharedRead, "SharedRead");
    add(file.SharedWrite, "SharedWrite");
    add(file.SharedDelete, "SharedDelete");
    if (!access.empty()) s.print("Access: %s \n", access.c_str());
}

void show_queued_irps(Session& s, const nt::FILE_OBJECT& file, Address address) {
    const Address head = address + offsetof(nt::FILE_OBJECT, IrpList);
    Address at = s.address_of(file.IrpList.Flink);
    if (!at || at == head) return;
    s.print("\nIRPs queued to File Object:\n\n");
    std::size_t count = 0;
    for (; at && at != head && count < 4096; ++count) {
        const Address irp = at - offsetof(nt::IRP, ThreadListEntry);
        nt::IRP body;
        nt::IO_STACK_LOCATION location{};
        if (!s.read(irp, body)) break;
        s.read(s.address_of(body.Tail.Overlay.CurrentStackLocation), location);
        s.print("\t%s   %s\n", extension_address(irp).c_str(),
                s.driver_of_device(s.address_of(location.DeviceObject)).c_str());
        at = s.address_of(body.ThreadListEntry.Flink);
    }
    s.print("\n%zu queued.\n", count);
}

void fileobj(Session& s, std::string_view, std::span<const std::string> arguments) {
    if (arguments.empty()) return s.error("usage: !fileobj <address>\n");
    std::uint64_t address = 0;
    if (!s.evaluate(arguments[0], address)) return;
    nt::FILE_OBJECT file;
    if (!s.read(address, file))
        return s.error("Could not read file object %s\n", extension_address(address).c_str());
    if (file.Type != nt::IO_TYPE_FILE)
        return s.error("%s: is not a file object\n", extension_address(address).c_str());

    std::string name;
    s.read_unicode(file.FileName, name);
    s.print("%s\n\n", name.c_str());
    if (file.RelatedFileObject)
        s.print("Related File Object: 0x%s\n",
                extension_address(s.address_of(file.RelatedFileObject)).c_str());
    const Address device = s.address_of(file.DeviceObject);
    s.print("Device Object: 0x%s   %s\n", extension_address(device).c_str(),
            s.driver_of_device(device).c_str());
    if (file.Vpb)
        s.print("Vpb: 0x%s\n", extension_address(s.address_of(file.Vpb)).c_str());
    else
        s.print("Vpb is NULL\n");
    if (file.Event.Header.SignalState) s.print("Event signalled\n");
    show_access(s, file);

    s.print("\nFlags:  0x%x\n", file.Flags);
    for (const Flag& flag : flags)
        if (file.Flags & flag.bit) s.print("\t%s\n", flag.text);
    if (file.FsContext || file.FsContext2)
        s.print("\nFsContext: 0x%s\tFsContext2: 0x%s\n",
                extension_address(s.address_of(file.FsContext)).c_str(),
                extension_address(s.address_of(file.FsContext2)).c_str());
    if (file.PrivateCacheMap)
        s.print("Private Cache Map: 0x%s\n", extension_address(s.address_of(file.PrivateCacheMap)).c_str());
    show_queued_irps(s, file, address);
    s.print("%sCurrentByteOffset: %llx\n", file.FsContext || file.FsContext2 ? "" : "\n",
            static_cast<unsigned long long>(file.CurrentByteOffset.QuadPart));
}

constexpr Command commands[] = {{"!fileobj", "!fileobj <address>", "file object", fileobj}};

} // namespace

std::span<const Command> file_commands() { return commands; }

} // namespace view
