// Callbacks about handles: nf-wdm-obregistercallbacks, nf-wdm-obunregistercallbacks,
// ns-wdm-_ob_callback_registration, ns-wdm-_ob_operation_registration, nc-wdm-pob_pre_operation_callback,
// nc-wdm-pob_post_operation_callback, ns-wdm-_ob_pre_create_handle_information and its kin.
#define TOPIC L"ObCallbacks"
#include <ntifs.h>

#include "../common/driver.h"
#include "../common/import.h"

IMPORT(NTSTATUS, ObRegisterCallbacks, POB_CALLBACK_REGISTRATION, PVOID*);
IMPORT(void, ObUnRegisterCallbacks, PVOID);
IMPORT(USHORT, ObGetFilterVersion, void);
IMPORT(NTSTATUS, ObOpenObjectByPointer, PVOID, ULONG, PVOID, ACCESS_MASK, POBJECT_TYPE, KPROCESSOR_MODE,
       PHANDLE);
IMPORT(NTSTATUS, ZwDuplicateObject, HANDLE, HANDLE, HANDLE, PHANDLE, ACCESS_MASK, ULONG, ULONG);
IMPORT(NTSTATUS, ZwQueryObject, HANDLE, ULONG, PVOID, ULONG, PULONG);
IMPORT_DATA(PVOID, PsProcessType);
IMPORT_DATA(PVOID, PsThreadType);
IMPORT_DATA(PVOID, IoFileObjectType);
IMPORT_DATA(PVOID, ExDesktopObjectType);

#define TERMINATE 0x1
#define VM_WRITE 0x20
#define DUP_HANDLE 0x40
#define QUERY 0x400
#define ALL 0x1fffff

typedef struct {
    ULONG calls, operation, kernel;
    PVOID object, type, context, source, target;
    ACCESS_MASK desired, original, strip, add;
    KIRQL irql;
    BOOLEAN apcs_disabled;
} BEFORE;
typedef struct {
    ULONG calls, operation;
    PVOID object, context;
    NTSTATUS status;
    ACCESS_MASK granted;
    BOOLEAN parameters;
} AFTER;

static struct {
    BEFORE before;
    AFTER after;
    ULONG number;
} high, low;
static ULONG order[16], steps;

static void step(ULONG what) {
    if (steps < 16) order[steps++] = what;
}

static OB_PREOP_CALLBACK_STATUS NTAPI before(PVOID context, POB_PRE_OPERATION_INFORMATION information) {
    BEFORE* b = context == &high ? &high.before : &low.before;
    POB_PRE_CREATE_HANDLE_INFORMATION create = &information->Parameters->CreateHandleInformation;
    step(context == &high ? 1 : 2);
    b->calls++;
    b->operation = information->Operation;
    b->kernel = information->KernelHandle;
    b->object = information->Object;
    b->type = information->ObjectType;
    b->context = information->CallContext;
    b->irql = KeGetCurrentIrql();
    b->apcs_disabled = KeAreApcsDisabled();
    b->desired = create->DesiredAccess;
    b->original = create->OriginalDesiredAccess;
    if (information->Operation == OB_OPERATION_HANDLE_DUPLICATE) {
        b->source = information->Parameters->DuplicateHandleInformation.SourceProcess;
        b->target = information->Parameters->DuplicateHandleInformation.TargetProcess;
    }
    create->DesiredAccess = (create->DesiredAccess & ~b->strip) | b->add;
    information->CallContext = (PVOID)(ULONG_PTR)(0x1000 + b->calls);
    return OB_PREOP_SUCCESS;
}
static VOID NTAPI after(PVOID context, POB_POST_OPERATION_INFORMATION information) {
    AFTER* a = context == &high ? &high.after : &low.after;
    step(context == &high ? 3 : 4);
    a->calls++;
    a->operation = information->Operation;
    a->object = information->Object;
    a->context = information->CallContext;
    a->status = information->ReturnStatus;
    a->parameters = NT_SUCCESS(information->ReturnStatus);
    if (a->parameters) a->granted = information->Parameters->CreateHandleInformation.GrantedAccess;
}

static OB_OPERATION_REGISTRATION operation_on(PVOID type) {
    OB_OPERATION_REGISTRATION o;
    o.ObjectType = type;
    o.Operations = OB_OPERATION_HANDLE_CREATE | OB_OPERATION_HANDLE_DUPLICATE;
    o.PreOperation = before;
    o.PostOperation = after;
    return o;
}
static NTSTATUS register_at(PCWSTR altitude, PVOID context, OB_OPERATION_REGISTRATION* operations,
                            USHORT count, USHORT version, PVOID* handle) {
    OB_CALLBACK_REGISTRATION r;
    r.Version = version;
    r.OperationRegistrationCount = count;
    RtlInitUnicodeString(&r.Altitude, altitude);
    r.RegistrationContext = context;
    r.OperationRegistration = operations;
    *handle = NULL;
    return import_ObRegisterCallbacks(&r, handle);
}

static void registrations(void) {
    PVOID handle, second;
    OB_OPERATION_REGISTRATION o = operation_on((PVOID)import_PsProcessType);
    const USHORT version = OB_FLT_REGISTRATION_VERSION;
    CHECK(import_ObGetFilterVersion() == OB_FLT_REGISTRATION_VERSION, "ObGetFilterVersion");
    CHECK(register_at(L"370000", &high, &o, 1, version, &handle) == STATUS_SUCCESS && handle,
          "ObRegisterCallbacks: STATUS_SUCCESS and a handle");
    CHECK(register_at(L"370000", &low, &o, 1, version, &second) == STATUS_FLT_INSTANCE_ALTITUDE_COLLISION,
          "the same altitude again: STATUS_FLT_INSTANCE_ALTITUDE_COLLISION");
    OB_OPERATION_REGISTRATION thread = operation_on((PVOID)import_PsThreadType);
    CHECK(register_at(L"370000", &low, &thread, 1, version, &second) ==
              STATUS_FLT_INSTANCE_ALTITUDE_COLLISION,
          "for another type, too");
    CHECK(register_at(L"370000.5", &low, &o, 1, version, &second) == STATUS_SUCCESS,
          "a fraction makes another altitude");
    import_ObUnRegisterCallbacks(second);
    import_ObUnRegisterCallbacks(handle);
    CHECK(register_at(L"370000", &high, &o, 1, version, &handle) == STATUS_SUCCESS,
          "ObUnRegisterCallbacks: the altitude is free again");
    import_ObUnRegisterCallbacks(handle);
    CHECK(register_at(L"370000", &high, &o, 1, 0x200, &handle) == STATUS_INVALID_PARAMETER,
          "STATUS_INVALID_PARAMETER: an invalid version");
    CHECK(register_at(L"370000", &high, &o, 0, version, &handle) == STATUS_INVALID_PARAMETER,
          "STATUS_INVALID_PARAMETER: no operation");
    o = operation_on((PVOID)import_IoFileObjectType);
    CHECK(register_at(L"370000", &high, &o, 1, version, &handle) == STATUS_INVALID_PARAMETER,
          "STATUS_INVALID_PARAMETER: a type that does not support callbacks");
    o = operation_on((PVOID)import_PsProcessType);
    o.PreOperation = NULL, o.PostOperation = NULL;
    CHECK(!NT_SUCCESS(register_at(L"370000", &high, &o, 1, version, &handle)),
          "PreOperation and PostOperation both NULL: the registration fails");
    o = operation_on((PVOID)import_PsProcessType);
    o.Operations = 0;
    CHECK(register_at(L"370000", &high, &o, 1, version, &handle) == STATUS_INVALID_PARAMETER,
          "STATUS_INVALID_PARAMETER: no flag in Operations");
    o = operation_on((PVOID)import_PsProcessType);
    o.PreOperation = (POB_PRE_OPERATION_CALLBACK)this_driver;
    CHECK(register_at(L"370000", &high, &o, 1, version, &handle) == STATUS_ACCESS_DENIED,
          "STATUS_ACCESS_DENIED: a routine that is in no image");
    OB_OPERATION_REGISTRATION three[3] = {operation_on((PVOID)import_PsProcessType),
                                          operation_on((PVOID)import_PsThreadType),
                                          operation_on((PVOID)import_ExDesktopObjectType)};
    CHECK(register_at(L"370000", &high, three, 3, version, &handle) == STATUS_SUCCESS,
          "processes, threads and desktops");
    if (handle) import_ObUnRegisterCallbacks(handle);
}

static ACCESS_MASK access_of(HANDLE handle) {
    PUBLIC_OBJECT_BASIC_INFORMATION basic = {0};
    import_ZwQueryObject(handle, 0, &basic, sizeof basic, NULL);
    return basic.GrantedAccess;
}
static void forget(void) {
    RtlZeroMemory(&high, sizeof high);
    RtlZeroMemory(&low, sizeof low);
    steps = 0;
}

static void handles(void) {
    PVOID first, second, third;
    HANDLE handle = NULL, copy = NULL;
    PEPROCESS process = PsGetCurrentProcess();
    POBJECT_TYPE type = TYPE_OF(PsProcessType);
    OB_OPERATION_REGISTRATION o = operation_on((PVOID)import_PsProcessType);
    OB_OPERATION_REGISTRATION t = operation_on((PVOID)import_PsThreadType);
    if (!NT_SUCCESS(register_at(L"99000", &low, &o, 1, OB_FLT_REGISTRATION_VERSION, &first)) ||
        !NT_SUCCESS(register_at(L"370000", &high, &o, 1, OB_FLT_REGISTRATION_VERSION, &second)))
        return;
    forget();
    high.before.strip = TERMINATE | VM_WRITE;
    NTSTATUS status = import_ObOpenObjectByPointer(process, 0, NULL, ALL, type, UserMode, &handle);
    CHECK(status == STATUS_SUCCESS && high.before.calls == 1 && low.before.calls == 1,
          "a handle is made: ObjectPreCallback is called");
    CHECK(steps == 4 && order[0] == 1 && order[1] == 2 && order[2] == 4 && order[3] == 3,
          "the higher altitude before the lower, and after it in the post-operations");
    CHECK(high.before.operation == OB_OPERATION_HANDLE_CREATE && high.before.object == process &&
              high.before.type == type && high.before.kernel == 0 && high.before.context == NULL,
          "Operation, Object, ObjectType, KernelHandle, CallContext");
    CHECK(high.before.irql == PASSIVE_LEVEL && high.before.apcs_disabled,
          "at PASSIVE_LEVEL with normal kernel APCs disabled");
    CHECK(high.before.desired == ALL && high.before.original == ALL,
          "DesiredAccess equals OriginalDesiredAccess by default");
    CHECK(low.before.desired == (ALL & ~(TERMINATE | VM_WRITE)) && low.before.original == ALL,
          "the next routine sees what is left of it");
    CHECK(access_of(handle) == (ALL & ~(TERMINATE | VM_WRITE)), "the handle lacks what was removed");
    CHECK(high.after.calls == 1 && high.after.status == STATUS_SUCCESS && high.after.object == process &&
              high.after.granted == (ALL & ~(TERMINATE | VM_WRITE)) &&
              high.after.operation == OB_OPERATION_HANDLE_CREATE,
          "ObjectPostCallback: ReturnStatus, GrantedAccess");
    CHECK(high.after.context == (PVOID)0x1001 && low.after.context == (PVOID)0x1001,
          "CallContext of the pre-operation comes to the post-operation");
    ZwClose(handle);

    forget();
    high.before.add = VM_WRITE;
    import_ObOpenObjectByPointer(process, 0, NULL, QUERY, type, UserMode, &handle);
    // "A handle that has … PROCESS_QUERY_INFORMATION … is automatically granted" the limited right, 0x1000.
    CHECK(access_of(handle) == (QUERY | 0x1000), "access rights can never be added");
    ZwClose(handle);

    forget();
    import_ObOpenObjectByPointer(process, OBJ_KERNEL_HANDLE, NULL, ALL, type, KernelMode, &handle);
    CHECK(high.before.calls == 1 && high.before.kernel == 1, "a kernel handle: KernelHandle is 1");
    ZwClose(handle);
    forget();
    high.before.strip = VM_WRITE;
    import_ObOpenObjectByPointer(process, 0, NULL, ALL, type, KernelMode, &handle);
    CHECK(access_of(handle) == ALL,
          "ObOpenObjectByPointer with KernelMode: the requested access is always allowed");
    forget();
    status = import_ZwDuplicateObject(NtCurrentProcess(), handle, NtCurrentProcess(), &copy, 0, 0,
                                      DUPLICATE_SAME_ACCESS);
    CHECK(status == STATUS_SUCCESS && high.before.calls == 1 &&
              high.before.operation == OB_OPERATION_HANDLE_DUPLICATE && high.before.source == process &&
              high.before.target == process && high.before.original == ALL &&
              high.after.operation == OB_OPERATION_HANDLE_DUPLICATE,
          "OB_OPERATION_HANDLE_DUPLICATE: SourceProcess, TargetProcess, the access");
    ZwClose(copy);
    forget();
    import_ZwDuplicateObject(NtCurrentProcess(), handle, NtCurrentProcess(), &copy, 0, OBJ_KERNEL_HANDLE,
                             DUPLICATE_SAME_ACCESS);
    CHECK(high.before.kernel == 1 && high.before.target == PsInitialSystemProcess,
          "into the kernel's table: the System process is the target");
    ZwClose(copy);
    ZwClose(handle);

    forget();
    import_ObOpenObjectByPointer(PsGetCurrentThread(), 0, NULL, 0x40, TYPE_OF(PsThreadType), UserMode,
                                 &handle);
    CHECK(high.before.calls == 0, "handles of a type that was not named: no call");
    ZwClose(handle);
    import_ObUnRegisterCallbacks(second);
    forget();
    import_ObOpenObjectByPointer(process, 0, NULL, QUERY, type, UserMode, &handle);
    CHECK(high.before.calls == 0 && low.before.calls == 1, "ObUnRegisterCallbacks: no call any more");
    ZwClose(handle);
    import_ObUnRegisterCallbacks(first);

    t.PreOperation = NULL;
    t.Operations = OB_OPERATION_HANDLE_CREATE;
    if (!NT_SUCCESS(register_at(L"1", &low, &t, 1, OB_FLT_REGISTRATION_VERSION, &third))) return;
    forget();
    import_ObOpenObjectByPointer(PsGetCurrentThread(), 0, NULL, 0x40, TYPE_OF(PsThreadType), UserMode,
                                 &handle);
    CHECK(low.after.calls == 1 && low.after.context == NULL && low.after.granted == 0x40,
          "a registration with PostOperation alone");
    import_ZwDuplicateObject(NtCurrentProcess(), handle, NtCurrentProcess(), &copy, 0, 0,
                             DUPLICATE_SAME_ACCESS);
    CHECK(low.after.calls == 1, "Operations without OB_OPERATION_HANDLE_DUPLICATE: no call");
    ZwClose(copy);
    ZwClose(handle);
    import_ObUnRegisterCallbacks(third);
}

// "A driver must unregister all callback routines before it unloads": unregistering waits for those that run.
static KEVENT entered, leave;
static volatile LONG returned;

static OB_PREOP_CALLBACK_STATUS NTAPI slow(PVOID context, POB_PRE_OPERATION_INFORMATION information) {
    UNREFERENCED_PARAMETER(context);
    UNREFERENCED_PARAMETER(information);
    KeSetEvent(&entered, 0, FALSE);
    KeWaitForSingleObject(&leave, Executive, KernelMode, FALSE, NULL);
    returned = 1;
    return OB_PREOP_SUCCESS;
}
static VOID NTAPI opener(PVOID process) {
    HANDLE handle;
    if (NT_SUCCESS(import_ObOpenObjectByPointer(process, OBJ_KERNEL_HANDLE, NULL, QUERY,
                                                TYPE_OF(PsProcessType), KernelMode, &handle)))
        ZwClose(handle);
    PsTerminateSystemThread(STATUS_SUCCESS);
}
static VOID NTAPI releaser(PVOID context) {
    LARGE_INTEGER time;
    UNREFERENCED_PARAMETER(context);
    time.QuadPart = -500000;
    KeDelayExecutionThread(KernelMode, FALSE, &time);
    KeSetEvent(&leave, 0, FALSE);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static void running(void) {
    PVOID registration, thread = NULL;
    HANDLE a = NULL, b = NULL;
    OB_OPERATION_REGISTRATION o = operation_on((PVOID)import_PsProcessType);
    o.PreOperation = slow;
    o.PostOperation = NULL;
    KeInitializeEvent(&entered, NotificationEvent, FALSE);
    KeInitializeEvent(&leave, NotificationEvent, FALSE);
    if (!NT_SUCCESS(register_at(L"5.25", &low, &o, 1, OB_FLT_REGISTRATION_VERSION, &registration))) return;
    PsCreateSystemThread(&a, THREAD_ALL_ACCESS, NULL, NULL, NULL, opener, PsGetCurrentProcess());
    KeWaitForSingleObject(&entered, Executive, KernelMode, FALSE, NULL);
    PsCreateSystemThread(&b, THREAD_ALL_ACCESS, NULL, NULL, NULL, releaser, NULL);
    import_ObUnRegisterCallbacks(registration);
    CHECK(returned == 1, "ObUnRegisterCallbacks waits for a routine that runs");
    ObReferenceObjectByHandle(a, 0, NULL, KernelMode, &thread, NULL);
    KeWaitForSingleObject(thread, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(thread);
    ObReferenceObjectByHandle(b, 0, NULL, KernelMode, &thread, NULL);
    KeWaitForSingleObject(thread, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(thread);
    ZwClose(a);
    ZwClose(b);
}

static void checks(void) {
    registrations();
    handles();
    running();
}
