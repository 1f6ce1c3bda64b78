// What the programs above buf.sys share.
#pragma once
#define WIN32_NO_STATUS
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#undef WIN32_NO_STATUS
#include <ntstatus.h>
#include <winioctl.h>
#include <winternl.h>

#include "../common/program.h"
#include "buf.h"

#define BOTH (GENERIC_READ | GENERIC_WRITE)

static HANDLE teller; // another file of the same driver, for everything beside the request under test

static inline HANDLE open(const char* name, DWORD access, DWORD flags) {
    return CreateFileA(name, access, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, flags, NULL);
}
static inline void plan(unsigned status, unsigned information, unsigned fill, unsigned keep) {
    PLAN p = {status, information, fill, keep};
    DWORD n;
    DeviceIoControl(teller, IOCTL_BUF_PLAN, &p, sizeof p, NULL, 0, &n, NULL);
}
static inline SEEN seen(void) {
    SEEN s = {0};
    DWORD n;
    DeviceIoControl(teller, IOCTL_BUF_SEEN, NULL, 0, &s, sizeof s, &n, NULL);
    return s;
}
static inline BOOL finish_kept(void) {
    DWORD n;
    return DeviceIoControl(teller, IOCTL_BUF_FINISH, NULL, 0, NULL, 0, &n, NULL);
}
static inline const char* history(void) {
    static char text[1001];
    DWORD n = 0;
    DeviceIoControl(teller, IOCTL_BUF_LOG, NULL, 0, text, 1000, &n, NULL);
    text[n] = 0;
    return text;
}
static inline UCHAR* pages(unsigned count, DWORD protection) {
    return VirtualAlloc(NULL, count * 0x1000, MEM_RESERVE | MEM_COMMIT, protection);
}
