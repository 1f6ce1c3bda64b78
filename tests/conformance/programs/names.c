// A program whose file has a name beyond ASCII (tests/scenario/program_names.py): what the system calls it,
// in the pages nf-libloaderapi-getmodulefilenamew, -queryfullprocessimagenamew, -createtoolhelp32snapshot.
// Each name is printed by its code units. Starts itself once.
#define _WIN32_WINNT 0x0A00
#include <stdio.h>
#include <windows.h>

#include <tlhelp32.h>

static void print(const char* what, const WCHAR* name) {
    const WCHAR* last = wcsrchr(name, L'\\');
    printf("%s", what);
    for (last = last ? last + 1 : name; *last; ++last)
        printf(" %x", *last);
    printf("\n");
    fflush(stdout);
}

int main(int argc, char** argv) {
    (void)argv;
    WCHAR self[MAX_PATH], line[] = L"names child";
    DWORD n = MAX_PATH;
    GetModuleFileNameW(NULL, self, MAX_PATH);
    print("module", self);
    if (QueryFullProcessImageNameW(GetCurrentProcess(), 0, self, &n)) print("process", self);
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    PROCESSENTRY32W entry = {.dwSize = sizeof entry};
    for (BOOL more = Process32FirstW(snapshot, &entry); more; more = Process32NextW(snapshot, &entry))
        if (entry.th32ProcessID == GetCurrentProcessId()) print("snapshot", entry.szExeFile);
    if (argc > 1) return 0;
    STARTUPINFOW startup = {.cb = sizeof startup};
    PROCESS_INFORMATION p;
    if (!CreateProcessW(self, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &p)) return 1;
    WaitForSingleObject(p.hProcess, INFINITE);
    return 0;
}
