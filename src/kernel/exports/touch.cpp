#include "kernel/exports/touch.h"
#include "host/guest.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/processor.h"
#include "kernel/mm/fault.h"
#include "kernel/seh/crossing.h"
#include "kernel/seh/dispatch.h"

namespace nt::exports {

namespace {

[[noreturn]] void missing() {
    const ULONG_PTR address = guest::fault_address();
    const bool write = guest::fault_is_write();
    if (host::places::is_user(address)) seh::raise_access_violation(address, write);
    const auto& entry = *static_cast<seh::EntryRecord*>(seh::innermost());
    auto bug = mm::classify_kernel_fault({address, write, false, entry.rip}, ke::current_irql(), true);
    if (!bug)
        bug = {0x50, {address, write ? 2ull : 0ull, entry.rip, 0}}; // a host address: nothing of the guest's
    ke::bug_check(bug.code, bug.parameters[0], bug.parameters[1], bug.parameters[2], bug.parameters[3]);
}

template <class C> SIZE_T string_length(const C* s) {
    for (SIZE_T n = 0;; n++) {
        // One touch per page, then the characters up to its end.
        const auto at = reinterpret_cast<ULONG_PTR>(s + n);
        if (n == 0 || at % 0x1000 < sizeof(C)) need_read(s + n, sizeof(C));
        if (!s[n]) return n * sizeof(C);
    }
}

} // namespace

void need_read(const void* address, SIZE_T size) {
    if (!guest::touch_read(reinterpret_cast<ULONG_PTR>(address), size)) missing();
}

void need_write(void* address, SIZE_T size) {
    if (!guest::touch_write(reinterpret_cast<ULONG_PTR>(address), size)) missing();
}

SIZE_T need_string(const WCHAR* s) { return string_length(s); }
SIZE_T need_string(const CHAR* s) { return string_length(s); }

} // namespace nt::exports
