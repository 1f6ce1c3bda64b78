// SlowDev, \\.\SlowDev: what to know from outside.
//
// A device that thinks for a while before it answers. ReadFile gives up to 255 bytes of what it has to
// say; reads are served one after another, in their order. Opened by several programs at once.
#pragma once

#define SLOWDEV_DEVICE L"\\Device\\SlowDev"
#define SLOWDEV_LINK L"\\??\\SlowDev"
#define SLOWDEV_MOST 255
