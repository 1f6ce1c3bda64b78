// What Linux takes for the like, on this computer now; nanoseconds.
#pragma once

namespace bench {

double linux_ioctl();  // on /dev/null
double linux_switch(); // to another thread on the same core and back: two wakes and two waits by futex

} // namespace bench
