// Drivers loaded and unloaded by their services' registry keys: wdm pages nf-wdm-zwloaddriver,
// nf-wdm-zwunloaddriver; install page hklm-system-currentcontrolset-services-registry-tree; kernel page
// unload-routine-environment.
#define WIN32_NO_STATUS
#include <windows.h>
#undef WIN32_NO_STATUS

#include <ntstatus.h>
#include <winioctl.h>
#include <winternl.h>

#include "../common/program.h"
#include "loadee.h"

#include "load.h"

NTSTATUS NTAPI NtLoadDriver(PUNICODE_STRING);
NTSTATUS NTAPI NtUnloadDriver(PUNICODE_STRING);
NTSTATUS NTAPI RtlAdjustPrivilege(ULONG, BOOLEAN, BOOLEAN, PBOOLEAN);

static NTSTATUS call(NTSTATUS(NTAPI* what)(PUNICODE_STRING), PCWSTR prefix, PCWSTR name) {
    WCHAR path[300];
    UNICODE_STRING text;
    RtlInitUnicodeString(&text, wcscat(wcscpy(path, prefix), name));
    return what(&text);
}
static NTSTATUS load(PCWSTR name) { return call(NtLoadDriver, SERVICES, name); }
static NTSTATUS unload(PCWSTR name) { return call(NtUnloadDriver, SERVICES, name); }

// SE_LOAD_DRIVER_PRIVILEGE, which NtLoadDriver wants, and SE_TCB_PRIVILEGE, which nobody here has.
static void privilege_by_number(void) {
    BOOLEAN was = 9, again = 9, off = 9;
    CHECK(RtlAdjustPrivilege(10, FALSE, FALSE, &off) == STATUS_SUCCESS &&
              load(L"NoSuchService") == STATUS_PRIVILEGE_NOT_HELD &&
              unload(L"NoSuchService") == STATUS_PRIVILEGE_NOT_HELD &&
              RtlAdjustPrivilege(10, TRUE, FALSE, &was) == STATUS_SUCCESS && !was &&
              RtlAdjustPrivilege(10, TRUE, FALSE, &again) == STATUS_SUCCESS && again == TRUE,
          "NtLoadDriver: STATUS_PRIVILEGE_NOT_HELD until SeLoadDriverPrivilege is enabled");
    CHECK(RtlAdjustPrivilege(7, TRUE, FALSE, &was) == STATUS_PRIVILEGE_NOT_HELD,
          "a privilege that is not held");
    CHECK(RtlAdjustPrivilege(10, TRUE, TRUE, &was) == STATUS_NO_TOKEN, "a thread without a token");
}

static void keys(void) {
    HKEY key = NULL, same = NULL;
    DWORD value = 5, size = sizeof value;
    CHECK(RegCreateKeyW(HKEY_LOCAL_MACHINE, KEY L"conformkey", &key) == ERROR_SUCCESS &&
              RegSetKeyValueA(key, "Below", "Number", REG_DWORD, &value, 4) == ERROR_SUCCESS &&
              RegSetKeyValueW(HKEY_LOCAL_MACHINE, KEY L"conformkey\\Below", L"Number", REG_DWORD, &size, 4) ==
                  ERROR_SUCCESS &&
              RegCloseKey(key) == ERROR_SUCCESS,
          "RegCreateKey, RegSetKeyValue");
    CHECK(RegCreateKeyA(HKEY_LOCAL_MACHINE, NULL, &same) == ERROR_SUCCESS && same == HKEY_LOCAL_MACHINE,
          "RegCreateKey: a predefined key without a name");
    CHECK(RegOpenKeyW(HKEY_LOCAL_MACHINE, KEY L"conformkey\\Below", &key) == ERROR_SUCCESS &&
              RegQueryValueExW(key, L"Number", NULL, NULL, (BYTE*)&value, &size) == ERROR_SUCCESS &&
              value == 4 && RegCloseKey(key) == ERROR_SUCCESS,
          "what was set last");
    CHECK(RegDeleteKeyExW(HKEY_LOCAL_MACHINE, KEY L"conformkey\\Below", 0, 1) == ERROR_INVALID_PARAMETER &&
              RegDeleteKeyExW(HKEY_LOCAL_MACHINE, KEY L"conformkey\\Below", KEY_WOW64_64KEY, 0) ==
                  ERROR_SUCCESS &&
              RegDeleteKeyExA(HKEY_LOCAL_MACHINE, "System\\CurrentControlSet\\Services\\conformkey", 0, 0) ==
                  ERROR_SUCCESS &&
              RegOpenKeyW(HKEY_LOCAL_MACHINE, KEY L"conformkey", &key) == ERROR_FILE_NOT_FOUND,
          "RegDeleteKeyEx");
}

static void names(void) {
    CHECK(load(L"NoSuchService") == STATUS_OBJECT_NAME_NOT_FOUND, "NtLoadDriver: no such key");
    CHECK(unload(L"NoSuchService") == STATUS_OBJECT_NAME_NOT_FOUND, "NtUnloadDriver: no such key");
    CHECK(!NT_SUCCESS(call(NtLoadDriver, L"", L"loadee")) && !NT_SUCCESS(call(NtLoadDriver, L"", L"")),
          "the name is a path below Services");
    CHECK(!NT_SUCCESS(call(NtLoadDriver, L"\\Registry\\Machine\\Software", L"")), "and nothing else");
    CHECK(NtLoadDriver(NULL) == STATUS_ACCESS_VIOLATION &&
              NtUnloadDriver((PVOID)0x310000001000) == STATUS_ACCESS_VIOLATION,
          "a name that is not there");
    UNICODE_STRING bad = {20, 20, (PVOID)0x10};
    CHECK(NtLoadDriver(&bad) == STATUS_ACCESS_VIOLATION, "a buffer that is not there");
}

static void images(void) {
    service(L"nofile", L"\\SystemRoot\\System32\\drivers\\nofile.sys");
    CHECK(load(L"nofile") == STATUS_OBJECT_NAME_NOT_FOUND, "ImagePath: no such file");
    service(L"nofile", L"\\SystemRoot\\NoFolder\\nofile.sys");
    CHECK(load(L"nofile") == STATUS_OBJECT_PATH_NOT_FOUND, "ImagePath: no such folder");
    service(L"nofile", L"\\??\\Q:\\nofile.sys");
    CHECK(load(L"nofile") == STATUS_OBJECT_PATH_NOT_FOUND, "ImagePath: no such drive");
    service(L"noimage", L"\\??\\C:\\Program Files\\Drvlab\\no_image.txt");
    CHECK(load(L"noimage") == STATUS_INVALID_IMAGE_FORMAT, "not an image: STATUS_INVALID_IMAGE_FORMAT");
    service(L"lacks", L"System32\\drivers\\loadee_lacks.sys");
    CHECK(load(L"lacks") == STATUS_DRIVER_ENTRYPOINT_NOT_FOUND,
          "a function that the kernel does not export: STATUS_DRIVER_ENTRYPOINT_NOT_FOUND");
    HKEY key = service_key(L"untyped");
    string(key, L"ImagePath", L"System32\\drivers\\loadee.sys");
    CHECK(load(L"untyped") == STATUS_ILL_FORMED_SERVICE_ENTRY,
          "no Type: STATUS_ILL_FORMED_SERVICE_ENTRY, required values are missing");
    number(key, L"Type", SERVICE_WIN32_OWN_PROCESS);
    CHECK(!NT_SUCCESS(load(L"untyped")), "a program's service is no driver");
    RegCloseKey(key);

    // No ImagePath: System32\drivers\NAME.sys.
    service(L"loadee", NULL);
    CHECK(load(L"loadee") == STATUS_SUCCESS, "ImagePath is optional");
    CHECK(facts_of(L"loadee") == LOADEE_ALL, "DriverEntry: process, thread, IRQL, arguments, driver object");
    CHECK(load(L"loadee") == STATUS_IMAGE_ALREADY_LOADED, "STATUS_IMAGE_ALREADY_LOADED");
    service(L"again", L"\\SystemRoot\\System32\\drivers\\LOADEE.SYS");
    CHECK(load(L"again") == STATUS_IMAGE_ALREADY_LOADED, "by another service, too");
    CHECK(unload(L"again") == STATUS_OBJECT_NAME_NOT_FOUND, "which has no driver then");
    CHECK(unload(L"LOADEE") == STATUS_SUCCESS, "NtUnloadDriver, without case");
    CHECK(open_loadee(L"loadee") == INVALID_HANDLE_VALUE && GetLastError() == ERROR_FILE_NOT_FOUND,
          "it is gone");
    CHECK(unload(L"loadee") == STATUS_OBJECT_NAME_NOT_FOUND, "a driver that is not loaded");
    CHECK(load(L"again") == STATUS_SUCCESS && facts_of(L"again") == LOADEE_ALL,
          "its image is gone as well: another service may have it");
    CHECK(unload(L"again") == STATUS_SUCCESS, "and give it back");
    service(L"again", L"\\??\\C:\\Windows\\system32\\drivers\\loadee.sys");
    CHECK(load(L"again") == STATUS_SUCCESS && unload(L"again") == STATUS_SUCCESS, "a DOS path");
    service(L"again", L"\\??\\C:\\Program Files\\Drvlab\\loadee.sys");
    CHECK(load(L"again") == STATUS_SUCCESS && unload(L"again") == STATUS_SUCCESS,
          "from the program's folder");
}

static void objects(void) {
    service(L"fsd", L"System32\\drivers\\loadee.sys");
    HKEY key = service_key(L"fsd");
    number(key, L"Type", SERVICE_FILE_SYSTEM_DRIVER);
    CHECK(load(L"fsd") == STATUS_SUCCESS && facts_of(L"fsd") == LOADEE_ALL, "a file-system driver");
    CHECK(unload(L"fsd") == STATUS_SUCCESS, "and its end");
    string(key, L"ObjectName", L"\\Driver\\Elsewhere");
    CHECK(load(L"fsd") == STATUS_SUCCESS && facts_of(L"fsd") == LOADEE_ALL,
          "ObjectName: the driver object's own name");
    CHECK(unload(L"fsd") == STATUS_SUCCESS, "NtUnloadDriver finds it by ObjectName");
    string(key, L"ObjectName", L"\\Driver\\Null");
    CHECK(load(L"fsd") == STATUS_OBJECT_NAME_COLLISION, "a name that another driver has");
    CHECK(load(L"fsd") == STATUS_OBJECT_NAME_COLLISION, "the image is gone again");
    string(key, L"ObjectName", L"\\NoDirectory\\Driver");
    CHECK(load(L"fsd") == STATUS_OBJECT_PATH_NOT_FOUND, "a directory that is not there");
    RegCloseKey(key);
}

static void entry_fails(void) {
    service(L"fails", L"System32\\drivers\\loadee.sys");
    parameter(L"fails", L"Fail", (DWORD)STATUS_DEVICE_CONFIGURATION_ERROR);
    CHECK(load(L"fails") == STATUS_DEVICE_CONFIGURATION_ERROR, "DriverEntry's own status");
    CHECK(unload(L"fails") == STATUS_OBJECT_NAME_NOT_FOUND, "a driver that failed is not there");
    parameter(L"fails", L"Fail", 0);
    CHECK(load(L"fails") == STATUS_SUCCESS && unload(L"fails") == STATUS_SUCCESS, "and may be loaded again");
}

static void unloading(void) {
    service(L"ends", L"System32\\drivers\\loadee.sys");
    parameter(L"ends", L"Quiet", 0);
    CHECK(load(L"ends") == STATUS_SUCCESS, "a driver whose device will be open");
    HANDLE device = open_loadee(L"ends"), other = open_loadee(L"ends");
    CHECK(unload(L"ends") == STATUS_SUCCESS, "NtUnloadDriver while its device is open");
    DWORD facts = 0, n;
    CHECK(DeviceIoControl(device, IOCTL_LOADEE_FACTS, NULL, 0, &facts, sizeof facts, &n, NULL) &&
              facts == LOADEE_ALL,
          "the driver goes on until then");
    CHECK(open_loadee(L"ends") == INVALID_HANDLE_VALUE, "no additional references");
    CHECK(unload(L"ends") == STATUS_DELETE_PENDING, "unloaded twice");
    CHECK(load(L"ends") == STATUS_IMAGE_ALREADY_LOADED, "its image is still loaded");
    CloseHandle(device);
    CHECK(load(L"ends") == STATUS_IMAGE_ALREADY_LOADED, "and with one of two handles");
    CloseHandle(other);
    CHECK(unload(L"ends") == STATUS_OBJECT_NAME_NOT_FOUND, "the last close unloads it");
    CHECK(load(L"ends") == STATUS_SUCCESS && facts_of(L"ends") == LOADEE_ALL, "then it may come again");
    CHECK(unload(L"ends") == STATUS_SUCCESS, "and go");

    service(L"pnp", L"System32\\drivers\\loadee.sys");
    parameter(L"pnp", L"Pnp", 1);
    CHECK(load(L"pnp") == STATUS_SUCCESS, "a driver with AddDevice");
    CHECK(unload(L"pnp") == STATUS_INVALID_DEVICE_REQUEST, "a PnP driver: STATUS_INVALID_DEVICE_REQUEST");
}

// It stays: the last one.
static void no_unload(void) {
    service(L"stays", L"\\??\\C:\\loadee_gcc.sys");
    parameter(L"stays", L"Stays", 1);
    CHECK(load(L"stays") == STATUS_SUCCESS && facts_of(L"stays") == LOADEE_ALL,
          "a driver without DriverUnload");
    CHECK(unload(L"stays") == STATUS_INVALID_DEVICE_REQUEST,
          "no DriverUnload routine: STATUS_INVALID_DEVICE_REQUEST");
    CHECK(facts_of(L"stays") == LOADEE_ALL, "it is still there");
}

// SeLoadDriverPrivilege: an administrator has it, disabled.
static BOOL enable_privilege(DWORD attributes) {
    TOKEN_PRIVILEGES privileges = {1, {{{0, 0}, attributes}}};
    HANDLE token;
    BOOL done = OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, &token) &&
                LookupPrivilegeValueA(NULL, "SeLoadDriverPrivilege", &privileges.Privileges[0].Luid) &&
                AdjustTokenPrivileges(token, FALSE, &privileges, 0, NULL, NULL) &&
                GetLastError() == ERROR_SUCCESS;
    CloseHandle(token);
    return done;
}

static void privilege(void) {
    CHECK(load(L"NoSuchService") == STATUS_PRIVILEGE_NOT_HELD &&
              unload(L"NoSuchService") == STATUS_PRIVILEGE_NOT_HELD,
          "without SeLoadDriverPrivilege enabled: STATUS_PRIVILEGE_NOT_HELD");
    CHECK(enable_privilege(SE_PRIVILEGE_ENABLED), "an administrator may enable it");
}

int main(void) {
    privilege();
    privilege_by_number();
    keys();
    names();
    images();
    objects();
    entry_fails();
    unloading();
    no_unload();
    return finish();
}
