// A system thread's writes through an MDL are seen here; our pointers mean nothing to it.
#include <windows.h>
#include <winioctl.h>

#include "../common/program.h"
#include "mdl.h"

int main(void) {
    HANDLE device =
        CreateFileA("\\\\.\\ConformMdl", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    CHECK(device != INVALID_HANDLE_VALUE, "open");
    static UCHAR buffer[9000];
    DWORD done = 0;
    BOOL ok = DeviceIoControl(device, IOCTL_MDL_WRITE_LATER, NULL, 0, buffer + 100, 8000, &done, NULL);
    CHECK(ok && done == 8000, "a request that pends completes when its writer is done");
    int all = 1;
    for (int i = 0; i < 8000; ++i)
        all &= buffer[100 + i] == 0x5a;
    CHECK(all, "what a system thread writes through the MDL is here");
    CHECK(buffer[99] == 0 && buffer[8100] == 0, "and nothing beside it");

    UCHAR* heap = VirtualAlloc(NULL, 4096, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    heap[0] = 1;
    CHECK(DeviceIoControl(device, IOCTL_MDL_TOUCH_HERE, heap, 16, NULL, 0, &done, NULL),
          "a METHOD_NEITHER pointer is good in the caller's thread");
    ok = DeviceIoControl(device, IOCTL_MDL_TOUCH_FROM_SYSTEM, heap, 16, NULL, 0, &done, NULL);
    CHECK(!ok && GetLastError() == ERROR_NOACCESS, "and faults in a system thread: STATUS_ACCESS_VIOLATION");
    VirtualFree(heap, 0, MEM_RELEASE);
    ok = DeviceIoControl(device, IOCTL_MDL_TOUCH_HERE, heap, 16, NULL, 0, &done, NULL);
    CHECK(!ok && GetLastError() == ERROR_NOACCESS, "memory that was freed faults in the caller's thread");
    ok = DeviceIoControl(device, IOCTL_MDL_WRITE_LATER, NULL, 0, heap, 16, &done, NULL);
    CHECK(!ok && GetLastError() == ERROR_NOACCESS,
          "a bad direct buffer is refused before the driver sees the request");
    CloseHandle(device);
    return finish();
}
