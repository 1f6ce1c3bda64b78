// What volumes.sys has seen. Include after <ntddk.h> or <windows.h> and <winioctl.h>.
#pragma once

#define IOCTL_VOLUMES_SEEN CTL_CODE(FILE_DEVICE_UNKNOWN, 0xc01, METHOD_BUFFERED, FILE_ANY_ACCESS)

struct seen { // of the last create of a volume, and the queries since then
    unsigned options, access, share, name_length, queries, classes[8];
};
