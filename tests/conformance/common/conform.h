// Conformance drivers have a device \\.\Conform<Topic>. RUN executes the driver's own checks and returns
// their report as text: one line per check, "PASS what" or "FAIL what (file:line)". Include after <ntddk.h>
// or <windows.h> and <winioctl.h>.
#pragma once

#define IOCTL_CONFORM_RUN CTL_CODE(FILE_DEVICE_UNKNOWN, 0xa00, METHOD_BUFFERED, FILE_ANY_ACCESS) // 0x222800
#define CONFORM_REPORT_SIZE 32768
