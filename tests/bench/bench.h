// What the bench driver does. Include after <ntddk.h> or <windows.h> and <winioctl.h>.
#pragma once

// The three kinds of request that are measured.
#define IOCTL_BENCH_BUFFERED CTL_CODE(FILE_DEVICE_UNKNOWN, 0xa01, METHOD_BUFFERED, FILE_ANY_ACCESS)
// Writes the whole output buffer through the system address of its MDL.
#define IOCTL_BENCH_OUT_DIRECT CTL_CODE(FILE_DEVICE_UNKNOWN, 0xa02, METHOD_OUT_DIRECT, FILE_ANY_ACCESS)
// Input: BENCH_LOOP. A system thread of the driver does something `count` times.
#define IOCTL_BENCH_LOOP CTL_CODE(FILE_DEVICE_UNKNOWN, 0xa03, METHOD_BUFFERED, FILE_ANY_ACCESS)

// Input: BENCH_ATTACH_FILTERS. Puts filters above the device: they pass every request on and do nothing else.
#define IOCTL_BENCH_ATTACH CTL_CODE(FILE_DEVICE_UNKNOWN, 0xa04, METHOD_BUFFERED, FILE_ANY_ACCESS)

// Input: a side, 0 or 1: it is the other side's turn, and the request completes when it is this one's again.
// BENCH_FIRST_TURN only waits for side 1's. BENCH_NO_MORE_TURNS ends the game: the other side's request
// fails.
#define IOCTL_BENCH_TURN CTL_CODE(FILE_DEVICE_UNKNOWN, 0xa05, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define BENCH_FIRST_TURN 2
#define BENCH_NO_MORE_TURNS 3

enum { BENCH_SKIP, BENCH_COPY }; // the location skipped, or copied and a completion routine set

typedef struct {
    unsigned count;
    unsigned mode;
} BENCH_ATTACH_FILTERS;

enum {
    // The driver opens its own device and sends a request to it, as a kernel-mode caller.
    BENCH_CONTROL,
    BENCH_WRITE,
    BENCH_OUT_DIRECT,
    BENCH_OPEN,
    BENCH_READ,    // pended, and completed by the DPC of the pulse model's next interrupt
    BENCH_PARPORT, // a byte written to the Parport device
    BENCH_BUILD,   // a request of the driver's own: IoBuildDeviceIoControlRequest, IoCallDriver, and the wait
                   // for it
    // What the kernel does for drivers; `more` as it says.
    BENCH_SWITCH,  // to another thread and back, by KeSetEvent and KeWaitForSingleObject
    BENCH_DPC,     // queued, and run
    BENCH_TIMER,   // set and cancelled, while `more` others are set
    BENCH_SPIN,    // lock acquired and released
    BENCH_THREADS, // `more` threads, in pairs, meet their other `count` times each, and all are awake
    BENCH_WAVES,   // the same, but 128 are awake at a time and the others wait for their turn
    BENCH_DEVICES, // one of `more` named devices of the driver deleted, and made again
    BENCH_WAIT,  // a millisecond of simulated time passes, while a thread looks every 10 ms and a timer fires
    BENCH_NAMES, // one of ten events opened by name and closed, in a directory of `more` events
    BENCH_ALL_NAMES, // the same, any of them
    BENCH_KINDS
};

typedef struct {
    unsigned kind;
    unsigned count;
    unsigned more;
} BENCH_LOOP;
