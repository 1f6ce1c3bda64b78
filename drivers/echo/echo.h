// The Echo device, as its drivers and programs see it. Include after <ntddk.h> or <windows.h> and
// <winioctl.h>.
//
// Open \\.\Echo. The device keeps one block of at most ECHO_CAPACITY bytes, shared by all who open it.
// * write replaces the block; more than ECHO_CAPACITY bytes: STATUS_INVALID_BUFFER_SIZE, the block stays.
// * read copies the block from its start, as much as fits, and does not consume it; nothing was written yet:
//   STATUS_END_OF_FILE.
// * There is one control code for each way the I/O manager hands buffers to a driver. Any other code:
//   STATUS_INVALID_DEVICE_REQUEST.
//
// BUFFERED, OUT_DIRECT and NEITHER copy the input to the output and return its length; an output shorter than
// the input gives STATUS_BUFFER_TOO_SMALL and nothing is copied. IN_DIRECT uses the second buffer for more
// input, as that method is meant to be: it replaces the block by the input followed by the second buffer and
// returns the length of the block.
#pragma once

#define ECHO_CAPACITY 4096

#define IOCTL_ECHO_BUFFERED CTL_CODE(FILE_DEVICE_UNKNOWN, 0x801, METHOD_BUFFERED, FILE_ANY_ACCESS) // 0x222004
#define IOCTL_ECHO_IN_DIRECT                                                                                 \
    CTL_CODE(FILE_DEVICE_UNKNOWN, 0x802, METHOD_IN_DIRECT, FILE_ANY_ACCESS) // 0x222009
#define IOCTL_ECHO_OUT_DIRECT                                                                                \
    CTL_CODE(FILE_DEVICE_UNKNOWN, 0x803, METHOD_OUT_DIRECT, FILE_ANY_ACCESS)                     // 0x22200e
#define IOCTL_ECHO_NEITHER CTL_CODE(FILE_DEVICE_UNKNOWN, 0x804, METHOD_NEITHER, FILE_ANY_ACCESS) // 0x222013
