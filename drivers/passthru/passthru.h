// Control interface of the Passthru filter. Open \\.\PassthruControl; all codes are METHOD_BUFFERED and need
// write access, except QUERY. Include after <ntddk.h> or <windows.h> and <winioctl.h>.
#pragma once

// Input: an NT device name in UTF-16, with or without a terminating zero ("\Device\Echo"). Attaches one more
// filter device on top of the stack of that device; may be repeated. Fails as IoGetDeviceObjectPointer does
// when there is no such device.
#define IOCTL_PASSTHRU_ATTACH                                                                                \
    CTL_CODE(FILE_DEVICE_UNKNOWN, 0x901, METHOD_BUFFERED, FILE_WRITE_DATA) // 0x22a404
// Detaches the filter device that was attached last. STATUS_NO_MORE_ENTRIES: none is left.
#define IOCTL_PASSTHRU_DETACH                                                                                \
    CTL_CODE(FILE_DEVICE_UNKNOWN, 0x902, METHOD_BUFFERED, FILE_WRITE_DATA) // 0x22a408
// Input: a ULONG, one of the modes; for requests that come from now on, in all filter devices.
#define IOCTL_PASSTHRU_SET_MODE                                                                              \
    CTL_CODE(FILE_DEVICE_UNKNOWN, 0x903, METHOD_BUFFERED, FILE_WRITE_DATA) // 0x22a40c
// Output: PASSTHRU_COUNTS.
#define IOCTL_PASSTHRU_QUERY CTL_CODE(FILE_DEVICE_UNKNOWN, 0x904, METHOD_BUFFERED, FILE_READ_DATA) // 0x226410

#define PASSTHRU_MODE_SKIP 0 // the filter gives its stack location to the next driver
#define PASSTHRU_MODE_COPY 1 // it copies the location and sets a completion routine

typedef struct {
    ULONG devices;   // filter devices that are attached
    ULONG mode;      // PASSTHRU_MODE_…
    ULONG passed;    // requests passed down since the driver was loaded
    ULONG completed; // times the completion routine was called
} PASSTHRU_COUNTS;
