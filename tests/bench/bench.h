// What the bench driver does. Include after <ntddk.h> or <windows.h> and <winioctl.h>.
#pragma once

// The three kinds of request that are measured.
#define IOCTL_BENCH_BUFFERED CTL_CODE(FILE_DEVICE_UNKNOWN, 0xa01, METHOD_BUFFERED, FILE_ANY_ACCESS)
// Writes the whole output buffer through the system address of its MDL.
#define IOCTL_BENCH_OUT_DIRECT CTL_CODE(FILE_DEVICE_UNKNOWN, 0xa02, METHOD_OUT_DIRECT, FILE_ANY_ACCESS)
// Input: BENCH_LOOP. The driver opens its own device and sends `count` requests of a kind to it, as a
// kernel-mode caller.
#define IOCTL_BENCH_LOOP CTL_CODE(FILE_DEVICE_UNKNOWN, 0xa03, METHOD_BUFFERED, FILE_ANY_ACCESS)

// Input: BENCH_ATTACH_FILTERS. Puts filters above the device: they pass every request on and do nothing else.
#define IOCTL_BENCH_ATTACH CTL_CODE(FILE_DEVICE_UNKNOWN, 0xa04, METHOD_BUFFERED, FILE_ANY_ACCESS)

enum { BENCH_SKIP, BENCH_COPY }; // the location skipped, or copied and a completion routine set

typedef struct {
    unsigned count;
    unsigned mode;
} BENCH_ATTACH_FILTERS;

enum { BENCH_CONTROL, BENCH_WRITE, BENCH_OUT_DIRECT, BENCH_OPEN };

typedef struct {
    unsigned kind;
    unsigned count;
} BENCH_LOOP;
