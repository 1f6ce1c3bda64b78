// Symbolic links between keys: Win32 page nf-winreg-regcreatekeyexw (REG_OPTION_CREATE_LINK),
// nf-wdm-zwopenkeyex (REG_OPTION_OPEN_LINK), and the classes of ne-wdm-_key_information_class that
// zw/registry.c leaves.
#define TOPIC L"ZwLinks"
#include <ntifs.h>

#include "../common/driver.h"
#include "../common/import.h"

IMPORT(NTSTATUS, ZwOpenKeyEx, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, ULONG);

#define ROOT L"\\Registry\\Machine\\Software\\ConformLinks"
#define OPEN_LINK 8
#ifndef OBJ_OPENLINK
#define OBJ_OPENLINK 0x100
#endif

static OBJECT_ATTRIBUTES at(PUNICODE_STRING name, PCWSTR path, ULONG flags) {
    OBJECT_ATTRIBUTES oa;
    RtlInitUnicodeString(name, path);
    InitializeObjectAttributes(&oa, name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE | flags, NULL, NULL);
    return oa;
}
static NTSTATUS create(HANDLE* key, PCWSTR path, ULONG options) {
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES oa = at(&name, path, 0);
    return ZwCreateKey(key, KEY_ALL_ACCESS, &oa, 0, NULL, options, NULL);
}
static NTSTATUS open(HANDLE* key, PCWSTR path, ULONG flags) {
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES oa = at(&name, path, flags);
    return ZwOpenKey(key, KEY_ALL_ACCESS, &oa);
}
static NTSTATUS set(HANDLE key, PCWSTR value, ULONG type, PCWSTR data) {
    UNICODE_STRING name, text;
    RtlInitUnicodeString(&name, value);
    RtlInitUnicodeString(&text, data);
    return ZwSetValueKey(key, &name, 0, type, text.Buffer,
                         text.Length); // "do not include the terminating null"
}
static NTSTATUS link(PCWSTR path, PCWSTR target) {
    HANDLE key;
    NTSTATUS status = create(&key, path, REG_OPTION_CREATE_LINK);
    if (!NT_SUCCESS(status)) return status;
    status = set(key, L"SymbolicLinkValue", REG_LINK, target);
    ZwClose(key);
    return status;
}
static BOOLEAN is(HANDLE key, PCWSTR path) {
    static ULONG room[300];
    UNICODE_STRING name, wanted;
    ULONG size;
    if (!NT_SUCCESS(ZwQueryKey(key, KeyNameInformation, room, sizeof room, &size))) return FALSE;
    name.Length = name.MaximumLength = (USHORT)room[0];
    name.Buffer = (PWSTR)(room + 1);
    RtlInitUnicodeString(&wanted, path);
    return RtlEqualUnicodeString(&name, &wanted, TRUE);
}
static BOOLEAN opens(PCWSTR path, ULONG flags, PCWSTR expected) {
    HANDLE key;
    if (!NT_SUCCESS(open(&key, path, flags))) return FALSE;
    BOOLEAN good = is(key, expected);
    ZwClose(key);
    return good;
}
static void remove_key(PCWSTR path) {
    HANDLE key;
    if (!NT_SUCCESS(open(&key, path, OBJ_OPENLINK))) return;
    ZwDeleteKey(key);
    ZwClose(key);
}

static void links(void) {
    HANDLE key = NULL, link_key = NULL;
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES oa;
    ULONG room[100], size;
    CHECK(create(&key, ROOT, 0) == STATUS_SUCCESS, "a key");
    ZwClose(key);
    create(&key, ROOT L"\\Target", 0);
    ZwClose(key);
    create(&key, ROOT L"\\Target\\Sub", 0);
    ZwClose(key);
    CHECK(create(&link_key, ROOT L"\\Link", REG_OPTION_CREATE_LINK) == STATUS_SUCCESS,
          "REG_OPTION_CREATE_LINK");
    CHECK(open(&key, ROOT L"\\Link", 0) == STATUS_OBJECT_NAME_NOT_FOUND,
          "a link without a target leads nowhere");
    CHECK(set(link_key, L"Other", REG_SZ, L"text") == STATUS_ACCESS_DENIED &&
              set(link_key, L"SymbolicLinkValue", REG_SZ, ROOT L"\\Target") == STATUS_ACCESS_DENIED,
          "a link has the value SymbolicLinkValue of type REG_LINK only");
    CHECK(set(link_key, L"SymbolicLinkValue", REG_LINK, ROOT L"\\Target") == STATUS_SUCCESS,
          "the target path is assigned to the SymbolicLinkValue value of the key");
    ZwClose(link_key);
    CHECK(opens(ROOT L"\\link", 0, ROOT L"\\Target"), "to open it is to open the target");
    CHECK(opens(ROOT L"\\Link\\Sub", 0, ROOT L"\\Target\\Sub"), "also on the way to another key");
    CHECK(create(&key, ROOT L"\\Link\\New", 0) == STATUS_SUCCESS && is(key, ROOT L"\\Target\\New"),
          "what is created below it is created below the target");
    ZwDeleteKey(key);
    ZwClose(key);
    CHECK(create(&key, ROOT L"\\Link", 0) == STATUS_SUCCESS && is(key, ROOT L"\\Target"),
          "ZwCreateKey opens it, too");
    ZwClose(key);
    CHECK(opens(ROOT L"\\Link", OBJ_OPENLINK, ROOT L"\\Link"), "OBJ_OPENLINK: the link itself");
    oa = at(&name, ROOT L"\\Link", 0);
    CHECK(ZwOpenKey(&key, KEY_READ, &oa) == STATUS_SUCCESS && is(key, ROOT L"\\Target"), "ZwOpenKey");
    ZwClose(key);
    CHECK(import_ZwOpenKeyEx(&key, KEY_READ, &oa, OPEN_LINK) == STATUS_SUCCESS && is(key, ROOT L"\\Link"),
          "ZwOpenKeyEx, REG_OPTION_OPEN_LINK: The key is a symbolic link");
    UNICODE_STRING value;
    RtlInitUnicodeString(&value, L"SymbolicLinkValue");
    CHECK(ZwQueryValueKey(key, &value, KeyValuePartialInformation, room, sizeof room, &size) ==
                  STATUS_SUCCESS &&
              room[1] == REG_LINK && room[2] == sizeof ROOT L"\\Target" - 2,
          "and its value is the target");
    ZwClose(key);
    CHECK(create(&key, ROOT L"\\Target", REG_OPTION_CREATE_LINK) == STATUS_OBJECT_NAME_COLLISION,
          "an existing key is not made a link");

    CHECK(link(ROOT L"\\Second", ROOT L"\\Link\\Sub") == STATUS_SUCCESS &&
              opens(ROOT L"\\Second", 0, ROOT L"\\Target\\Sub"),
          "a link through a link");
    link(ROOT L"\\Ring", ROOT L"\\Ring2");
    link(ROOT L"\\Ring2", ROOT L"\\Ring");
    link(ROOT L"\\Lost", ROOT L"\\NoSuchKey");
    link(ROOT L"\\Relative", L"Target");
    CHECK(!NT_SUCCESS(open(&key, ROOT L"\\Ring", 0)) && !NT_SUCCESS(open(&key, ROOT L"\\Ring\\x", 0)),
          "a ring");
    CHECK(open(&key, ROOT L"\\Lost", 0) == STATUS_OBJECT_NAME_NOT_FOUND, "a target that is not there");
    CHECK(!NT_SUCCESS(open(&key, ROOT L"\\Relative", 0)), "the target path must be absolute");
    remove_key(ROOT L"\\Link");
    CHECK(open(&key, ROOT L"\\Link", OBJ_OPENLINK) == STATUS_OBJECT_NAME_NOT_FOUND &&
              opens(ROOT L"\\Target", 0, ROOT L"\\Target"),
          "the link deleted, the target stays");
    PCWSTR left[] = {ROOT L"\\Second",   ROOT L"\\Ring",        ROOT L"\\Ring2",  ROOT L"\\Lost",
                     ROOT L"\\Relative", ROOT L"\\Target\\Sub", ROOT L"\\Target", ROOT};
    for (int i = 0; i < 8; ++i)
        remove_key(left[i]);
    CHECK(open(&key, ROOT, 0) == STATUS_OBJECT_NAME_NOT_FOUND, "nothing is left");
}

#define SYSTEM L"\\Registry\\Machine\\System"
static void control_sets(void) {
    HANDLE key;
    UNICODE_STRING value;
    ULONG room[100] = {0}, size;
    CHECK(opens(SYSTEM L"\\CurrentControlSet\\Services", 0, SYSTEM L"\\ControlSet001\\Services"),
          "CurrentControlSet is a link to ControlSet001");
    CHECK(opens(SYSTEM L"\\CurrentControlSet", OBJ_OPENLINK, SYSTEM L"\\CurrentControlSet"),
          "which can be opened");
    RtlInitUnicodeString(&value, L"Current");
    CHECK(open(&key, SYSTEM L"\\Select", 0) == STATUS_SUCCESS &&
              ZwQueryValueKey(key, &value, KeyValuePartialInformation, room, sizeof room, &size) ==
                  STATUS_SUCCESS &&
              room[1] == REG_DWORD && room[3] == 1,
          "Select\\Current says which");
    ZwClose(key);
    CHECK(RtlCheckRegistryKey(RTL_REGISTRY_SERVICES, L"conform_zw_links") == STATUS_SUCCESS,
          "the driver's own key");
}

static void classes(void) {
    HANDLE key, sub, link_key;
    struct { // KEY_CACHED_INFORMATION
        LARGE_INTEGER time;
        ULONG title, keys, longest_key, values, longest_value, longest_data, name;
    } cached;
    ULONG flags[3] = {9, 9, 9}, bits = 9, size;
    create(&key, ROOT, REG_OPTION_VOLATILE);
    create(&sub, ROOT L"\\Longer", REG_OPTION_VOLATILE);
    set(key, L"Value", REG_SZ, L"1234");
    CHECK(ZwQueryKey(key, (KEY_INFORMATION_CLASS)4, &cached, sizeof cached, &size) == STATUS_SUCCESS &&
              cached.keys == 1 && cached.longest_key == 12 && cached.values == 1 &&
              cached.longest_value == 10 && cached.longest_data == 8 && cached.name == 24 &&
              cached.time.QuadPart > 0,
          "KeyCachedInformation");
    CHECK(ZwQueryKey(key, (KEY_INFORMATION_CLASS)4, &cached, 8, &size) == STATUS_BUFFER_TOO_SMALL &&
              size == sizeof cached,
          "STATUS_BUFFER_TOO_SMALL, and the size");
    CHECK(ZwQueryKey(key, (KEY_INFORMATION_CLASS)5, flags, sizeof flags, &size) == STATUS_SUCCESS &&
              flags[1] == 1,
          "KeyFlagsInformation: volatile");
    CHECK(ZwQueryKey(key, (KEY_INFORMATION_CLASS)6, &bits, sizeof bits, &size) == STATUS_SUCCESS && bits == 0,
          "KeyVirtualizationInformation: not virtualized");
    CHECK(ZwQueryKey(key, (KEY_INFORMATION_CLASS)7, &bits, sizeof bits, &size) == STATUS_SUCCESS,
          "KeyHandleTagsInformation");
    create(&link_key, ROOT L"\\Link", REG_OPTION_CREATE_LINK | REG_OPTION_VOLATILE);
    CHECK(ZwQueryKey(link_key, (KEY_INFORMATION_CLASS)5, flags, sizeof flags, &size) == STATUS_SUCCESS &&
              flags[1] == 3,
          "KeyFlagsInformation: a link");
    ZwDeleteKey(link_key);
    ZwDeleteKey(sub);
    ZwDeleteKey(key);
    ZwClose(link_key);
    ZwClose(sub);
    ZwClose(key);
}

static void checks(void) {
    links();
    control_sets();
    classes();
}
