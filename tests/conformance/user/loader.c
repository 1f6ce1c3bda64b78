// The loader: dynamic-link library pages (LoadLibrary, FreeLibrary, GetProcAddress, DllMain,
// GetModuleHandleEx, TLS).
#include <windows.h>
#include <winternl.h>

#include "../common/program.h"

__declspec(dllimport) extern volatile LONG attaches, thread_attaches, thread_detaches;
__declspec(dllimport) extern void* attach_reserved;
__declspec(dllimport) int* tls_of_thread(void);
__declspec(dllimport) int add(int, int);

static DWORD WINAPI thread(void* out) {
    int* mine = tls_of_thread();
    *(int*)out = *mine; // the template's value, not what the main thread wrote
    *mine = 9;
    return thread_attaches;
}

static void imported(void) {
    CHECK(attaches == 1 && attach_reserved,
          "DllMain(PROCESS_ATTACH) before main; reserved is not NULL for a static load");
    CHECK(add(2, 3) == 5, "an imported function");
    CHECK(*tls_of_thread() == 1234, "static TLS starts with its template");
    *tls_of_thread() = 5;
    const LONG before = thread_attaches;
    int seen = 0;
    HANDLE t = CreateThread(NULL, 0, thread, &seen, 0, NULL);
    WaitForSingleObject(t, INFINITE);
    DWORD code = 0;
    GetExitCodeThread(t, &code);
    CloseHandle(t);
    CHECK(code == (DWORD)before + 1, "a new thread attaches");
    CHECK(seen == 1234 && *tls_of_thread() == 5, "each thread has its own static TLS");
    CHECK(thread_detaches == 1, "and detaches at its end");
}

static void exports(void) {
    HMODULE dll = GetModuleHandleA("CONFORM_DLL");
    CHECK(dll != NULL, "GetModuleHandle: case and .dll do not matter");
    CHECK((void*)GetProcAddress(dll, "add") != NULL, "GetProcAddress by name");
    CHECK(GetProcAddress(dll, "Add") == NULL && GetLastError() == ERROR_PROC_NOT_FOUND,
          "names have case: ERROR_PROC_NOT_FOUND");
    int (*by_ordinal)(int, int) = (void*)GetProcAddress(dll, (const char*)77);
    CHECK(by_ordinal && by_ordinal(20, 22) == 42, "by ordinal");
    CHECK(GetProcAddress(dll, (const char*)999) == NULL, "an ordinal beyond the table: NULL");
    CHECK((void*)GetProcAddress(dll, "forwarded") ==
              (void*)GetProcAddress(GetModuleHandleA("kernel32"), "GetTickCount"),
          "a forwarder leads to the other DLL's function");
    HMODULE self = GetModuleHandleA(NULL);
    CHECK(self == (HMODULE)NtCurrentTeb()->ProcessEnvironmentBlock->Reserved3[1],
          "GetModuleHandle(NULL) is PEB.ImageBaseAddress");
    HMODULE found = NULL;
    CHECK(GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS |
                                 GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                             (const char*)(void*)add, &found) &&
              found,
          "GetModuleHandleEx from an address");
}

static const char* state(void) {
    static char text[40];
    return GetEnvironmentVariableA("LATE_STATE", text, sizeof text) ? text : "";
}

static void dynamic(void) {
    CHECK(!GetModuleHandleA("conform_late.dll") && GetLastError() == ERROR_MOD_NOT_FOUND,
          "not loaded: ERROR_MOD_NOT_FOUND");
    HMODULE late = LoadLibraryA("conform_late.dll");
    CHECK(late && !strcmp(state(), "attached"), "LoadLibrary attaches; reserved is NULL");
    int (*answer)(void) = (void*)GetProcAddress(late, "answer");
    CHECK(answer && answer() == 42, "and its functions run");
    CHECK(LoadLibraryA("CONFORM_LATE") == late, "loaded again: the same module");
    CHECK(FreeLibrary(late) && !strcmp(state(), "attached") && GetModuleHandleA("conform_late") == late,
          "freed once: it stays");
    CHECK(FreeLibrary(late) && !strcmp(state(), "detached"),
          "freed twice: DllMain(PROCESS_DETACH), reserved NULL");
    CHECK(!GetModuleHandleA("conform_late"), "and it is gone");
    CHECK(!FreeLibrary(late), "freeing what is not loaded fails");
    late = LoadLibraryA("conform_late.dll");
    CHECK(late && !strcmp(state(), "attached"), "it can be loaded again");
    CHECK(GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_PIN, "conform_late", &late) && FreeLibrary(late) &&
              FreeLibrary(late) && GetModuleHandleA("conform_late") == late,
          "a pinned module stays");
}

static void failures_of_loading(void) {
    CHECK(!LoadLibraryA("nosuch.dll") && GetLastError() == ERROR_MOD_NOT_FOUND,
          "no such DLL: ERROR_MOD_NOT_FOUND");
    CHECK(!LoadLibraryA("conform_refuses.dll") && GetLastError() == ERROR_DLL_INIT_FAILED,
          "DllMain FALSE: ERROR_DLL_INIT_FAILED");
    CHECK(!GetModuleHandleA("conform_refuses.dll"), "and nothing of it stays");
    CHECK(!LoadLibraryA("conform_lacks_symbol.dll") && GetLastError() == ERROR_PROC_NOT_FOUND,
          "a missing import: ERROR_PROC_NOT_FOUND");
    CHECK(!LoadLibraryA("conform_lacks_dll.dll") && GetLastError() == ERROR_MOD_NOT_FOUND,
          "a missing DLL of it: ERROR_MOD_NOT_FOUND");
    CHECK(!GetModuleHandleA("conform_lacks_dll.dll"), "and nothing of it stays");
}

static int in_list(const LIST_ENTRY* head, SIZE_T link, const void* base) {
    for (const LIST_ENTRY* e = head->Flink; e != head; e = e->Flink)
        if (*(void**)((char*)e - link + 0x30) == base) return 1;
    return 0;
}

static void lists(void) {
    char* ldr = *(char**)((char*)NtCurrentTeb()->ProcessEnvironmentBlock + 0x18);
    HMODULE dll = GetModuleHandleA("conform_dll"), ntdll = GetModuleHandleA("ntdll"),
            self = GetModuleHandleA(NULL);
    const LIST_ENTRY* load = (LIST_ENTRY*)(ldr + 0x10);
    CHECK(*(void**)((char*)load->Flink + 0x30) == self &&
              *(void**)((char*)load->Flink->Flink + 0x30) == ntdll,
          "load order: the program, ntdll, …");
    CHECK(in_list(load, 0, dll) && in_list((LIST_ENTRY*)(ldr + 0x20), 0x10, dll) &&
              in_list((LIST_ENTRY*)(ldr + 0x30), 0x20, dll),
          "a DLL is in the three lists of PEB.Ldr");
    CHECK(!in_list((LIST_ENTRY*)(ldr + 0x30), 0x20, self),
          "the program is not in the initialization order list");
}

int main(void) {
    imported();
    exports();
    dynamic();
    failures_of_loading();
    lists();
    return finish();
}
