#include "kernel/exports/spin_lock_code.h"
#include "host/places.h"
#include "kernel/ke/held_locks.h"
#include "kernel/ke/spin_use.h"
#include "kernel/seh/crossing_layout.h"
#include <cstring>

#define CODE(name) extern "C" const std::uint8_t nt_code_##name[], nt_code_##name##_end[]
CODE(KeAcquireSpinLockRaiseToDpc);
CODE(KeAcquireSpinLockAtDpcLevel);
CODE(KeReleaseSpinLock);
CODE(KeReleaseSpinLockFromDpcLevel);
#undef CODE

namespace nt::exports {

// What spin_lock_code.S has as numbers.
static_assert(static_cast<int>(ke::LockKind::spin) == 1 && ke::unchecked_irql == 0xff);
static_assert(host::places::user_high == 3ull << 44);

std::vector<std::uint8_t> spin_lock_code(std::string_view name, std::uint32_t index) {
    struct {
        std::string_view name;
        const std::uint8_t *begin, *end;
    } const all[] = {
#define CODE(name) {#name, nt_code_##name, nt_code_##name##_end}
        CODE(KeAcquireSpinLockRaiseToDpc),
        CODE(KeAcquireSpinLockAtDpcLevel),
        CODE(KeReleaseSpinLock),
        CODE(KeReleaseSpinLockFromDpcLevel),
#undef CODE
    };
    for (const auto& each : all) {
        if (each.name != name) continue;
        std::vector<std::uint8_t> code(each.begin, each.end);
        std::memcpy(code.data() + code.size() - index_from_end, &index, sizeof index);
        return code;
    }
    return {};
}

} // namespace nt::exports
