// Posts messages into a mailbox, or waits for messages from it.
//     drvlab run --driver mailbox.sys --client 'mailbox_client.exe read bob 2'
//                -- mailbox_client.exe post bob hello 'how are you'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <winioctl.h>

#include "../drivers/mailbox/mailbox.h"

static int failed(const char* what) {
    fprintf(stderr, "mailbox_client: %s: error %lu\n", what, GetLastError());
    return 1;
}

static int post(HANDLE box, int count, char** messages) {
    for (int i = 0; i < count; ++i) {
        DWORD bytes;
        if (!WriteFile(box, messages[i], (DWORD)strlen(messages[i]), &bytes, NULL))
            return failed(messages[i]);
        printf("posted %lu bytes: %s\n", bytes, messages[i]);
    }
    // The mail is there while the box is open: wait until it was fetched, for a minute at most.
    const ULONGLONG end = GetTickCount64() + 60000;
    for (ULONG left = 1; left;) {
        DWORD bytes;
        if (!DeviceIoControl(box, IOCTL_MAILBOX_COUNT, NULL, 0, &left, sizeof left, &bytes, NULL))
            return failed("IOCTL_MAILBOX_COUNT");
        if (left && GetTickCount64() >= end) {
            fprintf(stderr, "mailbox_client: nobody has read %lu of the messages within a minute\n", left);
            return 1;
        }
        if (left) Sleep(10);
    }
    return 0;
}

static int fetch(HANDLE box, int count) {
    for (int i = 0; i < count; ++i) {
        char text[MAILBOX_MESSAGE_SIZE + 1];
        DWORD bytes;
        if (!ReadFile(box, text, MAILBOX_MESSAGE_SIZE, &bytes, NULL)) return failed("read");
        text[bytes] = 0;
        printf("read %lu bytes: %s\n", bytes, text);
    }
    return 0;
}

int main(int argc, char** argv) {
    int reads = argc == 4 && !strcmp(argv[1], "read") && atoi(argv[3]) > 0;
    if (!reads && (argc < 4 || strcmp(argv[1], "post"))) {
        fprintf(stderr, "usage: mailbox_client post NAME MESSAGE... | read NAME COUNT\n");
        return 2;
    }
    char path[64];
    snprintf(path, sizeof path, "\\\\.\\Mailbox\\%s", argv[2]);
    HANDLE box = CreateFileA(path, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                             OPEN_EXISTING, 0, NULL);
    if (box == INVALID_HANDLE_VALUE) return failed(path);
    int status = reads ? fetch(box, atoi(argv[3])) : post(box, argc - 3, argv + 3);
    CloseHandle(box);
    return status;
}
