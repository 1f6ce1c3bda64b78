// Control codes of the ConformMdl driver. Include after <ntddk.h> or <windows.h> and <winioctl.h>.
#pragma once

// The output buffer is filled with 0x5a by a system thread through the MDL, while the request is pending.
// Output: its bytes.
#define IOCTL_MDL_WRITE_LATER CTL_CODE(FILE_DEVICE_UNKNOWN, 0xa11, METHOD_OUT_DIRECT, FILE_ANY_ACCESS)
// A system thread touches the raw user pointer of the input buffer inside __try; the request completes with
// what it got: STATUS_SUCCESS if it could read, else the exception.
#define IOCTL_MDL_TOUCH_FROM_SYSTEM CTL_CODE(FILE_DEVICE_UNKNOWN, 0xa12, METHOD_NEITHER, FILE_ANY_ACCESS)
// The same in the caller's thread, after ProbeForRead.
#define IOCTL_MDL_TOUCH_HERE CTL_CODE(FILE_DEVICE_UNKNOWN, 0xa13, METHOD_NEITHER, FILE_ANY_ACCESS)
