// RtlQueryRegistryValues entry by entry: nf-wdm-rtlqueryregistryvalues, nc-wdm-rtl_query_registry_routine.
#define TOPIC L"RtlRegistry"
#include "../common/driver.h"

#define ROOT L"\\Registry\\Machine\\Software\\ConformRtlRegistry"
#define TYPECHECK 0x100
#define EXPECT(type) ((ULONG)(type) << 24)

#define MAX_CALLS 8
static struct {
    WCHAR first; // of the name, 0: no name
    ULONG type, length;
    WCHAR data;
    PVOID context, entry_context;
} calls[MAX_CALLS];
static ULONG count;
static NTSTATUS reply;

static NTSTATUS NTAPI routine(PWSTR name, ULONG type, PVOID data, ULONG length, PVOID context,
                              PVOID entry_context) {
    if (count < MAX_CALLS) {
        calls[count].first = name ? name[0] : 0, calls[count].type = type, calls[count].length = length;
        calls[count].data = data && length >= 2 ? *(PWCHAR)data : 0;
        calls[count].context = context, calls[count].entry_context = entry_context;
    }
    ++count;
    return reply;
}

static RTL_QUERY_REGISTRY_TABLE table[8];
static ULONG entries;
static void fresh(void) {
    RtlZeroMemory(table, sizeof table);
    entries = count = 0;
    reply = STATUS_SUCCESS;
}
static PRTL_QUERY_REGISTRY_TABLE add(PRTL_QUERY_REGISTRY_ROUTINE call, ULONG flags, PWSTR name,
                                     PVOID context) {
    PRTL_QUERY_REGISTRY_TABLE e = &table[entries++];
    e->QueryRoutine = call, e->Flags = flags, e->Name = name, e->EntryContext = context;
    return e;
}
static int context;
static NTSTATUS query(void) {
    return RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, ROOT, table, &context, NULL);
}

static void prepare(void) {
    ULONG number = 0x12345678;
    UCHAR bytes[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    RtlWriteRegistryValue(RTL_REGISTRY_ABSOLUTE, ROOT, L"Number", REG_DWORD, &number, 4);
    RtlWriteRegistryValue(RTL_REGISTRY_ABSOLUTE, ROOT, L"Text", REG_SZ, L"hello", 12);
    RtlWriteRegistryValue(RTL_REGISTRY_ABSOLUTE, ROOT, L"Many", REG_MULTI_SZ, L"one\0two\0", 18);
    RtlWriteRegistryValue(RTL_REGISTRY_ABSOLUTE, ROOT, L"Bytes", REG_BINARY, bytes, 12);
    RtlCreateRegistryKey(RTL_REGISTRY_ABSOLUTE, ROOT L"\\Sub");
    RtlWriteRegistryValue(RTL_REGISTRY_ABSOLUTE, ROOT L"\\Sub", L"Inner", REG_SZ, L"x", 4);
    RtlCreateRegistryKey(RTL_REGISTRY_ABSOLUTE, ROOT L"\\Empty");
}

static void routines(void) {
    int mark;
    fresh();
    add(routine, 0, L"Text", &mark);
    CHECK(query() == STATUS_SUCCESS && count == 1 && calls[0].first == L'T' && calls[0].type == REG_SZ &&
              calls[0].length == 12 && calls[0].data == L'h',
          "the routine gets name, type, data and length");
    CHECK(calls[0].context == &context && calls[0].entry_context == &mark, "and both contexts");
    fresh();
    add(routine, 0, L"Many", NULL);
    CHECK(query() == STATUS_SUCCESS && count == 2 && calls[0].type == REG_SZ && calls[0].data == L'o' &&
              calls[0].length == 8 && calls[1].data == L't' && calls[1].first == L'M',
          "REG_MULTI_SZ: each string in a call of its own, as REG_SZ with the same name");
    fresh();
    add(routine, RTL_QUERY_REGISTRY_NOEXPAND, L"Many", NULL);
    CHECK(query() == STATUS_SUCCESS && count == 1 && calls[0].type == REG_MULTI_SZ && calls[0].length == 18,
          "RTL_QUERY_REGISTRY_NOEXPAND: the raw value");
    fresh();
    add(routine, 0, NULL, NULL);
    CHECK(query() == STATUS_SUCCESS && count == 5, "without a name: all values of the key");
    fresh();
    add(routine, RTL_QUERY_REGISTRY_NOVALUE, NULL, &mark);
    CHECK(query() == STATUS_SUCCESS && count == 1 && calls[0].type == REG_NONE && calls[0].length == 0 &&
              calls[0].entry_context == &mark,
          "RTL_QUERY_REGISTRY_NOVALUE: one call without a value");
    fresh();
    add(routine, 0, L"Text", NULL);
    add(routine, 0, L"Number", NULL);
    reply = STATUS_DEVICE_DATA_ERROR;
    CHECK(query() == STATUS_DEVICE_DATA_ERROR && count == 1,
          "an error of the routine ends the processing and is returned");
    reply = STATUS_BUFFER_TOO_SMALL, count = 0;
    CHECK(query() == STATUS_SUCCESS && count == 2, "but STATUS_BUFFER_TOO_SMALL is ignored");
}

static void missing(void) {
    ULONG fallback = 77;
    fresh();
    add(routine, 0, L"Nothing", NULL);
    CHECK(query() == STATUS_SUCCESS && count == 0,
          "a value that is missing, not required and without default");
    fresh();
    PRTL_QUERY_REGISTRY_TABLE e = add(routine, 0, L"Nothing", NULL);
    e->DefaultType = REG_DWORD, e->DefaultData = &fallback, e->DefaultLength = 4;
    CHECK(query() == STATUS_SUCCESS && count == 1 && calls[0].type == REG_DWORD && calls[0].length == 4 &&
              calls[0].data == 77 && calls[0].first == L'N',
          "the default is used as the value");
    fresh();
    e = add(routine, 0, L"Nothing", NULL);
    e->DefaultType = REG_SZ, e->DefaultData = L"abc", e->DefaultLength = 0;
    CHECK(query() == STATUS_SUCCESS && count == 1 && calls[0].length == 8,
          "the length of a default string is computed");
    fresh();
    add(routine, RTL_QUERY_REGISTRY_REQUIRED, L"Nothing", NULL);
    add(routine, 0, L"Text", NULL);
    CHECK(query() == STATUS_OBJECT_NAME_NOT_FOUND && count == 0,
          "RTL_QUERY_REGISTRY_REQUIRED: STATUS_OBJECT_NAME_NOT_FOUND at once");
    fresh();
    add(routine, 0, L"Text", NULL);
    CHECK(RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, ROOT L"\\NoSuchKey", table, NULL, NULL) ==
              STATUS_OBJECT_NAME_NOT_FOUND,
          "a path that does not match: STATUS_OBJECT_NAME_NOT_FOUND");
    CHECK(RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE | RTL_REGISTRY_OPTIONAL, ROOT L"\\NoSuchKey", table,
                                 NULL, NULL) == STATUS_SUCCESS &&
              count == 0,
          "RTL_REGISTRY_OPTIONAL: the key may be missing");
}

static void subkeys(void) {
    fresh();
    add(NULL, RTL_QUERY_REGISTRY_SUBKEY, L"Sub", NULL);
    add(routine, 0, L"Inner", NULL);
    add(routine, RTL_QUERY_REGISTRY_TOPKEY, L"Number", NULL);
    CHECK(query() == STATUS_SUCCESS && count == 2 && calls[0].first == L'I' && calls[1].first == L'N',
          "RTL_QUERY_REGISTRY_SUBKEY for what follows, RTL_QUERY_REGISTRY_TOPKEY goes back");
    fresh();
    add(NULL, RTL_QUERY_REGISTRY_SUBKEY, L"Sub", NULL);
    add(NULL, RTL_QUERY_REGISTRY_SUBKEY, L"Empty", NULL);
    add(routine, 0, L"Inner", NULL);
    CHECK(query() == STATUS_SUCCESS && count == 0, "each subkey is relative to Path");
    fresh();
    add(NULL, RTL_QUERY_REGISTRY_SUBKEY | RTL_QUERY_REGISTRY_REQUIRED, L"NoSuchSub", NULL);
    CHECK(query() == STATUS_OBJECT_NAME_NOT_FOUND,
          "a subkey that is required and missing: STATUS_OBJECT_NAME_NOT_FOUND");
    fresh();
    add(NULL, RTL_QUERY_REGISTRY_SUBKEY, NULL, NULL);
    CHECK(query() == STATUS_INVALID_PARAMETER, "a subkey without name: STATUS_INVALID_PARAMETER");
}

static void direct(void) {
    ULONG number = 0;
    WCHAR room[8];
    UNICODE_STRING text = {0, sizeof room, room}, made = {0, 0, NULL};
    LONG buffer[8];
    fresh();
    PRTL_QUERY_REGISTRY_TABLE e = add(NULL, RTL_QUERY_REGISTRY_DIRECT | TYPECHECK, L"Number", &number);
    e->DefaultType = EXPECT(REG_DWORD);
    CHECK(query() == STATUS_SUCCESS && number == 0x12345678,
          "RTL_QUERY_REGISTRY_DIRECT with RTL_QUERY_REGISTRY_TYPECHECK: a REG_DWORD");
    e->DefaultType = EXPECT(REG_SZ);
    CHECK(query() == STATUS_OBJECT_TYPE_MISMATCH, "STATUS_OBJECT_TYPE_MISMATCH");
    fresh();
    e = add(NULL, RTL_QUERY_REGISTRY_DIRECT | TYPECHECK, L"Text", &text);
    e->DefaultType = EXPECT(REG_SZ);
    CHECK(query() == STATUS_SUCCESS && text.Length == 10 && room[4] == L'o' && text.Buffer == room,
          "a string into the caller's buffer");
    text.MaximumLength = 6;
    CHECK(query() == STATUS_BUFFER_TOO_SMALL, "that is too small: STATUS_BUFFER_TOO_SMALL");
    e->EntryContext = &made;
    CHECK(query() == STATUS_SUCCESS && made.Buffer && made.Length == 10 && made.MaximumLength >= 12,
          "a null Buffer: the routine allocates it");
    RtlFreeUnicodeString(&made);
    fresh();
    buffer[0] = -12;
    add(NULL, RTL_QUERY_REGISTRY_DIRECT, L"Bytes", buffer);
    CHECK(query() == STATUS_SUCCESS && ((PUCHAR)buffer)[0] == 1 && ((PUCHAR)buffer)[11] == 12,
          "more than a ULONG: a buffer that begins with its negative size gets the data");
    buffer[0] = 20;
    CHECK(query() == STATUS_SUCCESS && buffer[0] == 12 && buffer[1] == REG_BINARY &&
              ((PUCHAR)&buffer[2])[11] == 12,
          "with a positive size it gets length, type and data");
    buffer[0] = -8;
    CHECK(query() == STATUS_BUFFER_TOO_SMALL, "too small: STATUS_BUFFER_TOO_SMALL");
    fresh();
    add(NULL, RTL_QUERY_REGISTRY_DIRECT, NULL, buffer);
    table[0].QueryRoutine = routine;
    CHECK(query() == STATUS_INVALID_PARAMETER,
          "RTL_QUERY_REGISTRY_DIRECT needs a name and no routine: STATUS_INVALID_PARAMETER");
    fresh();
    add(NULL, 0, L"Text", NULL);
    CHECK(query() == STATUS_INVALID_PARAMETER,
          "neither routine nor RTL_QUERY_REGISTRY_DIRECT: STATUS_INVALID_PARAMETER");
    ULONG fallback = 5;
    fresh();
    number = 0;
    e = add(NULL, RTL_QUERY_REGISTRY_DIRECT | TYPECHECK, L"Nothing", &number);
    e->DefaultType = EXPECT(REG_DWORD) | REG_DWORD, e->DefaultData = &fallback, e->DefaultLength = 4;
    CHECK(query() == STATUS_SUCCESS && number == 5, "a default, directly");
}

static void deleting(void) {
    fresh();
    add(routine, RTL_QUERY_REGISTRY_DELETE, L"Text", NULL);
    CHECK(query() == STATUS_SUCCESS && count == 1, "RTL_QUERY_REGISTRY_DELETE: the value is queried");
    fresh();
    add(routine, RTL_QUERY_REGISTRY_REQUIRED, L"Text", NULL);
    CHECK(query() == STATUS_OBJECT_NAME_NOT_FOUND, "and then gone");
}

static void remove_key(PCWSTR path) {
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES oa;
    HANDLE key;
    RtlInitUnicodeString(&name, path);
    InitializeObjectAttributes(&oa, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    if (!NT_SUCCESS(ZwOpenKey(&key, DELETE, &oa))) return;
    ZwDeleteKey(key);
    ZwClose(key);
}

static void checks(void) {
    RtlCreateRegistryKey(RTL_REGISTRY_ABSOLUTE, ROOT);
    prepare();
    routines();
    missing();
    subkeys();
    direct();
    deleting();
    remove_key(ROOT L"\\Sub");
    remove_key(ROOT L"\\Empty");
    remove_key(ROOT);
}
