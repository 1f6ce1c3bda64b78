// The lstr functions. They survive bad pointers on Windows by catching the fault; here a bad pointer faults.
#include "kernel32.h"

namespace nt {
using namespace k32;

extern "C" {

INT CompareStringA(DWORD, DWORD, const CHAR*, INT, const CHAR*, INT);
INT CompareStringW(DWORD, DWORD, const WCHAR*, INT, const WCHAR*, INT);

INT lstrlenA(const CHAR* s) { return s ? INT(strlen(s)) : 0; }
INT lstrlenW(const WCHAR* s) { return s ? INT(wcslen(s)) : 0; }
CHAR* lstrcpyA(CHAR* to, const CHAR* from) { return strcpy(to, from); }
WCHAR* lstrcpyW(WCHAR* to, const WCHAR* from) { return wcscpy(to, from); }
CHAR* lstrcatA(CHAR* to, const CHAR* from) { return strcat(to, from); }
WCHAR* lstrcatW(WCHAR* to, const WCHAR* from) { return wcscat(to, from); }
CHAR* lstrcpynA(CHAR* to, const CHAR* from, INT size) {
    if (size <= 0) return to;
    INT i = 0;
    for (; i < size - 1 && from[i]; ++i)
        to[i] = from[i];
    to[i] = 0;
    return to;
}
WCHAR* lstrcpynW(WCHAR* to, const WCHAR* from, INT size) {
    if (size <= 0) return to;
    INT i = 0;
    for (; i < size - 1 && from[i]; ++i)
        to[i] = from[i];
    to[i] = 0;
    return to;
}
INT lstrcmpA(const CHAR* a, const CHAR* b) { return CompareStringA(0x400, 0, a, -1, b, -1) - 2; }
INT lstrcmpW(const WCHAR* a, const WCHAR* b) { return CompareStringW(0x400, 0, a, -1, b, -1) - 2; }
INT lstrcmpiA(const CHAR* a, const CHAR* b) { return CompareStringA(0x400, 1, a, -1, b, -1) - 2; }
INT lstrcmpiW(const WCHAR* a, const WCHAR* b) { return CompareStringW(0x400, 1, a, -1, b, -1) - 2; }

} // extern "C"
} // namespace nt
