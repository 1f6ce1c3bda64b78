// What programs ask of the console's window. There is none: it has a title that can be read back, and no
// handle.
#include "kernel32.h"

namespace nt {
using namespace k32;

namespace {

WCHAR title[512];
DWORD title_length;

void set_title(const WCHAR* text) {
    SIZE_T n = wcsnlen(text, 511);
    RtlMoveMemory(title, text, n * sizeof(WCHAR));
    title[n] = 0;
    title_length = DWORD(n);
}

} // namespace

extern "C" {

BOOL SetConsoleTitleW(const WCHAR* text) {
    set_title(text);
    return TRUE;
}
BOOL SetConsoleTitleA(const CHAR* text) {
    Wide wide(text);
    return wide.ok() && SetConsoleTitleW(wide.get());
}
DWORD GetConsoleTitleW(WCHAR* to, DWORD size) { return return_string(to, size, title, title_length); }
DWORD GetConsoleTitleA(CHAR* to, DWORD size) { return return_string(to, size, title, title_length); }
PVOID GetConsoleWindow() { return nullptr; }

} // extern "C"
} // namespace nt
