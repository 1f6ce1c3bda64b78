// Parameters of system services that point into the caller's memory. In user mode they are checked against
// the user half and touched through guest:: primitives; in kernel mode they are trusted addresses that may
// still fault.
#pragma once
#include "host/guest.h"
#include "kernel/exports/runtime.h"
#include "kernel/mm/probe.h"
#include <type_traits>

namespace nt::exports {

inline bool in_callers_half(const void* p, ULONG_PTR size) {
    const auto at = reinterpret_cast<ULONG_PTR>(p);
    return previous_mode() == KernelMode ||
           (at < mm::user_probe_address && size <= mm::user_probe_address - at);
}

// False: the memory is not there; the service answers STATUS_ACCESS_VIOLATION.
inline bool copy_in(void* to, const void* from, std::size_t size) {
    return size == 0 ||
           (in_callers_half(from, size) && guest::copy_from(to, reinterpret_cast<ULONG_PTR>(from), size));
}
inline bool copy_out(void* to, const void* from, std::size_t size) {
    return size == 0 ||
           (in_callers_half(to, size) && guest::copy_to(reinterpret_cast<ULONG_PTR>(to), from, size));
}
template <class T> bool read_parameter(const T* from, std::type_identity_t<T>& to) {
    return copy_in(&to, from, sizeof(T));
}
// Whether a result can be stored there, before anything is made that would have to go again.
template <class T> bool is_writable(T* to) {
    T there;
    return copy_in(&there, to, sizeof there) && copy_out(to, &there, sizeof there);
}
template <class T> bool write_parameter(T* to, const std::type_identity_t<T>& value) {
    return copy_out(to, &value, sizeof(T));
}

} // namespace nt::exports
