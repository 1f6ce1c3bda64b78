// Control codes of the Answers driver. Include after <ntddk.h> or <windows.h> and <winioctl.h>.
#pragma once

// Input: a SEND. The driver makes the request and sends it to the top of its own stack. Output: a SENT.
#define IOCTL_ANSWERS_SEND CTL_CODE(FILE_DEVICE_UNKNOWN, 0xb00, METHOD_BUFFERED, FILE_ANY_ACCESS)
// Answered by hand, one for each method.
#define IOCTL_ANSWERS_IN CTL_CODE(FILE_DEVICE_UNKNOWN, 0xb01, METHOD_IN_DIRECT, FILE_ANY_ACCESS)
#define IOCTL_ANSWERS_OUT CTL_CODE(FILE_DEVICE_UNKNOWN, 0xb02, METHOD_OUT_DIRECT, FILE_ANY_ACCESS)
#define IOCTL_ANSWERS_NEITHER CTL_CODE(FILE_DEVICE_UNKNOWN, 0xb03, METHOD_NEITHER, FILE_ANY_ACCESS)
#define FSCTL_ANSWERS CTL_CODE(FILE_DEVICE_FILE_SYSTEM, 0xb04, METHOD_BUFFERED, FILE_ANY_ACCESS)
// Output: the name that the last rename gave.
#define IOCTL_ANSWERS_RENAMED CTL_CODE(FILE_DEVICE_UNKNOWN, 0xb05, METHOD_BUFFERED, FILE_ANY_ACCESS)
// Output: a FILE_SEEN, of the last create and the last set-information request.
#define IOCTL_ANSWERS_FILE_SEEN CTL_CODE(FILE_DEVICE_UNKNOWN, 0xb06, METHOD_BUFFERED, FILE_ANY_ACCESS)

typedef struct {
    unsigned options, name_length; // of the create
    unsigned char name[32];
    unsigned information_class, length; // of the set
    unsigned char data[32];
} FILE_SEEN;

typedef struct {
    unsigned char major, minor, reserved[2];
    long preset;                 // IoStatus.Status before it is sent
    unsigned long long words[4]; // the Parameters
} SEND;

typedef struct {
    long status;
    unsigned information;
} SENT;
