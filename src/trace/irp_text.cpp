#include "trace/irp_text.h"
#include "abi/irp.h"
#include "trace/names.h"
#include <iterator>
#include <string_view>

namespace trace {

namespace {

using namespace nt;

// FILE_INFORMATION_CLASS from 1, without "File" and "Information".
constexpr std::string_view file_classes[] = {"Directory",
                                             "FullDirectory",
                                             "BothDirectory",
                                             "Basic",
                                             "Standard",
                                             "Internal",
                                             "Ea",
                                             "Access",
                                             "Name",
                                             "Rename",
                                             "Link",
                                             "Names",
                                             "Disposition",
                                             "Position",
                                             "FullEa",
                                             "Mode",
                                             "Alignment",
                                             "All",
                                             "Allocation",
                                             "EndOfFile",
                                             "AlternateName",
                                             "Stream",
                                             "Pipe",
                                             "PipeLocal",
                                             "PipeRemote",
                                             "MailslotQuery",
                                             "MailslotSet",
                                             "Compression",
                                             "ObjectId",
                                             "Completion",
                                             "MoveCluster",
                                             "Quota",
                                             "ReparsePoint",
                                             "NetworkOpen",
                                             "AttributeTag",
                                             "Tracking",
                                             "IdBothDirectory",
                                             "IdFullDirectory",
                                             "ValidDataLength",
                                             "ShortName",
                                             "IoCompletionNotification",
                                             "IoStatusBlockRange",
                                             "IoPriorityHint",
                                             "SfioReserve",
                                             "SfioVolume",
                                             "HardLink",
                                             "ProcessIdsUsingFile",
                                             "NormalizedName",
                                             "NetworkPhysicalName",
                                             "IdGlobalTxDirectory",
                                             "IsRemoteDevice",
                                             "Unused",
                                             "NumaNode",
                                             "StandardLink",
                                             "RemoteProtocol",
                                             "",
                                             "",
                                             "VolumeName",
                                             "Id",
                                             "IdExtdDirectory",
                                             "ReplaceCompletion",
                                             "HardLinkFullId",
                                             "IdExtdBothDirectory",
                                             "",
                                             "",
                                             "",
                                             "DesiredStorageClass",
                                             "Stat",
                                             "MemoryPartition",
                                             "StatLx",
                                             "CaseSensitive",
                                             "",
                                             "",
                                             "StorageReserveId",
                                             "",
                                             "KnownFolder"};
constexpr std::string_view fs_classes[] = {
    "Volume",   "Label",      "Size",        "Device",     "Attribute", "Control",      "FullSize",
    "ObjectId", "DriverPath", "VolumeFlags", "SectorSize", "DataCopy",  "MetadataSize", ""};

struct Flag {
    unsigned bit;
    std::string_view name;
};
constexpr Flag create_flags[] = {{SL_FORCE_ACCESS_CHECK, "SL_FORCE_ACCESS_CHECK"},
                                 {SL_OPEN_PAGING_FILE, "SL_OPEN_PAGING_FILE"},
                                 {SL_OPEN_TARGET_DIRECTORY, "SL_OPEN_TARGET_DIRECTORY"},
                                 {SL_STOP_ON_SYMLINK, "SL_STOP_ON_SYMLINK"},
                                 {SL_CASE_SENSITIVE, "SL_CASE_SENSITIVE"}};
constexpr Flag transfer_flags[] = {{SL_KEY_SPECIFIED, "SL_KEY_SPECIFIED"},
                                   {SL_OVERRIDE_VERIFY_VOLUME, "SL_OVERRIDE_VERIFY_VOLUME"},
                                   {SL_WRITE_THROUGH, "SL_WRITE_THROUGH"},
                                   {SL_FT_SEQUENTIAL_WRITE, "SL_FT_SEQUENTIAL_WRITE"}};
constexpr Flag scan_flags[] = {{SL_RESTART_SCAN, "SL_RESTART_SCAN"},
                               {SL_RETURN_SINGLE_ENTRY, "SL_RETURN_SINGLE_ENTRY"},
                               {SL_INDEX_SPECIFIED, "SL_INDEX_SPECIFIED"},
                               {SL_RETURN_ON_DISK_ENTRIES_ONLY, "SL_RETURN_ON_DISK_ENTRIES_ONLY"},
                               {SL_NO_CURSOR_UPDATE_QUERY, "SL_NO_CURSOR_UPDATE_QUERY"}};
constexpr Flag watch_flags[] = {{SL_WATCH_TREE, "SL_WATCH_TREE"}};
constexpr Flag lock_flags[] = {{SL_FAIL_IMMEDIATELY, "SL_FAIL_IMMEDIATELY"},
                               {SL_EXCLUSIVE_LOCK, "SL_EXCLUSIVE_LOCK"}};

class Writer {
  public:
    explicit Writer(const IrpParameters& parameters) : q_(parameters) {}
    Writer& word(std::string_view name, int n) { return add(name, hex_text(q_.p[n])); }
    Writer& low(std::string_view name, int n) { return add(name, hex_text(q_.p[n] & 0xffffffff)); }
    Writer& byte(std::string_view name, int n, int shift = 0) {
        return add(name, hex_text(q_.p[n] >> shift & 0xff));
    }
    Writer& add(std::string_view name, const std::string& value) {
        if (!out_.empty()) out_ += ' ';
        out_.append(name).append("=").append(value);
        return *this;
    }
    // A word that says something only when it is not zero.
    Writer& if_any(std::string_view name, int n) { return q_.p[n] ? word(name, n) : *this; }
    Writer& file_class(int n) { return named_class(n, file_information_class_name(value(n))); }
    Writer& fs_class(int n) { return named_class(n, fs_information_class_name(value(n))); }
    template <std::size_t N> Writer& flags(const Flag (&known)[N]) {
        std::string text;
        for (const Flag& flag : known)
            if (q_.flags & flag.bit) text.append(text.empty() ? "" : "|").append(flag.name);
        return text.empty() ? *this : add("Flags", text);
    }
    std::string text() const { return out_; }

  private:
    unsigned value(int n) const { return static_cast<unsigned>(q_.p[n]); }
    Writer& named_class(int n, const std::string& name) {
        return add("InformationClass", std::to_string(value(n)) + (name.empty() ? "" : " (" + name + ")"));
    }
    const IrpParameters& q_;
    std::string out_;
};

std::string create(const IrpParameters& q) {
    Writer w(q);
    w.add("Disposition", hex_text(q.p[1] >> 24 & 0xff));
    w.add("Options", hex_text(q.p[1] & 0xffffff));
    w.add("ShareAccess", hex_text(q.p[2] >> 16 & 0xffff));
    if (q.major != IRP_MJ_CREATE)
        w.word("Parameters", 3);
    else {
        if (q.p[2] & 0xffff) w.add("FileAttributes", hex_text(q.p[2] & 0xffff));
        if (q.p[3] & 0xffffffff) w.low("EaLength", 3);
    }
    return w.flags(create_flags).text();
}

std::string set_information(const IrpParameters& q) {
    Writer w(q);
    w.low("Length", 0).file_class(1).if_any("FileObject", 2);
    switch (static_cast<unsigned>(q.p[1])) {
    case FileRenameInformation:
    case FileRenameInformationEx:
    case FileLinkInformation:
    case FileLinkInformationEx:
        w.byte("ReplaceIfExists", 3);
        break;
    case FileEndOfFileInformation:
        w.byte("AdvanceOnly", 3, 8);
        break;
    case FileMoveClusterInformation:
        w.low("ClusterCount", 3);
        break;
    case FileDispositionInformation:
        w.word("DeleteHandle", 3);
        break;
    }
    return w.text();
}

std::string directory(const IrpParameters& q) {
    Writer w(q);
    w.low("Length", 0);
    if (q.minor == IRP_MN_QUERY_DIRECTORY) {
        w.if_any("FileName", 1).file_class(2);
        if (q.flags & SL_INDEX_SPECIFIED) w.low("FileIndex", 3);
        return w.flags(scan_flags).text();
    }
    w.low("CompletionFilter", 1);
    if (q.minor == IRP_MN_NOTIFY_CHANGE_DIRECTORY_EX) w.low("DirectoryNotifyInformationClass", 2);
    return w.flags(watch_flags).text();
}

std::string power(const IrpParameters& q) {
    Writer w(q);
    if (q.minor == IRP_MN_WAIT_WAKE) return w.low("PowerState", 0).text();
    if (q.minor == IRP_MN_POWER_SEQUENCE) return w.word("PowerSequence", 0).text();
    const bool device = (q.p[1] & 0xffffffff) == DevicePowerState;
    return w.low("SystemContext", 0)
        .add("Type", device ? "DevicePowerState" : "SystemPowerState")
        .low("State", 2)
        .low("ShutdownType", 3)
        .text();
}

std::string pnp(const IrpParameters& q) {
    Writer w(q);
    switch (q.minor) {
    case IRP_MN_START_DEVICE:
        return w.word("AllocatedResources", 0).word("AllocatedResourcesTranslated", 1).text();
    case IRP_MN_QUERY_DEVICE_RELATIONS:
        return w.low("Type", 0).text();
    case IRP_MN_QUERY_INTERFACE:
        w.word("InterfaceType", 0).add("Size", hex_text(q.p[1] & 0xffff));
        return w.add("Version", hex_text(q.p[1] >> 16 & 0xffff))
            .word("Interface", 2)
            .word("InterfaceSpecificData", 3)
            .text();
    case IRP_MN_QUERY_CAPABILITIES:
        return w.word("Capabilities", 0).text();
    case IRP_MN_FILTER_RESOURCE_REQUIREMENTS:
        return w.word("IoResourceRequirementList", 0).text();
    case IRP_MN_READ_CONFIG:
    case IRP_MN_WRITE_CONFIG:
        return w.low("WhichSpace", 0).word("Buffer", 1).low("Offset", 2).low("Length", 3).text();
    case IRP_MN_SET_LOCK:
        return w.byte("Lock", 0).text();
    case IRP_MN_QUERY_ID:
        return w.low("IdType", 0).text();
    case IRP_MN_QUERY_DEVICE_TEXT:
        return w.low("DeviceTextType", 0).low("LocaleId", 1).text();
    case IRP_MN_DEVICE_USAGE_NOTIFICATION:
        return w.byte("InPath", 0).low("Type", 1).text();
    default:
        return {};
    }
}

std::string control(const IrpParameters& q) {
    if (q.major == IRP_MJ_FILE_SYSTEM_CONTROL &&
        (q.minor == IRP_MN_MOUNT_VOLUME || q.minor == IRP_MN_VERIFY_VOLUME))
        return Writer(q).word("Vpb", 0).word("DeviceObject", 1).text();
    return "code " + control_code_text(static_cast<std::uint32_t>(q.p[2])) + " " +
           Writer(q).low("InputLength", 1).low("OutputLength", 0).text();
}

template <std::size_t N>
std::string class_name(const std::string_view (&names)[N], unsigned c, std::string_view head) {
    if (c - 1 >= N || names[c - 1].empty()) return {};
    return std::string(head).append(names[c - 1]).append("Information");
}

} // namespace

std::string file_information_class_name(unsigned c) {
    switch (c) {
    case FileDispositionInformationEx:
        return "FileDispositionInformationEx";
    case FileRenameInformationEx:
        return "FileRenameInformationEx";
    case FileLinkInformationEx:
        return "FileLinkInformationEx";
    default:
        return class_name(file_classes, c, "File");
    }
}
std::string fs_information_class_name(unsigned c) {
    return c == FileFsFullSizeInformationEx ? "FileFsFullSizeInformationEx"
                                            : class_name(fs_classes, c, "FileFs");
}

std::string irp_parameters_text(const IrpParameters& q) {
    Writer w(q);
    switch (q.major) {
    case IRP_MJ_CREATE:
    case IRP_MJ_CREATE_NAMED_PIPE:
    case IRP_MJ_CREATE_MAILSLOT:
        return create(q);
    case IRP_MJ_READ:
    case IRP_MJ_WRITE:
        w.low("Length", 0);
        if (q.p[1] & 0xffffffff) w.low("Key", 1);
        return w.word("ByteOffset", 2).flags(transfer_flags).text();
    case IRP_MJ_QUERY_INFORMATION:
        return w.low("Length", 0).file_class(1).text();
    case IRP_MJ_SET_INFORMATION:
        return set_information(q);
    case IRP_MJ_QUERY_VOLUME_INFORMATION:
    case IRP_MJ_SET_VOLUME_INFORMATION:
        return w.low("Length", 0).fs_class(1).text();
    case IRP_MJ_QUERY_EA:
        return w.low("Length", 0)
            .word("EaList", 1)
            .low("EaListLength", 2)
            .low("EaIndex", 3)
            .flags(scan_flags)
            .text();
    case IRP_MJ_QUERY_QUOTA:
        return w.low("Length", 0)
            .word("StartSid", 1)
            .word("SidList", 2)
            .low("SidListLength", 3)
            .flags(scan_flags)
            .text();
    case IRP_MJ_SET_EA:
    case IRP_MJ_SET_QUOTA:
        return w.low("Length", 0).text();
    case IRP_MJ_DIRECTORY_CONTROL:
        return directory(q);
    case IRP_MJ_FILE_SYSTEM_CONTROL:
    case IRP_MJ_DEVICE_CONTROL:
    case IRP_MJ_INTERNAL_DEVICE_CONTROL:
        return control(q);
    case IRP_MJ_LOCK_CONTROL:
        if (q.minor != IRP_MN_UNLOCK_ALL && q.minor != IRP_MN_UNLOCK_ALL_BY_KEY) w.word("Length", 0);
        return w.low("Key", 1).word("ByteOffset", 2).flags(lock_flags).text();
    case IRP_MJ_QUERY_SECURITY:
        return w.low("SecurityInformation", 0).low("Length", 1).text();
    case IRP_MJ_SET_SECURITY:
        return w.low("SecurityInformation", 0).word("SecurityDescriptor", 1).text();
    case IRP_MJ_POWER:
        return power(q);
    case IRP_MJ_SYSTEM_CONTROL:
        return w.word("ProviderId", 0).word("DataPath", 1).low("BufferSize", 2).word("Buffer", 3).text();
    case IRP_MJ_PNP:
        return pnp(q);
    case IRP_MJ_CLOSE:
    case IRP_MJ_FLUSH_BUFFERS:
    case IRP_MJ_SHUTDOWN:
    case IRP_MJ_CLEANUP:
        return {};
    default:
        return hex_text(q.p[0]) + " " + hex_text(q.p[1]) + " " + hex_text(q.p[2]) + " " + hex_text(q.p[3]);
    }
}

} // namespace trace
