#include "kernel/io/driver_file.h"
#include "abi/status.h"
#include "host/file.h"
#include "host/utf16.h"
#include "rtl/strings.h"

namespace nt::io {

DriverFolders driver_folders;

namespace {

bool same(std::u16string_view a, std::u16string_view b) {
    return a.size() == b.size() && rtl::compare(a.data(), a.size(), b.data(), b.size(), true) == 0;
}

// Takes `prefix` off the front of the path.
bool take(std::u16string_view& path, std::u16string_view prefix) {
    if (path.size() < prefix.size() || !same(path.substr(0, prefix.size()), prefix)) return false;
    path.remove_prefix(prefix.size());
    return true;
}

// The entry of a host folder with this name; empty: none.
std::string entry(const std::string& folder, std::u16string_view name) {
    for (const std::string& there : host::list_directory(folder))
        if (same(host::utf16(there), name)) return there;
    return {};
}

struct Place {
    std::u16string_view prefix; // of the names that it is reached by
    std::u16string_view path;   // what the module list shows instead
    std::vector<std::string> DriverFolders::* folders;
    bool deep; // folders below it count
};
constexpr Place places[] = {
    {u"\\SystemRoot\\System32\\drivers\\", u"\\SystemRoot\\System32\\drivers\\", &DriverFolders::store,
     false},
    {u"C:\\Windows\\System32\\drivers\\", u"\\??\\C:\\Windows\\System32\\drivers\\", &DriverFolders::store,
     false},
    {u"C:\\Program Files\\Drvlab\\", u"\\??\\C:\\Program Files\\Drvlab\\", &DriverFolders::programs, true},
    {u"C:\\", u"\\??\\C:\\", &DriverFolders::programs, false},
};

// What a folder holds under a relative path. STATUS_OBJECT_PATH_NOT_FOUND when a folder on the way is
// missing.
Result<DriverFile> find_below(const std::string& folder, std::u16string_view path) {
    std::string at = folder;
    for (;;) {
        const auto end = path.find(u'\\');
        const std::u16string_view part = path.substr(0, end);
        if (part == u"." || part == u"..") return fail(STATUS_OBJECT_NAME_INVALID);
        const std::string found = part.empty() ? std::string() : entry(at, part);
        const bool last = end == path.npos;
        if (found.empty()) return fail(last ? STATUS_OBJECT_NAME_NOT_FOUND : STATUS_OBJECT_PATH_NOT_FOUND);
        at += "/" + found;
        if (last) return DriverFile{at, {}, host::utf16(found)};
        path.remove_prefix(end + 1);
    }
}

} // namespace

Result<DriverFile> find_driver_file(std::u16string_view image_path, std::u16string_view service) {
    std::u16string whole(image_path);
    if (whole.empty()) whole = u"System32\\drivers\\" + std::u16string(service) + u".sys";
    if (whole.front() != u'\\') whole.insert(0, u"\\SystemRoot\\");
    std::u16string_view path = whole;
    for (const std::u16string_view dos : {u"\\??\\", u"\\DosDevices\\", u"\\GLOBAL??\\"})
        if (take(path, dos)) break;
    for (const Place& place : places) {
        std::u16string_view rest = path;
        if (!take(rest, place.prefix)) continue;
        if (rest.empty()) return fail(STATUS_OBJECT_NAME_INVALID);
        if (!place.deep && rest.find(u'\\') != rest.npos) return fail(STATUS_OBJECT_PATH_NOT_FOUND);
        NTSTATUS status = STATUS_OBJECT_NAME_NOT_FOUND;
        for (const std::string& folder : driver_folders.*place.folders) {
            Result<DriverFile> found = find_below(folder, rest);
            if (found) {
                found->path = std::u16string(place.path) + std::u16string(rest);
                return found;
            }
            if (found.error() != STATUS_OBJECT_NAME_NOT_FOUND) status = found.error();
        }
        return fail(status);
    }
    // The names of folders that every Windows has are known; nothing is in them.
    for (const std::u16string_view folder :
         {u"\\SystemRoot\\System32\\", u"\\SystemRoot\\", u"C:\\Windows\\System32\\", u"C:\\Windows\\",
          u"C:\\Program Files\\"}) {
        std::u16string_view rest = path;
        if (take(rest, folder) && rest.find(u'\\') == rest.npos) return fail(STATUS_OBJECT_NAME_NOT_FOUND);
    }
    return fail(STATUS_OBJECT_PATH_NOT_FOUND);
}

} // namespace nt::io
