// The first thread of a process makes it whole; further threads attach to it.
#include "loader.h"

namespace nt {

namespace loader {

// Images linked with a stack cookie and control-flow-guard pointers expect the loader to set them.
void prepare_image(Module& module) {
    ULONG size = 0;
    auto* config = static_cast<IMAGE_LOAD_CONFIG_DIRECTORY64*>(
        RtlImageDirectoryEntryToData(module.DllBase, 1, IMAGE_DIRECTORY_ENTRY_LOAD_CONFIG, &size));
    if (!config) return;
    const auto has = [&](SIZE_T end) { return config->Size >= end; };
    if (has(__builtin_offsetof(IMAGE_LOAD_CONFIG_DIRECTORY64, SEHandlerTable)) && config->SecurityCookie) {
        auto& cookie = *reinterpret_cast<ULONG_PTR*>(config->SecurityCookie);
        if (cookie == DEFAULT_SECURITY_COOKIE || cookie == 0) {
            ULONG process_cookie = 0;
            constexpr ULONG process_cookie_class = 36;
            NtQueryInformationProcess(NtCurrentProcess(), process_cookie_class, &process_cookie,
                                      sizeof process_cookie, nullptr);
            cookie = (reinterpret_cast<ULONG_PTR>(module.DllBase) * 0x9e3779b97f4a7c15ull ^ process_cookie) &
                     0xffffffffffffull;
            if (cookie == DEFAULT_SECURITY_COOKIE) cookie++;
        }
    }
    if (!has(__builtin_offsetof(IMAGE_LOAD_CONFIG_DIRECTORY64, GuardCFFunctionTable))) return;
    const auto set = [](ULONGLONG slot, void (*target)()) {
        if (!slot) return;
        auto base = reinterpret_cast<PVOID>(slot);
        SIZE_T length = sizeof(PVOID);
        ULONG old = 0;
        if (!NT_SUCCESS(NtProtectVirtualMemory(NtCurrentProcess(), &base, &length, PAGE_READWRITE, &old)))
            return;
        *reinterpret_cast<PVOID*>(slot) = reinterpret_cast<PVOID>(target);
        NtProtectVirtualMemory(NtCurrentProcess(), &base, &length, old, &old);
    };
    set(config->GuardCFCheckFunctionPointer, DrvlabGuardCheck);
    set(config->GuardCFDispatchFunctionPointer, DrvlabGuardDispatch);
}

namespace {

void initialize_lists() {
    lists.Length = sizeof lists;
    initialize_list(lists.InLoadOrderModuleList);
    initialize_list(lists.InMemoryOrderModuleList);
    initialize_list(lists.InInitializationOrderModuleList);
    NtCurrentPeb()->Ldr = &lists;
}

Module* add_initial(PVOID base, const UNICODE_STRING& name, bool system32) {
    Module* module = add_module(base, name, system32);
    if (!module) fail_start(STATUS_NO_MEMORY);
    module->references = pinned;
    module->ObsoleteLoadCount = 0xffff;
    return module;
}

bool is_win32(PVOID base) {
    const USHORT subsystem = nt_headers(base)->OptionalHeader.Subsystem;
    return subsystem == IMAGE_SUBSYSTEM_WINDOWS_CUI || subsystem == IMAGE_SUBSYSTEM_WINDOWS_GUI;
}

void check(NTSTATUS status) {
    if (!NT_SUCCESS(status)) fail_start(status);
}

// Windows loads kernel32 into every Win32 process, imported or not. A machine without it still runs programs
// of ntdll only.
Module* load_kernel32() {
    if (!is_win32(program->DllBase)) return nullptr;
    BaseName name;
    name.set(u"kernel32.dll", 12);
    Module* kernel32 = nullptr;
    const NTSTATUS status = load(name, program, kernel32);
    if (status == STATUS_DLL_NOT_FOUND) return nullptr;
    check(status);
    return kernel32;
}

} // namespace
} // namespace loader

void start_process() {
    using namespace loader;
    PEB* peb = NtCurrentPeb();
    peb->ProcessHeap = RtlCreateHeap(HEAP_GROWABLE, nullptr, 0, 0, nullptr, nullptr);
    if (!peb->ProcessHeap) fail_start(STATUS_NO_MEMORY);
    peb->FastPebLock = &peb_lock;
    peb->LoaderLock = &loader_lock;
    initialize_tls_bitmaps();

    Guard guard(loader_lock);
    starting = true;
    initialize_lists();
    UNICODE_STRING ntdll_path;
    RtlInitUnicodeString(&ntdll_path, u"C:\\Windows\\System32\\ntdll.dll");
    program = add_initial(peb->ImageBaseAddress, peb->ProcessParameters->ImagePathName, false);
    ntdll = add_initial(&__ImageBase, ntdll_path, true);
    ntdll->bound = true;
    check(make_thread_tls());
    prepare_image(*program);
    Module* kernel32 = load_kernel32();
    check(bind_imports(*program));
    check(add_tls(*program));
    lists.Initialized = TRUE;
    starting = false;
    const auto reserved = reinterpret_cast<PVOID>(1); // loaded with the process: not by LoadLibrary
    check(attach(*ntdll, reserved));
    if (kernel32) check(attach(*kernel32, reserved));
    check(attach(*program, reserved));
}

void start_thread() {
    using namespace loader;
    RtlEnterCriticalSection(&loader_lock);
    const NTSTATUS status = make_thread_tls();
    if (NT_SUCCESS(status)) call_for_thread(DLL_THREAD_ATTACH);
    RtlLeaveCriticalSection(&loader_lock);
    if (!NT_SUCCESS(status)) NtTerminateThread(NtCurrentThread(), status);
}

} // namespace nt
