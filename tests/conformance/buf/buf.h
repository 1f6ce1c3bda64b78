// Control codes of the driver buf.sys. Include after <ntddk.h> or <windows.h> and <winioctl.h>.
#pragma once

// How the next transfers, and controls of TRY codes, are answered: a PLAN.
#define IOCTL_BUF_PLAN CTL_CODE(FILE_DEVICE_UNKNOWN, 0xc00, METHOD_BUFFERED, FILE_ANY_ACCESS)
// What the latest of them looked like: a SEEN.
#define IOCTL_BUF_SEEN CTL_CODE(FILE_DEVICE_UNKNOWN, 0xc01, METHOD_BUFFERED, FILE_ANY_ACCESS)
// Answers the one that was kept, as the plan says.
#define IOCTL_BUF_FINISH CTL_CODE(FILE_DEVICE_UNKNOWN, 0xc02, METHOD_BUFFERED, FILE_ANY_ACCESS)
// Opens, cleanups, closes and locks since the last time: letters, each with the index of its process in the
// order of appearance, as text.
#define IOCTL_BUF_LOG CTL_CODE(FILE_DEVICE_UNKNOWN, 0xc03, METHOD_BUFFERED, FILE_ANY_ACCESS)
// Takes a reference of this file object; drops it.
#define IOCTL_BUF_HOLD CTL_CODE(FILE_DEVICE_UNKNOWN, 0xc04, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_BUF_DROP CTL_CODE(FILE_DEVICE_UNKNOWN, 0xc05, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_TRY_BUFFERED CTL_CODE(FILE_DEVICE_UNKNOWN, 0xc10, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_TRY_IN CTL_CODE(FILE_DEVICE_UNKNOWN, 0xc10, METHOD_IN_DIRECT, FILE_ANY_ACCESS)
#define IOCTL_TRY_OUT CTL_CODE(FILE_DEVICE_UNKNOWN, 0xc10, METHOD_OUT_DIRECT, FILE_ANY_ACCESS)
#define IOCTL_TRY_NEITHER CTL_CODE(FILE_DEVICE_UNKNOWN, 0xc10, METHOD_NEITHER, FILE_ANY_ACCESS)

typedef struct {
    unsigned status, information;
    unsigned fill; // so many bytes of the output are 'f'
    unsigned keep; // until FINISH or cancelled
} PLAN;

typedef struct {
    unsigned long long system_buffer, user_buffer, type3, mdl_address, offset;
    unsigned irp_flags, file_flags, location_flags, mdl, mdl_flags, mdl_bytes, length, key, count;
    unsigned char first;    // byte of the input
    unsigned char pages[7]; // first bytes of the pages of a gather
} SEEN;
