// Lists of all processes and threads and of the modules of one process: the Tool Help Library
// (nf-tlhelp32-createtoolhelp32snapshot, -process32first …) and nf-psapi-enumprocesses. A snapshot is a
// section, as on Windows: the handle's only user is whoever maps it.
#include "process_modules.h"

namespace nt {
using namespace k32;

extern "C" DWORD GetCurrentProcessId();
extern "C" HANDLE OpenProcess(DWORD access, BOOL inherit, DWORD id);

namespace {

enum : DWORD { SNAPHEAPLIST = 1, SNAPPROCESS = 2, SNAPTHREAD = 4, SNAPMODULE = 8, SNAPMODULE32 = 0x10 };
constexpr DWORD INHERIT = 0x80000000;

struct SYSTEM_THREAD {
    LARGE_INTEGER times[3];
    ULONG wait_time;
    PVOID start;
    CLIENT_ID id;
    LONG priority, base_priority;
    ULONG switches, state, reason;
};
struct SYSTEM_PROCESS {
    ULONG next, threads;
    ULONGLONG rest[6];
    UNICODE_STRING name;
    LONG base_priority;
    HANDLE id, parent;
    ULONG handles, session;
    UCHAR more[0x100 - 0x68];
};
static_assert(sizeof(SYSTEM_PROCESS) == 0x100 && sizeof(SYSTEM_THREAD) == 0x50);

template <class Char> struct PROCESSENTRY32 {
    DWORD dwSize, cntUsage, th32ProcessID;
    ULONG_PTR th32DefaultHeapID;
    DWORD th32ModuleID, cntThreads, th32ParentProcessID;
    LONG pcPriClassBase;
    DWORD dwFlags;
    Char szExeFile[MAX_PATH];
};
static_assert(sizeof(PROCESSENTRY32<WCHAR>) == 568 && sizeof(PROCESSENTRY32<CHAR>) == 304);

struct THREADENTRY32 {
    DWORD dwSize, cntUsage, th32ThreadID, th32OwnerProcessID;
    LONG tpBasePri, tpDeltaPri;
    DWORD dwFlags;
};

template <class Char> struct MODULEENTRY32 {
    DWORD dwSize, th32ModuleID, th32ProcessID, GlblcntUsage, ProccntUsage;
    PVOID modBaseAddr;
    DWORD modBaseSize;
    HMODULE hModule;
    Char szModule[256];
    Char szExePath[MAX_PATH];
};
static_assert(sizeof(MODULEENTRY32<WCHAR>) == 1080 && sizeof(MODULEENTRY32<CHAR>) == 568);

// What the section holds: processes, modules, threads.
struct Snapshot {
    DWORD magic, processes, modules, threads, next_process, next_module, next_thread, pad;
    PROCESSENTRY32<WCHAR>* process(DWORD i) { return reinterpret_cast<PROCESSENTRY32<WCHAR>*>(this + 1) + i; }
    MODULEENTRY32<WCHAR>* module(DWORD i) {
        return reinterpret_cast<MODULEENTRY32<WCHAR>*>(process(processes)) + i;
    }
    THREADENTRY32* thread(DWORD i) { return reinterpret_cast<THREADENTRY32*>(module(modules)) + i; }
};
constexpr DWORD snapshot_magic = 0x50414e53;

// SystemProcessInformation; released by the caller.
SYSTEM_PROCESS* query_processes() {
    for (ULONG size = 0x10000;; size *= 2) {
        auto* list = static_cast<SYSTEM_PROCESS*>(heap_allocate(size));
        if (!list) return fail_with(ERROR_NOT_ENOUGH_MEMORY), nullptr;
        const NTSTATUS status = NtQuerySystemInformation(5, list, size, nullptr);
        if (NT_SUCCESS(status)) return list;
        heap_free(list);
        if (status != NTSTATUS(STATUS_INFO_LENGTH_MISMATCH)) return fail(status), nullptr;
    }
}
SYSTEM_PROCESS* next_of(SYSTEM_PROCESS* p) {
    return p->next ? reinterpret_cast<SYSTEM_PROCESS*>(reinterpret_cast<UCHAR*>(p) + p->next) : nullptr;
}
SYSTEM_THREAD* threads_of(SYSTEM_PROCESS* p) { return reinterpret_cast<SYSTEM_THREAD*>(p + 1); }

void fill(PROCESSENTRY32<WCHAR>& to, const SYSTEM_PROCESS& from) {
    to = {};
    to.dwSize = sizeof to;
    to.th32ProcessID = DWORD(ULONG_PTR(from.id));
    to.th32ParentProcessID = DWORD(ULONG_PTR(from.parent));
    to.cntThreads = from.threads;
    to.pcPriClassBase = from.base_priority;
    UNICODE_STRING name = from.name;
    if (!from.id) RtlInitUnicodeString(&name, u"[System Process]");
    const USHORT n = name.Length / 2 < MAX_PATH - 1 ? USHORT(name.Length / 2) : USHORT(MAX_PATH - 1);
    RtlMoveMemory(to.szExeFile, name.Buffer, n * sizeof(WCHAR));
}
void fill(THREADENTRY32& to, const SYSTEM_PROCESS& process, const SYSTEM_THREAD& from) {
    to = {};
    to.dwSize = sizeof to;
    to.th32ThreadID = DWORD(ULONG_PTR(from.id.UniqueThread));
    to.th32OwnerProcessID = DWORD(ULONG_PTR(process.id));
    to.tpBasePri = from.base_priority;
}

// The modules of one process, on the heap.
class Modules {
  public:
    Modules() = default;
    Modules(const Modules&) = delete;
    Modules& operator=(const Modules&) = delete;
    ~Modules() { heap_free(entries_); }
    bool read(DWORD id); // 0: the caller. false: the last error says why
    DWORD count() const { return count_; }
    const MODULEENTRY32<WCHAR>& operator[](DWORD i) const { return entries_[i]; }

  private:
    bool add(HANDLE process, DWORD id, const LDR_DATA_TABLE_ENTRY& from);
    MODULEENTRY32<WCHAR>* entries_ = nullptr;
    DWORD count_ = 0, room_ = 0;
};

bool read_name(HANDLE process, const UNICODE_STRING& from, WCHAR* to, SIZE_T room) {
    SIZE_T length = from.Length, done;
    if (length > (room - 1) * sizeof(WCHAR)) length = (room - 1) * sizeof(WCHAR);
    const NTSTATUS status = NtReadVirtualMemory(process, from.Buffer, to, length, &done);
    return NT_SUCCESS(status) || fail(status);
}

bool Modules::add(HANDLE process, DWORD id, const LDR_DATA_TABLE_ENTRY& from) {
    if (count_ == room_) {
        const DWORD room = room_ ? room_ * 2 : 16;
        auto* entries = static_cast<MODULEENTRY32<WCHAR>*>(heap_allocate(room * sizeof *entries_));
        if (!entries) return fail_with(ERROR_NOT_ENOUGH_MEMORY);
        RtlMoveMemory(entries, entries_, count_ * sizeof *entries_);
        heap_free(entries_);
        entries_ = entries;
        room_ = room;
    }
    auto& to = entries_[count_];
    to = {};
    to.dwSize = sizeof to;
    to.th32ModuleID = 1; // "This member is no longer used, and is always set to one."
    to.th32ProcessID = id;
    to.GlblcntUsage = to.ProccntUsage = 0xffff; // "generally not meaningful, and usually equal to 0xFFFF"
    to.modBaseAddr = to.hModule = from.DllBase;
    to.modBaseSize = from.SizeOfImage;
    if (!read_name(process, from.BaseDllName, to.szModule, 256) ||
        !read_name(process, from.FullDllName, to.szExePath, MAX_PATH))
        return false;
    count_++;
    return true;
}

bool Modules::read(DWORD id) {
    constexpr DWORD system_process_id = 4;
    if (!id) id = GetCurrentProcessId();
    if (id == system_process_id) return fail_with(ERROR_ACCESS_DENIED);
    HANDLE process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION | PROCESS_VM_READ, FALSE, id);
    if (!process) return false;
    bool all = true;
    const bool walked = each_module(process, [&](const LDR_DATA_TABLE_ENTRY& entry) {
        all = add(process, id, entry);
        return all;
    });
    NtClose(process);
    return walked && all;
}

void fill(Snapshot& to, SYSTEM_PROCESS* list, const Modules& modules, DWORD flags) {
    for (DWORD i = 0; i < modules.count(); i++)
        *to.module(i) = modules[i];
    to.magic = snapshot_magic;
    DWORD at = 0;
    for (auto* p = flags & SNAPPROCESS ? list : nullptr; p; p = next_of(p))
        fill(*to.process(at++), *p);
    at = 0;
    for (auto* p = flags & SNAPTHREAD ? list : nullptr; p; p = next_of(p))
        for (ULONG i = 0; i < p->threads; i++)
            fill(*to.thread(at++), *p, threads_of(p)[i]);
}

NTSTATUS map(HANDLE section, Snapshot** view) {
    PVOID base = nullptr;
    SIZE_T size = 0;
    const NTSTATUS status = NtMapViewOfSection(section, NtCurrentProcess(), &base, 0, 0, nullptr, &size,
                                               2 /* ViewUnmap */, 0, PAGE_READWRITE);
    *view = static_cast<Snapshot*>(base);
    return status;
}

HANDLE make_snapshot(SYSTEM_PROCESS* list, const Modules& modules, DWORD flags) {
    Snapshot head{};
    head.modules = modules.count();
    for (auto* p = list; p; p = next_of(p)) {
        if (flags & SNAPPROCESS) head.processes++;
        if (flags & SNAPTHREAD) head.threads += p->threads;
    }
    LARGE_INTEGER size;
    size.QuadPart =
        LONGLONG(sizeof head + head.processes * sizeof(PROCESSENTRY32<WCHAR>) +
                 head.modules * sizeof(MODULEENTRY32<WCHAR>) + head.threads * sizeof(THREADENTRY32));
    OBJECT_ATTRIBUTES attributes{sizeof attributes, nullptr, nullptr, flags & INHERIT ? OBJ_INHERIT : 0,
                                 nullptr,           nullptr};
    HANDLE section;
    NTSTATUS status = NtCreateSection(&section, SECTION_ALL_ACCESS, &attributes, &size, PAGE_READWRITE,
                                      SEC_COMMIT, nullptr);
    if (!NT_SUCCESS(status)) return fail(status), INVALID_HANDLE_VALUE;
    Snapshot* view;
    status = map(section, &view);
    if (!NT_SUCCESS(status)) return NtClose(section), fail(status), INVALID_HANDLE_VALUE;
    *view = head;
    fill(*view, list, modules, flags);
    NtUnmapViewOfSection(NtCurrentProcess(), view);
    return section;
}

// Gives the entry that `next` counts to; `first` starts again.
template <class Entry, class Get, class Copy>
BOOL step(HANDLE section, Entry* to, bool first, DWORD Snapshot::* next, DWORD Snapshot::* count, Get get,
          Copy copy) {
    Snapshot* view;
    if (to->dwSize < sizeof *to) return fail_with(ERROR_BAD_LENGTH);
    const NTSTATUS status = map(section, &view);
    if (!NT_SUCCESS(status)) return fail(status);
    DWORD error = view->magic == snapshot_magic ? DWORD(ERROR_SUCCESS) : DWORD(ERROR_INVALID_HANDLE);
    if (!error && first) view->*next = 0;
    if (!error && view->*next >= view->*count) error = ERROR_NO_MORE_FILES;
    if (!error) copy(*to, *get(*view, (view->*next)++));
    NtUnmapViewOfSection(NtCurrentProcess(), view);
    return error ? fail_with(error) : BOOL(TRUE);
}

template <class Char> BOOL step_process(HANDLE section, PROCESSENTRY32<Char>* to, bool first) {
    return step(
        section, to, first, &Snapshot::next_process, &Snapshot::processes,
        [](Snapshot& s, DWORD i) { return s.process(i); },
        [](PROCESSENTRY32<Char>& out, const PROCESSENTRY32<WCHAR>& in) {
            const DWORD size = out.dwSize;
            RtlMoveMemory(&out, &in, offsetof(PROCESSENTRY32<WCHAR>, szExeFile));
            out.dwSize = size;
            return_string(out.szExeFile, MAX_PATH, in.szExeFile, DWORD(wcslen(in.szExeFile)));
        });
}
BOOL step_thread(HANDLE section, THREADENTRY32* to, bool first) {
    return step(
        section, to, first, &Snapshot::next_thread, &Snapshot::threads,
        [](Snapshot& s, DWORD i) { return s.thread(i); },
        [](THREADENTRY32& out, const THREADENTRY32& in) { out = in; });
}

template <class Char> BOOL step_module(HANDLE section, MODULEENTRY32<Char>* to, bool first) {
    return step(
        section, to, first, &Snapshot::next_module, &Snapshot::modules,
        [](Snapshot& s, DWORD i) { return s.module(i); },
        [](MODULEENTRY32<Char>& out, const MODULEENTRY32<WCHAR>& in) {
            const DWORD size = out.dwSize;
            RtlMoveMemory(&out, &in, offsetof(MODULEENTRY32<WCHAR>, szModule));
            out.dwSize = size;
            return_string(out.szModule, 256, in.szModule, DWORD(wcslen(in.szModule)));
            return_string(out.szExePath, MAX_PATH, in.szExePath, DWORD(wcslen(in.szExePath)));
        });
}

template <class Char> DWORD image_name(HANDLE process, Char* to, DWORD size) {
    struct {
        UNICODE_STRING name;
        WCHAR characters[1024];
    } answer;
    const NTSTATUS status =
        NtQueryInformationProcess(process, 27 /* ProcessImageFileName */, &answer, sizeof answer, nullptr);
    if (!NT_SUCCESS(status)) return fail(status), 0;
    const DWORD n = return_string(to, size, answer.name.Buffer, answer.name.Length / 2u);
    return n < size ? n : (fail_with(ERROR_INSUFFICIENT_BUFFER), 0);
}

} // namespace

extern "C" {

// TH32CS_SNAPMODULE32 adds the 32-bit modules of a 64-bit caller's process: there are none.
HANDLE CreateToolhelp32Snapshot(DWORD flags, DWORD id) {
    constexpr DWORD known = SNAPPROCESS | SNAPTHREAD | SNAPMODULE | SNAPMODULE32;
    if (flags & SNAPHEAPLIST) stop("CreateToolhelp32Snapshot (TH32CS_SNAPHEAPLIST)");
    if (!(flags & known) || flags & ~(known | INHERIT))
        return fail_with(ERROR_INVALID_PARAMETER), INVALID_HANDLE_VALUE;
    Modules modules;
    if (flags & SNAPMODULE && !modules.read(id)) return INVALID_HANDLE_VALUE;
    SYSTEM_PROCESS* list = query_processes();
    if (!list) return INVALID_HANDLE_VALUE;
    const HANDLE snapshot = make_snapshot(list, modules, flags);
    heap_free(list);
    return snapshot;
}
BOOL Process32FirstW(HANDLE snapshot, PROCESSENTRY32<WCHAR>* to) { return step_process(snapshot, to, true); }
BOOL Process32NextW(HANDLE snapshot, PROCESSENTRY32<WCHAR>* to) { return step_process(snapshot, to, false); }
BOOL Process32First(HANDLE snapshot, PROCESSENTRY32<CHAR>* to) { return step_process(snapshot, to, true); }
BOOL Process32Next(HANDLE snapshot, PROCESSENTRY32<CHAR>* to) { return step_process(snapshot, to, false); }
BOOL Module32FirstW(HANDLE snapshot, MODULEENTRY32<WCHAR>* to) { return step_module(snapshot, to, true); }
BOOL Module32NextW(HANDLE snapshot, MODULEENTRY32<WCHAR>* to) { return step_module(snapshot, to, false); }
BOOL Module32First(HANDLE snapshot, MODULEENTRY32<CHAR>* to) { return step_module(snapshot, to, true); }
BOOL Module32Next(HANDLE snapshot, MODULEENTRY32<CHAR>* to) { return step_module(snapshot, to, false); }
BOOL Thread32First(HANDLE snapshot, THREADENTRY32* to) { return step_thread(snapshot, to, true); }
BOOL Thread32Next(HANDLE snapshot, THREADENTRY32* to) { return step_thread(snapshot, to, false); }

BOOL Toolhelp32ReadProcessMemory(DWORD id, const void* from, PVOID to, SIZE_T size, SIZE_T* done) {
    HANDLE process = OpenProcess(PROCESS_VM_READ, FALSE, id ? id : GetCurrentProcessId());
    if (!process) return FALSE;
    SIZE_T read = 0;
    const NTSTATUS status = NtReadVirtualMemory(process, const_cast<PVOID>(from), to, size, &read);
    NtClose(process);
    if (done) *done = read;
    return answer(status);
}

// "The lpcbNeeded value returned never exceeds the size of the buffer."
BOOL K32EnumProcesses(DWORD* ids, DWORD size, DWORD* needed) {
    SYSTEM_PROCESS* list = query_processes();
    if (!list) return FALSE;
    DWORD count = 0;
    for (auto* p = list; p && (count + 1) * sizeof *ids <= size; p = next_of(p))
        ids[count++] = DWORD(ULONG_PTR(p->id));
    *needed = DWORD(count * sizeof *ids);
    heap_free(list);
    return TRUE;
}
DWORD K32GetProcessImageFileNameW(HANDLE process, WCHAR* to, DWORD size) {
    return image_name(process, to, size);
}
DWORD K32GetProcessImageFileNameA(HANDLE process, CHAR* to, DWORD size) {
    return image_name(process, to, size);
}

BOOL GetProcessHandleCount(HANDLE process, DWORD* count) {
    return answer(
        NtQueryInformationProcess(process, 20 /* ProcessHandleCount */, count, sizeof *count, nullptr));
}

} // extern "C"
} // namespace nt
