// CreateProcess: nf-processthreadsapi-createprocessw and the page "Process Creation Flags".
#include "api_trace.h"
#include "process_start.h"
#include <initializer_list>

namespace nt {
using namespace k32;

namespace {

enum : DWORD {
    DEBUG_PROCESS = 0x1,
    DEBUG_ONLY_THIS_PROCESS = 0x2,
    CREATE_SUSPENDED = 0x4,
    DETACHED_PROCESS = 0x8,
    CREATE_NEW_CONSOLE = 0x10,
    CREATE_NEW_PROCESS_GROUP = 0x200,
    CREATE_UNICODE_ENVIRONMENT = 0x400,
    CREATE_PROTECTED_PROCESS = 0x40000,
    EXTENDED_STARTUPINFO_PRESENT = 0x80000,
    CREATE_SECURE_PROCESS = 0x400000,
    CREATE_DEFAULT_ERROR_MODE = 0x4000000,
    CREATE_NO_WINDOW = 0x8000000,
};
constexpr DWORD STARTF_USESTDHANDLES = 0x100, ERROR_DIRECTORY = 267, ERROR_BAD_EXE_FORMAT = 193;
constexpr DWORD most_characters = 32767; // of a command line and an ANSI environment, with the terminator

struct PROCESS_INFORMATION {
    HANDLE hProcess, hThread;
    DWORD dwProcessId, dwThreadId;
};
struct STARTUPINFOEX {
    STARTUPINFOW StartupInfo;
    AttributeList* lpAttributeList;
};

// PS_ATTRIBUTE_LIST and PS_CREATE_INFO of NtCreateUserProcess.
struct Attributes {
    SIZE_T total = sizeof total;
    struct {
        ULONG_PTR number;
        SIZE_T size;
        ULONG_PTR value;
        SIZE_T* returned;
    } entries[8];
    void add(ULONG_PTR number, SIZE_T size, const void* value) { add_value(number, size, ULONG_PTR(value)); }
    void add_value(ULONG_PTR number, SIZE_T size, ULONG_PTR value) {
        entries[(total - sizeof total) / sizeof entries[0]] = {number, size, value, nullptr};
        total += sizeof entries[0];
    }
};
struct CreateInfo {
    SIZE_T Size = sizeof(CreateInfo);
    ULONG_PTR Rest[10]{};
};

// Several flags: the lowest priority counts (assumed).
UCHAR priority_class(DWORD flags) {
    struct {
        DWORD flag;
        UCHAR number;
    } constexpr classes[] = {{0x40, 1}, {0x4000, 5}, {0x20, 2}, {0x8000, 6}, {0x80, 3}, {0x100, 4}};
    for (const auto& c : classes)
        if (flags & c.flag) return c.number;
    return 0;
}

SIZE_T block_length(const WCHAR* block) { // with the empty string at its end
    SIZE_T n = 0;
    while (block[n])
        n += wcslen(block + n) + 1;
    return n + 1;
}

bool copy_environment(const void* given, bool unicode, Text& to) {
    if (!given) {
        RtlAcquirePebLock();
        const WCHAR* own = NtCurrentPeb()->ProcessParameters->Environment;
        const bool good = to.append(own, block_length(own));
        RtlReleasePebLock();
        return good;
    }
    if (unicode) {
        const auto* block = static_cast<const WCHAR*>(given);
        return to.append(block, block_length(block));
    }
    const auto* block = static_cast<const CHAR*>(given);
    SIZE_T n = 0;
    while (block[n])
        n += strlen(block + n) + 1;
    if (++n > most_characters) return fail_with(ERROR_INVALID_PARAMETER);
    ULONG bytes = 0;
    RtlMultiByteToUnicodeSize(&bytes, block, ULONG(n));
    Scratch<WCHAR> wide(bytes / sizeof(WCHAR) + 1);
    if (!wide) return fail_with(ERROR_NOT_ENOUGH_MEMORY);
    RtlMultiByteToUnicodeN(wide.get(), bytes, &bytes, block, ULONG(n));
    return to.append(wide.get(), bytes / sizeof(WCHAR));
}

bool copy_directory(const WCHAR* given, Text& to) {
    if (!given) {
        RtlAcquirePebLock();
        const UNICODE_STRING& own = NtCurrentPeb()->ProcessParameters->CurrentDirectory.DosPath;
        const bool good = to.append(own.Buffer, own.Length / sizeof(WCHAR));
        RtlReleasePebLock();
        return good;
    }
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, given);
    if (!NT_SUCCESS(DrvlabCheckDirectory(&name))) return fail_with(ERROR_DIRECTORY);
    if (!full_path(given, to)) return false;
    if (to.length() > MAX_PATH) return fail_with(ERROR_DIRECTORY);
    return to.get()[to.length() - 1] == '\\' || to.append(u"\\");
}

DWORD error_of(NTSTATUS status) {
    switch (status) {
    case NTSTATUS(STATUS_INVALID_IMAGE_FORMAT):
    case NTSTATUS(STATUS_SECTION_NOT_IMAGE):
        return ERROR_BAD_EXE_FORMAT;
    case NTSTATUS(STATUS_OBJECT_NAME_INVALID):
        return ERROR_INVALID_NAME;
    default:
        return RtlNtStatusToDosError(status);
    }
}

void refuse_what_is_not_there(DWORD flags) {
    if (flags & DEBUG_PROCESS) stop("CreateProcess (DEBUG_PROCESS)");
    if (flags & DEBUG_ONLY_THIS_PROCESS) stop("CreateProcess (DEBUG_ONLY_THIS_PROCESS)");
    if (flags & CREATE_PROTECTED_PROCESS) stop("CreateProcess (CREATE_PROTECTED_PROCESS)");
    if (flags & CREATE_SECURE_PROCESS) stop("CreateProcess (CREATE_SECURE_PROCESS)");
}

// Standard handles and console. With a console of the child's own it gets none of the parent's handles.
void set_handles(RTL_USER_PROCESS_PARAMETERS& p, const STARTUPINFOW& startup, DWORD flags) {
    const RTL_USER_PROCESS_PARAMETERS& own = *NtCurrentPeb()->ProcessParameters;
    // CREATE_NO_WINDOW "is ignored … if it is used with either CREATE_NEW_CONSOLE or DETACHED_PROCESS".
    const bool no_console =
        flags & DETACHED_PROCESS || (flags & CREATE_NO_WINDOW && !(flags & CREATE_NEW_CONSOLE));
    p.ConsoleHandle = no_console ? nullptr : own.ConsoleHandle;
    if (startup.dwFlags & STARTF_USESTDHANDLES) {
        p.StandardInput = startup.hStdInput;
        p.StandardOutput = startup.hStdOutput;
        p.StandardError = startup.hStdError;
    } else if (!no_console) {
        p.StandardInput = own.StandardInput;
        p.StandardOutput = own.StandardOutput;
        p.StandardError = own.StandardError;
    }
}

void set_window(RTL_USER_PROCESS_PARAMETERS& p, const STARTUPINFOW& startup) {
    p.StartingX = startup.dwX;
    p.StartingY = startup.dwY;
    p.CountX = startup.dwXSize;
    p.CountY = startup.dwYSize;
    p.CountCharsX = startup.dwXCountChars;
    p.CountCharsY = startup.dwYCountChars;
    p.FillAttribute = startup.dwFillAttribute;
    p.WindowFlags = startup.dwFlags;
    p.ShowWindowFlags = startup.wShowWindow;
}

OBJECT_ATTRIBUTES object_attributes(const SECURITY_ATTRIBUTES* security) {
    return {sizeof(OBJECT_ATTRIBUTES),
            nullptr,
            nullptr,
            security && security->bInheritHandle ? OBJ_INHERIT : 0,
            security ? security->lpSecurityDescriptor : nullptr,
            nullptr};
}

BOOL create_process(const WCHAR* application, WCHAR* command_line, SECURITY_ATTRIBUTES* process_security,
                    SECURITY_ATTRIBUTES* thread_security, BOOL inherit, DWORD flags, PVOID environment,
                    const WCHAR* directory, STARTUPINFOW* startup, PROCESS_INFORMATION* information) {
    *information = {};
    if (!application && !command_line) return fail_with(ERROR_INVALID_PARAMETER);
    if ((flags & CREATE_NEW_CONSOLE) && (flags & DETACHED_PROCESS)) return fail_with(ERROR_INVALID_PARAMETER);
    const bool extended = flags & EXTENDED_STARTUPINFO_PRESENT;
    if (extended && startup->cb != sizeof(STARTUPINFOEX)) return fail_with(ERROR_INVALID_PARAMETER);
    refuse_what_is_not_there(flags);
    const WCHAR* line = command_line ? command_line : application;
    if (wcslen(line) >= most_characters) return fail_with(ERROR_FILENAME_EXCED_RANGE);

    Text program, variables, current, title, nt_name;
    if (!find_program(application, line, program) ||
        !copy_environment(environment, flags & CREATE_UNICODE_ENVIRONMENT, variables) ||
        !copy_directory(directory, current))
        return FALSE;
    RTL_USER_PROCESS_PARAMETERS p{};
    p.Length = p.MaximumLength = sizeof p;
    p.Flags = 1; // its strings are addresses
    p.CurrentDirectory.DosPath = current.string();
    p.ImagePathName = program.string();
    RtlInitUnicodeString(&p.CommandLine, line);
    RtlInitUnicodeString(&p.WindowTitle, startup->lpTitle ? startup->lpTitle : program.get());
    p.DesktopInfo = NtCurrentPeb()->ProcessParameters->DesktopInfo;
    if (startup->lpDesktop) RtlInitUnicodeString(&p.DesktopInfo, startup->lpDesktop);
    RtlInitUnicodeString(&p.ShellInfo, startup->lpReserved);
    p.RuntimeData = {startup->cbReserved2, startup->cbReserved2,
                     reinterpret_cast<WCHAR*>(startup->lpReserved2)};
    p.Environment = variables.get();
    p.EnvironmentSize = variables.length() * sizeof(WCHAR);
    if (!(flags & CREATE_NEW_PROCESS_GROUP))
        p.ProcessGroupId = NtCurrentPeb()->ProcessParameters->ProcessGroupId;
    set_window(p, *startup);
    set_handles(p, *startup, flags);

    // \??\ before a drive letter; \\.\NAME and \\?\NAME are names of that directory already.
    const WCHAR* path = program.get();
    const bool device = path[0] == '\\' && path[1] == '\\' && (path[2] == '.' || path[2] == '?');
    if (!nt_name.append(u"\\??\\") || !nt_name.append(device ? path + 4 : path)) return FALSE;
    Attributes attributes;
    attributes.add(0x20005, nt_name.length() * sizeof(WCHAR), nt_name.get()); // PS_ATTRIBUTE_IMAGE_NAME
    CLIENT_ID id{};
    attributes.add(0x10003, sizeof id, &id); // PS_ATTRIBUTE_CLIENT_ID
    const UCHAR priority[2] = {0, priority_class(flags)};
    if (priority[1]) attributes.add(0x20008, sizeof priority, priority); // PS_ATTRIBUTE_PRIORITY_CLASS
    if (flags & CREATE_DEFAULT_ERROR_MODE)
        attributes.add_value(0x20009, sizeof(ULONG), 1); // PS_ATTRIBUTE_ERROR_MODE: the kernel's default
    const ULONG standard[2] = {1, 3};                    // PsRequestDuplicate, of a console program
    if (!(startup->dwFlags & STARTF_USESTDHANDLES))
        attributes.add(0x2000a, sizeof standard, standard); // PS_ATTRIBUTE_STD_HANDLE_INFO
    if (const AttributeList* list =
            extended ? reinterpret_cast<STARTUPINFOEX*>(startup)->lpAttributeList : nullptr) {
        if (const auto* parent = list->find(PROC_THREAD_ATTRIBUTE_PARENT_PROCESS))
            attributes.add(0x60000, sizeof(HANDLE), *static_cast<HANDLE*>(parent->value));
        if (const auto* handles = list->find(PROC_THREAD_ATTRIBUTE_HANDLE_LIST)) {
            // "If you use this attribute, pass in a value of TRUE for the bInheritHandles parameter."
            if (!inherit) return fail_with(ERROR_INVALID_PARAMETER);
            attributes.add(0x2000b, handles->size, handles->value); // PS_ATTRIBUTE_HANDLE_LIST
        }
    }
    CreateInfo create_info;
    OBJECT_ATTRIBUTES of_process = object_attributes(process_security),
                      of_thread = object_attributes(thread_security);
    constexpr ULONG inherit_handles = 0x4, suspended = 0x1;
    constexpr ACCESS_MASK all_access = 0x1fffff;
    const NTSTATUS status =
        NtCreateUserProcess(&information->hProcess, &information->hThread, all_access, all_access,
                            &of_process, &of_thread, inherit ? inherit_handles : 0,
                            flags & CREATE_SUSPENDED ? suspended : 0, &p, &create_info, &attributes);
    if (!NT_SUCCESS(status)) {
        *information = {};
        fail(status);
        return fail_with(error_of(status));
    }
    information->dwProcessId = DWORD(ULONG_PTR(id.UniqueProcess));
    information->dwThreadId = DWORD(ULONG_PTR(id.UniqueThread));
    return TRUE;
}

} // namespace

extern "C" {

BOOL CreateProcessW(const WCHAR* application, WCHAR* command_line, SECURITY_ATTRIBUTES* process_security,
                    SECURITY_ATTRIBUTES* thread_security, BOOL inherit, DWORD flags, PVOID environment,
                    const WCHAR* directory, STARTUPINFOW* startup, PROCESS_INFORMATION* information) {
    return traced<create_process>("CreateProcess", application ? application : command_line, application,
                                  command_line, process_security, thread_security, inherit, flags,
                                  environment, directory, startup, information);
}

BOOL CreateProcessA(const CHAR* application, CHAR* command_line, SECURITY_ATTRIBUTES* process_security,
                    SECURITY_ATTRIBUTES* thread_security, BOOL inherit, DWORD flags, PVOID environment,
                    const CHAR* directory, STARTUPINFOA* startup, PROCESS_INFORMATION* information) {
    Wide wide_application(application), wide_line(command_line), wide_directory(directory),
        reserved(startup->lpReserved), desktop(startup->lpDesktop), title(startup->lpTitle);
    for (const Wide* w : {&wide_application, &wide_line, &wide_directory, &reserved, &desktop, &title})
        if (!w->ok()) return FALSE;
    STARTUPINFOEX wide{};
    const bool extended = flags & EXTENDED_STARTUPINFO_PRESENT;
    RtlMoveMemory(&wide, startup, extended && startup->cb == sizeof wide ? sizeof wide : sizeof *startup);
    wide.StartupInfo.lpReserved = reserved.get();
    wide.StartupInfo.lpDesktop = desktop.get();
    wide.StartupInfo.lpTitle = title.get();
    return CreateProcessW(wide_application.get(), wide_line.get(), process_security, thread_security, inherit,
                          flags, environment, wide_directory.get(), &wide.StartupInfo, information);
}

} // extern "C"
} // namespace nt
