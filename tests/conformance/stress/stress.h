// The Stress device, as its driver and its program see it.
#pragma once

// In the caller's thread: waits of the kind that the number in the buffer chooses. Gives the same number
// back.
#define IOCTL_STRESS_WAIT CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_STRESS_COUNTS CTL_CODE(FILE_DEVICE_UNKNOWN, 0x801, METHOD_BUFFERED, FILE_ANY_ACCESS)

typedef struct {
    long pended, completed, cancelled; // reads
    long blocks, items;                // in use
} STRESS_COUNTS;
