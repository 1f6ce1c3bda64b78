// Who may what with registry keys: Win32 pages SysInfo/registry-key-security-and-access-rights,
// RegCreateKeyEx (REG_OPTION_BACKUP_RESTORE, lpSecurityAttributes), RegGetKeySecurity, RegSetKeySecurity,
// RegQueryInfoKey, "DACL for a New Object". The argument says who runs: administrator, standard, low or
// guest.
#define _WIN32_WINNT 0x0a00
#include <windows.h>

#include <sddl.h>

#include "../common/program.h"

enum {
    parts = OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
    both_parts = parts | LABEL_SECURITY_INFORMATION
};

// The descriptor of a key as text, in a buffer that the next call takes.
static const char* text_of(HKEY key, SECURITY_INFORMATION information) {
    static char text[1024];
    BYTE room[1024];
    DWORD size = sizeof room;
    char* made = NULL;
    text[0] = 0;
    const LONG error = RegGetKeySecurity(key, information, room, &size);
    if (error)
        snprintf(text, sizeof text, "error %ld", error);
    else if (ConvertSecurityDescriptorToStringSecurityDescriptorA(room, SDDL_REVISION_1, information, &made,
                                                                  NULL))
        snprintf(text, sizeof text, "%s", made);
    LocalFree(made);
    return text;
}
static int says(HKEY key, const char* part) {
    const char* text = text_of(key, both_parts);
    if (strstr(text, part)) return 1;
    printf("  %s\n", text);
    return 0;
}
static LONG open(HKEY root, const char* name, REGSAM access) {
    HKEY key = NULL;
    const LONG error = RegOpenKeyExA(root, name, 0, access, &key);
    if (!error) RegCloseKey(key);
    return error;
}
static LONG create(HKEY root, const char* name, DWORD options, REGSAM access) {
    HKEY key = NULL;
    const LONG error = RegCreateKeyExA(root, name, 0, NULL, options, access, NULL, &key, NULL);
    if (!error) RegCloseKey(key);
    return error;
}
static void privilege(const char* name, DWORD attributes) {
    HANDLE token;
    TOKEN_PRIVILEGES one = {1, {{{0, 0}, attributes}}};
    LookupPrivilegeValueA(NULL, name, &one.Privileges[0].Luid);
    OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, &token);
    AdjustTokenPrivileges(token, FALSE, &one, 0, NULL, NULL);
    CloseHandle(token);
}

static void current_user(void) {
    HKEY key = NULL, below = NULL;
    DWORD disposition = 0;
    CHECK(RegCreateKeyExA(HKEY_CURRENT_USER, "Software\\Conform\\Keys", 0, NULL, REG_OPTION_VOLATILE,
                          KEY_ALL_ACCESS, NULL, &key, &disposition) == 0 &&
              disposition == REG_CREATED_NEW_KEY,
          "a user may make keys below HKEY_CURRENT_USER");
    CHECK(says(key, "(A;CIID;KA;;;SY)(A;CIID;KA;;;BA)"),
          "the list of a new key is inherited from its direct parent key");
    CHECK(RegSetValueExA(key, "value", 0, REG_SZ, (const BYTE*)"x", 2) == 0, "and write values");
    CHECK(RegOpenKeyExA(HKEY_CURRENT_USER, "Software\\Conform", 0, KEY_READ, &below) == 0 &&
              RegSetValueExA(below, "value", 0, REG_SZ, (const BYTE*)"x", 2) == ERROR_ACCESS_DENIED,
          "a handle grants what it was opened for: writing a value needs KEY_SET_VALUE");
    CHECK(create(below, "Other", REG_OPTION_VOLATILE, KEY_READ) == 0,
          "creation is checked against the key's descriptor, not the handle's access");
    RegDeleteKeyA(below, "Other");
    RegDeleteKeyA(below, "Keys");
    RegCloseKey(key);
    RegCloseKey(below);
    CHECK(RegDeleteKeyA(HKEY_CURRENT_USER, "Software\\Conform") == 0, "RegDeleteKey");
}

static void unprivileged(void) {
    CHECK(open(HKEY_LOCAL_MACHINE, "SOFTWARE\\Microsoft", KEY_READ) == 0, "users read HKLM\\SOFTWARE");
    CHECK(open(HKEY_LOCAL_MACHINE, "SOFTWARE\\Microsoft", KEY_SET_VALUE) == ERROR_ACCESS_DENIED,
          "and may not write it");
    CHECK(open(HKEY_LOCAL_MACHINE, "SOFTWARE\\Microsoft", KEY_READ | KEY_WOW64_64KEY) == 0,
          "KEY_WOW64_64KEY is no access right");
    CHECK(create(HKEY_LOCAL_MACHINE, "SOFTWARE\\Conform", 0, KEY_READ) == ERROR_ACCESS_DENIED,
          "nor make keys there");
    CHECK(create(HKEY_LOCAL_MACHINE, "SOFTWARE\\Microsoft", 0, KEY_READ) == 0,
          "RegCreateKeyEx opens what is there");
    CHECK(open(HKEY_LOCAL_MACHINE, "SYSTEM\\CurrentControlSet\\Services", KEY_READ) == 0 &&
              open(HKEY_LOCAL_MACHINE, "SYSTEM\\CurrentControlSet\\Services", KEY_CREATE_SUB_KEY) ==
                  ERROR_ACCESS_DENIED,
          "services are the administrators'");
    CHECK(open(HKEY_USERS, ".DEFAULT", KEY_SET_VALUE) == ERROR_ACCESS_DENIED, "another user's keys");
    CHECK(open(HKEY_LOCAL_MACHINE, "SOFTWARE", ACCESS_SYSTEM_SECURITY) == ERROR_PRIVILEGE_NOT_HELD,
          "ACCESS_SYSTEM_SECURITY needs SeSecurityPrivilege");
    CHECK(create(HKEY_LOCAL_MACHINE, "SOFTWARE\\Microsoft", REG_OPTION_BACKUP_RESTORE, KEY_READ) ==
              ERROR_ACCESS_DENIED,
          "REG_OPTION_BACKUP_RESTORE needs a privilege");
}

static void low(void) {
    CHECK(open(HKEY_CURRENT_USER, "Software", KEY_READ) == 0, "low integrity: reading is allowed");
    CHECK(open(HKEY_CURRENT_USER, "Software", KEY_SET_VALUE) == ERROR_ACCESS_DENIED &&
              create(HKEY_CURRENT_USER, "Software\\Conform", 0, KEY_READ) == ERROR_ACCESS_DENIED,
          "low integrity: the user's own keys cannot be written");
    HKEY key = NULL;
    CHECK(RegCreateKeyExA(HKEY_CURRENT_USER, "Software\\AppDataLow\\Conform", 0, NULL, 0, KEY_ALL_ACCESS,
                          NULL, &key, NULL) == 0 &&
              says(key, "(ML;CIID;NW;;;LW)"),
          "but those below Software\\AppDataLow");
    RegCloseKey(key);
}

static void administrator(void) {
    HKEY key = NULL, second = NULL;
    BYTE room[512];
    DWORD size = 0, length = 0;
    PSECURITY_DESCRIPTOR d = NULL;
    CHECK(RegCreateKeyExA(HKEY_LOCAL_MACHINE, "SOFTWARE\\Conform", 0, NULL, 0, KEY_ALL_ACCESS, NULL, &key,
                          NULL) == 0,
          "an administrator may make keys in HKLM\\SOFTWARE");
    CHECK(says(key, "O:BA") && says(key, "(A;CIID;KR;;;BU)") && says(key, "(A;CIIOID;KA;;;CO)") &&
              says(key, "(A;ID;KA;;;BA)"),
          "inherited: CREATOR OWNER is the owner here, and CREATOR OWNER for what is below");
    CHECK(RegGetKeySecurity(key, DACL_SECURITY_INFORMATION, room, &size) == ERROR_INSUFFICIENT_BUFFER &&
              size > 20,
          "RegGetKeySecurity: ERROR_INSUFFICIENT_BUFFER with the size");
    CHECK(RegQueryInfoKeyW(key, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, &length, NULL) == 0 &&
              length >= size,
          "RegQueryInfoKey: the size of the descriptor");
    size = sizeof room;
    CHECK(RegGetKeySecurity(key, SACL_SECURITY_INFORMATION, room, &size) == ERROR_ACCESS_DENIED,
          "a SACL needs ACCESS_SYSTEM_SECURITY");
    ConvertStringSecurityDescriptorToSecurityDescriptorA("D:(A;CI;GR;;;WD)", SDDL_REVISION_1, &d, NULL);
    CHECK(RegSetKeySecurity(key, DACL_SECURITY_INFORMATION, d) == 0 && says(key, "D:(A;CI;KR;;;WD)"),
          "RegSetKeySecurity: generic rights become those of keys");
    CHECK(open(HKEY_LOCAL_MACHINE, "SOFTWARE\\Conform", KEY_SET_VALUE) == ERROR_ACCESS_DENIED &&
              open(HKEY_LOCAL_MACHINE, "SOFTWARE\\Conform", KEY_READ) == 0,
          "the next open is checked against it");
    CHECK(RegSetValueExA(key, "value", 0, REG_SZ, (const BYTE*)"x", 2) == 0,
          "handles that are there stay good");
    CHECK(RegOpenKeyExA(HKEY_LOCAL_MACHINE, "SOFTWARE\\Conform", 0, MAXIMUM_ALLOWED, &second) == 0 &&
              RegSetValueExA(second, "value", 0, REG_SZ, (const BYTE*)"x", 2) == ERROR_ACCESS_DENIED &&
              RegSetKeySecurity(second, DACL_SECURITY_INFORMATION, d) == 0,
          "MAXIMUM_ALLOWED: what the list gives, and the owner's WRITE_DAC");
    RegCloseKey(second);
    CHECK(RegOpenKeyExA(HKEY_LOCAL_MACHINE, "SOFTWARE\\Conform", 0, KEY_READ, &second) == 0 &&
              RegSetKeySecurity(second, DACL_SECURITY_INFORMATION, d) == ERROR_ACCESS_DENIED,
          "RegSetKeySecurity needs WRITE_DAC");
    RegCloseKey(second);
    ((PISECURITY_DESCRIPTOR)d)->Revision = 9;
    CHECK(RegSetKeySecurity(key, DACL_SECURITY_INFORMATION, d) == ERROR_UNKNOWN_REVISION,
          "ERROR_UNKNOWN_REVISION");
    LocalFree(d);

    // The descriptor of a new key, and backup.
    ConvertStringSecurityDescriptorToSecurityDescriptorA("O:BAG:BAD:P(A;;KR;;;SY)", SDDL_REVISION_1, &d,
                                                         NULL);
    SECURITY_ATTRIBUTES security = {sizeof security, d, TRUE};
    DWORD flags = 0, disposition = 0;
    CHECK(RegCreateKeyExA(key, "Given\\Below", 0, NULL, 0, KEY_ALL_ACCESS, &security, &second,
                          &disposition) == ERROR_ACCESS_DENIED,
          "the parent has to grant KEY_CREATE_SUB_KEY");
    PSECURITY_DESCRIPTOR all = NULL;
    ConvertStringSecurityDescriptorToSecurityDescriptorA("D:(A;CI;GA;;;BA)", SDDL_REVISION_1, &all, NULL);
    RegSetKeySecurity(key, DACL_SECURITY_INFORMATION, all);
    CHECK(RegCreateKeyExA(key, "Given\\Below", 0, NULL, 0, KEY_ALL_ACCESS, &security, &second,
                          &disposition) == 0 &&
              disposition == REG_CREATED_NEW_KEY && says(second, "O:BAG:BAD:PAI(A;;KR;;;SY)"),
          "lpSecurityAttributes: the descriptor of the new key");
    CHECK(GetHandleInformation(second, &flags) && (flags & HANDLE_FLAG_INHERIT),
          "lpSecurityAttributes: bInheritHandle");
    CHECK(RegSetValueExA(second, "value", 0, REG_SZ, (const BYTE*)"x", 2) == 0,
          "whoever makes a key has what was asked for");
    RegCloseKey(second);
    CHECK(open(key, "Given\\Below", KEY_READ) == ERROR_ACCESS_DENIED, "later opens are checked");
    CHECK(create(key, "Given\\Below", REG_OPTION_BACKUP_RESTORE, 0) == ERROR_ACCESS_DENIED,
          "REG_OPTION_BACKUP_RESTORE: no privilege is enabled");
    privilege(SE_BACKUP_NAME, SE_PRIVILEGE_ENABLED);
    CHECK(RegCreateKeyExA(key, "Given\\Below", 0, NULL, REG_OPTION_BACKUP_RESTORE, 0, NULL, &second, NULL) ==
                  0 &&
              RegQueryValueExA(second, "value", NULL, NULL, NULL, NULL) == 0 &&
              RegGetKeySecurity(second, SACL_SECURITY_INFORMATION, room, &(DWORD){sizeof room}) == 0 &&
              RegSetValueExA(second, "value", 0, REG_SZ, (const BYTE*)"x", 2) == ERROR_ACCESS_DENIED,
          "SeBackupPrivilege: KEY_READ and ACCESS_SYSTEM_SECURITY");
    RegCloseKey(second);
    privilege(SE_RESTORE_NAME, SE_PRIVILEGE_ENABLED);
    CHECK(RegCreateKeyExA(key, "Given\\Below", 0, NULL, REG_OPTION_BACKUP_RESTORE, 0, NULL, &second, NULL) ==
                  0 &&
              RegSetValueExA(second, "value", 0, REG_SZ, (const BYTE*)"x", 2) == 0,
          "SeRestorePrivilege: KEY_WRITE as well");
    RegCloseKey(second);
    privilege(SE_BACKUP_NAME, 0);
    privilege(SE_RESTORE_NAME, 0);
    privilege(SE_TAKE_OWNERSHIP_NAME, SE_PRIVILEGE_ENABLED);
    CHECK(open(key, "Given\\Below", WRITE_OWNER) == 0,
          "SE_TAKE_OWNERSHIP_NAME opens a key with WRITE_OWNER, whatever its list says");
    privilege(SE_TAKE_OWNERSHIP_NAME, 0);
    LocalFree(d);
    LocalFree(all);
    RegCloseKey(key);
}

int main(int argc, char** argv) {
    const char* user = argc > 1 ? argv[1] : "administrator";
    if (strcmp(user, "low") == 0) {
        low();
    } else {
        current_user();
        if (strcmp(user, "administrator") == 0)
            administrator();
        else
            unprivileged();
    }
    return finish();
}
