// Start of kernel32.dll in a process.
#include "kernel32.h"

namespace nt {

extern "C" {

void BaseThreadInitThunk(ULONG, THREAD_START start, PVOID argument);

static void thread_base(THREAD_START start, PVOID argument) { BaseThreadInitThunk(0, start, argument); }

BOOL DllMain(PVOID module, DWORD reason, PVOID) {
    constexpr DWORD PROCESS_ATTACH = 1;
    if (reason == PROCESS_ATTACH) {
        LdrDisableThreadCalloutsForDll(module);
        RtlSetThreadBaseHook(thread_base);
        k32::initialize_exceptions();
        k32::initialize_command_line();
    }
    return TRUE;
}

} // extern "C"
} // namespace nt
