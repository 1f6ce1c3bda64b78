// Where programs lie: there is no file system, so a path means an image that the machine has named.
#include "abi/status.h"
#include "kernel/ob/namespace.h"
#include "kernel/ps/process.h"
#include "kernel/section/section.h"
#include "rtl/strings.h"

namespace nt::ps {

namespace {

struct Place {
    std::u16string_view directory, objects;
};
constexpr Place places[] = {{u"C:\\Program Files\\Drvlab", u"\\DrvlabApp\\"},
                            {u"C:\\Windows\\System32", u"\\KnownDlls\\"}};

bool equal(std::u16string_view a, std::u16string_view b) {
    return rtl::compare(a.data(), a.size(), b.data(), b.size(), true) == 0;
}

// The directory is one of the machine's, or leads to one.
bool exists(std::u16string_view directory) {
    for (const Place& place : places)
        if (directory.size() <= place.directory.size() &&
            equal(directory, place.directory.substr(0, directory.size())) &&
            (directory.size() == place.directory.size() || place.directory[directory.size()] == u'\\'))
            return true;
    return false;
}

} // namespace

Result<section::Section*> find_program(std::u16string_view name) {
    for (const std::u16string_view prefix : {u"\\??\\", u"\\DosDevices\\", u"\\GLOBAL??\\"})
        if (equal(name.substr(0, prefix.size()), prefix)) {
            name.remove_prefix(prefix.size());
            break;
        }
    const auto slash = name.rfind(u'\\');
    if (slash == std::u16string_view::npos) return fail(STATUS_OBJECT_PATH_NOT_FOUND);
    const auto directory = name.substr(0, slash), file = name.substr(slash + 1);
    for (const Place& place : places) {
        if (!equal(directory, place.directory)) continue;
        const std::u16string path = std::u16string(place.objects) + std::u16string(file);
        if (file.empty() || path.size() > 0x7fff) return fail(STATUS_OBJECT_NAME_INVALID);
        const auto bytes = static_cast<USHORT>(path.size() * 2);
        const UNICODE_STRING object{bytes, bytes, const_cast<WCHAR*>(path.data())};
        PVOID found;
        const auto find = [&] {
            return ob::reference_by_name(object, OBJ_CASE_INSENSITIVE, section::section_type, KernelMode,
                                         nullptr, &found);
        };
        NTSTATUS status = find();
        if (status == STATUS_OBJECT_NAME_NOT_FOUND && section::add_program(path)) status = find();
        if (!NT_SUCCESS(status)) return fail(status);
        return static_cast<section::Section*>(found);
    }
    return fail(exists(directory) ? STATUS_OBJECT_NAME_NOT_FOUND : STATUS_OBJECT_PATH_NOT_FOUND);
}

} // namespace nt::ps
