// wdm page nf-wdm-mmgetsystemroutineaddress: exports of ntoskrnl and hal by name; null when there is none.
#include "abi/list.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/modules_hook.h"

using namespace nt;

ULONG_PTR (*exports::find_export)(const char* name) = nullptr;

extern "C" PVOID MmGetSystemRoutineAddress(const UNICODE_STRING* name) {
    char text[256];
    const ULONG length = name->Length / sizeof(WCHAR);
    if (length >= sizeof text) return nullptr;
    for (ULONG i = 0; i < length; i++) {
        if (name->Buffer[i] > 0x7E) return nullptr;
        text[i] = static_cast<char>(name->Buffer[i]);
    }
    text[length] = 0;
    return reinterpret_cast<PVOID>(exports::find_export(text));
}
GATE(MmGetSystemRoutineAddress);
