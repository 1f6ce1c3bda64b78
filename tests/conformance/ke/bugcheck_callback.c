// Bug-check callbacks, as the pages of KeRegisterBugCheckCallback, KeRegisterBugCheckReasonCallback and
// KBUGCHECK_CALLBACK_ROUTINE document them: DriverEntry registers two and stops the machine; the second one
// goes wrong itself.
#include <ntddk.h>

static KBUGCHECK_CALLBACK_RECORD first, second, removed;
static KBUGCHECK_REASON_CALLBACK_RECORD reason;
static UCHAR state[4] = {1, 2, 3, 4};

static VOID NTAPI on_stop(PVOID buffer, ULONG length) {
    DbgPrint("callback at IRQL %d, %u bytes, %s\n", KeGetCurrentIrql(), length,
             buffer == state ? "its buffer" : "WRONG");
}
static VOID NTAPI on_stop_badly(PVOID buffer, ULONG length) {
    UNREFERENCED_PARAMETER(length);
    DbgPrint("a callback that goes wrong\n");
    *(volatile ULONG*)buffer = 1;
}
static VOID NTAPI never(PVOID buffer, ULONG length) {
    UNREFERENCED_PARAMETER(buffer);
    DbgPrint("NOT CALLED %u\n", length);
}
static VOID NTAPI on_dump(KBUGCHECK_CALLBACK_REASON why, struct _KBUGCHECK_REASON_CALLBACK_RECORD* record,
                          PVOID data, ULONG length) {
    UNREFERENCED_PARAMETER(why);
    UNREFERENCED_PARAMETER(record);
    UNREFERENCED_PARAMETER(data);
    UNREFERENCED_PARAMETER(length);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path) {
    UNREFERENCED_PARAMETER(driver);
    UNREFERENCED_PARAMETER(registry_path);
    PUCHAR name = (PUCHAR) "conformance";
    PKBUGCHECK_CALLBACK_RECORD one = &first, two = &second, three = &removed;
    PKBUGCHECK_REASON_CALLBACK_RECORD four = &reason;
    KeInitializeCallbackRecord(one);
    KeInitializeCallbackRecord(two);
    KeInitializeCallbackRecord(three);
    KeInitializeCallbackRecord(four);
    BOOLEAN once = KeRegisterBugCheckCallback(&first, on_stop, state, sizeof state, name);
    BOOLEAN twice = KeRegisterBugCheckCallback(&first, on_stop, state, sizeof state, name);
    DbgPrint("registered: %d, twice: %d\n", once, twice);
    KeRegisterBugCheckCallback(&removed, never, NULL, 0, name);
    BOOLEAN gone = KeDeregisterBugCheckCallback(&removed), again = KeDeregisterBugCheckCallback(&removed);
    DbgPrint("removed: %d, twice: %d\n", gone, again);
    once = KeRegisterBugCheckReasonCallback(&reason, on_dump, KbCallbackSecondaryDumpData, name);
    DbgPrint("with a reason: %d, removed: %d\n", once, KeDeregisterBugCheckReasonCallback(&reason));
    KeRegisterBugCheckCallback(&second, on_stop_badly, NULL, 0, name);
    KeBugCheckEx(0xE2, 1, 2, 3, 4);
    return STATUS_SUCCESS;
}
