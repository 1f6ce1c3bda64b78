// A DLL that is loaded and unloaded by LoadLibrary; it tells a function of its host what happens.
#include <windows.h>

__declspec(dllexport) int answer(void) { return 42; }

BOOL WINAPI DllMain(HINSTANCE dll, DWORD reason, void* reserved) {
    (void)dll;
    char text[40];
    if (reason == DLL_PROCESS_ATTACH && reserved) return FALSE; // loaded dynamically: NULL
    if (GetEnvironmentVariableA("LATE", text, sizeof text)) return TRUE;
    SetEnvironmentVariableA("LATE", NULL);
    if (reason == DLL_PROCESS_ATTACH) SetEnvironmentVariableA("LATE_STATE", "attached");
    if (reason == DLL_PROCESS_DETACH) SetEnvironmentVariableA("LATE_STATE", reserved ? "end" : "detached");
    return TRUE;
}
