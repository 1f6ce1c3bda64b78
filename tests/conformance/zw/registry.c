// The registry by handle and by path: nf-wdm-zwcreatekey, nf-wdm-zwopenkeyex, nf-wdm-zwqueryvaluekey,
// nf-wdm-zwsetvaluekey, nf-wdm-zwenumeratekey, nf-wdm-zwenumeratevaluekey, nf-wdm-zwquerykey,
// nf-wdm-zwdeletekey, nf-wdm-zwdeletevaluekey, nf-wdm-zwflushkey, nf-wdm-rtlcreateregistrykey.
#define TOPIC L"ZwRegistry"
#include <ntifs.h>

#include "../common/driver.h"
#include "../common/import.h"

IMPORT(NTSTATUS, ZwOpenKeyEx, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, ULONG);

#define ROOT L"\\Registry\\Machine\\Software\\ConformRegistry"

static UNICODE_STRING text(PCWSTR s) {
    UNICODE_STRING u;
    RtlInitUnicodeString(&u, s);
    return u;
}
static OBJECT_ATTRIBUTES at(PUNICODE_STRING name, PCWSTR path, HANDLE root) {
    OBJECT_ATTRIBUTES oa;
    *name = text(path);
    InitializeObjectAttributes(&oa, name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, root, NULL);
    return oa;
}
static NTSTATUS create(HANDLE* key, PCWSTR path, HANDLE root, ACCESS_MASK access, PULONG disposition) {
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES oa = at(&name, path, root);
    return ZwCreateKey(key, access, &oa, 0, NULL, REG_OPTION_NON_VOLATILE, disposition);
}
static NTSTATUS open(HANDLE* key, PCWSTR path, HANDLE root, ACCESS_MASK access) {
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES oa = at(&name, path, root);
    return ZwOpenKey(key, access, &oa);
}

static HANDLE key;

static void keys(void) {
    ULONG disposition = 0;
    HANDLE second = NULL, sub = NULL;
    UNICODE_STRING name;
    CHECK(create(&key, ROOT, NULL, KEY_ALL_ACCESS, &disposition) == STATUS_SUCCESS &&
              disposition == REG_CREATED_NEW_KEY,
          "ZwCreateKey: REG_CREATED_NEW_KEY");
    CHECK(create(&second, ROOT, NULL, KEY_READ, &disposition) == STATUS_SUCCESS &&
              disposition == REG_OPENED_EXISTING_KEY,
          "REG_OPENED_EXISTING_KEY");
    ZwClose(second);
    CHECK(create(&sub, L"Missing\\Sub", key, KEY_ALL_ACCESS, NULL) == STATUS_OBJECT_NAME_NOT_FOUND,
          "only the last key of a path is created");
    CHECK(create(&sub, L"Sub", key, KEY_ALL_ACCESS, NULL) == STATUS_SUCCESS,
          "by RootDirectory; Disposition is optional");
    CHECK(open(&second, L"SUB", key, KEY_READ) == STATUS_SUCCESS, "ZwOpenKey; case does not matter");
    ZwClose(second);
    CHECK(open(&second, L"\\Registry\\Machine\\NoSuchKey", NULL, KEY_READ) == STATUS_OBJECT_NAME_NOT_FOUND,
          "ZwOpenKey: STATUS_OBJECT_NAME_NOT_FOUND");
    CHECK(open(&second, L"Sub", (HANDLE)0x7ffc, KEY_READ) == STATUS_INVALID_HANDLE,
          "ZwOpenKey: STATUS_INVALID_HANDLE");
    OBJECT_ATTRIBUTES oa = at(&name, ROOT, NULL);
    CHECK(import_ZwOpenKeyEx(&second, KEY_READ, &oa, 0x1000) == STATUS_INVALID_PARAMETER_4,
          "ZwOpenKeyEx: STATUS_INVALID_PARAMETER_4, invalid options");
    CHECK(import_ZwOpenKeyEx(&second, KEY_READ, &oa, 0) == STATUS_SUCCESS, "ZwOpenKeyEx");
    ZwClose(second);
    oa = at(&name, L"Software\\ConformRegistry", NULL);
    CHECK(import_ZwOpenKeyEx(&second, KEY_READ, &oa, 0) == STATUS_OBJECT_PATH_SYNTAX_BAD,
          "ZwOpenKeyEx: STATUS_OBJECT_PATH_SYNTAX_BAD");
    CHECK(ZwFlushKey(key) == STATUS_SUCCESS && ZwFlushKey((HANDLE)0x7ffc) == STATUS_INVALID_HANDLE,
          "ZwFlushKey");
    ZwClose(sub);
}

static union {
    KEY_VALUE_BASIC_INFORMATION basic;
    KEY_VALUE_FULL_INFORMATION full;
    KEY_VALUE_PARTIAL_INFORMATION partial;
    KEY_BASIC_INFORMATION key_basic;
    KEY_NODE_INFORMATION key_node;
    KEY_FULL_INFORMATION key_full;
    UCHAR bytes[256];
} answer;

static void values(void) {
    UNICODE_STRING name = text(L"Number"), empty = text(L""), missing = text(L"Missing");
    ULONG number = 0x11223344, size = 0;
    CHECK(ZwSetValueKey(key, &name, 0, REG_DWORD, &number, 4) == STATUS_SUCCESS, "ZwSetValueKey");
    CHECK(ZwQueryValueKey(key, &name, KeyValuePartialInformation, &answer, sizeof answer, &size) ==
                  STATUS_SUCCESS &&
              answer.partial.Type == REG_DWORD && answer.partial.DataLength == 4 &&
              *(PULONG)answer.partial.Data == number &&
              size == FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data) + 4,
          "ZwQueryValueKey, KeyValuePartialInformation");
    CHECK(ZwQueryValueKey(key, &name, KeyValueFullInformation, &answer, sizeof answer, &size) ==
                  STATUS_SUCCESS &&
              answer.full.NameLength == 12 && answer.full.Name[0] == L'N' && answer.full.DataLength == 4 &&
              *(PULONG)(answer.bytes + answer.full.DataOffset) == number,
          "KeyValueFullInformation: name, and data at DataOffset");
    CHECK(ZwQueryValueKey(key, &name, KeyValueBasicInformation, &answer, sizeof answer, &size) ==
                  STATUS_SUCCESS &&
              answer.basic.Type == REG_DWORD && answer.basic.NameLength == 12 && answer.basic.Name[5] == L'r',
          "KeyValueBasicInformation");
    ULONG needed = FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data) + 4;
    size = 0;
    CHECK(ZwQueryValueKey(key, &name, KeyValuePartialInformation, &answer, needed - 2, &size) ==
                  STATUS_BUFFER_OVERFLOW &&
              size == needed,
          "STATUS_BUFFER_OVERFLOW: partial data, ResultLength is the size required");
    size = 0;
    CHECK(ZwQueryValueKey(key, &name, KeyValuePartialInformation, &answer, 4, &size) ==
                  STATUS_BUFFER_TOO_SMALL &&
              size == needed,
          "STATUS_BUFFER_TOO_SMALL: no data");
    CHECK(ZwQueryValueKey(key, &name, KeyValuePartialInformation, NULL, 0, &size) ==
                  STATUS_BUFFER_TOO_SMALL &&
              size == needed,
          "a null buffer of length zero asks for the size");
    CHECK(ZwQueryValueKey(key, &missing, KeyValuePartialInformation, &answer, sizeof answer, &size) ==
              STATUS_OBJECT_NAME_NOT_FOUND,
          "STATUS_OBJECT_NAME_NOT_FOUND");
    CHECK(ZwQueryValueKey(key, &name, (KEY_VALUE_INFORMATION_CLASS)77, &answer, sizeof answer, &size) ==
              STATUS_INVALID_PARAMETER,
          "STATUS_INVALID_PARAMETER: the class");
    CHECK(ZwQueryValueKey((HANDLE)0x7ffc, &name, KeyValuePartialInformation, &answer, sizeof answer, &size) ==
                  STATUS_INVALID_HANDLE &&
              ZwSetValueKey((HANDLE)0x7ffc, &name, 0, REG_DWORD, &number, 4) == STATUS_INVALID_HANDLE,
          "STATUS_INVALID_HANDLE");
    number = 5;
    ZwSetValueKey(key, &name, 0, REG_BINARY, &number, 2);
    CHECK(ZwQueryValueKey(key, &name, KeyValuePartialInformation, &answer, sizeof answer, &size) ==
                  STATUS_SUCCESS &&
              answer.partial.Type == REG_BINARY && answer.partial.DataLength == 2,
          "an existing value is replaced");
    CHECK(ZwSetValueKey(key, NULL, 0, REG_SZ, L"unnamed", 16) == STATUS_SUCCESS &&
              ZwQueryValueKey(key, &empty, KeyValuePartialInformation, &answer, sizeof answer, &size) ==
                  STATUS_SUCCESS &&
              answer.partial.DataLength == 16,
          "the name can be a null pointer: the value without a name");

    ULONG count = 0;
    NTSTATUS status;
    while (NT_SUCCESS(
        status = ZwEnumerateValueKey(key, count, KeyValueBasicInformation, &answer, sizeof answer, &size)))
        ++count;
    CHECK(count == 2 && status == STATUS_NO_MORE_ENTRIES,
          "ZwEnumerateValueKey: each once, then STATUS_NO_MORE_ENTRIES");
    CHECK(ZwEnumerateValueKey(key, 0, KeyValueFullInformation, &answer, 4, &size) ==
                  STATUS_BUFFER_TOO_SMALL &&
              size > 4,
          "ZwEnumerateValueKey: STATUS_BUFFER_TOO_SMALL");
    CHECK(ZwEnumerateValueKey(key, 0, KeyValueFullInformation, &answer,
                              FIELD_OFFSET(KEY_VALUE_FULL_INFORMATION, Name) + 2,
                              &size) == STATUS_BUFFER_OVERFLOW ||
              size <= FIELD_OFFSET(KEY_VALUE_FULL_INFORMATION, Name) + 2,
          "ZwEnumerateValueKey: STATUS_BUFFER_OVERFLOW");
    CHECK(ZwEnumerateValueKey(key, 0, (KEY_VALUE_INFORMATION_CLASS)77, &answer, sizeof answer, &size) ==
              STATUS_INVALID_PARAMETER,
          "ZwEnumerateValueKey: STATUS_INVALID_PARAMETER");
    CHECK(ZwDeleteValueKey(key, &name) == STATUS_SUCCESS &&
              ZwDeleteValueKey(key, &name) == STATUS_OBJECT_NAME_NOT_FOUND,
          "ZwDeleteValueKey: then STATUS_OBJECT_NAME_NOT_FOUND");
    CHECK(ZwDeleteValueKey((HANDLE)0x7ffc, &name) == STATUS_INVALID_HANDLE,
          "ZwDeleteValueKey: STATUS_INVALID_HANDLE");
    CHECK(ZwDeleteValueKey(key, &empty) == STATUS_SUCCESS, "the value without a name");
}

static void subkeys(void) {
    HANDLE a = NULL, b = NULL;
    ULONG size = 0;
    create(&a, L"Alpha", key, KEY_ALL_ACCESS, NULL);
    create(&b, L"Beta", key, KEY_ALL_ACCESS, NULL);
    UNICODE_STRING name = text(L"Data");
    ZwSetValueKey(key, &name, 0, REG_BINARY, &size, 3);
    CHECK(ZwQueryKey(key, KeyFullInformation, &answer, sizeof answer, &size) == STATUS_SUCCESS &&
              answer.key_full.SubKeys == 3 && answer.key_full.MaxNameLen == 10 &&
              answer.key_full.Values == 1 && answer.key_full.MaxValueNameLen == 8 &&
              answer.key_full.MaxValueDataLen == 3,
          "ZwQueryKey, KeyFullInformation: numbers and sizes");
    CHECK(ZwQueryKey(key, KeyBasicInformation, &answer, sizeof answer, &size) == STATUS_SUCCESS &&
              answer.key_basic.NameLength == 30 && answer.key_basic.Name[0] == L'C',
          "KeyBasicInformation: the key's own name");
    CHECK(ZwQueryKey(key, KeyNodeInformation, &answer, sizeof answer, &size) == STATUS_SUCCESS &&
              answer.key_node.NameLength == 30,
          "KeyNodeInformation");
    CHECK(ZwQueryKey(key, KeyBasicInformation, &answer, 4, &size) == STATUS_BUFFER_TOO_SMALL &&
              size == FIELD_OFFSET(KEY_BASIC_INFORMATION, Name) + 30,
          "ZwQueryKey: STATUS_BUFFER_TOO_SMALL");
    CHECK(ZwQueryKey(key, KeyBasicInformation, &answer, FIELD_OFFSET(KEY_BASIC_INFORMATION, Name) + 4,
                     &size) == STATUS_BUFFER_OVERFLOW &&
              answer.key_basic.NameLength == 30,
          "ZwQueryKey: STATUS_BUFFER_OVERFLOW");
    CHECK(ZwQueryKey(key, (KEY_INFORMATION_CLASS)77, &answer, sizeof answer, &size) ==
              STATUS_INVALID_PARAMETER,
          "ZwQueryKey: STATUS_INVALID_PARAMETER");
    CHECK(ZwEnumerateKey(key, 0, KeyBasicInformation, &answer, sizeof answer, &size) == STATUS_SUCCESS &&
              answer.key_basic.NameLength == 10,
          "ZwEnumerateKey: the first subkey");
    CHECK(ZwEnumerateKey(key, 3, KeyBasicInformation, &answer, sizeof answer, &size) ==
              STATUS_NO_MORE_ENTRIES,
          "ZwEnumerateKey: STATUS_NO_MORE_ENTRIES");
    CHECK(ZwEnumerateKey(key, 0, KeyBasicInformation, &answer, 4, &size) == STATUS_BUFFER_TOO_SMALL &&
              ZwEnumerateKey(key, 0, KeyBasicInformation, &answer,
                             FIELD_OFFSET(KEY_BASIC_INFORMATION, Name) + 4, &size) == STATUS_BUFFER_OVERFLOW,
          "ZwEnumerateKey: STATUS_BUFFER_TOO_SMALL and STATUS_BUFFER_OVERFLOW");
    CHECK(ZwEnumerateKey(key, 0, KeyNameInformation, &answer, sizeof answer, &size) ==
              STATUS_INVALID_PARAMETER,
          "ZwEnumerateKey: STATUS_INVALID_PARAMETER, a class that is not in its list");
    CHECK(ZwDeleteKey(key) == STATUS_CANNOT_DELETE, "ZwDeleteKey: STATUS_CANNOT_DELETE, the key has subkeys");
    CHECK(ZwDeleteKey((HANDLE)0x7ffc) == STATUS_INVALID_HANDLE, "ZwDeleteKey: STATUS_INVALID_HANDLE");
    CHECK(ZwDeleteKey(a) == STATUS_SUCCESS &&
              ZwQueryKey(a, KeyBasicInformation, &answer, sizeof answer, &size) == STATUS_KEY_DELETED,
          "ZwDeleteKey: a handle to it is of no use: STATUS_KEY_DELETED");
    ZwClose(a);
    CHECK(open(&a, L"Alpha", key, KEY_READ) == STATUS_OBJECT_NAME_NOT_FOUND, "and its name is gone");
    ZwDeleteKey(b);
    ZwClose(b);
    open(&b, L"Sub", key, KEY_ALL_ACCESS);
    ZwDeleteKey(b);
    ZwClose(b);
}

// "A registry tree can be 512 levels deep": win32 page "Registry Element Size Limits".
static void levels(void) {
    enum { below = 3, deepest = 512 }; // ROOT is at the third level
    static struct {                    // KEY_NAME_INFORMATION, which mingw's headers lack
        ULONG length;
        WCHAR name[2000];
    } path;
    ULONG size = 0, level = below;
    HANDLE now = NULL, next = NULL;
    open(&now, ROOT, NULL, KEY_ALL_ACCESS);
    while (level < 2000 && NT_SUCCESS(create(&next, L"k", now, KEY_ALL_ACCESS, NULL))) {
        ZwClose(now);
        now = next, ++level;
    }
    CHECK(level == deepest && create(&next, L"k", now, KEY_READ, NULL) == STATUS_INVALID_PARAMETER,
          "a registry tree can be 512 levels deep");
    CHECK(ZwQueryKey(now, KeyNameInformation, &path, sizeof path, &size) == STATUS_SUCCESS &&
              path.length == sizeof ROOT - sizeof(WCHAR) + (deepest - below) * 2 * sizeof(WCHAR) &&
              path.name[path.length / sizeof(WCHAR) - 2] == '\\' &&
              path.name[path.length / sizeof(WCHAR) - 1] == 'k',
          "KeyNameInformation of the deepest key");
    ZwClose(now);
    // From the deepest one up: names of all levels, shorter by one each time.
    static WCHAR text[sizeof ROOT / sizeof(WCHAR) + 2 * 512];
    RtlCopyMemory(text, ROOT, sizeof ROOT);
    for (ULONG i = 0; i < (level - below) * 2; i += 2)
        text[sizeof ROOT / sizeof(WCHAR) - 1 + i] = '\\', text[sizeof ROOT / sizeof(WCHAR) + i] = 'k';
    for (; level > below; --level) {
        text[sizeof ROOT / sizeof(WCHAR) - 1 + (level - below) * 2] = 0;
        if (!NT_SUCCESS(open(&now, text, NULL, DELETE))) break;
        ZwDeleteKey(now);
        ZwClose(now);
    }
    CHECK(level == below, "keys are opened by paths of all levels");
}

// Without handles.
static void paths(void) {
    CHECK(RtlCreateRegistryKey(RTL_REGISTRY_ABSOLUTE, ROOT L"\\One") == STATUS_SUCCESS &&
              RtlCheckRegistryKey(RTL_REGISTRY_ABSOLUTE, ROOT L"\\One") == STATUS_SUCCESS,
          "RtlCreateRegistryKey");
    CHECK(!NT_SUCCESS(RtlCreateRegistryKey(RTL_REGISTRY_ABSOLUTE, ROOT L"\\Two\\Three")),
          "it does not create missing keys in the path");
    CHECK(RtlCheckRegistryKey(RTL_REGISTRY_WINDOWS_NT, L"") == STATUS_SUCCESS &&
              RtlCheckRegistryKey(RTL_REGISTRY_SERVICES, L"conform_zw_registry") == STATUS_SUCCESS &&
              RtlCheckRegistryKey(RTL_REGISTRY_CONTROL, L"") == STATUS_SUCCESS,
          "RtlCheckRegistryKey relative to Windows NT, Services and Control");
    ULONG number = 7, read = 0;
    CHECK(RtlWriteRegistryValue(RTL_REGISTRY_ABSOLUTE, ROOT L"\\Four", L"Value", REG_DWORD, &number, 4) ==
              STATUS_SUCCESS,
          "RtlWriteRegistryValue creates the key that is missing");
    RTL_QUERY_REGISTRY_TABLE table[2] = {
        {NULL, RTL_QUERY_REGISTRY_DIRECT, L"Value", &read, REG_NONE, NULL, 0}, {0}};
    CHECK(RtlQueryRegistryValues(RTL_REGISTRY_HANDLE, (PCWSTR)key, table, NULL, NULL) == STATUS_SUCCESS &&
              read == 0,
          "RTL_REGISTRY_HANDLE; a value that is missing and not required");
    CHECK(RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, ROOT L"\\Four", table, NULL, NULL) ==
                  STATUS_SUCCESS &&
              read == 7,
          "the value by path");
    CHECK(RtlDeleteRegistryValue(RTL_REGISTRY_ABSOLUTE, ROOT L"\\Four", L"Value") == STATUS_SUCCESS,
          "RtlDeleteRegistryValue");
    CHECK(!NT_SUCCESS(RtlDeleteRegistryValue(RTL_REGISTRY_ABSOLUTE, ROOT L"\\Five", L"Value")),
          "not from a key that is missing");
    HANDLE sub;
    PCWSTR left[] = {L"One", L"Four"};
    for (int i = 0; i < 2; ++i)
        if (NT_SUCCESS(open(&sub, left[i], key, DELETE))) {
            ZwDeleteKey(sub);
            ZwClose(sub);
        }
    CHECK(ZwDeleteKey(key) == STATUS_SUCCESS, "without subkeys it can be deleted");
    ZwClose(key);
}

static void checks(void) {
    keys();
    if (!key) return;
    values();
    subkeys();
    levels();
    paths();
}
