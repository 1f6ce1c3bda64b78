#include "kernel/ob/dos_devices.h"
#include "abi/status.h"
#include "abi/thread.h"
#include "kernel/ke/thread.h"
#include "kernel/ob/directory.h"
#include "kernel/pool/pool.h"
#include <cstring>
#include <string>

namespace nt::ob {

namespace {

constexpr std::u16string_view local_directories = u"\\Sessions\\0\\DosDevices\\";
constexpr SIZE_T name_length = 17; // 00000000-0002f3a1

void put_hexadecimal(ULONG value, WCHAR* to) {
    for (int i = 8; i-- > 0; value >>= 4)
        to[i] = u"0123456789abcdef"[value & 15];
}

OBJECT_DIRECTORY* find_local(std::u16string_view path) {
    PVOID found;
    UNICODE_STRING name{static_cast<USHORT>(path.size() * 2), static_cast<USHORT>(path.size() * 2),
                        const_cast<WCHAR*>(path.data())};
    if (!NT_SUCCESS(reference_by_name(name, 0, directory_type, KernelMode, nullptr, &found))) return nullptr;
    dereference(found); // permanent
    return static_cast<OBJECT_DIRECTORY*>(found);
}

OBJECT_DIRECTORY* make_local(std::u16string_view path, DEVICE_MAP* map) {
    const auto made = create_directory(path);
    if (!made) return nullptr;
    reference(*made); // the map's: the directory's name can be taken away
    // assumed: whoever may make named objects may define devices for the logon session.
    if (const OBJECT_DIRECTORY* named = find_local(u"\\BaseNamedObjects"))
        share_security(*made, security_of(named));
    (*made)->ShadowDirectory = global_dos_devices;
    (*made)->DeviceMap = map;
    std::u16string link(path);
    link += u"\\Global";
    std::u16string_view target = u"\\GLOBAL??";
    const auto string = [](std::u16string_view s) {
        return UNICODE_STRING{static_cast<USHORT>(s.size() * 2), static_cast<USHORT>(s.size() * 2),
                              const_cast<WCHAR*>(s.data())};
    };
    return NT_SUCCESS(create_symbolic_link(string(link), string(target), OBJ_PERMANENT)) ? *made : nullptr;
}

} // namespace

DEVICE_MAP* device_map_of(const LUID& logon) {
    if (logon.LowPart == system_logon_id.LowPart && logon.HighPart == system_logon_id.HighPart)
        return nullptr;
    WCHAR path[local_directories.size() + name_length];
    std::memcpy(path, local_directories.data(), local_directories.size() * sizeof(WCHAR));
    WCHAR* name = path + local_directories.size();
    put_hexadecimal(static_cast<ULONG>(logon.HighPart), name);
    name[8] = u'-';
    put_hexadecimal(logon.LowPart, name + 9);
    const std::u16string_view whole(path, std::size(path));
    if (const OBJECT_DIRECTORY* there = find_local(whole)) return there->DeviceMap;
    auto* map = static_cast<DEVICE_MAP*>(
        pool::allocate(pool::Kind::nonpaged, sizeof(DEVICE_MAP), pool::tag("ObDm"), 0, true));
    if (!map) return nullptr;
    map->GlobalDosDevicesDirectory = global_dos_devices;
    map->ReferenceCount = 1;
    map->DosDevicesDirectory = make_local(whole, map);
    return map->DosDevicesDirectory ? map : nullptr;
}

OBJECT_DIRECTORY* dos_devices_of_caller(bool of_client) {
    const auto* process = static_cast<const EPROCESS*>(ke::current_thread().process);
    LUID logon;
    const auto* map = of_client && impersonates(logon) ? device_map_of(logon)
                      : process                        ? static_cast<const DEVICE_MAP*>(process->DeviceMap)
                                                       : nullptr;
    return map ? map->DosDevicesDirectory : global_dos_devices;
}

} // namespace nt::ob
