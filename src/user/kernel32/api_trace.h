// Tells the trace of calls that start I/O. While tracing is off it is one byte test: the kernel sets the byte
// in the unused tail of the page that every process shares.
#pragma once
#include "kernel32.h"
#include <type_traits>

namespace nt::k32 {

inline bool tracing() { return __builtin_expect(shared_user_data<UCHAR>(0xff0), 0); }

template <class T> ULONG_PTR as_word(T value) {
    if constexpr (std::is_pointer_v<T>)
        return reinterpret_cast<ULONG_PTR>(value);
    else
        return static_cast<ULONG_PTR>(static_cast<std::make_unsigned_t<T>>(value));
}

template <auto F, class R, class... A>
[[gnu::noinline, gnu::cold]] R traced_slowly(const char* name, const WCHAR* text, A... arguments) {
    const ULONG_PTR words[] = {as_word(arguments)...};
    UNICODE_STRING string;
    RtlInitUnicodeString(&string, text);
    NtDrvlabTraceApiCall(name, text ? &string : nullptr, words, sizeof...(A));
    R result = F(arguments...);
    NtDrvlabTraceApiReturn(name, as_word(result), RtlGetLastWin32Error());
    return result;
}

// Runs F(arguments…) as the API function `name`; text: its string argument, if it has one.
template <auto F, class... A> inline auto traced(const char* name, const WCHAR* text, A... arguments) {
    using R = decltype(F(arguments...));
    if (tracing()) return traced_slowly<F, R, A...>(name, text, arguments...);
    return F(arguments...);
}

} // namespace nt::k32
