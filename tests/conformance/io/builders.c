// What each builder of an IRP leaves in it, by the pages of IoAllocateIrp(Ex), IoInitializeIrp, IoReuseIrp,
// IoSizeOfIrp, IoBuildSynchronousFsdRequest, IoBuildAsynchronousFsdRequest, IoBuildDeviceIoControlRequest,
// IoMakeAssociatedIrp and IRP, and "Buffer Descriptions for I/O Control Codes".
#define TOPIC L"IoBuilders"
#define OWN_DISPATCH
#include "../common/driver.h"
#include "../common/import.h"

// Checks run for many requests: each says once that it passed, and every time that it failed.
#undef CHECK
#define CHECK(condition, what)                                                                               \
    do {                                                                                                     \
        static BOOLEAN told;                                                                                 \
        BOOLEAN good = (condition) ? TRUE : FALSE;                                                           \
        if (!good || !told) report(good, what, __FILE__, __LINE__);                                          \
        told = TRUE;                                                                                         \
    } while (0)

IMPORT(PIRP, IoAllocateIrpEx, PDEVICE_OBJECT, CCHAR, BOOLEAN);

enum { buffered = 0x10, input_too = 0x40, deallocate = 0x20, associated = 8, quota_charged = 1 };

typedef struct {
    NTSTATUS status; // to answer with
    ULONG_PTR information;
    ULONG fill; // bytes of the system buffer that become 0x77
    PVOID given_buffer;
} EXTENSION;

static NTSTATUS own_dispatch(PDEVICE_OBJECT device, PIRP irp) {
    EXTENSION* e = device->DeviceExtension;
    UCHAR major = IoGetCurrentIrpStackLocation(irp)->MajorFunction;
    if (!e || major == IRP_MJ_CREATE || major == IRP_MJ_CLEANUP || major == IRP_MJ_CLOSE)
        return complete(irp, STATUS_SUCCESS, 0);
    PUCHAR to = irp->MdlAddress ? MmGetSystemAddressForMdlSafe(irp->MdlAddress, NormalPagePriority)
                                : irp->AssociatedIrp.SystemBuffer;
    e->given_buffer = to;
    if (to) RtlFillMemory(to, e->fill, 0x77);
    return complete(irp, e->status, e->information);
}

static PDEVICE_OBJECT make(ULONG flags, CCHAR locations) {
    PDEVICE_OBJECT device;
    if (!NT_SUCCESS(
            IoCreateDevice(this_driver, sizeof(EXTENSION), NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &device)))
        return NULL;
    device->Flags = (device->Flags & ~DO_DEVICE_INITIALIZING) | flags;
    device->StackSize = locations;
    return device;
}

static BOOLEAN all_zero(const void* bytes, SIZE_T n) {
    for (SIZE_T i = 0; i < n; ++i)
        if (((const UCHAR*)bytes)[i]) return FALSE;
    return TRUE;
}

static void check_fresh(PIRP irp, CCHAR n, USHORT size) {
    CHECK(irp->Type == IO_TYPE_IRP && irp->Size == size, "a fresh IRP has its type and size");
    CHECK(irp->StackCount == n && irp->CurrentLocation == n + 1, "a fresh IRP has no current location yet");
    CHECK(irp->Tail.Overlay.CurrentStackLocation == (PIO_STACK_LOCATION)(irp + 1) + n,
          "the stack locations follow the IRP, the current one is above them");
    CHECK(IsListEmpty(&irp->ThreadListEntry), "a fresh IRP is associated with no thread's list");
    CHECK(!irp->Tail.Overlay.Thread && !irp->Tail.Overlay.OriginalFileObject, "it has no thread and no file");
    CHECK(!irp->MdlAddress && !irp->AssociatedIrp.SystemBuffer && !irp->UserBuffer, "it has no buffers");
    CHECK(!irp->Flags && !irp->UserIosb && !irp->UserEvent && !irp->CancelRoutine && !irp->Cancel &&
              !irp->PendingReturned && irp->RequestorMode == KernelMode && !irp->CancelIrql,
          "its other members are zero");
    CHECK(!irp->IoStatus.Status && !irp->IoStatus.Information, "its status block is zero");
    CHECK(all_zero(irp + 1, sizeof(IO_STACK_LOCATION) * n), "its stack locations are zero");
}

static void check_allocation(void) {
    CHECK(IoSizeOfIrp(1) == sizeof(IRP) + sizeof(IO_STACK_LOCATION), "IoSizeOfIrp counts one location");
    CHECK(IoSizeOfIrp(9) == sizeof(IRP) + 9 * sizeof(IO_STACK_LOCATION), "IoSizeOfIrp counts nine");
    static const CCHAR counts[] = {1, 2, 4, 9, 15, 40, 126};
    for (int i = 0; i < 7; ++i)
        for (int ex = 0; ex < 2; ++ex) {
            PIRP irp = ex ? import_IoAllocateIrpEx(this_driver->DeviceObject, counts[i], FALSE)
                          : IoAllocateIrp(counts[i], FALSE);
            CHECK(irp, "IoAllocateIrp gives an IRP");
            if (!irp) continue;
            check_fresh(irp, counts[i], irp->Size);
            CHECK(irp->Size >= IoSizeOfIrp(counts[i]), "an allocated IRP has room for its locations");
            CHECK(!(irp->AllocationFlags & quota_charged), "it is charged to nobody");
            // Used again.
            irp->Cancel = TRUE, irp->UserBuffer = irp, irp->Flags = buffered, irp->IoStatus.Information = 5;
            IoSetNextIrpStackLocation(irp);
            IoGetCurrentIrpStackLocation(irp)->MajorFunction = IRP_MJ_WRITE;
            UCHAR flags = irp->AllocationFlags;
            USHORT size = irp->Size;
            IoReuseIrp(irp, STATUS_TIMEOUT);
            CHECK(irp->IoStatus.Status == STATUS_TIMEOUT && !irp->IoStatus.Information,
                  "IoReuseIrp sets the status it is given");
            CHECK(irp->AllocationFlags == flags && irp->Size == size,
                  "IoReuseIrp keeps how the IRP was allocated");
            irp->IoStatus.Status = 0;
            check_fresh(irp, counts[i], size);
            IoFreeIrp(irp);
        }
    PIRP irp = IoAllocateIrp(3, TRUE);
    CHECK(irp && (irp->AllocationFlags & quota_charged), "ChargeQuota: the IRP says that it was charged");
    IoReuseIrp(irp, STATUS_SUCCESS);
    CHECK(irp->AllocationFlags & quota_charged, "a charged IRP stays so when it is used again");
    IoFreeIrp(irp);

    USHORT size = IoSizeOfIrp(3);
    irp = ExAllocatePoolWithTag(NonPagedPool, size, 'prii');
    RtlFillMemory(irp, size, 0xcc);
    IoInitializeIrp(irp, size, 3);
    check_fresh(irp, 3, size);
    IoSetNextIrpStackLocation(irp);
    CHECK(irp->CurrentLocation == 3 && IoGetCurrentIrpStackLocation(irp) == (PIO_STACK_LOCATION)(irp + 1) + 2,
          "IoSetNextIrpStackLocation makes the next location the caller's");
    irp->UserBuffer = irp, irp->Cancel = TRUE;
    IoReuseIrp(irp, STATUS_SUCCESS);
    check_fresh(irp, 3, size);
    irp->UserBuffer = irp;
    IoInitializeIrp(irp, size, 2);
    check_fresh(irp, 2, size);
    IO_STACK_LOCATION* behind = (PIO_STACK_LOCATION)(irp + 1);
    RtlFillMemory(behind, 2 * sizeof *behind, 0xcc);
    IoInitializeIrp(irp, sizeof(IRP), 2);
    CHECK(*(PUCHAR)behind == 0xcc, "IoInitializeIrp leaves alone what lies behind PacketSize");
    ExFreePoolWithTag(irp, 'prii');
}

// A request by one of the two FSD builders: `synchronous`, `flags` of the device, read or write.
static void check_transfer(BOOLEAN synchronous, ULONG flags, UCHAR major, ULONG length, BOOLEAN offset) {
    PDEVICE_OBJECT device = make(flags, 3);
    EXTENSION* e = device->DeviceExtension;
    PUCHAR data = ExAllocatePoolWithTag(NonPagedPool, 4096, 'prii');
    LARGE_INTEGER at = {.QuadPart = 0x123456789aLL};
    IO_STATUS_BLOCK iosb = {0};
    KEVENT event;
    RtlFillMemory(data, 4096, 0x11);
    iosb.Status = 0x55;
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    PIRP irp =
        synchronous
            ? IoBuildSynchronousFsdRequest(major, device, data, length, offset ? &at : NULL, &event, &iosb)
            : IoBuildAsynchronousFsdRequest(major, device, data, length, offset ? &at : NULL, &iosb);
    CHECK(irp, "a builder gives an IRP");
    if (!irp) return;
    PIO_STACK_LOCATION next = IoGetNextIrpStackLocation(irp);
    CHECK(irp->StackCount == 3 && irp->CurrentLocation == 4,
          "it has as many locations as the device's StackSize");
    CHECK(next->MajorFunction == major && !next->MinorFunction && !next->Flags && !next->Control &&
              !next->CompletionRoutine,
          "the next location is set up");
    CHECK(next->Parameters.Read.Length == length && !next->Parameters.Read.Key, "with the length");
    CHECK(next->Parameters.Read.ByteOffset.QuadPart == (offset ? at.QuadPart : 0), "with the offset");
    CHECK(irp->Tail.Overlay.Thread == PsGetCurrentThread(), "Tail.Overlay.Thread is the caller");
    CHECK(irp->UserIosb == &iosb && irp->UserEvent == (synchronous ? &event : NULL),
          "status block and event are the caller's");
    CHECK(irp->RequestorMode == KernelMode && !irp->Cancel && !irp->PendingReturned,
          "the request is the kernel's");
    CHECK(IsListEmpty(&irp->ThreadListEntry) == !synchronous,
          "a synchronous IRP is queued to the thread, another is not");
    BOOLEAN read = major == IRP_MJ_READ;
    if (flags & DO_BUFFERED_IO) {
        if (length) {
            CHECK(irp->AssociatedIrp.SystemBuffer && irp->AssociatedIrp.SystemBuffer != data,
                  "buffered: a system buffer");
            CHECK((irp->Flags & (buffered | deallocate)) == (buffered | deallocate),
                  "buffered: that is freed");
            CHECK(!!(irp->Flags & input_too) == read, "buffered: copied back for reads only");
            if (!read)
                CHECK(RtlCompareMemory(irp->AssociatedIrp.SystemBuffer, data, length) == length,
                      "buffered: a write has its data");
            if (read) CHECK(irp->UserBuffer == data, "buffered: copied to UserBuffer");
        } else
            CHECK(!irp->AssociatedIrp.SystemBuffer, "buffered: nothing for no bytes");
        CHECK(!irp->MdlAddress, "buffered: no MDL");
    } else if (flags & DO_DIRECT_IO) {
        CHECK(!irp->AssociatedIrp.SystemBuffer && !(irp->Flags & buffered), "direct: no system buffer");
        if (length) {
            CHECK(irp->MdlAddress && MmGetMdlByteCount(irp->MdlAddress) == length &&
                      MmGetMdlVirtualAddress(irp->MdlAddress) == data,
                  "direct: an MDL of the buffer");
            CHECK(irp->MdlAddress->MdlFlags & MDL_PAGES_LOCKED, "direct: its pages are locked");
            CHECK(!irp->MdlAddress->Next, "direct: one MDL");
            CHECK(!(irp->MdlAddress->MdlFlags & MDL_WRITE_OPERATION) == !read,
                  "direct: locked for writing by a read");
        } else
            CHECK(!irp->MdlAddress, "direct: no MDL for no bytes");
    } else {
        CHECK(irp->UserBuffer == data && !irp->MdlAddress && !irp->AssociatedIrp.SystemBuffer &&
                  !(irp->Flags & buffered),
              "neither: UserBuffer is the buffer");
    }
    e->status = STATUS_SUCCESS, e->information = read ? length / 2 : length, e->fill = read ? length : 0;
    if (synchronous) {
        NTSTATUS status = IoCallDriver(device, irp);
        CHECK(status == STATUS_SUCCESS, "IoCallDriver gives the driver's status");
        CHECK(KeReadStateEvent(&event), "the event is set when the IRP is completed");
        CHECK(iosb.Status == STATUS_SUCCESS && iosb.Information == e->information,
              "the status block is written");
        if (read && length && (flags & DO_BUFFERED_IO))
            CHECK(data[length / 2 - 1] == 0x77 && data[length / 2] == 0x11,
                  "Information bytes are copied back");
        if (read && length && (flags & DO_DIRECT_IO))
            CHECK(data[length - 1] == 0x77, "direct: the driver writes the buffer itself");
    } else {
        if (irp->MdlAddress) MmUnlockPages(irp->MdlAddress), IoFreeMdl(irp->MdlAddress);
        if (irp->Flags & deallocate) ExFreePool(irp->AssociatedIrp.SystemBuffer);
        IoFreeIrp(irp);
    }
    ExFreePoolWithTag(data, 'prii');
    IoDeleteDevice(device);
}

static void check_others(UCHAR major) {
    PDEVICE_OBJECT device = make(major & 1 ? DO_BUFFERED_IO : DO_DIRECT_IO, 1);
    IO_STATUS_BLOCK iosb;
    KEVENT event;
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    PIRP irp = IoBuildSynchronousFsdRequest(major, device, NULL, 0, NULL, &event, &iosb);
    CHECK(irp && IoGetNextIrpStackLocation(irp)->MajorFunction == major,
          "flush, shutdown and PnP can be built");
    if (irp) {
        CHECK(!irp->AssociatedIrp.SystemBuffer && !irp->MdlAddress && !irp->UserBuffer,
              "they have no buffer");
        CHECK(all_zero(&IoGetNextIrpStackLocation(irp)->Parameters,
                       sizeof(IoGetNextIrpStackLocation(irp)->Parameters)),
              "and no parameters");
        if (major == IRP_MJ_PNP) {
            irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
            IoGetNextIrpStackLocation(irp)->MinorFunction = IRP_MN_QUERY_CAPABILITIES;
        }
        CHECK(IoCallDriver(device, irp) == STATUS_SUCCESS && iosb.Status == STATUS_SUCCESS, "they are sent");
        CHECK(KeReadStateEvent(&event), "their event is set");
    }
    irp = IoBuildAsynchronousFsdRequest(major, device, NULL, 0, NULL, NULL);
    CHECK(irp && !irp->UserIosb && IoGetNextIrpStackLocation(irp)->MajorFunction == major,
          "the asynchronous builder needs no status block");
    if (irp) IoFreeIrp(irp);
    IoDeleteDevice(device);
}

static void check_control(ULONG method, ULONG in, ULONG out, BOOLEAN internal) {
    PDEVICE_OBJECT device = make(0, 2);
    EXTENSION* e = device->DeviceExtension;
    PUCHAR from = in ? ExAllocatePoolWithTag(NonPagedPool, in, 'prii') : NULL;
    PUCHAR to = out ? ExAllocatePoolWithTag(NonPagedPool, out, 'prii') : NULL;
    if (from) RtlFillMemory(from, in, 0x22);
    if (to) RtlFillMemory(to, out, 0x33);
    ULONG code = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x900, method, FILE_ANY_ACCESS);
    IO_STATUS_BLOCK iosb;
    KEVENT event;
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    PIRP irp = IoBuildDeviceIoControlRequest(code, device, from, in, to, out, internal, &event, &iosb);
    CHECK(irp, "IoBuildDeviceIoControlRequest gives an IRP");
    if (!irp) return;
    PIO_STACK_LOCATION next = IoGetNextIrpStackLocation(irp);
    CHECK(next->MajorFunction == (internal ? IRP_MJ_INTERNAL_DEVICE_CONTROL : IRP_MJ_DEVICE_CONTROL),
          "internal or not");
    CHECK(next->Parameters.DeviceIoControl.IoControlCode == code &&
              next->Parameters.DeviceIoControl.InputBufferLength == in &&
              next->Parameters.DeviceIoControl.OutputBufferLength == out,
          "code and lengths are in the next location");
    CHECK(!next->Control && !next->FileObject && !next->CompletionRoutine, "the location has nothing else");
    CHECK(irp->RequestorMode == KernelMode, "RequestorMode is always KernelMode");
    CHECK(irp->StackCount == 2 && irp->CurrentLocation == 3,
          "it has as many locations as the device's StackSize");
    CHECK(irp->Tail.Overlay.Thread == PsGetCurrentThread() && !IsListEmpty(&irp->ThreadListEntry),
          "it is queued to the current thread");
    CHECK(irp->UserEvent == &event && irp->UserIosb == &iosb, "event and status block are the caller's");
    BOOLEAN has_buffer = !!irp->AssociatedIrp.SystemBuffer;
    switch (method) {
    case METHOD_BUFFERED:
        CHECK(has_buffer == (in || out), "METHOD_BUFFERED: one system buffer for both");
        if (has_buffer)
            CHECK((irp->Flags & (buffered | deallocate)) == (buffered | deallocate),
                  "METHOD_BUFFERED: that is freed");
        CHECK(!!(irp->Flags & input_too) == !!out, "METHOD_BUFFERED: output is copied back");
        if (out) CHECK(irp->UserBuffer == to, "METHOD_BUFFERED: UserBuffer is the output buffer");
        if (in)
            CHECK(RtlCompareMemory(irp->AssociatedIrp.SystemBuffer, from, in) == in,
                  "METHOD_BUFFERED: the input is copied");
        CHECK(!irp->MdlAddress && !next->Parameters.DeviceIoControl.Type3InputBuffer,
              "METHOD_BUFFERED: nothing else");
        break;
    case METHOD_IN_DIRECT:
    case METHOD_OUT_DIRECT:
        CHECK(has_buffer == !!in, "direct: a system buffer for the input");
        if (in)
            CHECK(RtlCompareMemory(irp->AssociatedIrp.SystemBuffer, from, in) == in,
                  "direct: the input is copied");
        if (in)
            CHECK((irp->Flags & (buffered | deallocate)) == (buffered | deallocate), "direct: that is freed");
        CHECK(!(irp->Flags & input_too), "direct: nothing is copied back");
        CHECK(!!irp->MdlAddress == !!out, "direct: an MDL for the output buffer");
        if (irp->MdlAddress) {
            CHECK(MmGetMdlByteCount(irp->MdlAddress) == out && MmGetMdlVirtualAddress(irp->MdlAddress) == to,
                  "direct: of the whole buffer");
            CHECK(!!(irp->MdlAddress->MdlFlags & MDL_WRITE_OPERATION) == (method == METHOD_OUT_DIRECT),
                  "direct: locked for what the method says");
        }
        break;
    case METHOD_NEITHER:
        CHECK(!has_buffer && !irp->MdlAddress && !(irp->Flags & buffered), "METHOD_NEITHER: no buffers");
        CHECK(irp->UserBuffer == to, "METHOD_NEITHER: UserBuffer is the output buffer");
        CHECK(next->Parameters.DeviceIoControl.Type3InputBuffer == from,
              "METHOD_NEITHER: Type3InputBuffer is the input buffer");
        break;
    }
    e->status = STATUS_SUCCESS, e->information = out / 2, e->fill = method == METHOD_IN_DIRECT ? 0 : out;
    CHECK(IoCallDriver(device, irp) == STATUS_SUCCESS, "it is sent");
    CHECK(KeReadStateEvent(&event) && iosb.Status == STATUS_SUCCESS && iosb.Information == out / 2,
          "and ends with event and status block");
    if (out > 2 && method == METHOD_BUFFERED)
        CHECK(to[out / 2 - 1] == 0x77 && to[out / 2] == 0x33, "Information bytes are copied back");
    if (out && method == METHOD_OUT_DIRECT)
        CHECK(to[out - 1] == 0x77, "METHOD_OUT_DIRECT: the driver wrote the buffer");
    if (in && method == METHOD_BUFFERED) CHECK(from[in - 1] == 0x22, "the input buffer is not touched");
    if (from) ExFreePoolWithTag(from, 'prii');
    if (to) ExFreePoolWithTag(to, 'prii');
    IoDeleteDevice(device);
}

// Data are copied back for success and warnings, not for errors.
static void check_copy_back(NTSTATUS status, BOOLEAN copied) {
    PDEVICE_OBJECT device = make(DO_BUFFERED_IO, 1);
    EXTENSION* e = device->DeviceExtension;
    UCHAR to[16];
    IO_STATUS_BLOCK iosb;
    KEVENT event;
    RtlFillMemory(to, 16, 0x33);
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    PIRP irp =
        IoBuildDeviceIoControlRequest(CTL_CODE(FILE_DEVICE_UNKNOWN, 0x900, METHOD_BUFFERED, FILE_ANY_ACCESS),
                                      device, NULL, 0, to, 16, FALSE, &event, &iosb);
    e->status = status, e->information = 8, e->fill = 16;
    CHECK(IoCallDriver(device, irp) == status, "a status comes back");
    CHECK((to[7] == 0x77) == copied && to[8] == 0x33,
          "buffers are copied back unless the status is an error");
    IoDeleteDevice(device);
}

static void check_associated(void) {
    PIRP master = IoAllocateIrp(2, FALSE);
    master->Tail.Overlay.Thread = PsGetCurrentThread();
    PIRP part = IoMakeAssociatedIrp(master, 3);
    CHECK(part, "IoMakeAssociatedIrp gives an IRP");
    if (part) {
        CHECK(part->AssociatedIrp.MasterIrp == master, "AssociatedIrp.MasterIrp is the master");
        CHECK(part->Flags & associated, "IRP_ASSOCIATED_IRP is set");
        CHECK(part->StackCount == 3 && part->CurrentLocation == 4, "it has the locations asked for");
        CHECK(all_zero(part + 1, 3 * sizeof(IO_STACK_LOCATION)), "zero-initialized ones");
        CHECK(part->Tail.Overlay.Thread == PsGetCurrentThread(), "its thread is that of the master");
        CHECK(IsListEmpty(&part->ThreadListEntry), "but it is not associated with that thread");
        CHECK(!part->MdlAddress && !part->UserBuffer && !part->UserIosb && !part->UserEvent &&
                  part->RequestorMode == KernelMode,
              "the rest is empty");
        IoFreeIrp(part);
    }
    IoFreeIrp(master);
}

static void check_top_level(void) {
    IRP marker;
    CHECK(!IoGetTopLevelIrp(), "a thread begins without a top-level IRP");
    IoSetTopLevelIrp(&marker);
    CHECK(IoGetTopLevelIrp() == &marker, "IoGetTopLevelIrp gives what was set");
    IoSetTopLevelIrp((PIRP)1); // FSRTL_FSP_TOP_LEVEL_IRP
    CHECK(IoGetTopLevelIrp() == (PIRP)1, "flags are kept as they are");
    IoSetTopLevelIrp(NULL);
    CHECK(!IoGetTopLevelIrp(), "and NULL takes it away");
}

static void checks(void) {
    check_allocation();
    static const ULONG kinds[] = {0, DO_BUFFERED_IO, DO_DIRECT_IO}, lengths[] = {64, 4096, 0};
    for (int k = 0; k < 3; ++k)
        for (int l = 0; l < 3; ++l)
            for (int synchronous = 0; synchronous < 2; ++synchronous) {
                check_transfer((BOOLEAN)synchronous, kinds[k], IRP_MJ_READ, lengths[l], l != 1);
                check_transfer((BOOLEAN)synchronous, kinds[k], IRP_MJ_WRITE, lengths[l], l != 1);
            }
    check_others(IRP_MJ_FLUSH_BUFFERS);
    check_others(IRP_MJ_SHUTDOWN);
    check_others(IRP_MJ_PNP);
    for (ULONG method = 0; method < 4; ++method)
        for (int b = 0; b < 5; ++b) {
            static const ULONG in[] = {0, 16, 0, 40, 8}, out[] = {0, 0, 24, 8, 5000};
            check_control(method, in[b], out[b], (BOOLEAN)(b & 1));
        }
    check_copy_back(STATUS_SUCCESS, TRUE);
    check_copy_back(STATUS_BUFFER_OVERFLOW, TRUE);
    check_copy_back(0x40000005, TRUE);
    check_copy_back(STATUS_BUFFER_TOO_SMALL, FALSE);
    check_copy_back(STATUS_CANCELLED, FALSE);
    check_associated();
    check_top_level();
}
