#include "host/processor.h"
#include "host/signals.h"
#include <sys/auxv.h>

namespace host {

void require_processor_features() {
    constexpr unsigned long fsgsbase = 1 << 1; // HWCAP2_FSGSBASE
    if (!(getauxval(AT_HWCAP2) & fsgsbase))
        fatal("this processor or kernel lacks FSGSBASE (needs Linux 5.9 and an x86-64 processor from 2012 or "
              "later)");
}

} // namespace host
