// Pointers that a driver hands to a gate which on Windows just uses them. A gate calls these before it
// changes anything:
//   memory missing at a user address    STATUS_ACCESS_VIOLATION is raised at the driver, as its __except
//   expects memory missing at a kernel address  the bug check that the access itself would have caused
#pragma once
#include "abi/list.h"

namespace nt::exports {

void need_read(const void* address, SIZE_T size);
void need_write(void* address, SIZE_T size);
// Zero-terminated; gives the length in bytes without the terminator.
SIZE_T need_string(const WCHAR* s);
SIZE_T need_string(const CHAR* s);

template <class T> T& need_in(T* p) {
    need_read(p, sizeof(T));
    return *p;
}
template <class T> T& need_out(T* p) {
    need_write(p, sizeof(T));
    return *p;
}
// A counted string with its characters (readable), or with its whole buffer (writable).
template <class S> const S& need_text(const S* s) {
    need_read(s, sizeof(S));
    if (s->Length) need_read(s->Buffer, s->Length);
    return *s;
}
template <class S> S& need_buffer(S* s) {
    need_write(s, sizeof(S));
    if (s->MaximumLength) need_write(s->Buffer, s->MaximumLength);
    return *s;
}

} // namespace nt::exports
