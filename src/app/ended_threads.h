// Times of threads that have ended: their objects go when the last reference does, `drvlab top` is asked
// after the run.
#pragma once
#include "kernel/ps/times.h"
#include "view/target.h"

namespace app {

// From now on they are kept.
void keep_ended_threads();
const std::vector<view::ThreadTimes>& ended_threads();

view::ThreadTimes times_row(const nt::ke::Thread& thread, const nt::KERNEL_USER_TIMES& times);

} // namespace app
