// Creates a file (or opens a device), writes three bytes and closes it: write3 PATH
#include <stdio.h>
#include <windows.h>

static int failed(const char* call) {
    fprintf(stderr, "write3: %s: error %lu\n", call, GetLastError());
    return 1;
}

int main(int argc, char** argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: write3 PATH\n");
        return 2;
    }
    // A device exists already; CREATE_ALWAYS is what a program says that wants a new file.
    HANDLE file = CreateFileA(argv[1], GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file == INVALID_HANDLE_VALUE) return failed("CreateFile");
    DWORD written = 0;
    if (!WriteFile(file, "abc", 3, &written, NULL)) return failed("WriteFile");
    if (!CloseHandle(file)) return failed("CloseHandle");
    printf("%s: %lu bytes written\n", argv[1], written);
    return written != 3;
}
