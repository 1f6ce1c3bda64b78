// Every way that a program has to a major function, through three drivers: answers.sys with layer.sys above
// it twice.
#define WIN32_NO_STATUS
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#undef WIN32_NO_STATUS
#include <ntstatus.h>
#include <winioctl.h>
#include <winternl.h>

#include "../common/program.h"
#include "majors.h"

NTSTATUS NTAPI NtNotifyChangeDirectoryFile(HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG,
                                           ULONG, BOOLEAN);
NTSTATUS NTAPI NtNotifyChangeDirectoryFileEx(HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG,
                                             ULONG, BOOLEAN, ULONG);
NTSTATUS NTAPI NtQueryDirectoryFile(HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG,
                                    FILE_INFORMATION_CLASS, BOOLEAN, PUNICODE_STRING, BOOLEAN);
NTSTATUS NTAPI NtQueryEaFile(HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG, BOOLEAN, PVOID, ULONG, PULONG, BOOLEAN);
NTSTATUS NTAPI NtSetEaFile(HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG);
NTSTATUS NTAPI NtQueryQuotaInformationFile(HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG, BOOLEAN, PVOID, ULONG,
                                           PVOID, BOOLEAN);
NTSTATUS NTAPI NtSetQuotaInformationFile(HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG);
NTSTATUS NTAPI NtLockFile(HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PLARGE_INTEGER, PLARGE_INTEGER,
                          ULONG, BOOLEAN, BOOLEAN);
NTSTATUS NTAPI NtCreateNamedPipeFile(PHANDLE, ULONG, POBJECT_ATTRIBUTES, PIO_STATUS_BLOCK, ULONG, ULONG,
                                     ULONG, ULONG, ULONG, ULONG, ULONG, ULONG, ULONG, PLARGE_INTEGER);
NTSTATUS NTAPI NtCreateMailslotFile(PHANDLE, ULONG, POBJECT_ATTRIBUTES, PIO_STATUS_BLOCK, ULONG, ULONG, ULONG,
                                    PLARGE_INTEGER);

static HANDLE file;
static IO_STATUS_BLOCK iosb;

static void transfers(void) {
    char buffer[16] = {0};
    DWORD n = 0;
    CHECK(ReadFile(file, buffer, 5, &n, NULL) && n == 5 && !memcmp(buffer, "rrrrr", 6), "ReadFile");
    CHECK(WriteFile(file, buffer, 3, &n, NULL) && n == 3, "WriteFile");
    CHECK(FlushFileBuffers(file), "FlushFileBuffers");
}

static void information(void) {
    BYTE buffer[600];
    WCHAR label[32], system[32];
    DWORD serial, component, flags;
    LARGE_INTEGER size;
    CHECK(GetFileSizeEx(file, &size) && size.QuadPart == 12345, "GetFileSizeEx: IRP_MJ_QUERY_INFORMATION");
    CHECK(GetFileInformationByHandleEx(file, FileBasicInfo, buffer, sizeof(FILE_BASIC_INFO)) &&
              ((FILE_BASIC_INFO*)buffer)->FileAttributes == FILE_ATTRIBUTE_ARCHIVE,
          "GetFileInformationByHandleEx");
    CHECK(!GetFileInformationByHandleEx(file, FileBasicInfo, buffer, 8) && GetLastError() == ERROR_BAD_LENGTH,
          "ERROR_BAD_LENGTH");
    CHECK(!GetFileInformationByHandleEx(file, 99, buffer, sizeof buffer) &&
              GetLastError() == ERROR_INVALID_PARAMETER,
          "ERROR_INVALID_PARAMETER: no such class");
    FILE_DISPOSITION_INFO disposition = {TRUE};
    CHECK(SetFileInformationByHandle(file, FileDispositionInfo, &disposition, sizeof disposition),
          "SetFileInformationByHandle: IRP_MJ_SET_INFORMATION");
    CHECK(GetVolumeInformationByHandleW(file, label, 32, &serial, &component, &flags, system, 32) &&
              !lstrcmpW(label, L"ANSWERS") && !lstrcmpW(system, L"ANFS") && serial == 0x12345678 &&
              component == 255,
          "GetVolumeInformationByHandleW: IRP_MJ_QUERY_VOLUME_INFORMATION");
    struct {
        ULONG length;
        WCHAR text[4];
    } name = {4, L"XY"};
    CHECK(NtSetVolumeInformationFile(file, &iosb, &name, 8, 2) == STATUS_SUCCESS,
          "NtSetVolumeInformationFile: IRP_MJ_SET_VOLUME_INFORMATION");
    CHECK(NtQueryEaFile(file, &iosb, buffer, 64, TRUE, NULL, 0, NULL, TRUE) == STATUS_SUCCESS &&
              iosb.Information == 13 && buffer[8] == 'E',
          "NtQueryEaFile: IRP_MJ_QUERY_EA");
    CHECK(NtSetEaFile(file, &iosb, buffer, 13) == STATUS_SUCCESS, "NtSetEaFile: IRP_MJ_SET_EA");
    CHECK(NtQueryQuotaInformationFile(file, &iosb, buffer, 64, FALSE, NULL, 0, NULL, TRUE) == STATUS_SUCCESS,
          "NtQueryQuotaInformationFile: IRP_MJ_QUERY_QUOTA");
    static const BYTE everyone[12] = {1, 1, 0, 0, 0, 0, 0, 1};
    memset(buffer, 0, 64);
    *(ULONG*)(buffer + 4) = 12;
    memcpy(buffer + 40, everyone, 12);
    CHECK(NtSetQuotaInformationFile(file, &iosb, buffer, 52) == STATUS_SUCCESS,
          "NtSetQuotaInformationFile: IRP_MJ_SET_QUOTA");
    CHECK(NtSetQuotaInformationFile(file, &iosb, (PVOID)(ULONG_PTR)0x10, 52) == STATUS_ACCESS_VIOLATION,
          "a bad buffer is STATUS_ACCESS_VIOLATION");
}

static void directories(void) {
    WIN32_FIND_DATAW found;
    BYTE changes[64];
    DWORD n = 0;
    HANDLE search = FindFirstFileW(L"\\\\.\\Answers\\folder\\*.txt", &found);
    CHECK(search != INVALID_HANDLE_VALUE && !lstrcmpW(found.cFileName, L"one.txt") &&
              found.nFileSizeLow == 100,
          "FindFirstFile: IRP_MN_QUERY_DIRECTORY");
    CHECK(FindNextFileW(search, &found) && !lstrcmpW(found.cFileName, L"two.txt"), "FindNextFile");
    CHECK(!FindNextFileW(search, &found) && GetLastError() == ERROR_NO_MORE_FILES, "ERROR_NO_MORE_FILES");
    CHECK(FindClose(search), "FindClose");
    HANDLE folder = CreateFileW(L"\\\\.\\Answers\\folder", FILE_LIST_DIRECTORY, 7, NULL, OPEN_EXISTING,
                                FILE_FLAG_BACKUP_SEMANTICS, NULL);
    CHECK(ReadDirectoryChangesW(folder, changes, sizeof changes, TRUE, FILE_NOTIFY_CHANGE_FILE_NAME, &n, NULL,
                                NULL) &&
              n == 26 && ((FILE_NOTIFY_INFORMATION*)changes)->Action == FILE_ACTION_ADDED,
          "ReadDirectoryChangesW: IRP_MN_NOTIFY_CHANGE_DIRECTORY");
    CHECK(NtNotifyChangeDirectoryFile(folder, NULL, NULL, NULL, &iosb, changes, 8, 1, FALSE) ==
              STATUS_NOTIFY_ENUM_DIR,
          "a buffer that is too small: STATUS_NOTIFY_ENUM_DIR");
    CHECK(NtNotifyChangeDirectoryFileEx(folder, NULL, NULL, NULL, &iosb, changes, 64, 1, FALSE, 2) ==
              STATUS_SUCCESS,
          "IRP_MN_NOTIFY_CHANGE_DIRECTORY_EX");
    CHECK(NtNotifyChangeDirectoryFile(folder, NULL, NULL, NULL, &iosb, changes, 64, 0, FALSE) ==
                  STATUS_INVALID_PARAMETER &&
              NtNotifyChangeDirectoryFile(folder, NULL, NULL, NULL, &iosb, changes, 64, 0x1000, FALSE) ==
                  STATUS_INVALID_PARAMETER,
          "a filter must name something");
    CHECK(NtNotifyChangeDirectoryFile(file, NULL, NULL, NULL, &iosb, (PVOID)(ULONG_PTR)0x10, 64, 1, FALSE) ==
              STATUS_ACCESS_VIOLATION,
          "a bad buffer is STATUS_ACCESS_VIOLATION");
    CHECK(NtQueryDirectoryFile(folder, NULL, NULL, NULL, &iosb, (PVOID)(ULONG_PTR)0x10, 256, 3, FALSE, NULL,
                               FALSE) == STATUS_ACCESS_VIOLATION,
          "in NtQueryDirectoryFile, too");
    CloseHandle(folder);
    HANDLE change = FindFirstChangeNotificationW(L"\\\\.\\Answers\\folder", FALSE, FILE_NOTIFY_CHANGE_SIZE);
    CHECK(change != INVALID_HANDLE_VALUE && WaitForSingleObject(change, 0) == WAIT_OBJECT_0,
          "FindFirstChangeNotification: signaled by a change");
    CHECK(FindNextChangeNotification(change) && FindCloseChangeNotification(change),
          "FindNextChangeNotification");
    HANDLE weak = CreateFileW(L"\\\\.\\Answers\\weak", FILE_READ_ATTRIBUTES, 7, NULL, OPEN_EXISTING, 0, NULL);
    BYTE entry[256];
    CHECK(NtQueryDirectoryFile(weak, NULL, NULL, NULL, &iosb, entry, sizeof entry, 3, FALSE, NULL, FALSE) ==
              STATUS_ACCESS_DENIED,
          "FILE_LIST_DIRECTORY is needed: STATUS_ACCESS_DENIED");
    CHECK(NtQueryEaFile(weak, &iosb, entry, 64, TRUE, NULL, 0, NULL, TRUE) == STATUS_ACCESS_DENIED &&
              NtSetEaFile(weak, &iosb, entry, 64) == STATUS_ACCESS_DENIED,
          "FILE_READ_EA, FILE_WRITE_EA");
    LARGE_INTEGER zero = {.QuadPart = 0};
    CHECK(NtLockFile(weak, NULL, NULL, NULL, &iosb, &zero, &zero, 0, TRUE, TRUE) == STATUS_ACCESS_DENIED,
          "NtLockFile wants FILE_READ_DATA or FILE_WRITE_DATA");
    CHECK(NtSetVolumeInformationFile(weak, &iosb, entry, 8, 2) == STATUS_ACCESS_DENIED,
          "FileFsLabelInformation wants FILE_WRITE_DATA");
    CloseHandle(weak);
}

static void locks(void) {
    OVERLAPPED o = {.Offset = 10};
    CHECK(LockFile(file, 10, 0, 5, 0), "LockFile: IRP_MN_LOCK");
    CHECK(!LockFile(file, 10, 0, 5, 0) && GetLastError() == ERROR_LOCK_VIOLATION,
          "a second time ERROR_LOCK_VIOLATION");
    CHECK(!UnlockFile(file, 11, 0, 5, 0) && GetLastError() == ERROR_NOT_LOCKED,
          "UnlockFile: ERROR_NOT_LOCKED");
    CHECK(UnlockFile(file, 10, 0, 5, 0), "UnlockFile: IRP_MN_UNLOCK_SINGLE");
    CHECK(LockFileEx(file, LOCKFILE_EXCLUSIVE_LOCK, 0, 5, 0, &o) && UnlockFileEx(file, 0, 5, 0, &o),
          "LockFileEx");
    CHECK(!LockFileEx(file, 0, 1, 5, 0, &o) && GetLastError() == ERROR_INVALID_PARAMETER,
          "its reserved argument");
}

static void controls(void) {
    DWORD n = 0;
    char buffer[8] = {0};
    CHECK(DeviceIoControl(file, IOCTL_ANSWERS_IN, buffer, 8, buffer, 8, &n, NULL), "METHOD_IN_DIRECT");
    CHECK(DeviceIoControl(file, IOCTL_ANSWERS_OUT, buffer, 8, buffer, 8, &n, NULL), "METHOD_OUT_DIRECT");
    CHECK(DeviceIoControl(file, IOCTL_ANSWERS_NEITHER, buffer, 8, buffer, 8, &n, NULL), "METHOD_NEITHER");
    CHECK(DeviceIoControl(file, FSCTL_ANSWERS, buffer, 8, buffer, 8, &n, NULL), "IRP_MJ_FILE_SYSTEM_CONTROL");
}

static void reopened(void) {
    HANDLE again = ReOpenFile(file, GENERIC_READ, FILE_SHARE_READ, 0);
    CHECK(again != INVALID_HANDLE_VALUE && again != file, "ReOpenFile: a relative create without a name");
    CloseHandle(again);
    HANDLE made =
        CreateFileW(L"\\\\.\\Answers\\new", GENERIC_WRITE, 0, NULL, CREATE_NEW, FILE_ATTRIBUTE_HIDDEN, file);
    CHECK(made != INVALID_HANDLE_VALUE, "CreateFile with a template: its attributes and extended attributes");
    CloseHandle(made);
    CHECK(CreateFileW(L"\\\\.\\Answers\\missing", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL) ==
                  INVALID_HANDLE_VALUE &&
              GetLastError() == ERROR_FILE_NOT_FOUND,
          "the driver's answer to a create");
}

static long request(unsigned char major, unsigned char minor, long preset, unsigned long long word) {
    SEND what = {major, minor, {0}, preset, {word, word == 1 ? 1 : 0, word == 1 ? 4 : 0, 0}};
    SENT answer = {-1, 0};
    DWORD n = 0;
    DeviceIoControl(file, IOCTL_ANSWERS_SEND, &what, sizeof what, &answer, sizeof answer, &n, NULL);
    return answer.status;
}

static void sent(void) {
    CHECK(request(0x1b, 0x09, STATUS_NOT_SUPPORTED, 0) == STATUS_NOT_SUPPORTED,
          "IRP_MJ_PNP: who does not handle a request leaves its status");
    CHECK(request(0x1b, 0x13, STATUS_NOT_SUPPORTED, 1) == STATUS_NOT_SUPPORTED, "IRP_MN_QUERY_ID");
    CHECK(request(0x16, 0x02, STATUS_NOT_SUPPORTED, 1) == STATUS_SUCCESS, "IRP_MJ_POWER: IRP_MN_SET_POWER");
    CHECK(request(0x17, 0x08, STATUS_NOT_SUPPORTED, 0) == STATUS_NOT_SUPPORTED, "IRP_MJ_SYSTEM_CONTROL");
    CHECK(request(0x0f, 0, 0, 0) == STATUS_SUCCESS, "IRP_MJ_INTERNAL_DEVICE_CONTROL");
    CHECK(request(0x10, 0, 0, 0) == STATUS_SUCCESS, "IRP_MJ_SHUTDOWN");
    CHECK(request(0x18, 0, 0, 0) == STATUS_SUCCESS, "IRP_MJ_DEVICE_CHANGE");
    CHECK(request(0x14, 0, 0, 4) == STATUS_SUCCESS && request(0x15, 0, 0, 4) == STATUS_SUCCESS,
          "IRP_MJ_QUERY_SECURITY, IRP_MJ_SET_SECURITY");
}

static void pipes(void) {
    char buffer[8];
    DWORD n = 0, left = 0, mode = PIPE_READMODE_MESSAGE, flags, in, out, instances;
    HANDLE pipe = CreateNamedPipeW(L"\\\\.\\pipe\\answers", PIPE_ACCESS_DUPLEX, PIPE_TYPE_MESSAGE, 2, 512,
                                   512, 0, NULL);
    CHECK(pipe != INVALID_HANDLE_VALUE, "CreateNamedPipe: IRP_MJ_CREATE_NAMED_PIPE");
    CHECK(!ConnectNamedPipe(pipe, NULL) && GetLastError() == ERROR_PIPE_CONNECTED, "ConnectNamedPipe");
    CHECK(PeekNamedPipe(pipe, buffer, 8, &n, NULL, &left) && n == 4 && !memcmp(buffer, "peek", 4) && !left,
          "PeekNamedPipe");
    CHECK(PeekNamedPipe(pipe, NULL, 0, NULL, &n, &left) && n == 4 && left == 4,
          "without a buffer only the numbers");
    CHECK(SetNamedPipeHandleState(pipe, &mode, NULL, NULL), "SetNamedPipeHandleState");
    CHECK(GetNamedPipeInfo(pipe, &flags, &out, &in, &instances) &&
              flags == (PIPE_SERVER_END | PIPE_TYPE_MESSAGE) && in == 512 && out == 1024 && instances == 3,
          "GetNamedPipeInfo");
    CHECK(GetNamedPipeHandleStateW(pipe, &mode, &instances, NULL, NULL, NULL, 0) &&
              mode == (PIPE_READMODE_MESSAGE | PIPE_NOWAIT) && instances == 4,
          "GetNamedPipeHandleState");
    CHECK(!GetNamedPipeHandleStateW(pipe, NULL, NULL, &n, NULL, NULL, 0) &&
              GetLastError() == ERROR_INVALID_PARAMETER,
          "collection counts are those of remote pipes");
    CHECK(DisconnectNamedPipe(pipe) && GetFileType(pipe) == FILE_TYPE_PIPE, "DisconnectNamedPipe");
    CloseHandle(pipe);
    HANDLE reader = NULL, writer = NULL;
    CHECK(CreatePipe(&reader, &writer, NULL, 0) && reader && writer && reader != writer,
          "CreatePipe: IRP_MJ_CREATE_NAMED_PIPE for the reader, IRP_MJ_CREATE for the writer");
    CHECK(ReadFile(reader, buffer, 2, &n, NULL) && !WriteFile(reader, buffer, 2, &n, NULL) &&
              GetLastError() == ERROR_ACCESS_DENIED,
          "one end reads");
    CHECK(WriteFile(writer, buffer, 2, &n, NULL) && !ReadFile(writer, buffer, 2, &n, NULL) &&
              GetLastError() == ERROR_ACCESS_DENIED,
          "the other one writes");
    CloseHandle(reader);
    CloseHandle(writer);
    CHECK(CallNamedPipeW(L"\\\\.\\pipe\\answers", "ask", 3, buffer, 8, &n, NMPWAIT_NOWAIT) && n == 4 &&
              !memcmp(buffer, "told", 4),
          "CallNamedPipe: opens, transacts, closes");
    CHECK(!CallNamedPipeW(L"\\\\.\\pipe\\answers", "ask", 3, buffer, 2, &n, NMPWAIT_NOWAIT) &&
              GetLastError() == ERROR_MORE_DATA && n == 2,
          "a message that is longer than the buffer: ERROR_MORE_DATA");
    CHECK(!WaitNamedPipeW(L"\\\\.\\pipe\\answers", 10), "WaitNamedPipe: the driver's answer");
    CHECK(CreateNamedPipeW(L"\\\\.\\pipe\\answers", PIPE_ACCESS_DUPLEX, 0, 256, 0, 0, 0, NULL) ==
                  INVALID_HANDLE_VALUE &&
              GetLastError() == ERROR_INVALID_PARAMETER,
          "more than PIPE_UNLIMITED_INSTANCES: ERROR_INVALID_PARAMETER");
    CHECK(CreateNamedPipeW(L"\\\\.\\pipe\\answers", PIPE_ACCESS_DUPLEX, PIPE_READMODE_MESSAGE, 1, 0, 0, 0,
                           NULL) == INVALID_HANDLE_VALUE &&
              GetLastError() == ERROR_INVALID_PARAMETER,
          "PIPE_READMODE_MESSAGE needs PIPE_TYPE_MESSAGE");
    CHECK(CreateNamedPipeW(L"\\\\.\\Answers", PIPE_ACCESS_DUPLEX, 0, 1, 0, 0, 0, NULL) ==
                  INVALID_HANDLE_VALUE &&
              GetLastError() == ERROR_INVALID_NAME,
          "the name must be that of a pipe: ERROR_INVALID_NAME");
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES oa;
    LARGE_INTEGER wait = {.QuadPart = 5};
    RtlInitUnicodeString(&name, L"\\??\\pipe\\x");
    InitializeObjectAttributes(&oa, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    CHECK(NtCreateNamedPipeFile(&pipe, GENERIC_READ | SYNCHRONIZE, &oa, &iosb, 3, 3, 0x20, 0, 0, 0, 1, 0, 0,
                                &wait) == STATUS_INVALID_PARAMETER,
          "a default timeout is negative: STATUS_INVALID_PARAMETER");
    wait.QuadPart = -1;
    CHECK(NtCreateNamedPipeFile(&pipe, GENERIC_READ | SYNCHRONIZE, &oa, &iosb, 3, 0, 0x20, 0, 0, 0, 1, 0, 0,
                                &wait) == STATUS_INVALID_PARAMETER &&
              NtCreateNamedPipeFile(&pipe, GENERIC_READ | SYNCHRONIZE, &oa, &iosb, 7, 3, 0x20, 0, 0, 0, 1, 0,
                                    0, &wait) == STATUS_INVALID_PARAMETER &&
              NtCreateNamedPipeFile(&pipe, GENERIC_READ | SYNCHRONIZE, &oa, &iosb, 3, 3, 0x40, 0, 0, 0, 1, 0,
                                    0, &wait) == STATUS_INVALID_PARAMETER,
          "no FILE_SUPERSEDE, no FILE_SHARE_DELETE, no other options");

    DWORD maximum = 0, next = 0, count = 0, timeout = 0;
    HANDLE slot = CreateMailslotW(L"\\\\.\\mailslot\\answers", 100, 5, NULL);
    CHECK(slot != INVALID_HANDLE_VALUE, "CreateMailslot: IRP_MJ_CREATE_MAILSLOT");
    CHECK(GetMailslotInfo(slot, &maximum, &next, &count, &timeout) && maximum == 100 && next == 7 &&
              count == 2 && timeout == 5,
          "GetMailslotInfo");
    CHECK(SetMailslotInfo(slot, MAILSLOT_WAIT_FOREVER), "SetMailslotInfo");
    CloseHandle(slot);
    RtlInitUnicodeString(&name, L"\\??\\mailslot\\x");
    CHECK(NtCreateMailslotFile(&slot, GENERIC_READ | SYNCHRONIZE, &oa, &iosb, 0x40, 0, 0, NULL) ==
              STATUS_INVALID_PARAMETER,
          "NtCreateMailslotFile: its options");
}

int main(void) {
    file = CreateFileW(L"\\\\.\\Answers\\file", GENERIC_READ | GENERIC_WRITE | DELETE, FILE_SHARE_READ, NULL,
                       OPEN_EXISTING, 0, NULL);
    CHECK(file != INVALID_HANDLE_VALUE, "CreateFile: IRP_MJ_CREATE");
    transfers();
    information();
    directories();
    locks();
    controls();
    reopened();
    sent();
    pipes();
    CloseHandle(file);
    return finish();
}
