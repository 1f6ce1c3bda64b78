// Control codes of the ConformIo driver. Include after <ntddk.h> or <windows.h> and <winioctl.h>.
#pragma once

// A request that the driver answers as it is told: the input is an ANSWER, possibly followed by more bytes.
// What the driver saw is kept for SAW. One code per method; the function numbers are consecutive.
#define IOCTL_IO_BUFFERED CTL_CODE(FILE_DEVICE_UNKNOWN, 0xa20, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_IO_IN_DIRECT CTL_CODE(FILE_DEVICE_UNKNOWN, 0xa21, METHOD_IN_DIRECT, FILE_ANY_ACCESS)
#define IOCTL_IO_OUT_DIRECT CTL_CODE(FILE_DEVICE_UNKNOWN, 0xa22, METHOD_OUT_DIRECT, FILE_ANY_ACCESS)
#define IOCTL_IO_NEITHER CTL_CODE(FILE_DEVICE_UNKNOWN, 0xa23, METHOD_NEITHER, FILE_ANY_ACCESS)
// Access bits of the code itself.
#define IOCTL_IO_NEEDS_READ CTL_CODE(FILE_DEVICE_UNKNOWN, 0xa24, METHOD_BUFFERED, FILE_READ_ACCESS)
#define IOCTL_IO_NEEDS_WRITE CTL_CODE(FILE_DEVICE_UNKNOWN, 0xa25, METHOD_BUFFERED, FILE_WRITE_ACCESS)
// Stays pending until the next FINISH, or until it is cancelled.
#define IOCTL_IO_PEND CTL_CODE(FILE_DEVICE_UNKNOWN, 0xa26, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_IO_FINISH CTL_CODE(FILE_DEVICE_UNKNOWN, 0xa27, METHOD_BUFFERED, FILE_ANY_ACCESS)
// Output: a SAW of the last request with an ANSWER.
#define IOCTL_IO_SAW CTL_CODE(FILE_DEVICE_UNKNOWN, 0xa28, METHOD_BUFFERED, FILE_ANY_ACCESS)
// Output: the majors of all requests but controls since the driver was loaded, as text: C create, c cleanup,
// x close, r read, w write, f flush, i query information, with the number of the open in front of it.
#define IOCTL_IO_HISTORY CTL_CODE(FILE_DEVICE_UNKNOWN, 0xa29, METHOD_BUFFERED, FILE_ANY_ACCESS)

typedef struct {
    LONG status;       // to complete with
    ULONG information; // to complete with
    ULONG fill;        // the output buffer is filled with 0x77 up to here
} ANSWER;

typedef struct {
    ULONG system_buffer; // is there one
    ULONG mdl;
    ULONG user_buffer;
    ULONG type3;
    ULONG in, out;
    ULONG mdl_bytes;
    ULONG irql;
    ULONG user_mode;
    ULONG same_thread;   // Tail.Overlay.Thread is the current thread
    ULONG file;          // the stack location has a file object
    ULONG output_zeroed; // METHOD_BUFFERED: bytes behind the input are zero
    ULONG mxcsr;
} SAW;
