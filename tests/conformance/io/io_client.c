// How requests arrive at a driver and how their results come back: the pages "Buffer Descriptions for I/O
// Control Codes", IRP_MJ_CREATE/CLEANUP/CLOSE, IO_STATUS_BLOCK, DeviceIoControl, ReadFile,
// GetOverlappedResult, CancelIoEx.
#include <windows.h>
#include <winioctl.h>

#include "../common/program.h"
#include "io.h"

static HANDLE device;
static DWORD done;

static HANDLE open(DWORD access, DWORD flags) {
    return CreateFileA("\\\\.\\ConformIo", access, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING,
                       flags, NULL);
}

static SAW saw(void) {
    SAW s = {0};
    DWORD n;
    DeviceIoControl(device, IOCTL_IO_SAW, NULL, 0, &s, sizeof s, &n, NULL);
    return s;
}

static BOOL ask(DWORD code, LONG status, ULONG information, ULONG fill, void* out, DWORD size) {
    ANSWER a = {status, information, fill};
    done = 9999;
    return DeviceIoControl(device, code, &a, sizeof a, out, size, &done, NULL);
}

// "By default, Windows turns off arithmetic exceptions" for drivers (Using Floating Point in a WDM Driver),
// and a program's flags are its own affair.
static void processor_state(void) {
    unsigned mine = 0x1D80, after; // division by zero not masked
    unsigned long long flags;
    UCHAR out[64];
    __asm__ volatile("ldmxcsr %0" : : "m"(mine));
    ask(IOCTL_IO_BUFFERED, 0, 0, 0, out, sizeof out);
    __asm__ volatile("stmxcsr %0" : "=m"(after));
    CHECK((after & 0xFFC0) == mine, "a request leaves the program's mxcsr alone");
    mine = 0x1F80;
    __asm__ volatile("ldmxcsr %0" : : "m"(mine));
    CHECK((saw().mxcsr & 0xFFC0) == 0x1F80, "a driver runs with all arithmetic exceptions masked");
    __asm__ volatile("pushfq; orl $0x40000, (%%rsp); popfq" : : : "cc", "memory");
    BOOL good = ask(IOCTL_IO_BUFFERED, 0, 0, 0, out, sizeof out);
    __asm__ volatile("pushfq; popq %0" : "=r"(flags));
    __asm__ volatile("pushfq; andl $~0x40000, (%%rsp); popfq" : : : "cc", "memory");
    CHECK(good, "a request of a program that has the alignment check flag set");
    CHECK(flags & 0x40000, "which it has afterwards");
}

static void methods(void) {
    UCHAR out[64] = {0};
    ask(IOCTL_IO_BUFFERED, 0, 0, 0, out, sizeof out);
    SAW s = saw();
    CHECK(s.system_buffer && !s.mdl && !s.type3, "METHOD_BUFFERED: a system buffer, no MDL");
    CHECK(s.in == sizeof(ANSWER) && s.out == 64, "both lengths are in the stack location");
    CHECK(s.irql == 0 && s.user_mode && s.same_thread && s.file,
          "at PASSIVE_LEVEL, user mode, in the requesting thread, with a file");
    ask(IOCTL_IO_IN_DIRECT, 0, 0, 0, out, sizeof out);
    s = saw();
    CHECK(s.system_buffer && s.mdl && s.mdl_bytes == 64,
          "METHOD_IN_DIRECT: a system buffer for the input, an MDL for the second buffer");
    ask(IOCTL_IO_OUT_DIRECT, 0, 0, 0, out, sizeof out);
    s = saw();
    CHECK(s.system_buffer && s.mdl && s.mdl_bytes == 64, "METHOD_OUT_DIRECT: the same");
    ask(IOCTL_IO_NEITHER, 0, 0, 0, out, sizeof out);
    s = saw();
    CHECK(!s.system_buffer && !s.mdl && s.type3 && s.user_buffer, "METHOD_NEITHER: the caller's pointers");
    DeviceIoControl(device, IOCTL_IO_BUFFERED, NULL, 0, NULL, 0, &done, NULL);
    s = saw();
    CHECK(!s.system_buffer && !s.mdl && s.in == 0 && s.out == 0,
          "METHOD_BUFFERED without buffers: no system buffer");
    DeviceIoControl(device, IOCTL_IO_OUT_DIRECT, NULL, 0, NULL, 0, &done, NULL);
    s = saw();
    CHECK(!s.system_buffer && !s.mdl, "METHOD_OUT_DIRECT without buffers: neither");
}

static void information(void) {
    UCHAR out[64] = {0};
    CHECK(ask(IOCTL_IO_BUFFERED, 0, 10, 20, out, 64) && done == 10,
          "Information is the number of bytes returned");
    CHECK(out[9] == 0x77 && out[10] == 0, "METHOD_BUFFERED copies as many bytes back");
    memset(out, 0, sizeof out);
    CHECK(!ask(IOCTL_IO_BUFFERED, (LONG)0xC000000D, 20, 20, out, 64) &&
              GetLastError() == ERROR_INVALID_PARAMETER && done == 0,
          "an error status fails the call with its Win32 error");
    CHECK(out[0] == 0, "and copies nothing");
    CHECK(!ask(IOCTL_IO_BUFFERED, (LONG)0x80000005, 20, 20, out, 64) && GetLastError() == ERROR_MORE_DATA &&
              done == 20,
          "STATUS_BUFFER_OVERFLOW fails with ERROR_MORE_DATA and says how much came");
    CHECK(out[19] == 0x77 && out[20] == 0, "and copies what there is");
    memset(out, 0, sizeof out);
    CHECK(ask(IOCTL_IO_OUT_DIRECT, 0, 0, 32, out, 64) && done == 0 && out[31] == 0x77,
          "METHOD_OUT_DIRECT writes in place");
    CHECK(ask(IOCTL_IO_NEITHER, 0, 5, 5, out, 64) && done == 5,
          "METHOD_NEITHER: Information is only a number");
}

static void rights(void) {
    HANDLE none = open(0, 0), reader = open(GENERIC_READ, 0), writer = open(GENERIC_WRITE, 0);
    DWORD n;
    CHECK(none != INVALID_HANDLE_VALUE, "a device opens without access rights");
    CHECK(DeviceIoControl(none, IOCTL_IO_BUFFERED, NULL, 0, NULL, 0, &n, NULL), "FILE_ANY_ACCESS needs none");
    CHECK(!DeviceIoControl(none, IOCTL_IO_NEEDS_READ, NULL, 0, NULL, 0, &n, NULL) &&
              GetLastError() == ERROR_ACCESS_DENIED,
          "FILE_READ_ACCESS needs the right: ERROR_ACCESS_DENIED");
    CHECK(DeviceIoControl(reader, IOCTL_IO_NEEDS_READ, NULL, 0, NULL, 0, &n, NULL), "and a reader has it");
    CHECK(!DeviceIoControl(reader, IOCTL_IO_NEEDS_WRITE, NULL, 0, NULL, 0, &n, NULL) &&
              GetLastError() == ERROR_ACCESS_DENIED,
          "a reader may not send FILE_WRITE_ACCESS codes");
    CHECK(DeviceIoControl(writer, IOCTL_IO_NEEDS_WRITE, NULL, 0, NULL, 0, &n, NULL), "a writer may");
    char byte;
    CHECK(!ReadFile(writer, &byte, 1, &n, NULL) && GetLastError() == ERROR_ACCESS_DENIED,
          "a writer may not read");
    CloseHandle(none);
    CloseHandle(reader);
    CloseHandle(writer);
}

static void transfers(void) {
    char bytes[100] = {0};
    DWORD n = 9;
    CHECK(ReadFile(device, bytes, 10, &n, NULL) && n == 5 && bytes[4] == 0x55 && bytes[5] == 0,
          "a short read returns what Information says");
    CHECK(WriteFile(device, bytes, 100, &n, NULL) && n == 100, "a write returns its length");
    CHECK(WriteFile(device, bytes, 0, &n, NULL) && n == 0, "a write of nothing");
    CHECK(FlushFileBuffers(device), "FlushFileBuffers reaches the driver");
    CHECK(!ReadFile(device, (void*)0x10, 10, &n, NULL) && GetLastError() == ERROR_NOACCESS,
          "a bad buffer: ERROR_NOACCESS");
}

static void asynchronous(void) {
    HANDLE file = open(GENERIC_READ | GENERIC_WRITE, FILE_FLAG_OVERLAPPED);
    OVERLAPPED o = {0};
    UCHAR out[8] = {0};
    DWORD n = 0;
    o.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
    BOOL ok = DeviceIoControl(file, IOCTL_IO_PEND, NULL, 0, out, sizeof out, NULL, &o);
    CHECK(!ok && GetLastError() == ERROR_IO_PENDING, "a request that stays pending: ERROR_IO_PENDING");
    CHECK(!HasOverlappedIoCompleted(&o), "its OVERLAPPED says so");
    CHECK(!GetOverlappedResult(file, &o, &n, FALSE) && GetLastError() == ERROR_IO_INCOMPLETE,
          "GetOverlappedResult: ERROR_IO_INCOMPLETE");
    CHECK(WaitForSingleObject(o.hEvent, 0) == WAIT_TIMEOUT, "its event is not set");
    CHECK(DeviceIoControl(device, IOCTL_IO_FINISH, NULL, 0, NULL, 0, &n, NULL),
          "another request finishes it");
    CHECK(GetOverlappedResult(file, &o, &n, TRUE) && n == 8 && out[7] == 0x66, "its result is there");
    CHECK(WaitForSingleObject(o.hEvent, 0) == WAIT_OBJECT_0, "and its event set");

    ResetEvent(o.hEvent);
    ok = DeviceIoControl(file, IOCTL_IO_PEND, NULL, 0, out, sizeof out, NULL, &o);
    CHECK(!ok && GetLastError() == ERROR_IO_PENDING, "another one");
    CHECK(CancelIoEx(file, &o), "is cancelled");
    CHECK(!GetOverlappedResult(file, &o, &n, TRUE) && GetLastError() == ERROR_OPERATION_ABORTED,
          "ERROR_OPERATION_ABORTED");
    CHECK(!CancelIoEx(file, &o) && GetLastError() == ERROR_NOT_FOUND,
          "there is nothing left to cancel: ERROR_NOT_FOUND");

    o.Offset = 0;
    ok = ReadFile(file, out, 8, NULL, &o);
    CHECK(ok || GetLastError() == ERROR_IO_PENDING, "an overlapped read that completes at once");
    CHECK(GetOverlappedResult(file, &o, &n, TRUE) && n == 4, "gives its count");
    CloseHandle(o.hEvent);
    CloseHandle(file);
}

static void order(void) {
    char before[600] = {0}, after[600] = {0};
    DWORD n, m;
    DeviceIoControl(device, IOCTL_IO_HISTORY, NULL, 0, before, sizeof before, &n, NULL);
    HANDLE file = open(GENERIC_READ, 0), same;
    DuplicateHandle(GetCurrentProcess(), file, GetCurrentProcess(), &same, 0, FALSE, DUPLICATE_SAME_ACCESS);
    CloseHandle(file);
    DeviceIoControl(device, IOCTL_IO_HISTORY, NULL, 0, after, sizeof after, &m, NULL);
    CHECK(m == n + 2 && after[n + 1] == 'C', "closing one of two handles to a file sends nothing");
    CloseHandle(same);
    DeviceIoControl(device, IOCTL_IO_HISTORY, NULL, 0, after, sizeof after, &m, NULL);
    CHECK(m == n + 6 && after[n + 3] == 'c' && after[n + 5] == 'x' && after[n] == after[n + 2] &&
              after[n] == after[n + 4],
          "the last one: cleanup, then close, of the same file");
    HANDLE failed = CreateFileA("\\\\.\\ConformIo\\fail", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    CHECK(failed == INVALID_HANDLE_VALUE && GetLastError() == ERROR_BUSY,
          "a create that the driver fails: its error");
    n = m;
    DeviceIoControl(device, IOCTL_IO_HISTORY, NULL, 0, after, sizeof after, &m, NULL);
    CHECK(m == n + 2 && after[n + 1] == 'C', "and neither cleanup nor close follows");
    CHECK(!CloseHandle(same) && GetLastError() == ERROR_INVALID_HANDLE,
          "closing a closed handle: ERROR_INVALID_HANDLE");
}

int main(void) {
    device = open(GENERIC_READ | GENERIC_WRITE, 0);
    CHECK(device != INVALID_HANDLE_VALUE, "open");
    if (device == INVALID_HANDLE_VALUE) return finish();
    methods();
    processor_state();
    information();
    rights();
    transfers();
    asynchronous();
    order();
    CloseHandle(device);
    return finish();
}
