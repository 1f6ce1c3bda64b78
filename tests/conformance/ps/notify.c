// Drivers that are told of processes, threads and images: nf-ntddk-pssetcreateprocessnotifyroutine and its Ex
// and Ex2 forms, ns-ntddk-ps_create_notify_info, nf-ntddk-pssetcreatethreadnotifyroutine,
// nc-ntddk-pload_image_notify_routine. What the routines hear is asked for by notify_client.c.
#define TOPIC L"PsNotify"
#define OWN_DISPATCH
#include <ntifs.h>

#include "../common/driver.h"
#include "../common/import.h"
#include "notify.h"

IMPORT(NTSTATUS, PsSetCreateProcessNotifyRoutineEx, PVOID, BOOLEAN);
IMPORT(NTSTATUS, PsSetCreateProcessNotifyRoutineEx2, ULONG, PVOID, BOOLEAN);
IMPORT(NTSTATUS, PsSetLoadImageNotifyRoutineEx, PVOID, ULONG_PTR);
IMPORT(NTSTATUS, PsLookupProcessByProcessId, HANDLE, PEPROCESS*);
IMPORT(HANDLE, PsGetCurrentThreadId, void);
IMPORT(NTSTATUS, PsGetProcessExitStatus, PEPROCESS);
IMPORT(void, KeStackAttachProcess, PVOID, PVOID);
IMPORT(void, KeUnstackDetachProcess, PVOID);
IMPORT(NTSTATUS, MmCopyVirtualMemory, PEPROCESS, PVOID, PEPROCESS, PVOID, SIZE_T, CHAR, PSIZE_T);

struct create_info {
    SIZE_T size;
    ULONG flags;
    HANDLE parent;
    CLIENT_ID creator;
    PFILE_OBJECT file;
    PCUNICODE_STRING image, line;
    NTSTATUS status;
};
struct image_info {
    ULONG properties;
    PVOID base;
    ULONG selector;
    SIZE_T size;
    ULONG section;
};

static struct event events[MOST_EVENTS];
static ULONG count;
static BOOLEAN listening, refuse, end_it;

static struct event* add(unsigned kind, HANDLE process) {
    static struct event scratch;
    struct event* e = listening && count < MOST_EVENTS ? &events[count++] : &scratch;
    RtlZeroMemory(e, sizeof *e);
    e->kind = kind;
    e->process = (unsigned)(ULONG_PTR)process;
    e->current_process = (unsigned)(ULONG_PTR)PsGetCurrentProcessId();
    e->current_thread = (unsigned)(ULONG_PTR)import_PsGetCurrentThreadId();
    e->irql = KeGetCurrentIrql();
    e->apcs_disabled = KeAreApcsDisabled();
    return e;
}

static void text(char* to, PCUNICODE_STRING from) { // the last characters that fit
    if (!from || !from->Buffer) return;
    ULONG n = from->Length / 2, skip = n > 79 ? n - 79 : 0;
    for (ULONG i = skip; i < n; ++i)
        to[i - skip] = (char)from->Buffer[i];
}

static BOOLEAN is_process(PEPROCESS process, HANDLE id) {
    PEPROCESS found;
    if (!NT_SUCCESS(import_PsLookupProcessByProcessId(id, &found))) return FALSE;
    ObDereferenceObject(found);
    return found == process;
}

static VOID NTAPI on_process(HANDLE parent, HANDLE process, BOOLEAN create) {
    add(create ? process_made : process_gone, process)->parent = (unsigned)(ULONG_PTR)parent;
}

static VOID NTAPI on_process_ex(PEPROCESS process, HANDLE id, struct create_info* info) {
    struct event* e = add(info ? process_made_ex : process_gone_ex, id);
    e->object_matches = is_process(process, id);
    e->exit_status = (unsigned)import_PsGetProcessExitStatus(process);
    if (!info) return;
    e->parent = (unsigned)(ULONG_PTR)info->parent;
    e->creator_process = (unsigned)(ULONG_PTR)info->creator.UniqueProcess;
    e->creator_thread = (unsigned)(ULONG_PTR)info->creator.UniqueThread;
    e->size = (unsigned)info->size;
    e->flags = info->flags;
    text(e->name, info->image);
    text(e->line, info->line);
    if (refuse) info->status = STATUS_ACCESS_DENIED;
    refuse = FALSE;
    HANDLE handle;
    if (end_it && NT_SUCCESS(ObOpenObjectByPointer(process, OBJ_KERNEL_HANDLE, NULL, 0,
                                                   TYPE_OF(PsProcessType), KernelMode, &handle))) {
        end_it = FALSE;
        ZwTerminateProcess(handle, 0x77);
        ZwClose(handle);
    }
}

static VOID NTAPI on_thread(HANDLE process, HANDLE thread, BOOLEAN create) {
    add(create ? thread_made : thread_gone, process)->thread = (unsigned)(ULONG_PTR)thread;
}

static VOID NTAPI on_image(PUNICODE_STRING name, HANDLE process, struct image_info* info) {
    struct event* e = add(image, process);
    text(e->name, name);
    e->flags = info->properties;
    e->base = (unsigned long long)(ULONG_PTR)info->base;
    e->length = info->size;
}

static VOID NTAPI other_process(HANDLE parent, HANDLE process, BOOLEAN create) {
    UNREFERENCED_PARAMETER(parent);
    UNREFERENCED_PARAMETER(process);
    UNREFERENCED_PARAMETER(create);
}

static NTSTATUS set_image(ULONG_PTR routine) { return PsSetLoadImageNotifyRoutine((PVOID)routine); }
static NTSTATUS remove_image(ULONG_PTR routine) { return PsRemoveLoadImageNotifyRoutine((PVOID)routine); }

static void registration(void) {
    CHECK(PsSetCreateProcessNotifyRoutine(on_process, FALSE) == STATUS_SUCCESS,
          "PsSetCreateProcessNotifyRoutine");
    CHECK(PsSetCreateProcessNotifyRoutine(on_process, FALSE) == STATUS_INVALID_PARAMETER,
          "the same routine again: STATUS_INVALID_PARAMETER");
    CHECK(PsSetCreateProcessNotifyRoutine(on_process, TRUE) == STATUS_SUCCESS, "Remove TRUE removes it");
    CHECK(!NT_SUCCESS(PsSetCreateProcessNotifyRoutine(on_process, TRUE)), "once only");
    CHECK(import_PsSetCreateProcessNotifyRoutineEx(on_process_ex, FALSE) == STATUS_SUCCESS,
          "PsSetCreateProcessNotifyRoutineEx");
    CHECK(import_PsSetCreateProcessNotifyRoutineEx(on_process_ex, FALSE) == STATUS_INVALID_PARAMETER,
          "the same routine again: STATUS_INVALID_PARAMETER");
    CHECK(import_PsSetCreateProcessNotifyRoutineEx(on_process_ex, TRUE) == STATUS_SUCCESS, "and removed");
    CHECK(import_PsSetCreateProcessNotifyRoutineEx2(1, on_process_ex, FALSE) == STATUS_INVALID_PARAMETER,
          "PsSetCreateProcessNotifyRoutineEx2, another type: STATUS_INVALID_PARAMETER");
    CHECK(import_PsSetCreateProcessNotifyRoutineEx2(0, on_process_ex, FALSE) == STATUS_SUCCESS &&
              import_PsSetCreateProcessNotifyRoutineEx2(0, on_process_ex, TRUE) == STATUS_SUCCESS,
          "PsCreateProcessNotifySubsystems");
    ULONG_PTR base = (ULONG_PTR)this_driver->DriverStart;
    ULONG n = 0;
    while (n < 70 && PsSetCreateProcessNotifyRoutine((PCREATE_PROCESS_NOTIFY_ROUTINE)(base + n), FALSE) ==
                         STATUS_SUCCESS)
        ++n;
    CHECK(n == 64, "the system can register up to 64 process-creation callback routines");
    while (n--)
        PsSetCreateProcessNotifyRoutine((PCREATE_PROCESS_NOTIFY_ROUTINE)(base + n), TRUE);
    NTSTATUS status = STATUS_SUCCESS;
    for (n = 0; n < 70 && NT_SUCCESS(status); ++n)
        status = set_image(base + n);
    CHECK(n == 65 && status == STATUS_INSUFFICIENT_RESOURCES,
          "64 load-image routines, then STATUS_INSUFFICIENT_RESOURCES");
    for (n = 0; n < 64; ++n)
        remove_image(base + n);
    CHECK(remove_image(base) == STATUS_PROCEDURE_NOT_FOUND,
          "PsRemoveLoadImageNotifyRoutine of what is not registered: STATUS_PROCEDURE_NOT_FOUND");
    CHECK(import_PsSetLoadImageNotifyRoutineEx(on_image, 2) == STATUS_INVALID_PARAMETER_2,
          "PsSetLoadImageNotifyRoutineEx, another flag: STATUS_INVALID_PARAMETER_2");
    CHECK(import_PsSetLoadImageNotifyRoutineEx(on_image, 1) == STATUS_SUCCESS &&
              NT_SUCCESS(remove_image((ULONG_PTR)on_image)),
          "PS_IMAGE_NOTIFY_CONFLICTING_ARCHITECTURE");
    CHECK(PsSetCreateProcessNotifyRoutine(other_process, FALSE) == STATUS_SUCCESS &&
              PsSetCreateProcessNotifyRoutine(other_process, TRUE) == STATUS_SUCCESS,
          "places are used again");
}

static void checks(void) {
    KIRQL irql = KeGetCurrentIrql();
    registration();
    CHECK(KeGetCurrentIrql() == irql, "the IRQL is what it was");
}

static void listen(BOOLEAN on) {
    if (on == listening) return;
    listening = on;
    PsSetCreateProcessNotifyRoutine(on_process, !on);
    import_PsSetCreateProcessNotifyRoutineEx(on_process_ex, !on);
    if (on) {
        PsSetCreateThreadNotifyRoutine(on_thread);
        PsSetLoadImageNotifyRoutine((PVOID)on_image);
    } else {
        PsRemoveCreateThreadNotifyRoutine(on_thread);
        PsRemoveLoadImageNotifyRoutine((PVOID)on_image);
    }
}

static NTSTATUS peek_at(const struct peek* what, ULONGLONG* value) {
    PEPROCESS process;
    UCHAR state[64];
    SIZE_T done;
    NTSTATUS status = import_PsLookupProcessByProcessId((HANDLE)(ULONG_PTR)what->process, &process);
    if (!NT_SUCCESS(status)) return status;
    if (what->how) {
        status = import_MmCopyVirtualMemory(process, (PVOID)(ULONG_PTR)what->address, PsGetCurrentProcess(),
                                            value, sizeof *value, KernelMode, &done);
    } else {
        import_KeStackAttachProcess(process, state);
        *value = *(volatile ULONGLONG*)(ULONG_PTR)what->address;
        import_KeUnstackDetachProcess(state);
    }
    ObDereferenceObject(process);
    return status;
}

static NTSTATUS own_dispatch(PDEVICE_OBJECT device, PIRP irp) {
    UNREFERENCED_PARAMETER(device);
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    if (stack->MajorFunction == IRP_MJ_CLEANUP) listen(FALSE);
    if (stack->MajorFunction != IRP_MJ_DEVICE_CONTROL) return complete(irp, STATUS_SUCCESS, 0);
    ULONG size = count * sizeof events[0];
    switch (stack->Parameters.DeviceIoControl.IoControlCode) {
    case IOCTL_NOTIFY_START:
        count = 0;
        listen(TRUE);
        return complete(irp, STATUS_SUCCESS, 0);
    case IOCTL_NOTIFY_EVENTS:
        if (stack->Parameters.DeviceIoControl.OutputBufferLength < size)
            return complete(irp, STATUS_BUFFER_TOO_SMALL, 0);
        RtlCopyMemory(irp->AssociatedIrp.SystemBuffer, events, size);
        return complete(irp, STATUS_SUCCESS, size);
    case IOCTL_NOTIFY_REFUSE:
        refuse = TRUE;
        return complete(irp, STATUS_SUCCESS, 0);
    case IOCTL_NOTIFY_END:
        end_it = TRUE;
        return complete(irp, STATUS_SUCCESS, 0);
    case IOCTL_NOTIFY_PEEK: {
        struct peek what = *(struct peek*)irp->AssociatedIrp.SystemBuffer;
        NTSTATUS status = peek_at(&what, irp->AssociatedIrp.SystemBuffer);
        return complete(irp, status, NT_SUCCESS(status) ? sizeof(ULONGLONG) : 0);
    }
    default:
        return complete(irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
}
