// CreateFile: from Win32's words to NtCreateFile's.
#include "api_trace.h"

namespace nt {
namespace k32 {
namespace {

ULONG disposition_of(DWORD creation) {
    switch (creation) {
    case CREATE_NEW:
        return FILE_CREATE;
    case CREATE_ALWAYS:
        return FILE_OVERWRITE_IF;
    case OPEN_EXISTING:
        return FILE_OPEN;
    case OPEN_ALWAYS:
        return FILE_OPEN_IF;
    case TRUNCATE_EXISTING:
        return FILE_OVERWRITE;
    default:
        return ~0u;
    }
}

ULONG options_of(DWORD flags) {
    ULONG options = 0;
    if (!(flags & FILE_FLAG_OVERLAPPED)) options |= FILE_SYNCHRONOUS_IO_NONALERT;
    if (flags & FILE_FLAG_WRITE_THROUGH) options |= FILE_WRITE_THROUGH;
    if (flags & FILE_FLAG_NO_BUFFERING) options |= FILE_NO_INTERMEDIATE_BUFFERING;
    if (flags & FILE_FLAG_RANDOM_ACCESS) options |= FILE_RANDOM_ACCESS;
    if (flags & FILE_FLAG_SEQUENTIAL_SCAN) options |= FILE_SEQUENTIAL_ONLY;
    if (flags & FILE_FLAG_DELETE_ON_CLOSE) options |= FILE_DELETE_ON_CLOSE;
    if (flags & FILE_FLAG_OPEN_REPARSE_POINT) options |= FILE_OPEN_REPARSE_POINT;
    if (flags & FILE_FLAG_OPEN_NO_RECALL) options |= FILE_OPEN_NO_RECALL;
    if (flags & FILE_FLAG_OPEN_REQUIRING_OPLOCK) options |= FILE_OPEN_REQUIRING_OPLOCK;
    if (flags & FILE_FLAG_SESSION_AWARE) options |= FILE_SESSION_AWARE;
    // Directories can be opened only with backup semantics.
    options |= flags & FILE_FLAG_BACKUP_SEMANTICS ? FILE_OPEN_FOR_BACKUP_INTENT : FILE_NON_DIRECTORY_FILE;
    return options;
}

// What a new file takes from a template: its attributes (into the flags) and its extended attributes.
struct Template {
    Scratch<UCHAR> attributes;
    ULONG length = 0;

    bool read(HANDLE file, DWORD& flags) {
        IO_STATUS_BLOCK iosb;
        FILE_BASIC_INFORMATION basic;
        NTSTATUS status = NtQueryInformationFile(file, &iosb, &basic, sizeof basic, FileBasicInformation);
        if (!NT_SUCCESS(status)) return fail(status) != 0;
        flags = (flags & ~DWORD(FILE_ATTRIBUTE_VALID_FLAGS)) |
                (basic.FileAttributes & FILE_ATTRIBUTE_VALID_SET_FLAGS);
        FILE_EA_INFORMATION size{};
        status = NtQueryInformationFile(file, &iosb, &size, sizeof size, FileEaInformation);
        if (!NT_SUCCESS(status) || !size.EaSize) return true; // it has none, or nothing to have them in
        // EaSize is of the packed form; entries here are aligned.
        const ULONG room = size.EaSize * 2 + 64;
        attributes.reset(room);
        if (!attributes) return fail_with(ERROR_NOT_ENOUGH_MEMORY) != 0;
        status = NtQueryEaFile(file, &iosb, attributes.get(), room, FALSE, nullptr, 0, nullptr, TRUE);
        if (!NT_SUCCESS(status)) return fail(status) != 0;
        length = ULONG(iosb.Information);
        return true;
    }
};

struct SECURITY_QUALITY {
    DWORD Length;
    LONG ImpersonationLevel;
    BOOLEAN ContextTrackingMode;
    BOOLEAN EffectiveOnly;
};

// CreateFile, "Consoles": CON opens for reading or for writing; for both the call fails with
// ERROR_FILE_NOT_FOUND.
constexpr DWORD generic_both = 0xc0000000; // GENERIC_READ | GENERIC_WRITE
bool is_con(const UNICODE_STRING& path) {
    const WCHAR* s = path.Buffer;
    return path.Length == 7 * sizeof(WCHAR) && s[0] == '\\' && s[1] == '?' && (s[4] | 0x20) == 'c' &&
           (s[5] | 0x20) == 'o' && (s[6] | 0x20) == 'n';
}

HANDLE create_file(const WCHAR* name, DWORD access, DWORD share, SECURITY_ATTRIBUTES* security,
                   DWORD creation, DWORD flags, HANDLE template_file) {
    ULONG disposition = disposition_of(creation);
    if (disposition == ~0u) return fail_with(ERROR_INVALID_PARAMETER), INVALID_HANDLE_VALUE;
    // "The calling process must open the file with the GENERIC_WRITE bit set"; FILE_FLAG_OPEN_REPARSE_POINT
    // "cannot be used with the CREATE_ALWAYS flag".
    if ((creation == TRUNCATE_EXISTING && !(access & 0x40000000)) ||
        (creation == CREATE_ALWAYS && flags & FILE_FLAG_OPEN_REPARSE_POINT))
        return fail_with(ERROR_INVALID_PARAMETER), INVALID_HANDLE_VALUE;
    // Only what is created takes after the template.
    Template model;
    if (template_file && creation != OPEN_EXISTING && creation != TRUNCATE_EXISTING &&
        !model.read(template_file, flags))
        return INVALID_HANDLE_VALUE;

    UNICODE_STRING path;
    if (!name || !RtlDosPathNameToNtPathName_U(name, &path, nullptr, nullptr))
        return fail_with(ERROR_PATH_NOT_FOUND), INVALID_HANDLE_VALUE;
    if (is_con(path) && (access & generic_both) == generic_both) {
        RtlFreeUnicodeString(&path);
        return fail_with(ERROR_FILE_NOT_FOUND), INVALID_HANDLE_VALUE;
    }
    OBJECT_ATTRIBUTES attributes{sizeof(OBJECT_ATTRIBUTES), nullptr, &path, 0, nullptr, nullptr};
    if (!(flags & FILE_FLAG_POSIX_SEMANTICS)) attributes.Attributes |= OBJ_CASE_INSENSITIVE;
    if (security) {
        attributes.SecurityDescriptor = security->lpSecurityDescriptor;
        if (security->bInheritHandle) attributes.Attributes |= OBJ_INHERIT;
    }
    SECURITY_QUALITY quality;
    if (flags & SECURITY_SQOS_PRESENT) {
        quality = {sizeof quality, LONG(flags >> 16 & 3), BOOLEAN(flags >> 18 & 1), BOOLEAN(flags >> 19 & 1)};
        attributes.SecurityQualityOfService = &quality;
        flags &= ~0x001f0000u; // SECURITY_SQOS_PRESENT shares its bit with FILE_FLAG_OPEN_NO_RECALL
    }
    access |= SYNCHRONIZE | FILE_READ_ATTRIBUTES;
    if (flags & FILE_FLAG_DELETE_ON_CLOSE) access |= DELETE;

    HANDLE file = nullptr;
    IO_STATUS_BLOCK iosb;
    NTSTATUS status =
        NtCreateFile(&file, access, &attributes, &iosb, nullptr, flags & FILE_ATTRIBUTE_VALID_FLAGS, share,
                     disposition, options_of(flags), model.attributes.get(), model.length);
    if (!NT_SUCCESS(status) && (creation == OPEN_EXISTING || creation == TRUNCATE_EXISTING))
        status = DrvlabStatusOfMissing(&path, status);
    RtlFreeUnicodeString(&path);
    if (!NT_SUCCESS(status)) {
        fail(status);
        if (status == STATUS_OBJECT_NAME_COLLISION)
            RtlSetLastWin32Error(ERROR_FILE_EXISTS);
        else if (status == STATUS_FILE_IS_A_DIRECTORY) {
            SIZE_T n = wcslen(name);
            RtlSetLastWin32Error(n && (name[n - 1] == '\\' || name[n - 1] == '/') ? ERROR_PATH_NOT_FOUND
                                                                                  : ERROR_ACCESS_DENIED);
        }
        return INVALID_HANDLE_VALUE;
    }
    bool existed = (creation == CREATE_ALWAYS && iosb.Information == FILE_OVERWRITTEN) ||
                   (creation == OPEN_ALWAYS && iosb.Information == FILE_OPENED);
    RtlSetLastWin32Error(existed ? ERROR_ALREADY_EXISTS : ERROR_SUCCESS);
    return file;
}

[[gnu::always_inline]] inline BOOL close_handle(HANDLE handle) {
    return answer(NtClose(real_handle(handle)));
}

} // namespace
} // namespace k32

using namespace k32;

extern "C" {

HANDLE CreateFileW(const WCHAR* name, DWORD access, DWORD share, SECURITY_ATTRIBUTES* security,
                   DWORD creation, DWORD flags, HANDLE template_file) {
    return traced<create_file>("CreateFileW", name, name, access, share, security, creation, flags,
                               template_file);
}

HANDLE CreateFileA(const CHAR* name, DWORD access, DWORD share, SECURITY_ATTRIBUTES* security, DWORD creation,
                   DWORD flags, HANDLE template_file) {
    Wide wide(name);
    if (!wide.ok()) return INVALID_HANDLE_VALUE;
    const WCHAR* text = wide.get();
    return traced<create_file>("CreateFileA", text, text, access, share, security, creation, flags,
                               template_file);
}

// CREATEFILE2_EXTENDED_PARAMETERS: size, attributes, flags, SQOS flags, security, template.
HANDLE CreateFile2(const WCHAR* name, DWORD access, DWORD share, DWORD creation, const DWORD* extended) {
    DWORD flags = 0;
    SECURITY_ATTRIBUTES* security = nullptr;
    HANDLE template_file = nullptr;
    if (extended) {
        flags = extended[1] | extended[2] | extended[3];
        auto* pointers = reinterpret_cast<PVOID const*>(extended + 4);
        security = static_cast<SECURITY_ATTRIBUTES*>(pointers[0]);
        template_file = pointers[1];
    }
    return traced<create_file>("CreateFile2", name, name, access, share, security, creation, flags,
                               template_file);
}

// Another handle to the same file, with other rights: a relative open without a name.
HANDLE ReOpenFile(HANDLE original, DWORD access, DWORD share, DWORD flags) {
    UNICODE_STRING nothing{};
    OBJECT_ATTRIBUTES attributes{
        sizeof attributes, real_handle(original), &nothing, OBJ_CASE_INSENSITIVE, nullptr, nullptr};
    HANDLE file;
    IO_STATUS_BLOCK iosb;
    const NTSTATUS status = NtOpenFile(
        &file, access | SYNCHRONIZE | FILE_READ_ATTRIBUTES | (flags & FILE_FLAG_DELETE_ON_CLOSE ? DELETE : 0),
        &attributes, &iosb, share, options_of(flags));
    if (!NT_SUCCESS(status)) return fail(status), INVALID_HANDLE_VALUE;
    return file;
}

BOOL CloseHandle(HANDLE handle) { return traced<close_handle>("CloseHandle", nullptr, handle); }

} // extern "C"
} // namespace nt
