// Starts programs one after another and says how they ended: births PROGRAM…
#include <stdio.h>
#include <windows.h>

int main(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        STARTUPINFOA startup = {.cb = sizeof startup};
        PROCESS_INFORMATION process;
        DWORD code;
        if (!CreateProcessA(NULL, argv[i], NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process)) {
            printf("%s: error %lu\n", argv[i], GetLastError());
            continue;
        }
        WaitForSingleObject(process.hProcess, INFINITE);
        GetExitCodeProcess(process.hProcess, &code);
        printf("%s: exit code %#lx\n", argv[i], code);
        CloseHandle(process.hThread);
        CloseHandle(process.hProcess);
    }
    return 0;
}
