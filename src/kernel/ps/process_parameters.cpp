// What a program is told at its start: command line, environment, current directory.
#include "abi/mm.h"
#include "abi/status.h"
#include "host/utf16.h"
#include "kernel/mm/address_space.h"
#include "kernel/ps/detail/process_parts.h"
#include "rtl/strings.h"
#include <algorithm>
#include <cstring>

namespace nt::ps {

namespace detail {

namespace {

using host::utf16;

// The same on every host; a variable given for the process takes the place of one of these.
constexpr const char* default_environment[] = {
    "ALLUSERSPROFILE=C:\\ProgramData",
    "APPDATA=C:\\Users\\drvlab\\AppData\\Roaming",
    "CommonProgramFiles=C:\\Program Files\\Common Files",
    "COMPUTERNAME=DRVLAB",
    "ComSpec=C:\\Windows\\system32\\cmd.exe",
    "HOMEDRIVE=C:",
    "HOMEPATH=\\Users\\drvlab",
    "LOCALAPPDATA=C:\\Users\\drvlab\\AppData\\Local",
    "NUMBER_OF_PROCESSORS=1",
    "OS=Windows_NT",
    "Path=C:\\Windows\\system32;C:\\Windows",
    "PATHEXT=.COM;.EXE;.BAT;.CMD",
    "PROCESSOR_ARCHITECTURE=AMD64",
    "ProgramData=C:\\ProgramData",
    "ProgramFiles=C:\\Program Files",
    "SystemDrive=C:",
    "SystemRoot=C:\\Windows",
    "TEMP=C:\\Users\\drvlab\\AppData\\Local\\Temp",
    "TMP=C:\\Users\\drvlab\\AppData\\Local\\Temp",
    "USERNAME=drvlab",
    "USERPROFILE=C:\\Users\\drvlab",
    "windir=C:\\Windows",
};

std::u16string name_of(const std::u16string& entry) { return entry.substr(0, entry.find(u'=', 1)); }

LONG compare_names(const std::u16string& a, const std::u16string& b) {
    return rtl::compare(a.data(), a.size(), b.data(), b.size(), true);
}

// Sorted by name without case, as Windows keeps it; terminated by an empty string.
std::u16string environment_block(const std::vector<std::string>& given) {
    std::vector<std::u16string> entries;
    const auto set = [&](const std::string& text) {
        std::u16string entry = utf16(text);
        if (entry.find(u'=', 1) == std::u16string::npos) return;
        const std::u16string name = name_of(entry);
        std::erase_if(entries, [&](const std::u16string& e) { return compare_names(name_of(e), name) == 0; });
        entries.push_back(std::move(entry));
    };
    for (const char* entry : default_environment)
        set(entry);
    for (const std::string& entry : given)
        set(entry);
    std::sort(entries.begin(), entries.end(),
              [](const auto& a, const auto& b) { return compare_names(name_of(a), name_of(b)) < 0; });
    std::u16string block;
    for (const std::u16string& e : entries)
        block.append(e).push_back(u'\0');
    block.push_back(u'\0');
    if (entries.empty()) block.push_back(u'\0');
    return block;
}

NTSTATUS allocate_user(mm::AddressSpace& space, std::uint64_t& base, std::uint64_t size) {
    base = 0;
    return space.allocate(base, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
}

constexpr USHORT directory_room = 2 * (longest_directory + 4); // a backslash and a terminator

} // namespace

StartParameters default_parameters(const Process& process, const NewProcess& what) {
    StartParameters p;
    p.image_path = p.title = utf16(*process.path);
    p.command_line = command_line(*process.path, what.arguments);
    p.environment = environment_block(what.environment);
    p.desktop = u"WinSta0\\Default";
    p.directory = u"C:\\";
    return p;
}

NTSTATUS build_parameters(Process& process, const StartParameters& what) {
    mm::AddressSpace& space = *process.space;
    std::uint64_t environment = 0;
    const std::size_t environment_bytes = what.environment.size() * 2;
    if (const NTSTATUS status = allocate_user(space, environment, environment_bytes); !NT_SUCCESS(status))
        return status;
    if (const NTSTATUS status = write_user(space, environment, what.environment.data(), environment_bytes);
        !NT_SUCCESS(status))
        return status;

    RTL_USER_PROCESS_PARAMETERS p = what.plain;
    const auto room = [](std::size_t bytes) { return (bytes + 2 + 7) & ~std::size_t{7}; };
    std::uint64_t total = sizeof p + directory_room + room(what.runtime_bytes);
    for (const std::u16string* text :
         {&what.image_path, &what.command_line, &what.title, &what.desktop, &what.shell})
        total += room(text->size() * 2);
    std::uint64_t base = 0;
    if (const NTSTATUS status = allocate_user(space, base, total); !NT_SUCCESS(status)) return status;
    std::uint64_t at = base + sizeof p;
    NTSTATUS failure = STATUS_SUCCESS;
    const auto put_bytes = [&](UNICODE_STRING& to, const std::u16string& text, std::size_t size,
                               USHORT room) {
        const auto bytes = static_cast<USHORT>(size);
        to = {bytes, room ? room : static_cast<USHORT>(bytes + 2), reinterpret_cast<WCHAR*>(at)};
        const NTSTATUS status = write_user(space, at, text.c_str(), text.size() * 2 + 2u);
        if (!NT_SUCCESS(status)) failure = status;
        at += (to.MaximumLength + 7u) & ~7u;
    };
    const auto put = [&](UNICODE_STRING& to, const std::u16string& text, USHORT room = 0) {
        put_bytes(to, text, text.size() * 2, room);
    };
    put(p.CurrentDirectory.DosPath, what.directory, directory_room);
    put(p.ImagePathName, what.image_path);
    put(p.CommandLine, what.command_line);
    put(p.WindowTitle, what.title);
    put(p.DesktopInfo, what.desktop);
    if (!what.shell.empty()) put(p.ShellInfo, what.shell);
    if (what.runtime_bytes) put_bytes(p.RuntimeData, what.runtime, what.runtime_bytes, 0);
    p.MaximumLength = p.Length = static_cast<ULONG>(total);
    p.Flags = 1; // addresses are absolute
    p.Environment = reinterpret_cast<WCHAR*>(environment);
    p.EnvironmentSize = environment_bytes;
    if (!p.ProcessGroupId) p.ProcessGroupId = static_cast<ULONG>(id_of(process));
    process.parameters = base;
    if (!NT_SUCCESS(failure)) return failure;
    return write_user(space, base, p);
}

} // namespace detail

std::u16string command_line_of(const Process& process) {
    const void* block = process.space ? process.space->pointer(process.parameters) : nullptr;
    if (!block) return {};
    const UNICODE_STRING line = static_cast<const RTL_USER_PROCESS_PARAMETERS*>(block)->CommandLine;
    std::u16string text(line.Length / 2, u'\0');
    auto* to = reinterpret_cast<UCHAR*>(text.data());
    for (std::size_t done = 0, size = text.size() * 2; done < size;) {
        std::uint64_t contiguous = 0;
        const void* from =
            process.space->pointer(reinterpret_cast<std::uint64_t>(line.Buffer) + done, &contiguous);
        if (!from) return {};
        const std::size_t n = std::min<std::size_t>(size - done, contiguous);
        std::memcpy(to + done, from, n);
        done += n;
    }
    return text;
}

// "Parsing C command-line arguments": inside quotes, backslashes before a quote are doubled.
std::u16string command_line(const std::string& program, const std::vector<std::string>& arguments) {
    std::u16string line = u"\"" + host::utf16(program) + u"\"";
    for (const std::string& argument : arguments) {
        const std::u16string text = host::utf16(argument);
        line += u' ';
        if (!text.empty() && text.find_first_of(u" \t\n\v\"") == std::u16string::npos) {
            line += text;
            continue;
        }
        line += u'"';
        std::size_t backslashes = 0;
        for (const char16_t c : text) {
            if (c == u'\\') {
                backslashes++;
                continue;
            }
            line.append(c == u'"' ? 2 * backslashes + 1 : backslashes, u'\\');
            backslashes = 0;
            line += c;
        }
        line.append(2 * backslashes, u'\\');
        line += u'"';
    }
    return line;
}

// A program's name has no escapes: it ends at the next quote, or at white space.
std::vector<std::string> split_command_line(std::string_view line) {
    const auto space = [](char c) { return c == ' ' || c == '\t'; };
    std::vector<std::string> words;
    std::size_t i = 0;
    while (i < line.size() && space(line[i]))
        i++;
    if (i == line.size()) return words;
    const bool quoted_name = line[i] == '"';
    std::string word;
    for (i += quoted_name; i < line.size() && (quoted_name ? line[i] != '"' : !space(line[i])); i++)
        word += line[i];
    i += quoted_name;
    words.push_back(word);
    for (;;) {
        while (i < line.size() && space(line[i]))
            i++;
        if (i >= line.size()) return words;
        word.clear();
        for (bool quoted = false; i < line.size() && (quoted || !space(line[i]));) {
            std::size_t backslashes = 0;
            while (i < line.size() && line[i] == '\\')
                i++, backslashes++;
            if (i == line.size() || line[i] != '"') {
                word.append(backslashes, '\\');
                if (i < line.size() && (quoted || !space(line[i]))) word += line[i++];
                continue;
            }
            word.append(backslashes / 2, '\\');
            const bool doubled = quoted && i + 1 < line.size() && line[i + 1] == '"';
            if (backslashes % 2)
                word += '"';
            else if (doubled)
                word += '"', i++;
            else
                quoted = !quoted;
            i++;
        }
        words.push_back(word);
    }
}

} // namespace nt::ps
