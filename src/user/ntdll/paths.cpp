// Win32 paths: their kinds, full names, and NT names ("Naming Files, Paths, and Namespaces"; "File path
// formats on Windows").
#include "internal.h"
#include <initializer_list>

namespace nt {

namespace {

constexpr ULONG longest = 32767;

bool is_separator(WCHAR c) { return c == '\\' || c == '/'; }
WCHAR fold(WCHAR c) { return c >= 'a' && c <= 'z' ? static_cast<WCHAR>(c - 32) : c; }

struct View {
    const WCHAR* text;
    ULONG count;
    WCHAR operator[](ULONG i) const { return i < count ? text[i] : u'\0'; }
};

View view(const WCHAR* s) { return {s, static_cast<ULONG>(wcslen(s))}; }

RTL_PATH_TYPE kind_of(View p) {
    if (is_separator(p[0])) {
        if (!is_separator(p[1])) return RtlPathTypeRooted;
        if (p[2] != '.' && p[2] != '?') return RtlPathTypeUncAbsolute;
        if (is_separator(p[3])) return RtlPathTypeLocalDevice;
        return p.count == 3 ? RtlPathTypeRootLocalDevice : RtlPathTypeUncAbsolute;
    }
    if (p[0] && p[1] == ':') return is_separator(p[2]) ? RtlPathTypeDriveAbsolute : RtlPathTypeDriveRelative;
    return RtlPathTypeRelative;
}

bool equals(const WCHAR* text, ULONG count, const char* word) {
    for (ULONG i = 0; i < count; i++, word++)
        if (!*word || fold(text[i]) != static_cast<WCHAR>(*word)) return false;
    return !*word;
}

// A reserved name: CON PRN AUX NUL CONIN$ CONOUT$, COM1-9 and LPT1-9 (digits also as superscripts).
bool is_device_word(const WCHAR* text, ULONG count) {
    for (const char* word : {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"})
        if (equals(text, count, word)) return true;
    if (count != 4 || (!equals(text, 3, "COM") && !equals(text, 3, "LPT"))) return false;
    const WCHAR d = text[3];
    return (d >= '1' && d <= '9') || d == 0xb9 || d == 0xb2 || d == 0xb3;
}

// Offset and length in characters of the reserved name that the path means; length 0: none. "NUL.txt",
// "C:\x\nul" and "COM1:" mean devices; a trailing colon, spaces and points do not count.
struct Device {
    ULONG offset = 0, length = 0;
};
Device device_in(View p) {
    switch (kind_of(p)) {
    case RtlPathTypeUnknown:
    case RtlPathTypeUncAbsolute:
        return {};
    case RtlPathTypeLocalDevice:
        return {};
    case RtlPathTypeRootLocalDevice:
        return {};
    default:
        break;
    }
    ULONG start = p.count;
    while (start > 0 && !is_separator(p[start - 1]) && !(p[start - 1] == ':' && start == 2))
        start--;
    ULONG end = p.count;
    if (end > start && p[end - 1] == ':') end--;
    for (ULONG i = start; i < end; i++)
        if (p[i] == '.' || p[i] == ':') { // the extension does not matter
            end = i;
            break;
        }
    while (end > start && (p[end - 1] == ' ' || p[end - 1] == '.'))
        end--;
    while (start < end && p[start] == ' ')
        start++;
    return is_device_word(p.text + start, end - start) ? Device{start, end - start} : Device{};
}

// A path under construction; characters beyond the room are counted only.
struct Builder {
    WCHAR* to;
    ULONG room, count = 0;
    void put(WCHAR c) {
        if (count < room) to[count] = c;
        count++;
    }
    void put(const WCHAR* s, ULONG n) {
        for (ULONG i = 0; i < n; i++)
            put(s[i]);
    }
};

const UNICODE_STRING& current_directory() {
    return NtCurrentPeb()->ProcessParameters->CurrentDirectory.DosPath;
}

// The current directory of a drive: the process's, or what the variable "=X:" says, or the root.
ULONG directory_of_drive(WCHAR drive, WCHAR (&to)[600]) {
    const UNICODE_STRING& cwd = current_directory();
    ULONG n = 0;
    if (cwd.Length >= 4 && fold(cwd.Buffer[0]) == fold(drive) && cwd.Buffer[1] == ':') {
        n = cwd.Length / 2;
        if (n > 590) n = 590;
        memcpy(to, cwd.Buffer, n * sizeof(WCHAR));
    } else {
        const WCHAR variable[] = {u'=', fold(drive), u':'};
        SIZE_T length = 0;
        if (NT_SUCCESS(RtlQueryEnvironmentVariable(nullptr, variable, 3, to, 590, &length)) && length) {
            n = static_cast<ULONG>(length);
        } else {
            to[n++] = drive;
            to[n++] = ':';
        }
    }
    if (!n || to[n - 1] != '\\') to[n++] = '\\';
    return n;
}

// Joins `prefix` (root: kept as it is up to `root` characters) and `rest`, removing ".", ".." and doubled
// separators, and the points and spaces at the end of the last part. Gives the length.
ULONG normalise(WCHAR* path, ULONG count, ULONG root) {
    ULONG out = root, i = root;
    while (i < count) {
        while (i < count && is_separator(path[i]))
            i++;
        const ULONG start = i;
        while (i < count && !is_separator(path[i]))
            i++;
        ULONG length = i - start;
        const bool last = i >= count;
        if (!length) break;
        if (length == 1 && path[start] == '.') continue;
        if (length == 2 && path[start] == '.' && path[start + 1] == '.') {
            while (out > root && path[out - 1] == '\\')
                out--;
            while (out > root && path[out - 1] != '\\')
                out--;
            continue;
        }
        // "Do not end a name with a space or a period": points at the end of every part go, spaces only at
        // the path's end.
        while (length && (path[start + length - 1] == '.' || (last && path[start + length - 1] == ' ')))
            length--;
        if (!length) continue;
        memmove(path + out, path + start, length * sizeof(WCHAR));
        out += length;
        if (!last) path[out++] = '\\';
    }
    return out;
}

// Where the part begins that ".." cannot leave: "C:\", "\\server\share\", "\\.\".
ULONG root_of(const WCHAR* path, ULONG count, RTL_PATH_TYPE kind) {
    if (kind == RtlPathTypeLocalDevice) return 4;
    if (kind != RtlPathTypeUncAbsolute) return 3;
    ULONG i = 2, separators = 0;
    for (; i < count; i++)
        if (is_separator(path[i]) && ++separators == 2) return i + 1;
    return count;
}

constexpr ULONG buffer_size = longest + 8;

// The full path into `to`, which has room for buffer_size characters; its length.
ULONG full_path(View p, WCHAR* to) {
    if (const Device device = device_in(p); device.length) {
        Builder b{to, buffer_size};
        b.put(u"\\\\.\\", 4);
        b.put(p.text + device.offset, device.length);
        return b.count;
    }
    const RTL_PATH_TYPE kind = kind_of(p);
    Builder b{to, buffer_size};
    WCHAR directory[600];
    switch (kind) {
    case RtlPathTypeUncAbsolute:
    case RtlPathTypeDriveAbsolute:
    case RtlPathTypeLocalDevice:
        b.put(p.text, p.count);
        break;
    case RtlPathTypeRootLocalDevice:
        b.put(u"\\\\.\\", 4);
        break;
    case RtlPathTypeDriveRelative:
        b.put(directory, directory_of_drive(p[0], directory));
        b.put(p.text + 2, p.count - 2);
        break;
    case RtlPathTypeRooted: {
        const UNICODE_STRING& cwd = current_directory();
        b.put(cwd.Buffer, 2);
        b.put(p.text, p.count);
        break;
    }
    default: {
        const UNICODE_STRING& cwd = current_directory();
        b.put(cwd.Buffer, cwd.Length / 2);
        b.put(p.text, p.count);
    }
    }
    if (b.count > longest) return 0;
    for (ULONG i = 0; i < b.count; i++)
        if (to[i] == '/') to[i] = '\\';
    const ULONG root = root_of(to, b.count, kind_of({to, b.count}));
    return normalise(to, b.count, root < b.count ? root : b.count);
}

WCHAR* file_part_of(WCHAR* path, ULONG count) {
    ULONG i = count;
    while (i > 0 && path[i - 1] != '\\')
        i--;
    return i < count && i > 0 ? path + i : nullptr;
}

struct Scratch {
    WCHAR* text = static_cast<WCHAR*>(RtlAllocateHeap(process_heap(), 0, buffer_size * sizeof(WCHAR)));
    ~Scratch() { release(text); }
};

} // namespace

extern "C" {

RTL_PATH_TYPE NTAPI RtlDetermineDosPathNameType_U(const WCHAR* path) { return kind_of(view(path)); }
RTL_PATH_TYPE NTAPI RtlDetermineDosPathNameType_Ustr(const UNICODE_STRING* path) {
    return kind_of({path->Buffer, path->Length / 2u});
}

ULONG NTAPI RtlIsDosDeviceName_U(const WCHAR* path) {
    const Device d = device_in(view(path));
    return d.length ? (d.offset * 2) << 16 | d.length * 2 : 0;
}
ULONG NTAPI RtlIsDosDeviceName_Ustr(const UNICODE_STRING* path) {
    const Device d = device_in({path->Buffer, path->Length / 2u});
    return d.length ? (d.offset * 2) << 16 | d.length * 2 : 0;
}

// Bytes of the result without the terminator; or, when it does not fit, the bytes needed with it; 0: no such
// path.
ULONG NTAPI RtlGetFullPathName_U(const WCHAR* path, ULONG bytes, WCHAR* buffer, WCHAR** file_part) {
    if (file_part) *file_part = nullptr;
    const View p = view(path);
    if (!p.count) return 0;
    Scratch scratch;
    if (!scratch.text) return 0;
    const ULONG n = full_path(p, scratch.text);
    if (!n) return 0;
    if ((n + 1) * sizeof(WCHAR) > bytes) return (n + 1) * sizeof(WCHAR);
    memcpy(buffer, scratch.text, n * sizeof(WCHAR));
    buffer[n] = 0;
    if (file_part && !RtlIsDosDeviceName_U(path)) *file_part = file_part_of(buffer, n);
    return n * sizeof(WCHAR);
}

// \\?\x is taken as it is, and so is \??\x; everything else is made full first. All become \??\x, UNC
// paths \??\UNC\server\share.
NTSTATUS NTAPI RtlDosPathNameToNtPathName_U_WithStatus(const WCHAR* path, UNICODE_STRING* nt_path,
                                                       WCHAR** file_part, RTL_RELATIVE_NAME* relative) {
    if (relative) *relative = {};
    if (file_part) *file_part = nullptr;
    const View p = view(path);
    if (!p.count) return STATUS_OBJECT_NAME_INVALID;
    Scratch scratch;
    if (!scratch.text) return STATUS_NO_MEMORY;
    const WCHAR* rest;
    ULONG count;
    bool unc = false;
    if (p.count >= 4 && p[0] == '\\' && (p[1] == '\\' || p[1] == '?') && p[2] == '?' && p[3] == '\\') {
        rest = p.text + 4;
        count = p.count - 4;
    } else {
        count = full_path(p, scratch.text);
        if (!count) return STATUS_OBJECT_NAME_INVALID;
        rest = scratch.text;
        const RTL_PATH_TYPE kind = kind_of({rest, count});
        if (kind == RtlPathTypeLocalDevice) {
            rest += 4;
            count -= 4;
        } else if (kind == RtlPathTypeUncAbsolute) {
            rest += 2;
            count -= 2;
            unc = true;
        }
    }
    const ULONG total = count + 4 + (unc ? 4 : 0);
    if (total > longest) return STATUS_NAME_TOO_LONG;
    nt_path->Buffer = static_cast<WCHAR*>(RtlAllocateHeap(process_heap(), 0, (total + 1) * sizeof(WCHAR)));
    if (!nt_path->Buffer) return STATUS_NO_MEMORY;
    Builder b{nt_path->Buffer, total + 1};
    b.put(u"\\??\\", 4);
    if (unc) b.put(u"UNC\\", 4);
    b.put(rest, count);
    nt_path->Buffer[total] = 0;
    nt_path->Length = static_cast<USHORT>(total * sizeof(WCHAR));
    nt_path->MaximumLength =
        static_cast<USHORT>((total + 1) * sizeof(WCHAR) > 0xffff ? 0xfffe : (total + 1) * sizeof(WCHAR));
    if (file_part) *file_part = file_part_of(nt_path->Buffer, total);
    return STATUS_SUCCESS;
}

BOOLEAN NTAPI RtlDosPathNameToNtPathName_U(const WCHAR* path, UNICODE_STRING* nt_path, WCHAR** file_part,
                                           RTL_RELATIVE_NAME* relative) {
    return NT_SUCCESS(RtlDosPathNameToNtPathName_U_WithStatus(path, nt_path, file_part, relative));
}
// The name relative to the current directory's handle is left empty: callers then use the full one.
NTSTATUS NTAPI RtlDosPathNameToRelativeNtPathName_U_WithStatus(const WCHAR* path, UNICODE_STRING* nt_path,
                                                               WCHAR** file_part,
                                                               RTL_RELATIVE_NAME* relative) {
    return RtlDosPathNameToNtPathName_U_WithStatus(path, nt_path, file_part, relative);
}
BOOLEAN NTAPI RtlDosPathNameToRelativeNtPathName_U(const WCHAR* path, UNICODE_STRING* nt_path,
                                                   WCHAR** file_part, RTL_RELATIVE_NAME* relative) {
    return NT_SUCCESS(RtlDosPathNameToNtPathName_U_WithStatus(path, nt_path, file_part, relative));
}
void NTAPI RtlReleaseRelativeName(RTL_RELATIVE_NAME*) {}

BOOLEAN NTAPI RtlDoesFileExists_U(const WCHAR* path) {
    UNICODE_STRING name;
    if (!RtlDosPathNameToNtPathName_U(path, &name, nullptr, nullptr)) return FALSE;
    OBJECT_ATTRIBUTES attributes{sizeof(OBJECT_ATTRIBUTES), nullptr, &name,
                                 OBJ_CASE_INSENSITIVE,      nullptr, nullptr};
    UCHAR basic[40]; // FILE_BASIC_INFORMATION
    const NTSTATUS status = NtQueryAttributesFile(&attributes, basic);
    RtlFreeUnicodeString(&name);
    return NT_SUCCESS(status) || status == STATUS_SHARING_VIOLATION || status == STATUS_ACCESS_DENIED;
}

ULONG NTAPI RtlGetLongestNtPathLength() { return 269; } // MAX_PATH and what \??\UNC\ adds

} // extern "C"
} // namespace nt
