// What the driver ConformPsNotify tells its client. Include after <ntddk.h> or <windows.h> and <winioctl.h>.
#pragma once

// Forget what was heard, and listen.
#define IOCTL_NOTIFY_START CTL_CODE(FILE_DEVICE_UNKNOWN, 0xb11, METHOD_BUFFERED, FILE_ANY_ACCESS)
// Output: the events so far.
#define IOCTL_NOTIFY_EVENTS CTL_CODE(FILE_DEVICE_UNKNOWN, 0xb12, METHOD_BUFFERED, FILE_ANY_ACCESS)
// Refuse the next process with STATUS_ACCESS_DENIED.
#define IOCTL_NOTIFY_REFUSE CTL_CODE(FILE_DEVICE_UNKNOWN, 0xb13, METHOD_BUFFERED, FILE_ANY_ACCESS)
// Input: a peek. Output: eight bytes of that process's memory, read attached to it (0) or by
// MmCopyVirtualMemory (1).
#define IOCTL_NOTIFY_PEEK CTL_CODE(FILE_DEVICE_UNKNOWN, 0xb14, METHOD_BUFFERED, FILE_ANY_ACCESS)
// The next process is ended with status 0x77 by the routine that hears of it.
#define IOCTL_NOTIFY_END CTL_CODE(FILE_DEVICE_UNKNOWN, 0xb15, METHOD_BUFFERED, FILE_ANY_ACCESS)

struct peek {
    unsigned long long process, address, how;
};

enum kind {
    process_made = 1,
    process_gone,
    process_made_ex,
    process_gone_ex,
    thread_made,
    thread_gone,
    image
};

struct event {
    unsigned kind, process, parent, thread;   // of the event
    unsigned creator_process, creator_thread; // process_made_ex
    unsigned current_process, current_thread; // where the routine ran
    unsigned irql, apcs_disabled, size, exit_status, flags;
    unsigned object_matches; // the EPROCESS given is the one of the id
    char name[80], line[80];
    unsigned long long base, length; // image
};
#define MOST_EVENTS 64
