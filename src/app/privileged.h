// What privileged and sensitive instructions find here: IRQL, interrupt flag, control and model-specific
// registers, time stamps, random numbers.
#pragma once

namespace nt::hardware {
class PrivilegedOps;
}

namespace app {

nt::hardware::PrivilegedOps& privileged_ops();

} // namespace app
