// DllMain says no.
#include <windows.h>
BOOL WINAPI DllMain(HINSTANCE dll, DWORD reason, void* reserved) {
    (void)dll, (void)reserved;
    return reason != DLL_PROCESS_ATTACH;
}
__declspec(dllexport) int nothing(void) { return 0; }
