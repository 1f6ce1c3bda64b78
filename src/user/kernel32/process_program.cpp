// Which program CreateProcess means: nf-processthreadsapi-createprocessw, lpApplicationName and
// lpCommandLine. There is no file system; a program is an image that the machine has named (\DrvlabApp,
// \KnownDlls).
#include "process_start.h"
#include <initializer_list>

namespace nt {
using namespace k32;

namespace k32 {

bool Text::reserve(SIZE_T characters) {
    if (text_ && characters < room_) return true;
    const SIZE_T room = characters + 64;
    auto* larger = static_cast<WCHAR*>(heap_allocate(room * sizeof(WCHAR)));
    if (!larger) return fail_with(ERROR_NOT_ENOUGH_MEMORY);
    if (text_) RtlMoveMemory(larger, text_, length_ * sizeof(WCHAR));
    larger[length_] = 0;
    heap_free(text_);
    text_ = larger;
    room_ = room;
    return true;
}
bool Text::append(const WCHAR* from, SIZE_T characters) {
    if (!reserve(length_ + characters)) return false;
    RtlMoveMemory(text_ + length_, from, characters * sizeof(WCHAR));
    length_ += characters;
    text_[length_] = 0;
    return true;
}
UNICODE_STRING Text::string() const {
    const auto bytes = USHORT(length_ * sizeof(WCHAR));
    return {bytes, USHORT(bytes + sizeof(WCHAR)), text_};
}

bool full_path(const WCHAR* name, Text& to) {
    to.clear();
    constexpr ULONG most = 0xfffe;
    const ULONG needed = RtlGetFullPathName_U(name, 0, nullptr, nullptr);
    if (!needed || needed > most) return fail_with(needed ? ERROR_FILENAME_EXCED_RANGE : ERROR_INVALID_NAME);
    Scratch<WCHAR> buffer(needed / sizeof(WCHAR) + 1);
    if (!buffer) return fail_with(ERROR_NOT_ENOUGH_MEMORY);
    const ULONG bytes = RtlGetFullPathName_U(name, needed + ULONG(sizeof(WCHAR)), buffer.get(), nullptr);
    return to.append(buffer.get(), bytes / sizeof(WCHAR));
}

} // namespace k32

namespace {

bool is_space(WCHAR c) { return c == ' ' || c == '\t'; }
bool is_separator(WCHAR c) { return c == '\\' || c == '/'; }

SIZE_T directory_length(const WCHAR* path) { // without the backslash
    SIZE_T n = wcslen(path);
    while (n && !is_separator(path[n - 1]))
        n--;
    return n ? n - 1 : 0;
}

bool equal(const WCHAR* a, SIZE_T n, const WCHAR* b) {
    const auto bytes = USHORT(n * sizeof(WCHAR));
    UNICODE_STRING left{bytes, bytes, const_cast<WCHAR*>(a)}, right;
    RtlInitUnicodeString(&right, b);
    return RtlEqualUnicodeString(&left, &right, TRUE);
}

bool section_exists(const WCHAR* directory, const WCHAR* file) {
    Text name;
    if (!name.append(directory) || !name.append(file)) return false;
    UNICODE_STRING string = name.string();
    OBJECT_ATTRIBUTES attributes{sizeof attributes, nullptr, &string, OBJ_CASE_INSENSITIVE, nullptr, nullptr};
    HANDLE section;
    if (!NT_SUCCESS(NtOpenSection(&section, 0x1 /* SECTION_QUERY */, &attributes))) return false;
    NtClose(section);
    return true;
}

bool contains_path(const WCHAR* name) {
    for (; *name; name++)
        if (is_separator(*name) || *name == ':') return true;
    return false;
}

bool has_extension(const WCHAR* name) { // also one that ends with a period
    bool point = false;
    for (; *name; name++)
        point = !is_separator(*name) && (point || *name == '.');
    return point;
}

bool try_directory(const WCHAR* directory, SIZE_T n, const WCHAR* name, Text& path) {
    Text joined;
    if (!n || !joined.append(directory, n)) return false;
    if (!is_separator(directory[n - 1]) && !joined.append(u"\\")) return false;
    return joined.append(name) && full_path(joined.get(), path) && is_image(path.get());
}

// "The system searches for the executable file in the following sequence."
bool search(const WCHAR* name, Text& path) {
    const UNICODE_STRING& self = NtCurrentPeb()->ProcessParameters->ImagePathName;
    if (try_directory(self.Buffer, directory_length(self.Buffer), name, path)) return true;
    if (full_path(name, path) && is_image(path.get())) return true; // the current directory
    for (const WCHAR* directory : {u"C:\\Windows\\System32", u"C:\\Windows\\System", u"C:\\Windows"})
        if (try_directory(directory, wcslen(directory), name, path)) return true;
    SIZE_T length = 0;
    RtlQueryEnvironmentVariable(nullptr, u"PATH", 4, nullptr, 0, &length);
    Scratch<WCHAR> list(length + 1);
    if (!list ||
        !NT_SUCCESS(RtlQueryEnvironmentVariable(nullptr, u"PATH", 4, list.get(), length + 1, &length)))
        return false;
    for (const WCHAR* at = list.get(); *at;) {
        SIZE_T n = 0;
        while (at[n] && at[n] != ';')
            n++;
        if (try_directory(at, n, name, path)) return true;
        at += n + (at[n] ? 1 : 0);
    }
    return false;
}

// A candidate; .exe is appended to a name without extension. assumed: after the name itself has been tried,
// where it contains a path.
bool find_candidate(const WCHAR* name, Text& path) {
    if (contains_path(name) || has_extension(name))
        if (contains_path(name) ? full_path(name, path) && is_image(path.get()) : search(name, path))
            return true;
    if (has_extension(name)) return false;
    Text longer;
    if (!longer.append(name) || !longer.append(u".exe")) return false;
    return contains_path(name) ? full_path(longer.get(), path) && is_image(path.get())
                               : search(longer.get(), path);
}

} // namespace

bool k32::is_image(const WCHAR* path) {
    const SIZE_T n = directory_length(path);
    const WCHAR* file = path + n + 1;
    if (!n || !*file) return false;
    if (equal(path, n, u"C:\\Program Files\\Drvlab")) return section_exists(u"\\DrvlabApp\\", file);
    return equal(path, n, u"C:\\Windows\\System32") && section_exists(u"\\KnownDlls\\", file);
}

bool k32::find_program(const WCHAR* application, const WCHAR* command_line, Text& path) {
    if (application && !*application) return fail_with(ERROR_PATH_NOT_FOUND); // assumed
    if (application) return full_path(application, path);
    const WCHAR* at = command_line;
    while (is_space(*at))
        at++;
    Text name;
    if (*at == '"') { // up to the next quote
        const WCHAR* end = ++at;
        while (*end && *end != '"')
            end++;
        if (!name.append(at, SIZE_T(end - at))) return false;
        if (find_candidate(name.get(), path)) return true;
    } else {
        // Each white space may be part of the name: the shortest that there is counts.
        for (const WCHAR* end = at;; end++) {
            if (*end && !is_space(*end)) continue;
            name.clear();
            if (!name.append(at, SIZE_T(end - at))) return false;
            if (find_candidate(name.get(), path)) return true;
            if (!*end) break;
        }
        name.clear();
        const WCHAR* end = at;
        while (*end && !is_space(*end))
            end++;
        if (!name.append(at, SIZE_T(end - at))) return false;
    }
    // assumed: the first word is what the error is about; the kernel says whether its directory is there.
    if (contains_path(name.get())) return full_path(name.get(), path);
    return fail_with(ERROR_FILE_NOT_FOUND);
}

} // namespace nt
