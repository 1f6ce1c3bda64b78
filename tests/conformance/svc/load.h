// Services made by hand in the registry, and devices of loadee.sys opened.
#pragma once
#define SERVICES L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\"
#define KEY L"SYSTEM\\CurrentControlSet\\Services\\"

static void number(HKEY key, PCWSTR name, DWORD value) {
    RegSetValueExW(key, name, 0, REG_DWORD, (const BYTE*)&value, sizeof value);
}
static void string(HKEY key, PCWSTR name, PCWSTR value) {
    RegSetValueExW(key, name, 0, REG_EXPAND_SZ, (const BYTE*)value, (DWORD)(wcslen(value) + 1) * 2);
}
static HKEY service_key(PCWSTR name) {
    WCHAR path[200] = KEY;
    HKEY key = NULL;
    wcscat(path, name);
    RegCreateKeyExW(HKEY_LOCAL_MACHINE, path, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &key, NULL);
    return key;
}
static void parameter(PCWSTR name, PCWSTR value_name, DWORD value) {
    WCHAR path[200];
    wcscat(wcscpy(path, name), L"\\Parameters");
    HKEY key = service_key(path);
    number(key, value_name, value);
    RegCloseKey(key);
}
// A kernel driver's service; `image` may be null.
__attribute__((unused)) static void service(PCWSTR name, PCWSTR image) {
    HKEY key = service_key(name);
    number(key, L"Type", SERVICE_KERNEL_DRIVER);
    number(key, L"Start", SERVICE_DEMAND_START);
    number(key, L"ErrorControl", SERVICE_ERROR_NORMAL);
    if (image) string(key, L"ImagePath", image);
    RegCloseKey(key);
}
static HANDLE open_loadee(PCWSTR service_name) {
    WCHAR name[100] = L"\\\\.\\Loadee-";
    return CreateFileW(wcscat(name, service_name), GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
}
static DWORD facts_of(PCWSTR service_name) {
    HANDLE device = open_loadee(service_name);
    DWORD facts = 0, n;
    DeviceIoControl(device, IOCTL_LOADEE_FACTS, NULL, 0, &facts, sizeof facts, &n, NULL);
    CloseHandle(device);
    return facts;
}
