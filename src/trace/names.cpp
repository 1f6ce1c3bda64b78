#include "trace/names.h"
#include "rtl/status.h"
#include <algorithm>
#include <charconv>

namespace trace {
namespace {

constexpr std::string_view majors[] = {"CREATE",
                                       "CREATE_NAMED_PIPE",
                                       "CLOSE",
                                       "READ",
                                       "WRITE",
                                       "QUERY_INFORMATION",
                                       "SET_INFORMATION",
                                       "QUERY_EA",
                                       "SET_EA",
                                       "FLUSH_BUFFERS",
                                       "QUERY_VOLUME_INFORMATION",
                                       "SET_VOLUME_INFORMATION",
                                       "DIRECTORY_CONTROL",
                                       "FILE_SYSTEM_CONTROL",
                                       "DEVICE_CONTROL",
                                       "INTERNAL_DEVICE_CONTROL",
                                       "SHUTDOWN",
                                       "LOCK_CONTROL",
                                       "CLEANUP",
                                       "CREATE_MAILSLOT",
                                       "QUERY_SECURITY",
                                       "SET_SECURITY",
                                       "POWER",
                                       "SYSTEM_CONTROL",
                                       "DEVICE_CHANGE",
                                       "QUERY_QUOTA",
                                       "SET_QUOTA",
                                       "PNP"};

constexpr std::string_view pnp[] = {"START_DEVICE",
                                    "QUERY_REMOVE_DEVICE",
                                    "REMOVE_DEVICE",
                                    "CANCEL_REMOVE_DEVICE",
                                    "STOP_DEVICE",
                                    "QUERY_STOP_DEVICE",
                                    "CANCEL_STOP_DEVICE",
                                    "QUERY_DEVICE_RELATIONS",
                                    "QUERY_INTERFACE",
                                    "QUERY_CAPABILITIES",
                                    "QUERY_RESOURCES",
                                    "QUERY_RESOURCE_REQUIREMENTS",
                                    "QUERY_DEVICE_TEXT",
                                    "FILTER_RESOURCE_REQUIREMENTS",
                                    "",
                                    "READ_CONFIG",
                                    "WRITE_CONFIG",
                                    "EJECT",
                                    "SET_LOCK",
                                    "QUERY_ID",
                                    "QUERY_PNP_DEVICE_STATE",
                                    "QUERY_BUS_INFORMATION",
                                    "DEVICE_USAGE_NOTIFICATION",
                                    "SURPRISE_REMOVAL",
                                    "QUERY_LEGACY_BUS_INFORMATION",
                                    "DEVICE_ENUMERATED"};
constexpr std::string_view power[] = {"WAIT_WAKE", "POWER_SEQUENCE", "SET_POWER", "QUERY_POWER"};
constexpr std::string_view system_control[] = {"QUERY_ALL_DATA",
                                               "QUERY_SINGLE_INSTANCE",
                                               "CHANGE_SINGLE_INSTANCE",
                                               "CHANGE_SINGLE_ITEM",
                                               "ENABLE_EVENTS",
                                               "DISABLE_EVENTS",
                                               "ENABLE_COLLECTION",
                                               "DISABLE_COLLECTION",
                                               "REGINFO",
                                               "EXECUTE_METHOD",
                                               "",
                                               "REGINFO_EX"};
constexpr std::string_view file_system_control[] = {"USER_FS_REQUEST", "MOUNT_VOLUME", "VERIFY_VOLUME",
                                                    "LOAD_FILE_SYSTEM", "KERNEL_CALL"};
constexpr std::string_view directory_control[] = {"", "QUERY_DIRECTORY", "NOTIFY_CHANGE_DIRECTORY",
                                                  "NOTIFY_CHANGE_DIRECTORY_EX"};
constexpr std::string_view flush[] = {"", "FLUSH_AND_PURGE", "FLUSH_DATA_ONLY", "FLUSH_NO_SYNC",
                                      "FLUSH_DATA_SYNC_ONLY"};
constexpr std::string_view lock_control[] = {"", "LOCK", "UNLOCK_SINGLE", "UNLOCK_ALL", "UNLOCK_ALL_BY_KEY"};

std::span<const std::string_view> minors(unsigned major) {
    switch (major) {
    case 0x09:
        return flush;
    case 0x0c:
        return directory_control;
    case 0x0d:
        return file_system_control;
    case 0x11:
        return lock_control;
    case 0x16:
        return power;
    case 0x17:
        return system_control;
    case 0x1b:
        return pnp;
    default:
        return {};
    }
}

// As debuggers name modules: without extension, and the kernel is nt.
std::string module_name(std::string name) {
    name.erase(0, name.find_last_of('\\') + 1);
    if (const auto dot = name.rfind('.'); dot != name.npos) name.erase(dot);
    return name == "ntoskrnl" ? "nt" : name;
}

} // namespace

const char* lock_kind_name(unsigned kind) {
    static const char* const names[] = {"lock",
                                        "spin lock",
                                        "queued spin lock",
                                        "spin lock (shared)",
                                        "spin lock (exclusive)",
                                        "fast mutex",
                                        "fast mutex (unsafe)",
                                        "guarded mutex",
                                        "guarded mutex (unsafe)",
                                        "push lock (shared)",
                                        "push lock (exclusive)",
                                        "ERESOURCE (shared)",
                                        "ERESOURCE (exclusive)",
                                        "mutex",
                                        "run-down protection",
                                        "remove lock"};
    return names[kind < std::size(names) ? kind : 0];
}

std::string hex_text(std::uint64_t value) {
    char text[19] = "0x";
    return {text, std::to_chars(text + 2, text + sizeof text, value, 16).ptr};
}

std::string status_text(std::uint32_t status) {
    const char* name = nt::rtl::status_name(static_cast<nt::NTSTATUS>(status));
    return name ? name : hex_text(status);
}

std::string irp_major_name(unsigned major) {
    return "IRP_MJ_" + (major < std::size(majors) ? std::string(majors[major]) : hex_text(major));
}

std::string irp_minor_name(unsigned major, unsigned minor) {
    const auto names = minors(major);
    if (minor >= names.size() || names[minor].empty()) return {};
    return "IRP_MN_" + std::string(names[minor]);
}

std::string control_code_text(std::uint32_t code) {
    static constexpr std::string_view methods[] = {"METHOD_BUFFERED", "METHOD_IN_DIRECT", "METHOD_OUT_DIRECT",
                                                   "METHOD_NEITHER"};
    static constexpr std::string_view access[] = {"FILE_ANY_ACCESS", "FILE_READ_ACCESS", "FILE_WRITE_ACCESS",
                                                  "FILE_READ_ACCESS | FILE_WRITE_ACCESS"};
    return hex_text(code) + " CTL_CODE(" + hex_text(code >> 16) + ", " + hex_text(code >> 2 & 0xfff) + ", " +
           std::string(methods[code & 3]) + ", " + std::string(access[code >> 14 & 3]) + ")";
}

void Names::learn(const Record& r) {
    const std::string& name = r.event->name;
    if (name == "name") {
        calls_[r.number("kind") << 32 | r.number("id")] = r.text("text");
    } else if (name == "device_created") {
        devices_[r.number("device")] = {r.text("name"), r.number("driver")};
    } else if (name == "driver_loaded") {
        drivers_[r.number("driver")] = r.text("name");
    } else if (name == "file_opened") {
        files_[r.number("file")] = r.text("name");
    } else if (name == "symbol") {
        symbols_[r.number("address")] = r.text("name");
    } else if (name == "module_loaded") {
        const std::uint64_t base = r.number("base");
        images_[base] = {base + r.number("size"), module_name(r.text("name"))};
    } else if (name == "process_created") {
        processes_[static_cast<std::uint32_t>(r.number("new_pid"))] = r.text("image");
    }
}

std::string Names::device(std::uint64_t address) const {
    const auto found = devices_.find(address);
    if (found == devices_.end()) return hex_text(address);
    if (!found->second.name.empty()) return found->second.name;
    return "device " + hex_text(address);
}

std::string Names::driver(std::uint64_t address) const {
    const auto found = drivers_.find(address);
    return found == drivers_.end() ? hex_text(address) : found->second;
}

std::string Names::file(std::uint64_t address) const {
    const auto found = files_.find(address);
    return found == files_.end() ? std::string() : found->second;
}

std::string Names::symbol(std::uint64_t address) const {
    auto after = images_.upper_bound(address);
    if (after != images_.begin()) {
        const auto& [base, image] = *--after;
        if (address >= image.end) return hex_text(address);
        auto named = symbols_.upper_bound(address);
        if (named == symbols_.begin() || std::prev(named)->first < base)
            return image.name + "+" + hex_text(address - base);
        --named;
        const std::uint64_t displacement = address - named->first;
        return image.name + "!" + named->second + (displacement ? "+" + hex_text(displacement) : "");
    }
    return hex_text(address);
}

std::string Names::call(unsigned kind, std::uint32_t id) const {
    const auto found = calls_.find(std::uint64_t{kind} << 32 | id);
    if (found != calls_.end()) return found->second;
    return (kind ? "export " : "service ") + hex_text(id);
}

std::string Names::process(std::uint32_t pid) const {
    const auto found = processes_.find(pid);
    return found == processes_.end() ? std::string() : found->second;
}

} // namespace trace
