// Standard handles that lead to files and pipes of the host: what ReadFile, WriteFile, SetFilePointer and
// GetFileSizeEx say of them. Reports to standard error.
// win32 page Ipc/pipe-functions; sdk-api pages fileapi/nf-fileapi-setfilepointer, -getfilesizeex.
#include <stdio.h>
#include <string.h>
#include <windows.h>

static char buffer[100000];

static void tell(const char* what, BOOL done, DWORD bytes) {
    const DWORD error = GetLastError();
    fprintf(stderr, "%s: %s %lu bytes, error %lu\n", what, done ? "done" : "failed", bytes, done ? 0 : error);
}

// As many bytes as come.
static void copy(HANDLE from, HANDLE to) {
    DWORD read = 0, written = 0, total = 0;
    for (;;) {
        const BOOL done = ReadFile(from, buffer, sizeof buffer, &read, NULL);
        if (!done || !read) {
            tell("read", done, total);
            return;
        }
        total += read;
        if (!WriteFile(to, buffer, read, &written, NULL)) {
            tell("write", FALSE, written);
            return;
        }
    }
}

// More than a pipe holds.
static void flood(HANDLE to) {
    DWORD written = 0;
    memset(buffer, 'x', sizeof buffer);
    for (int i = 0; i < 20; i++)
        if (!WriteFile(to, buffer, sizeof buffer, &written, NULL)) {
            tell("write", FALSE, written);
            return;
        }
    tell("write", TRUE, written);
}

static void seek(HANDLE in, HANDLE out) {
    DWORD bytes = 0;
    LARGE_INTEGER size = {0};
    BOOL done = GetFileSizeEx(in, &size);
    tell("size", done, size.LowPart);
    done = SetFilePointer(in, 2, NULL, FILE_BEGIN) == 2 && ReadFile(in, buffer, 3, &bytes, NULL);
    fprintf(stderr, "from 2: %d %.*s, at %lu\n", done, (int)bytes, buffer,
            SetFilePointer(in, 0, NULL, FILE_CURRENT));
    done = SetFilePointer(in, -2, NULL, FILE_END) != INVALID_SET_FILE_POINTER &&
           ReadFile(in, buffer, 3, &bytes, NULL);
    fprintf(stderr, "from the end: %d %.*s\n", done, (int)bytes, buffer);
    WriteFile(out, "12345", 5, &bytes, NULL);
    SetFilePointer(out, 1, NULL, FILE_BEGIN);
    WriteFile(out, "b", 1, &bytes, NULL);
    SetFilePointer(out, 0, NULL, FILE_END);
    WriteFile(out, "6", 1, &bytes, NULL);
}

int main(int argc, char** argv) {
    HANDLE in = GetStdHandle(STD_INPUT_HANDLE), out = GetStdHandle(STD_OUTPUT_HANDLE);
    const char* what = argc > 1 ? argv[1] : "copy";
    if (!strcmp(what, "flood"))
        flood(out);
    else if (!strcmp(what, "seek"))
        seek(in, out);
    else
        copy(in, out);
    return 3;
}
