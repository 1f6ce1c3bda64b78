// printf of kernel mode: the rules of Microsoft's C run-time for char and WCHAR formats (cpp page "Format
// specification syntax"), with %Z / %wZ for counted strings. For DbgPrint and the exported printf family;
// "The DbgPrint routine does not support any of the floating point types".
//
//   flags - + space # 0, width, precision (* allowed); sizes h l ll w I32 I64 I z t j
//   %s %c follow the format's own width, %S %C the other one; l and w make them wide, h narrow
//   %a %e %f %g %A %E %F %G if somebody prints the digits; infinities and NaNs as C99 has them
//   %p is 16 upper-case digits; %n is refused (prints nothing)
#pragma once
#include "abi/list.h"
#include "rtl/float_text.h"
#include "rtl/memory_reader.h"

namespace nt::rtl {

// Receives the characters in order, `most` of them; what follows is counted only. False ends the formatting.
template <class C> struct FormatSink {
    bool (*put)(void* context, const C* text, std::size_t count);
    void* context;
    ULONGLONG most = ~0ull;
};

// `args` are the variable arguments as 64-bit slots. Format and strings are read through `memory`. Gives the
// number of characters; -1 when a string could not be read (*fault tells where) or the sink refused (*fault
// is 0). `print_float` may be null: then the letters of floating-point types stand for themselves.
LONGLONG format(const MemoryReader& memory, const FormatSink<CHAR>& sink, const CHAR* text,
                const ULONG_PTR* args, ULONG_PTR* fault, PrintFloat print_float = nullptr);
LONGLONG format(const MemoryReader& memory, const FormatSink<WCHAR>& sink, const WCHAR* text,
                const ULONG_PTR* args, ULONG_PTR* fault, PrintFloat print_float = nullptr);

} // namespace nt::rtl
