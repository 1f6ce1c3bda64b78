// What the files about the console share.
#pragma once
#include "kernel32.h"

namespace nt::k32 {

inline constexpr WORD usual_attributes = 7; // white on black
extern WORD text_attributes;

bool is_console_output(HANDLE handle);
// Bytes as they are; UTF-16 in the terminal's code page.
BOOL write_to_console(HANDLE handle, const CHAR* bytes, ULONG length);
BOOL write_text_to_console(HANDLE handle, const WCHAR* text, DWORD length);

} // namespace nt::k32
