// A DLL that the loader test imports: it notes the calls of its entry point, has static TLS, and forwards an
// export.
#include <windows.h>

__declspec(dllexport) volatile LONG attaches, detaches, thread_attaches, thread_detaches;
__declspec(dllexport) void* attach_reserved;

// Static TLS without the compiler's emulation: a variable in the template, found through the TEB.
extern ULONG _tls_index;
extern char* _tls_start;
__attribute__((section(".tls$BBB"))) int tls_template = 1234;

__declspec(dllexport) int* tls_of_thread(void) {
    char** vector = (char**)__readgsqword(0x58);
    return (int*)(vector[_tls_index] + ((char*)&tls_template - (char*)&_tls_start));
}

__declspec(dllexport) int add(int a, int b) { return a + b; }

BOOL WINAPI DllMain(HINSTANCE dll, DWORD reason, void* reserved) {
    (void)dll;
    if (reason == DLL_PROCESS_ATTACH) ++attaches, attach_reserved = reserved;
    if (reason == DLL_PROCESS_DETACH) ++detaches;
    if (reason == DLL_THREAD_ATTACH) ++thread_attaches;
    if (reason == DLL_THREAD_DETACH) ++thread_detaches;
    return TRUE;
}
