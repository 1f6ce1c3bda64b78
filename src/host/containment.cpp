#include "host/containment.h"
#include "host/places.h"
#include <cerrno>
#include <cstring>
#include <sys/prctl.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_OFF 0
#define PR_SYS_DISPATCH_ON 1
#endif

namespace host {
namespace {
bool enabled = false;
const char* error = "not enabled";
} // namespace

bool enable_containment() {
    // No selector byte: every system call from outside [guest_end, end of user space) is dispatched.
    constexpr unsigned long end = 0x7fff'ffff'f000;
    if (prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, places::guest_end, end - places::guest_end,
              0) == 0) {
        enabled = true;
        error = "";
        return true;
    }
    error = std::strerror(errno);
    return false;
}

void disable_containment() {
    if (enabled) prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_OFF, 0, 0, 0);
    enabled = false;
    error = "disabled";
}

bool containment_enabled() { return enabled; }
const char* containment_error() { return error; }

} // namespace host
