// !object, !obtrace: debuggercmds/-object.md, -obtrace.md, kernel/object-reference-tracing-with-tags.md.
#include "abi/ob.h"
#include "view/detail/session.h"
#include <algorithm>

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

// Those that InfoMask names, nearest to the header first. The page shows NameInfo only; the other words are
// assumed.
void show_optional_headers(Session& s, const Object& object) {
    struct Part {
        std::uint8_t bit;
        std::size_t size;
        const char* name;
    };
    static constexpr Part parts[] = {{nt::OB_INFOMASK_CREATOR, 0x20, "CreatorInfo"},
                                     {nt::OB_INFOMASK_NAME, 0x20, "NameInfo"},
                                     {nt::OB_INFOMASK_HANDLE, 0x10, "HandleInfo"},
                                     {nt::OB_INFOMASK_QUOTA, 0x20, "QuotaInfo"},
                                     {nt::OB_INFOMASK_PROCESS, 0x10, "ProcessInfo"}};
    s.print("Optional Headers: \n");
    nt::OBJECT_HEADER header;
    if (!s.read(object.header, header)) {
        if (object.name_info) s.print("    NameInfo(%s)\n", extension_address(object.name_info).c_str());
        return;
    }
    Address at = object.header;
    for (const Part& part : parts) {
        if (!(header.InfoMask & part.bit)) continue;
        at -= part.size;
        s.print("    %s(%s)\n", part.name, extension_address(at).c_str());
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
    if (flags & 0x10) show_optional_headers(s, object);
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

std::string tag_text(std::uint32_t tag) {
    std::string text;
    for (int i = 0; i < 4; ++i, tag >>= 8)
        text += (tag & 0xff) >= 0x20 && (tag & 0xff) < 0x7f ? static_cast<char>(tag) : '.';
    return text;
}

// "mydrv!Read+6c": as in the page, without 0x.
std::string caller_text(Session& s, Address caller) {
    std::string text = s.symbol(caller);
    if (text.empty()) return "0x" + native_address(caller);
    if (const auto at = text.rfind("+0x"); at != text.npos) text.erase(at + 1, 2);
    return text;
}

void show_totals(Session& s, const std::vector<Reference>& references) {
    struct Count {
        unsigned taken = 0, given = 0;
    };
    Count all;
    std::vector<std::pair<std::uint32_t, Count>> tags; // in the order of first use
    for (const Reference& one : references) {
        auto found = std::ranges::find(tags, one.tag, &std::pair<std::uint32_t, Count>::first);
        if (found == tags.end()) found = tags.insert(tags.end(), {one.tag, {}});
        for (Count* count : {&all, &found->second})
            (one.change > 0 ? count->taken : count->given) += 1;
    }
    s.print("References: %u, Dereferences %u\n", all.taken, all.given);
    for (const auto& [tag, count] : tags)
        if (count.taken != count.given)
            s.print("Tag: %s References: %u Dereferences: %u %s reference by: %u\n", tag_text(tag).c_str(),
                    count.taken, count.given, count.taken > count.given ? "Over" : "Under",
                    count.taken > count.given ? count.taken - count.given : count.given - count.taken);
}

// Only what drivers did is traced, and where they called from, not the stack above.
void obtrace_command(Session& s, std::string_view, std::span<const std::string> arguments) {
    if (arguments.size() != 1) return s.error("usage: !obtrace <address|\\path>\n");
    std::uint64_t address = 0;
    if (arguments[0].starts_with('\\')) {
        const auto object = s.machine.find_object(arguments[0]);
        if (!object) return s.error("Object %s not found\n", arguments[0].c_str());
        address = object->body;
    } else if (!s.evaluate(arguments[0], address)) {
        return;
    }
    const ReferenceTrace trace = s.machine.reference_trace(address);
    if (!trace.problem.empty()) return s.error("%s\n", trace.problem.c_str());
    s.print("Object: %s\n Image: %s\n", extension_address(address).c_str(), trace.image.c_str());
    static constexpr const char* line =
        "--------   -----   ----   --------------------------------------------\n";
    s.print("Sequence   (+/-)   Tag    Stack\n%s", line);
    for (const Reference& one : trace.references)
        s.print("%8llx    %+d     %-4s      %s\n\n", static_cast<unsigned long long>(one.sequence),
                one.change, tag_text(one.tag).c_str(), caller_text(s, one.caller).c_str());
    s.print("%s", line);
    show_totals(s, trace.references);
}

constexpr Command commands[] = {
    {"!obtrace", "!obtrace <address|\\path>",
     "references that drivers took and gave back, by tag; needs a trace", obtrace_command},
    {"!object", "!object <address|\\path> [flags]",
     "object: counts, name, contents of a directory, target of a link", object_command}};

} // namespace

std::span<const Command> object_commands() { return commands; }

} // namespace view
