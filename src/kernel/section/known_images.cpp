// Naming host files as image sections.
#include "abi/status.h"
#include "host/file.h"
#include "host/utf16.h"
#include "kernel/ob/namespace.h"
#include "kernel/se/access.h"
#include "kernel/section/section.h"
#include "rtl/strings.h"
#include <algorithm>
#include <vector>

namespace nt::section {

namespace {

OBJECT_DIRECTORY* open_directory(std::u16string_view path) {
    const UNICODE_STRING name{static_cast<USHORT>(path.size() * 2), static_cast<USHORT>(path.size() * 2),
                              const_cast<WCHAR*>(path.data())};
    PVOID found = nullptr;
    if (!NT_SUCCESS(ob::reference_by_name(name, OBJ_CASE_INSENSITIVE, ob::directory_type, KernelMode, nullptr,
                                          &found)))
        return nullptr;
    return static_cast<OBJECT_DIRECTORY*>(found);
}

bool has_extension(const std::string& name, std::string_view extension) {
    if (name.size() < 5) return false;
    std::string tail = name.substr(name.size() - 4);
    std::transform(tail.begin(), tail.end(), tail.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
    return tail == extension;
}

// Programs get their sections when somebody asks for them: so what lies beside a program, of which there may
// be much, moves no address of the run.
struct Program {
    std::u16string directory;
    std::string name, path, host_path;
};
std::vector<Program> programs;

} // namespace

NTSTATUS add_image(std::u16string_view directory, const std::string& file_name, const std::string& path,
                   const std::string& host_path) {
    OBJECT_DIRECTORY* target = open_directory(directory);
    if (!target) return STATUS_OBJECT_PATH_NOT_FOUND;
    const std::u16string name = host::utf16(file_name);
    const UNICODE_STRING last{static_cast<USHORT>(name.size() * 2), static_cast<USHORT>(name.size() * 2),
                              const_cast<WCHAR*>(name.data())};
    NTSTATUS status = STATUS_SUCCESS;
    if (!ob::find_in(target, last, true)) {
        auto section = create_image(file_name, path, host_path, name);
        if (section) ob::share_security(*section, se::readable_descriptor());
        status = section ? ob::insert_into(target, *section) : section.error();
        if (section) ob::dereference(*section); // the directory holds it, as it is permanent
    }
    ob::dereference(target);
    return status;
}

ULONG add_images_of(std::u16string_view directory, const std::string& host_directory,
                    const std::string& path) {
    ULONG count = 0;
    for (const std::string& name : host::list_directory(host_directory)) {
        const std::string host_path = host_directory + "/" + name;
        if (has_extension(name, ".exe"))
            programs.push_back({std::u16string(directory), name, path + name, host_path});
        else if (has_extension(name, ".dll") &&
                 NT_SUCCESS(add_image(directory, name, path + name, host_path)))
            count++;
    }
    return count;
}

bool add_program(std::u16string_view object_name) {
    for (const Program& p : programs) {
        const std::u16string full = p.directory + u"\\" + host::utf16(p.name);
        if (rtl::compare(full.data(), full.size(), object_name.data(), object_name.size(), true) == 0)
            return NT_SUCCESS(add_image(p.directory, p.name, p.path, p.host_path));
    }
    return false;
}

} // namespace nt::section
