// Buffers of requests as a driver gets them and a program gets them back: "Methods for Accessing Data
// Buffers", "Buffer Descriptions for I/O Control Codes", ns-wdm-_irp, ReadFile, "Creating Guard Pages",
// ReadFileScatter, WriteFileGather, GetProcessIoCounters, BindIoCompletionCallback.
#include "user.h"

NTSTATUS NTAPI NtReadFile(HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG, PLARGE_INTEGER,
                          PULONG);
NTSTATUS NTAPI NtWriteFile(HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG, PLARGE_INTEGER,
                           PULONG);
NTSTATUS NTAPI NtReadFileScatter(HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, FILE_SEGMENT_ELEMENT*, ULONG,
                                 PLARGE_INTEGER, PULONG);
NTSTATUS NTAPI NtWriteFileGather(HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, FILE_SEGMENT_ELEMENT*, ULONG,
                                 PLARGE_INTEGER, PULONG);

static HANDLE b, d, neither;
static DWORD n;

static NTSTATUS read(HANDLE file, void* to, ULONG length, IO_STATUS_BLOCK* iosb) {
    return NtReadFile(file, NULL, NULL, NULL, iosb, to, length, NULL, NULL);
}
static NTSTATUS write(HANDLE file, void* from, ULONG length, IO_STATUS_BLOCK* iosb) {
    return NtWriteFile(file, NULL, NULL, NULL, iosb, from, length, NULL, NULL);
}

static void kinds(void) {
    UCHAR x[64] = {'a'};
    IO_STATUS_BLOCK iosb;
    SEEN s;
    plan(0, 0, 0, 0);
    write(b, x, 64, &iosb);
    s = seen();
    CHECK(s.system_buffer > 0x7fffffff && s.system_buffer != (ULONG_PTR)x && !s.mdl && s.first == 'a' &&
              s.length == 64,
          "DO_BUFFERED_IO, write: the data is in a system buffer, no MDL");
    read(b, x, 64, &iosb);
    s = seen();
    CHECK(s.system_buffer && !s.mdl && s.length == 64, "read: a system buffer");
    write(d, x, 64, &iosb);
    s = seen();
    CHECK(!s.system_buffer && s.mdl && s.mdl_bytes == 64 && s.mdl_address == (ULONG_PTR)x && s.first == 'a' &&
              (s.mdl_flags & 2) && !(s.mdl_flags & 0x80),
          "DO_DIRECT_IO, write: an MDL of the caller's buffer, locked, not for writing; no system buffer");
    read(d, x, 64, &iosb);
    s = seen();
    CHECK(!s.system_buffer && s.mdl && s.mdl_bytes == 64 && (s.mdl_flags & 0x82) == 0x82,
          "read: an MDL that is locked for writing (MDL_WRITE_OPERATION)");
    write(neither, x, 64, &iosb);
    s = seen();
    CHECK(!s.system_buffer && !s.mdl && s.user_buffer == (ULONG_PTR)x,
          "neither: the caller's address in UserBuffer");
    read(neither, (void*)x, 64, &iosb);
    s = seen();
    CHECK(!s.system_buffer && !s.mdl && s.user_buffer == (ULONG_PTR)x, "the same for a read");

    iosb.Information = 7;
    CHECK(read(b, x, 0, &iosb) == 0 && iosb.Information == 0, "a read of nothing reaches the driver");
    s = seen();
    CHECK(!s.system_buffer && !s.mdl && s.length == 0, "with no system buffer");
    write(d, x, 0, &iosb);
    s = seen();
    CHECK(!s.mdl && s.length == 0, "DO_DIRECT_IO: MdlAddress is null when the length is zero");
    read(b, (void*)0x10, 0, &iosb);
    s = seen();
    CHECK(s.length == 0, "an address without a length is not looked at");
}

static void copies(void) {
    UCHAR x[32] = {0};
    IO_STATUS_BLOCK iosb = {{1}, 9};
    plan(0, 3, 10, 0);
    CHECK(read(b, x, 16, &iosb) == 0 && iosb.Information == 3 && x[2] == 'f' && x[3] == 0,
          "Information says how many bytes of the system buffer go back");
    memset(x, 0, sizeof x);
    plan(STATUS_BUFFER_OVERFLOW, 8, 16, 0);
    CHECK(read(b, x, 16, &iosb) == STATUS_BUFFER_OVERFLOW && iosb.Information == 8 && x[7] == 'f' &&
              x[8] == 0,
          "a warning: copied");
    memset(x, 0, sizeof x);
    plan(STATUS_OBJECT_NAME_EXISTS, 8, 16, 0);
    CHECK(read(b, x, 16, &iosb) == STATUS_OBJECT_NAME_EXISTS && x[7] == 'f',
          "an informational status: copied");
    memset(x, 0, sizeof x);
    iosb.Information = 0x55, iosb.Status = 0x55;
    plan(STATUS_IO_DEVICE_ERROR, 8, 16, 0);
    CHECK(read(b, x, 16, &iosb) == STATUS_IO_DEVICE_ERROR && x[0] == 0, "an error: nothing is copied");
    CHECK(read(d, x, 16, &iosb) == STATUS_IO_DEVICE_ERROR && x[15] == 'f',
          "DO_DIRECT_IO: what the driver has written is there, whatever the status");
    memset(x, 0, sizeof x);
    plan(0, 16, 16, 0);
    CHECK(read(neither, x, 16, &iosb) == 0 && x[15] == 'f' && x[16] == 0, "neither: in the caller's context");

    // One buffer for input and output, and buffers that overlap.
    memset(x, 'i', sizeof x);
    plan(0, 4, 4, 0);
    CHECK(DeviceIoControl(b, IOCTL_TRY_BUFFERED, x, 8, x, 8, &n, NULL) && n == 4 && x[3] == 'f' &&
              x[4] == 'i' && seen().first == 'i',
          "METHOD_BUFFERED: the same buffer for input and output");
    memset(x, 'i', sizeof x);
    CHECK(DeviceIoControl(b, IOCTL_TRY_BUFFERED, x, 8, x + 4, 8, &n, NULL) && x[3] == 'i' && x[4] == 'f' &&
              x[7] == 'f' && x[8] == 'i',
          "buffers that overlap");
    memset(x, 'i', sizeof x);
    CHECK(DeviceIoControl(b, IOCTL_TRY_OUT, x, 8, x, 8, &n, NULL) && x[3] == 'f' && x[4] == 'i' &&
              seen().first == 'i',
          "METHOD_OUT_DIRECT with the same buffer: the input was captured before");
    memset(x, 'i', sizeof x);
    plan(0, 0, 4, 0);
    CHECK(DeviceIoControl(b, IOCTL_TRY_BUFFERED, x, 8, x, 8, &n, NULL) && n == 0 && x[0] == 'i',
          "Information 0: nothing goes back");
    CHECK(DeviceIoControl(b, IOCTL_TRY_BUFFERED, NULL, 0, x, 0, &n, NULL) && !seen().system_buffer,
          "no lengths: no system buffer");
    plan(0, 0, 0, 0);
    CHECK(DeviceIoControl(b, IOCTL_TRY_OUT, x, 8, x, 0, &n, NULL) && seen().system_buffer && !seen().mdl,
          "METHOD_OUT_DIRECT without output: no MDL");
    CHECK(DeviceIoControl(b, IOCTL_TRY_NEITHER, (void*)0x123, 8, (void*)0x456, 8, &n, NULL) &&
              seen().type3 == 0x123 && seen().user_buffer == 0x456,
          "METHOD_NEITHER: nobody has looked at the addresses");
}

static void bad_memory(void) {
    IO_STATUS_BLOCK iosb;
    UCHAR *read_only = pages(1, PAGE_READONLY), *gone = pages(1, PAGE_READWRITE), x[16];
    HANDLE files[] = {b, d};
    VirtualFree(gone, 0, MEM_RELEASE);
    plan(0, 0, 0, 0);
    unsigned before = seen().count;
    for (int i = 0; i < 2; ++i) {
        HANDLE f = files[i];
        CHECK(read(f, NULL, 16, &iosb) == STATUS_ACCESS_VIOLATION &&
                  write(f, NULL, 16, &iosb) == STATUS_ACCESS_VIOLATION,
              i ? "direct: null" : "buffered: null");
        CHECK(read(f, gone, 16, &iosb) == STATUS_ACCESS_VIOLATION &&
                  write(f, gone, 16, &iosb) == STATUS_ACCESS_VIOLATION,
              "released memory");
        CHECK(read(f, read_only, 16, &iosb) == STATUS_ACCESS_VIOLATION, "a read into read-only memory");
        CHECK(read(f, (void*)0xfffff80000000000, 16, &iosb) == STATUS_ACCESS_VIOLATION &&
                  write(f, (void*)0xfffff80000000000, 16, &iosb) == STATUS_ACCESS_VIOLATION,
              "an address of the system");
        CHECK(read(f, (void*)0x300000001000, 16, &iosb) == STATUS_ACCESS_VIOLATION &&
                  write(f, (void*)0x300000001000, 16, &iosb) == STATUS_ACCESS_VIOLATION,
              "another one");
        CHECK(read(f, (void*)(~(ULONG_PTR)0 - 7), 16, &iosb) == STATUS_ACCESS_VIOLATION &&
                  write(f, (void*)(~(ULONG_PTR)0 - 7), 16, &iosb) == STATUS_ACCESS_VIOLATION,
              "a buffer that wraps around");
        CHECK(read(f, x, 0xffffffff, &iosb) != 0, "a length beyond all memory");
    }
    CHECK(seen().count == before, "the driver has seen none of these");
    CHECK(write(d, read_only, 16, &iosb) == 0 && write(b, read_only, 16, &iosb) == 0,
          "a write from read-only memory");
    CHECK(!DeviceIoControl(b, IOCTL_TRY_BUFFERED, NULL, 0, read_only, 16, &n, NULL) &&
              GetLastError() == ERROR_NOACCESS,
          "METHOD_BUFFERED: output into read-only memory");
    CHECK(!DeviceIoControl(b, IOCTL_TRY_OUT, NULL, 0, read_only, 16, &n, NULL) &&
              GetLastError() == ERROR_NOACCESS,
          "METHOD_OUT_DIRECT: the second buffer must be writable");
    CHECK(DeviceIoControl(b, IOCTL_TRY_IN, NULL, 0, read_only, 16, &n, NULL) && !(seen().mdl_flags & 0x80),
          "METHOD_IN_DIRECT: readable is enough");
    CHECK(!DeviceIoControl(b, IOCTL_TRY_IN, (void*)0x10, 16, NULL, 0, &n, NULL) &&
              GetLastError() == ERROR_NOACCESS,
          "the input is captured whatever the method");

    CHECK(read(b, x, 16, NULL) == STATUS_ACCESS_VIOLATION, "no status block");
    CHECK(read(b, x, 16, (void*)gone) == STATUS_ACCESS_VIOLATION, "a status block in released memory");
    CHECK(read(b, x, 16, (void*)read_only) == STATUS_ACCESS_VIOLATION, "in read-only memory");
    CHECK(read(b, x, 16, (void*)0x300000001000) == STATUS_ACCESS_VIOLATION, "in the system's");

    DWORD old;
    UCHAR* guarded = pages(1, PAGE_READWRITE | PAGE_GUARD);
    NTSTATUS first = read(b, guarded, 16, &iosb);
    CHECK(first != 0, "a guard page: the system service fails");
    CHECK(VirtualProtect(guarded, 0x1000, PAGE_READWRITE, &old) && old == PAGE_READWRITE,
          "and the page's guard status is gone");
    VirtualFree(guarded, 0, MEM_RELEASE);
    VirtualFree(read_only, 0, MEM_RELEASE);
}

// Memory that goes while a request is under way.
static void vanishing(void) {
    HANDLE ab = open("\\\\.\\BufB", BOTH, FILE_FLAG_OVERLAPPED),
           ad = open("\\\\.\\BufD", BOTH, FILE_FLAG_OVERLAPPED);
    OVERLAPPED o = {0};
    DWORD old;
    o.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
    plan(0, 16, 16, 1);
    UCHAR* x = pages(1, PAGE_READWRITE);
    CHECK(!ReadFile(ab, x, 16, NULL, &o) && GetLastError() == ERROR_IO_PENDING, "a buffered read pends");
    VirtualFree(x, 0, MEM_RELEASE);
    CHECK(finish_kept(), "its buffer goes, and it completes");
    CHECK(!GetOverlappedResult(ab, &o, &n, TRUE) && GetLastError() == ERROR_NOACCESS,
          "the copy fails: STATUS_ACCESS_VIOLATION");
    x = pages(1, PAGE_READWRITE);
    ReadFile(ab, x, 16, NULL, &o);
    VirtualProtect(x, 0x1000, PAGE_READONLY, &old);
    finish_kept();
    CHECK(!GetOverlappedResult(ab, &o, &n, TRUE) && GetLastError() == ERROR_NOACCESS && x[0] == 0,
          "the same when it has become read-only");
    VirtualFree(x, 0, MEM_RELEASE);

    x = pages(1, PAGE_READWRITE);
    CHECK(!ReadFile(ad, x, 16, NULL, &o) && GetLastError() == ERROR_IO_PENDING, "a direct read pends");
    VirtualFree(x, 0, MEM_RELEASE);
    UCHAR* again = VirtualAlloc(x, 0x1000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    CHECK(again == x, "its pages go, and others come to the address");
    CHECK(finish_kept() && GetOverlappedResult(ad, &o, &n, TRUE) && n == 16,
          "the MDL keeps its pages: the request succeeds");
    CHECK(again[0] == 0, "and has written to the old pages, not to the new ones");
    VirtualFree(again, 0, MEM_RELEASE);
    x = pages(1, PAGE_READWRITE);
    ReadFile(ad, x, 16, NULL, &o);
    VirtualProtect(x, 0x1000, PAGE_READONLY, &old);
    CHECK(finish_kept() && GetOverlappedResult(ad, &o, &n, TRUE) && x[15] == 'f',
          "a protection that changes later makes no difference to a locked page");
    VirtualFree(x, 0, MEM_RELEASE);

    IO_STATUS_BLOCK* iosb = (void*)pages(1, PAGE_READWRITE);
    LARGE_INTEGER zero = {.QuadPart = 0};
    UCHAR small[16] = {0};
    ResetEvent(o.hEvent);
    CHECK(NtReadFile(ab, o.hEvent, NULL, NULL, iosb, small, 16, &zero, NULL) == STATUS_PENDING,
          "a read whose status block goes");
    VirtualFree(iosb, 0, MEM_RELEASE);
    CHECK(finish_kept() && WaitForSingleObject(o.hEvent, INFINITE) == WAIT_OBJECT_0 && small[15] == 'f',
          "completes, and its event is set");
    CloseHandle(o.hEvent);
    CloseHandle(ab);
    CloseHandle(ad);
    plan(0, 0, 0, 0);
}

// Memory of every kind as a buffer.
static void kinds_of_memory(void) {
    IO_STATUS_BLOCK iosb;
    UCHAR* x = pages(40, PAGE_READWRITE);
    HANDLE files[] = {b, d};
    DWORD old;
    plan(0, 0x20000, 0x20000, 0);
    CHECK(read(d, x + 0x123, 0x20000, &iosb) == 0 && seen().mdl_bytes == 0x20000 && x[0x122] == 0 &&
              x[0x123] == 'f' && x[0x20122] == 'f' && x[0x20123] == 0,
          "direct: a large buffer that begins anywhere");
    memset(x, 0, 0x28000);
    CHECK(read(b, x + 0x123, 0x20000, &iosb) == 0 && x[0x122] == 0 && x[0x20122] == 'f' && x[0x20123] == 0,
          "buffered: the same");
    plan(0, 0, 0, 0);
    VirtualFree(x + 0x1000, 0x1000, MEM_DECOMMIT);
    VirtualProtect(x + 0x3000, 0x1000, PAGE_NOACCESS, &old);
    VirtualProtect(x + 0x5000, 0x1000, PAGE_EXECUTE_READ, &old);
    for (int i = 0; i < 2; ++i) {
        CHECK(read(files[i], x + 0xff8, 16, &iosb) == STATUS_ACCESS_VIOLATION &&
                  write(files[i], x + 0xff8, 16, &iosb) == STATUS_ACCESS_VIOLATION,
              "a buffer that runs into memory that is not committed");
        CHECK(read(files[i], x + 0x2ff8, 16, &iosb) == STATUS_ACCESS_VIOLATION &&
                  write(files[i], x + 0x3ff8, 16, &iosb) == STATUS_ACCESS_VIOLATION,
              "into or out of PAGE_NOACCESS");
        CHECK(read(files[i], x + 0x4ff8, 16, &iosb) == STATUS_ACCESS_VIOLATION &&
                  write(files[i], x + 0x4ff8, 16, &iosb) == 0,
              "PAGE_EXECUTE_READ can be written from, not read into");
    }
    VirtualFree(x, 0, MEM_RELEASE);

    HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0x2000, NULL);
    UCHAR* whole = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
    UCHAR* view = MapViewOfFile(section, FILE_MAP_READ, 0, 0, 0);
    UCHAR* own = MapViewOfFile(section, FILE_MAP_COPY, 0, 0, 0);
    own[0x500] = 7;
    CHECK(whole[0x500] == 0 && own[0x500] == 7, "a copy-on-write view is written to");
    plan(0, 16, 16, 0);
    for (int i = 0; i < 2; ++i) {
        CHECK(read(files[i], view, 16, &iosb) == STATUS_ACCESS_VIOLATION && whole[0] == 0,
              "a read-only view");
        CHECK(read(files[i], own + i * 0x1000, 16, &iosb) == 0 && own[i * 0x1000] == 'f' &&
                  whole[i * 0x1000] == 0 && view[i * 0x1000] == 0,
              "a copy-on-write view gets pages of its own");
    }
    UnmapViewOfFile(own);
    CHECK(read(d, whole, 16, &iosb) == 0 && view[15] == 'f', "a shared view");
    UnmapViewOfFile(whole);
    UnmapViewOfFile(view);
    CloseHandle(section);

    plan(0, 0, 0, 0);
    unsigned before = seen().count;
    UCHAR byte;
    CHECK(NtReadFile(b, NULL, NULL, NULL, &iosb, &byte, 1, (void*)0x10, NULL) == STATUS_ACCESS_VIOLATION &&
              NtReadFile(b, NULL, NULL, NULL, &iosb, &byte, 1, NULL, (void*)0x300000001000) ==
                  STATUS_ACCESS_VIOLATION,
          "bad addresses of offset and key");
    CHECK(NtReadFile(b, (HANDLE)0x7770, NULL, NULL, &iosb, &byte, 1, NULL, NULL) == STATUS_INVALID_HANDLE &&
              NtReadFile(b, b, NULL, NULL, &iosb, &byte, 1, NULL, NULL) == STATUS_OBJECT_TYPE_MISMATCH,
          "an event that is none");
    CHECK(NtReadFile((HANDLE)0x7770, NULL, NULL, NULL, &iosb, &byte, 1, NULL, NULL) == STATUS_INVALID_HANDLE,
          "a file that is none");
    CHECK(seen().count == before, "the driver has seen none of these");
}

static void scattered(void) {
    HANDLE f = open("\\\\.\\BufD", BOTH, FILE_FLAG_OVERLAPPED | FILE_FLAG_NO_BUFFERING);
    HANDLE buffering = open("\\\\.\\BufD", BOTH, FILE_FLAG_OVERLAPPED);
    HANDLE copying = open("\\\\.\\BufB", BOTH, FILE_FLAG_OVERLAPPED | FILE_FLAG_NO_BUFFERING);
    UCHAR* x = pages(8, PAGE_READWRITE);
    FILE_SEGMENT_ELEMENT list[5] = {{0}};
    OVERLAPPED o = {0};
    o.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
    o.Offset = 0x3000;
    list[0].Buffer = PtrToPtr64(x + 0x5000);
    list[1].Buffer = PtrToPtr64(x + 0x1000);
    list[2].Buffer = PtrToPtr64(x + 0x3000);
    x[0x5000] = '5', x[0x1000] = '1', x[0x3000] = '3';
    plan(0, 0x3000, 0, 0);
    CHECK(WriteFileGather(f, list, 0x3000, NULL, &o) && GetOverlappedResult(f, &o, &n, TRUE) && n == 0x3000,
          "WriteFileGather");
    SEEN s = seen();
    CHECK(s.mdl && s.mdl_bytes == 0x3000 && s.offset == 0x3000 && s.length == 0x3000 &&
              !memcmp(s.pages, "513", 3),
          "the MDL describes the pages in the order of the array");
    plan(0, 0x2004, 0x2004, 0);
    CHECK(ReadFileScatter(f, list, 0x3000, NULL, &o) && GetOverlappedResult(f, &o, &n, TRUE) && n == 0x2004,
          "ReadFileScatter");
    CHECK(x[0x5000] == 'f' && x[0x5fff] == 'f' && x[0x1fff] == 'f' && x[0x3003] == 'f' && x[0x3004] == 0 &&
              x[0] == 0 && x[0x2000] == 0 && x[0x4000] == 0 && x[0x6000] == 0,
          "fills one page after another");
    plan(0, 0x1000, 0x1000, 1);
    CHECK(!ReadFileScatter(f, list, 0x1000, NULL, &o) && GetLastError() == ERROR_IO_PENDING &&
              finish_kept() && GetOverlappedResult(f, &o, &n, TRUE) && n == 0x1000,
          "one that pends: ERROR_IO_PENDING");
    plan(0, 0, 0, 0);
    CHECK(!ReadFileScatter(buffering, list, 0x1000, NULL, &o) && GetLastError() == ERROR_INVALID_PARAMETER,
          "the file must be opened with FILE_FLAG_NO_BUFFERING");
    CHECK(!WriteFileGather(copying, list, 0x1000, NULL, &o) && GetLastError() == ERROR_INVALID_PARAMETER,
          "and its device must not buffer");
    CHECK(ReadFileScatter(f, list, 0, NULL, &o) && !seen().mdl, "nothing to read: no MDL");
    IO_STATUS_BLOCK iosb;
    LARGE_INTEGER at = {.QuadPart = 0};
    list[1].Buffer = PtrToPtr64(x + 0x1010);
    CHECK(NtReadFileScatter(f, NULL, NULL, NULL, &iosb, list, 0x2000, &at, NULL) ==
              STATUS_DATATYPE_MISALIGNMENT,
          "buffers are aligned to pages");
    list[1].Buffer = 0;
    CHECK(NtReadFileScatter(f, NULL, NULL, NULL, &iosb, list, 0x2000, &at, NULL) == STATUS_ACCESS_VIOLATION,
          "the array ends before its length: STATUS_ACCESS_VIOLATION");
    list[1].Buffer = (PVOID64)(ULONG_PTR)0x300000001000;
    CHECK(NtReadFileScatter(f, NULL, NULL, NULL, &iosb, list, 0x2000, &at, NULL) == STATUS_ACCESS_VIOLATION,
          "no page of the system's");
    CHECK(NtReadFileScatter(f, NULL, NULL, NULL, &iosb, (void*)0x10000, 0x1000, &at, NULL) ==
              STATUS_ACCESS_VIOLATION,
          "a bad array");
    at.QuadPart = -3;
    CHECK(NtWriteFileGather(f, NULL, NULL, NULL, &iosb, list, 0x1000, &at, NULL) == STATUS_INVALID_PARAMETER,
          "offsets are those of NtWriteFile");
    CloseHandle(o.hEvent);
    CloseHandle(f);
    CloseHandle(buffering);
    CloseHandle(copying);
    VirtualFree(x, 0, MEM_RELEASE);
}

static void counters(void) {
    IO_COUNTERS before, after;
    UCHAR x[64];
    BOOL told = GetProcessIoCounters(GetCurrentProcess(), &before);
    plan(0, 10, 0, 0);
    ReadFile(b, x, 16, &n, NULL);
    WriteFile(b, x, 64, &n, NULL);
    WriteFile(d, x, 64, &n, NULL);
    DeviceIoControl(b, IOCTL_TRY_BUFFERED, NULL, 0, x, 64, &n, NULL);
    plan(STATUS_IO_DEVICE_ERROR, 10, 0, 0);
    ReadFile(b, x, 16, &n, NULL);
    GetProcessIoCounters(GetCurrentProcess(), &after);
    CHECK(told, "GetProcessIoCounters");
    CHECK(after.ReadOperationCount - before.ReadOperationCount == 2 &&
              after.WriteOperationCount - before.WriteOperationCount == 2 &&
              after.OtherOperationCount - before.OtherOperationCount == 3,
          "the numbers of reads, writes and others");
    CHECK(after.ReadTransferCount - before.ReadTransferCount == 10 &&
              after.WriteTransferCount - before.WriteTransferCount == 20 &&
              after.OtherTransferCount - before.OtherTransferCount == 10,
          "and the bytes that they moved");
}

static volatile LONG called, called_error, called_bytes;
static OVERLAPPED* volatile called_with;
static HANDLE called_event;
static DWORD called_thread;
static void WINAPI callback(DWORD error, DWORD bytes, OVERLAPPED* o) {
    called_error = (LONG)error, called_bytes = (LONG)bytes, called_with = o;
    called_thread = GetCurrentThreadId();
    InterlockedIncrement(&called);
    SetEvent(called_event);
}
static void callbacks(void) {
    HANDLE f = open("\\\\.\\BufB", BOTH, FILE_FLAG_OVERLAPPED);
    OVERLAPPED o = {0};
    UCHAR x[16] = {0};
    called_event = CreateEventA(NULL, FALSE, FALSE, NULL);
    CHECK(!BindIoCompletionCallback(b, callback, 0), "BindIoCompletionCallback: not for a synchronous file");
    CHECK(BindIoCompletionCallback(f, callback, 0), "a file is bound");
    CHECK(!BindIoCompletionCallback(f, callback, 0), "once");
    plan(0, 16, 16, 1);
    CHECK(!ReadFile(f, x, 16, NULL, &o) && GetLastError() == ERROR_IO_PENDING && finish_kept(), "a read");
    WaitForSingleObject(called_event, INFINITE);
    CHECK(called == 1 && called_error == 0 && called_bytes == 16 && called_with == &o && x[15] == 'f' &&
              called_thread != GetCurrentThreadId(),
          "the callback is called in another thread, with bytes and OVERLAPPED");
    plan(0, 4, 4, 0);
    ReadFile(f, x, 16, NULL, &o);
    WaitForSingleObject(called_event, INFINITE);
    CHECK(called == 2 && called_bytes == 4, "also for a request that succeeds at once");
    plan(STATUS_IO_DEVICE_ERROR, 0, 0, 1);
    ReadFile(f, x, 16, NULL, &o);
    finish_kept();
    WaitForSingleObject(called_event, INFINITE);
    CHECK(called == 3 && called_error == ERROR_IO_DEVICE, "and an error is told as a Win32 error");
    CloseHandle(f);
}

int main(void) {
    teller = open("\\\\.\\BufB", BOTH, 0);
    b = open("\\\\.\\BufB", BOTH, 0), d = open("\\\\.\\BufD", BOTH, 0),
    neither = open("\\\\.\\BufN", BOTH, 0);
    CHECK(b != INVALID_HANDLE_VALUE && d != INVALID_HANDLE_VALUE && neither != INVALID_HANDLE_VALUE, "open");
    kinds();
    copies();
    bad_memory();
    kinds_of_memory();
    vanishing();
    scattered();
    counters();
    callbacks();
    return finish();
}
