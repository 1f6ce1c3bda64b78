// !object: debuggercmds/-object.md.
#include "view/detail/session.h"

namespace view {

void show_object(Session& s, const Object& object) {
    s.print("Object: %s  Type: (%s) %s\n", extension_address(object.body).c_str(),
            extension_address(object.type).c_str(), object.type_name.c_str());
    s.print("    ObjectHeader: %s (new version)\n", extension_address(object.header).c_str());
}

void show_object_counts(Session& s, const Object& object, const char* indent, const std::string& name) {
    s.print("%sHandleCount: %llu  PointerCount: %llu\n", indent,
            static_cast<unsigned long long>(object.handle_count),
            static_cast<unsigned long long>(object.pointer_count));
    if (object.name.empty() && name.empty()) return;
    s.print("%sDirectory Object: %s  Name: %s\n", indent, extension_address(object.directory).c_str(),
            (name.empty() ? object.name : name).c_str());
}

namespace {

void show_directory(Session& s, const Object& directory) {
    s.print("\n    Hash Address          Type          Name\n    ---- -------          ----          ----\n");
    unsigned last = ~0u;
    for (const DirectoryEntry& entry : s.machine.directory(directory.body)) {
        if (entry.bucket != last)
            s.print("     %02u  ", entry.bucket);
        else
            s.print("         ");
        last = entry.bucket;
        s.print("%s %-13s %s\n", extension_address(entry.object.body).c_str(), entry.object.type_name.c_str(),
                entry.object.name.c_str());
    }
}

void show(Session& s, const Object& object, std::uint64_t flags) {
    show_object(s, object);
    if (flags & 1) {
        show_object_counts(s, object, "    ", (flags & 0x20) ? object.path : shown_name(s, object));
        if ((flags & 8) && object.type_name == "Directory") show_directory(s, object);
        if ((flags & 8) && object.type_name == "SymbolicLink")
            s.print("    Target String is '%s'\n", object.symlink_target.c_str());
    }
    if (flags & 0x10) {
        s.print("Optional Headers: \n");
        if (object.name_info) s.print("    NameInfo(%s)\n", extension_address(object.name_info).c_str());
    }
}

void object_command(Session& s, std::string_view, std::span<const std::string> arguments) {
    constexpr std::uint64_t default_flags = 9;
    static constexpr const char* usage =
        "usage: !object <address> [flags] | <\\path> | 0 <type name> | -p\n"
        "flags: 0 type, 1 name and reference counts, 8 directory or link (with 1), 10 optional headers,\n"
        "       20 full path (with 1); 9 if left out\n";
    if (arguments.empty()) return s.error("%s", usage);
    if (arguments[0] == "-h" || arguments[0] == "-?") return s.print("%s", usage);
    if (arguments[0] == "-p") return s.print("There are no private object name spaces.\n");
    if (arguments[0].starts_with('\\')) {
        const auto object = s.machine.find_object(arguments[0]);
        if (!object) return s.error("Object %s not found\n", arguments[0].c_str());
        return show(s, *object, number_argument(s, arguments, 1, default_flags));
    }
    std::uint64_t address = 0;
    if (!s.evaluate(arguments[0], address)) return;
    if (address == 0) {
        if (arguments.size() < 2) return s.error("usage: !object 0 <type name>\n");
        const auto objects = s.machine.objects_of_type(arguments[1]);
        if (objects.empty()) return s.error("No objects of type '%s'\n", arguments[1].c_str());
        for (const Object& object : objects)
            show(s, object, 1);
        return;
    }
    const auto object = s.machine.object_at(address);
    if (!object) return s.error("%s: Not a valid object\n", extension_address(address).c_str());
    show(s, *object, number_argument(s, arguments, 1, default_flags));
}

constexpr Command commands[] = {{"!object", "!object <address|\\path> [flags]",
                                 "object: counts, name, contents of a directory, target of a link",
                                 object_command}};

} // namespace

std::span<const Command> object_commands() { return commands; }

} // namespace view
