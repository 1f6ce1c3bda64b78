// Character types and conversions that the locale functions use.
#pragma once
#include "kernel32.h"

namespace nt {
namespace k32 {
WORD character_type1(WCHAR c); // C1_…
WORD character_type2(WCHAR c); // C2_…
} // namespace k32

extern "C" {
INT MultiByteToWideChar(UINT page, DWORD flags, const CHAR* from, INT length, WCHAR* to, INT size);
INT WideCharToMultiByte(UINT page, DWORD flags, const WCHAR* from, INT length, CHAR* to, INT size,
                        const CHAR* replacement, BOOL* replaced);
}
} // namespace nt
