#include "host/scratch_code.h"
#include "host/signals.h"
#include <cerrno>
#include <cstring>
#include <sys/mman.h>

namespace host {

const ScratchCode& scratch_code() {
    static const ScratchCode scratch = [] {
        constexpr std::size_t page = 4096;
        void* p = mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED || mprotect(p, page, PROT_READ | PROT_WRITE | PROT_EXEC) != 0)
            fatal("the host refuses memory that is writable and executable: %s", std::strerror(errno));
        auto* code = static_cast<std::uint8_t*>(p);
        return ScratchCode{code, code + page};
    }();
    return scratch;
}

} // namespace host
