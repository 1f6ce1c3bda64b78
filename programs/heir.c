// The child of handover.exe: reads from the device whose handle it has inherited.
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

int main(int argc, char** argv) {
    HANDLE device = (HANDLE)(ULONG_PTR)strtoull(argc > 1 ? argv[1] : "0", NULL, 0);
    char text[425];
    DWORD bytes;
    if (!ReadFile(device, text, sizeof text - 1, &bytes, NULL)) {
        fprintf(stderr, "heir: read: error %lu\n", GetLastError());
        return 1;
    }
    text[bytes] = 0;
    printf("child: handle %#llx reads \"%s\"\n", (unsigned long long)(ULONG_PTR)device, text);
    return (int)bytes;
}
