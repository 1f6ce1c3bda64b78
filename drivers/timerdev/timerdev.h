// The TimerDev device, as its drivers and programs see it. Include after <ntddk.h> or <windows.h> and
// <winioctl.h>.
//
// Open \\.\TimerDev. The device has one timer, shared by all who open it.
// * IOCTL_TIMERDEV_START sets it: it expires `due` milliseconds from now and, with a period, every `period`
// milliseconds
//   after that. A set timer is set anew. A due time or period over an hour: STATUS_INVALID_PARAMETER.
// * IOCTL_TIMERDEV_STOP cancels it. Reads that wait go on waiting.
// * read waits until the timer expires and gives a TIMERDEV_STAMP. Each expiration completes one read, the
// oldest; one
//   that nobody waits for is counted as missed. A buffer that is too small: STATUS_BUFFER_TOO_SMALL.
// * Reads are cancelled when their handle is closed.
#pragma once

typedef struct {
    unsigned long due, period; // milliseconds; period 0: once
} TIMERDEV_START;

typedef struct {
    unsigned long number;    // of the expiration, from 1, since the timer was started
    unsigned long missed;    // expirations before it that nobody read
    unsigned long processor; // on which the driver's DPC ran
    unsigned long reserved;
    long long time; // system time, 100 ns units
} TIMERDEV_STAMP;

#define IOCTL_TIMERDEV_START                                                                                 \
    CTL_CODE(FILE_DEVICE_UNKNOWN, 0x811, METHOD_BUFFERED, FILE_ANY_ACCESS)                         // 0x222044
#define IOCTL_TIMERDEV_STOP CTL_CODE(FILE_DEVICE_UNKNOWN, 0x812, METHOD_BUFFERED, FILE_ANY_ACCESS) // 0x222048
