// The printf family of ntoskrnl (documented with the C run-time: _snprintf, _vsnwprintf, swprintf …) over
// rtl/format.h. The _sn functions: characters written; when the text is as long as the buffer it is not
// terminated; -1 when it does not fit.
#include "host/guest.h"
#include "kernel/exports/float_text.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/touch.h"
#include "rtl/format.h"

using namespace nt;
using namespace nt::exports;

namespace {

constexpr SIZE_T no_limit = ~SIZE_T{0} / 4;

const rtl::MemoryReader reader{[](const rtl::MemoryReader&, std::uint64_t address, void* to, std::size_t n) {
    return guest::copy_from(to, address, n);
}};

template <class C> struct Output {
    C* to;
    SIZE_T used;
    bool faulted;
};

template <class C> INT print(C* to, SIZE_T room, const C* text, const ULONG_PTR* args) {
    Output<C> out{to, 0, false};
    const rtl::FormatSink<C> sink{[](void* context, const C* s, std::size_t n) {
                                      auto& o = *static_cast<Output<C>*>(context);
                                      o.faulted = !guest::copy_to(reinterpret_cast<ULONG_PTR>(o.to + o.used),
                                                                  s, n * sizeof(C));
                                      o.used += n;
                                      return !o.faulted;
                                  },
                                  &out, room};
    ULONG_PTR fault = 0;
    const LONGLONG length = rtl::format(reader, sink, text, args, &fault, print_float);
    if (length < 0) {
        // Raises or stops; the address is the one that was missing.
        if (out.faulted)
            need_write(reinterpret_cast<void*>(guest::fault_address()), 1);
        else
            need_read(reinterpret_cast<void*>(fault), sizeof(C));
        return -1;
    }
    if (out.used < room) need_out(to + out.used) = 0;
    return static_cast<ULONGLONG>(length) > room ? -1 : static_cast<INT>(length);
}

// The secure forms always terminate. assumed: a buffer that is too small empties it and gives -1 (the invalid
// parameter handler of kernel mode does nothing else); with _TRUNCATE the text is cut.
template <class C> INT print_secure(C* to, SIZE_T size, SIZE_T most, const C* text, const ULONG_PTR* args) {
    if (!to || !size) return -1;
    const bool truncate = most == ~SIZE_T{0};
    const SIZE_T room = truncate || most >= size ? size - 1 : most;
    const INT n = print(to, room, text, args);
    if (n >= 0) {
        need_out(to + n) = 0;
        return n;
    }
    need_out(to + (truncate || most < size ? room : 0)) = 0;
    return -1;
}

// Most of these names are the host's C library's too: the functions have other names here and are exported as
// what they are.
#define EXPORT(kind, name, function)                                                                         \
    extern const nt::exports::Adapter gate_##name;                                                           \
    const nt::exports::Adapter gate_##name = &nt::exports::detail::adapt<kind, &function>

constexpr bool variadic = true, by_list = false; // a va_list of Windows is a pointer to the slots

template <class C> INT plain(C* to, const C* text, const ULONG_PTR* args) {
    return print(to, no_limit, text, args);
}
template <class C> INT counted(C* to, SIZE_T room, const C* text, const ULONG_PTR* args) {
    return print(to, room, text, args);
}
template <class C> INT secure(C* to, SIZE_T size, const C* text, const ULONG_PTR* args) {
    return print_secure(to, size, size, text, args);
}
template <class C> INT secure_counted(C* to, SIZE_T size, SIZE_T most, const C* text, const ULONG_PTR* args) {
    return print_secure(to, size, most, text, args);
}

} // namespace

EXPORT(variadic, sprintf, plain<CHAR>);
EXPORT(by_list, vsprintf, plain<CHAR>);
EXPORT(variadic, swprintf, plain<WCHAR>);
EXPORT(by_list, vswprintf, plain<WCHAR>);
EXPORT(variadic, _swprintf, plain<WCHAR>);
EXPORT(variadic, _snprintf, counted<CHAR>);
EXPORT(by_list, _vsnprintf, counted<CHAR>);
EXPORT(variadic, _snwprintf, counted<WCHAR>);
EXPORT(by_list, _vsnwprintf, counted<WCHAR>);
EXPORT(variadic, sprintf_s, secure<CHAR>);
EXPORT(by_list, vsprintf_s, secure<CHAR>);
EXPORT(variadic, swprintf_s, secure<WCHAR>);
EXPORT(by_list, vswprintf_s, secure<WCHAR>);
EXPORT(variadic, _snprintf_s, secure_counted<CHAR>);
EXPORT(by_list, _vsnprintf_s, secure_counted<CHAR>);
EXPORT(variadic, _snwprintf_s, secure_counted<WCHAR>);
EXPORT(by_list, _vsnwprintf_s, secure_counted<WCHAR>);
