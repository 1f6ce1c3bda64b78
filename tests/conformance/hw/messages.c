// Physical device objects of devices that a driver detects, and connecting their interrupts by line and by
// message. Needs parport, timer, noise:msi=4, noise:msix=6 and noise; --msi for the first two noises, the
// second with a limit of 5. Pages: IoReportDetectedDevice, IoReportResourceForDetection, IoGetDeviceProperty,
// IoConnectInterruptEx and the three guides "Using the CONNECT_... Version of IoConnectInterruptEx",
// "Introduction to message-signaled interrupts", "Identifiers for PCI devices".
#define TOPIC L"Messages"
#include "../common/driver.h"

NTHALAPI ULONG NTAPI HalGetInterruptVector(INTERFACE_TYPE, ULONG, ULONG, ULONG, PKIRQL, PKAFFINITY);
#include "noise.h"

typedef struct {
    PDEVICE_OBJECT pdo;
    ULONG slot;
    volatile ULONG* registers;
    volatile LONG count;
    volatile ULONG last_message;
    volatile KIRQL irql;
    volatile ULONG processor;
    PKINTERRUPT object;
} NOISE;

static BOOLEAN NTAPI message_isr(PKINTERRUPT interrupt, PVOID context, ULONG message) {
    NOISE* noise = context;
    noise->last_message = message;
    noise->irql = KeGetCurrentIrql();
    noise->processor = KeGetCurrentProcessorNumber();
    noise->object = interrupt;
    noise->registers[STATUS] = ~0u;
    InterlockedIncrement(&noise->count);
    return TRUE;
}
static BOOLEAN NTAPI line_isr(PKINTERRUPT interrupt, PVOID context) {
    NOISE* noise = context;
    if (!noise->registers[STATUS]) return FALSE;
    noise->last_message = 99;
    noise->irql = KeGetCurrentIrql();
    noise->object = interrupt;
    noise->registers[STATUS] = ~0u;
    InterlockedIncrement(&noise->count);
    return TRUE;
}
static BOOLEAN NTAPI vector_isr(PKINTERRUPT interrupt, PVOID context) {
    UNREFERENCED_PARAMETER(interrupt);
    NOISE* noise = context;
    noise->registers[STATUS] = ~0u;
    InterlockedIncrement(&noise->count);
    return TRUE;
}

static void settle(void) {
    LARGE_INTEGER time = {.QuadPart = -100000};
    KeDelayExecutionThread(KernelMode, FALSE, &time);
}
static BOOLEAN raised(NOISE* noise, ULONG number) {
    LONG before = noise->count;
    noise->registers[TRIGGER] = number;
    settle();
    return noise->count == before + 1;
}

static NTSTATUS property(PDEVICE_OBJECT pdo, DEVICE_REGISTRY_PROPERTY which, PVOID buffer, ULONG room,
                         ULONG* length) {
    return IoGetDeviceProperty(pdo, which, room, buffer, length);
}
static BOOLEAN is_text(PDEVICE_OBJECT pdo, DEVICE_REGISTRY_PROPERTY which, const WCHAR* text) {
    WCHAR buffer[512];
    ULONG length = 0;
    UNICODE_STRING a, b;
    if (property(pdo, which, buffer, sizeof buffer, &length) != STATUS_SUCCESS) return FALSE;
    RtlInitUnicodeString(&a, buffer);
    RtlInitUnicodeString(&b, text);
    return RtlEqualUnicodeString(&a, &b, FALSE);
}

static NTSTATUS detect(ULONG slot, PDEVICE_OBJECT* pdo) {
    *pdo = NULL;
    return IoReportDetectedDevice(this_driver, PCIBus, 0, slot, NULL, NULL, FALSE, pdo);
}
static BOOLEAN open_noise(NOISE* noise, ULONG number) {
    RtlZeroMemory(noise, sizeof *noise);
    noise->slot = find_slot(0x00031db5, number);
    if (noise->slot == (ULONG)-1) return FALSE;
    noise->registers = map_registers(noise->slot);
    return detect(noise->slot, &noise->pdo) == STATUS_SUCCESS && noise->pdo && noise->registers;
}
static void close_noise(NOISE* noise) {
    if (noise->registers) MmUnmapIoSpace((PVOID)noise->registers, PAGE_SIZE);
}

static void properties(void) {
    ULONG slot = find_slot(0x00011db5, 0), length = 0, number = 0;
    PDEVICE_OBJECT pdo, again;
    CHECK(detect(slot, &pdo) == STATUS_SUCCESS && pdo,
          "IoReportDetectedDevice gives the physical device object of a PCI function");
    CHECK(detect(slot, &again) == STATUS_SUCCESS && again == pdo,
          "it matches the device to its enumerated instance: always the same");
    CHECK(property(pdo, DevicePropertyLegacyBusType, &number, 4, &length) == STATUS_SUCCESS && length == 4 &&
              number == PCIBus,
          "DevicePropertyLegacyBusType is an INTERFACE_TYPE");
    CHECK(property(pdo, DevicePropertyBusNumber, &number, 4, &length) == STATUS_SUCCESS && number == 0,
          "DevicePropertyBusNumber is a ULONG");
    CHECK(property(pdo, DevicePropertyAddress, &number, 4, &length) == STATUS_SUCCESS && number == slot << 16,
          "DevicePropertyAddress on PCI: the device in the high word, the function in the low one");
    CHECK(property(pdo, DevicePropertyUINumber, &number, 4, &length) == STATUS_SUCCESS && number == ~0u,
          "DevicePropertyUINumber is 0xFFFFFFFF when there is none");
    CHECK(is_text(pdo, DevicePropertyEnumeratorName, L"PCI"), "DevicePropertyEnumeratorName is PCI");
    CHECK(is_text(pdo, DevicePropertyHardwareID, L"PCI\\VEN_1DB5&DEV_0001&SUBSYS_00000000&REV_00"),
          "the first hardware ID is the most specific");
    CHECK(is_text(pdo, DevicePropertyCompatibleIDs, L"PCI\\VEN_1DB5&DEV_0001&REV_00"),
          "the first compatible ID");
    CHECK(property(pdo, DevicePropertyHardwareID, &number, 4, &length) == STATUS_BUFFER_TOO_SMALL &&
              length > 4,
          "STATUS_BUFFER_TOO_SMALL gives the required length");
    CHECK(property(pdo, DevicePropertyHardwareID, NULL, 0, &length) == STATUS_BUFFER_TOO_SMALL,
          "also without a buffer");
    CHECK(property(pdo, (DEVICE_REGISTRY_PROPERTY)1000, &number, 4, &length) == STATUS_INVALID_PARAMETER_2,
          "an unknown property is STATUS_INVALID_PARAMETER_2");
    CHECK(property(this_driver->DeviceObject, DevicePropertyAddress, &number, 4, &length) ==
              STATUS_INVALID_DEVICE_REQUEST,
          "a device object that is no PDO is STATUS_INVALID_DEVICE_REQUEST");

    struct {
        CM_RESOURCE_LIST list;
        CM_PARTIAL_RESOURCE_DESCRIPTOR more[8];
    } boot;
    CHECK(property(pdo, DevicePropertyBootConfigurationTranslated, &boot, sizeof boot, &length) ==
                  STATUS_SUCCESS &&
              boot.list.Count == 1,
          "DevicePropertyBootConfigurationTranslated is a CM_RESOURCE_LIST");
    PCM_PARTIAL_RESOURCE_LIST part = &boot.list.List[0].PartialResourceList;
    ULONG line = config(slot, 0x3C) & 0xff;
    KIRQL irql;
    KAFFINITY affinity;
    ULONG vector = HalGetInterruptVector(PCIBus, 0, line, line, &irql, &affinity);
    BOOLEAN memory = FALSE, interrupt = FALSE;
    for (ULONG i = 0; i < part->Count; ++i) {
        PCM_PARTIAL_RESOURCE_DESCRIPTOR d = &part->PartialDescriptors[i];
        if (d->Type == CmResourceTypeMemory)
            memory = d->u.Memory.Start.QuadPart == (LONGLONG)(config(slot, 0x10) & ~15u) &&
                     d->u.Memory.Length == 0x1000;
        if (d->Type == CmResourceTypeInterrupt)
            interrupt = d->u.Interrupt.Vector == vector && d->u.Interrupt.Level == irql &&
                        d->u.Interrupt.Affinity == affinity && d->ShareDisposition == CmResourceShareShared &&
                        !(d->Flags & CM_RESOURCE_INTERRUPT_LATCHED);
    }
    CHECK(memory, "with its base address register");
    CHECK(interrupt, "and its line: vector, IRQL, processors, shared and level-sensitive");
}

typedef struct {
    USHORT Size, Version;
    PVOID Context;
    VOID(NTAPI* InterfaceReference)(PVOID);
    VOID(NTAPI* InterfaceDereference)(PVOID);
    BOOLEAN(NTAPI* TranslateBusAddress)(PVOID, PHYSICAL_ADDRESS, ULONG, PULONG, PPHYSICAL_ADDRESS);
    PDMA_ADAPTER(NTAPI* GetDmaAdapter)(PVOID, PDEVICE_DESCRIPTION, PULONG);
    ULONG(NTAPI* SetBusData)(PVOID, ULONG, PVOID, ULONG, ULONG);
    ULONG(NTAPI* GetBusData)(PVOID, ULONG, PVOID, ULONG, ULONG);
} BUS_INTERFACE;
typedef struct {
    USHORT Size, Version;
    PVOID Context;
    VOID(NTAPI* InterfaceReference)(PVOID);
    VOID(NTAPI* InterfaceDereference)(PVOID);
    NTSTATUS(NTAPI* SetTableEntry)(PVOID, ULONG, ULONG);
    NTSTATUS(NTAPI* MaskTableEntry)(PVOID, ULONG);
    NTSTATUS(NTAPI* UnmaskTableEntry)(PVOID, ULONG);
    PVOID GetTableEntry, GetTableSize;
} MSIX_INTERFACE;
static const GUID bus_interface = {
    0x496B8280, 0x6F25, 0x11D0, {0xBE, 0xAF, 0x08, 0x00, 0x2B, 0xE2, 0x09, 0x2F}};
static const GUID msix_interface = {
    0x1A6A460B, 0x194F, 0x455D, {0xB3, 0x4B, 0xB8, 0x4C, 0x5B, 0x05, 0x71, 0x2B}};
static const GUID no_interface = {1, 2, 3, {4}};

static PIO_STACK_LOCATION new_request(PDEVICE_OBJECT pdo, UCHAR minor, PIRP* irp, PKEVENT event,
                                      PIO_STATUS_BLOCK io) {
    KeInitializeEvent(event, NotificationEvent, FALSE);
    *irp = IoBuildSynchronousFsdRequest(IRP_MJ_PNP, pdo, NULL, 0, NULL, event, io);
    (*irp)->IoStatus.Status = STATUS_NOT_SUPPORTED;
    IoGetNextIrpStackLocation(*irp)->MinorFunction = minor;
    return IoGetNextIrpStackLocation(*irp);
}
static NTSTATUS query_interface(PDEVICE_OBJECT pdo, const GUID* type, PVOID buffer, USHORT size) {
    KEVENT event;
    IO_STATUS_BLOCK io;
    PIRP irp;
    PIO_STACK_LOCATION s = new_request(pdo, IRP_MN_QUERY_INTERFACE, &irp, &event, &io);
    s->Parameters.QueryInterface.InterfaceType = type;
    s->Parameters.QueryInterface.Size = size;
    s->Parameters.QueryInterface.Version = 1;
    s->Parameters.QueryInterface.Interface = buffer;
    return IoCallDriver(pdo, irp);
}
static NTSTATUS config_request(PDEVICE_OBJECT pdo, UCHAR minor, ULONG space, PVOID buffer, ULONG offset,
                               ULONG length, ULONG_PTR* done) {
    KEVENT event;
    IO_STATUS_BLOCK io;
    PIRP irp;
    PIO_STACK_LOCATION s = new_request(pdo, minor, &irp, &event, &io);
    s->Parameters.ReadWriteConfig.WhichSpace = space;
    s->Parameters.ReadWriteConfig.Buffer = buffer;
    s->Parameters.ReadWriteConfig.Offset = offset;
    s->Parameters.ReadWriteConfig.Length = length;
    NTSTATUS status = IoCallDriver(pdo, irp);
    *done = io.Information;
    return status;
}

static void configuration(void) {
    PDEVICE_OBJECT pdo;
    ULONG slot = find_slot(0x00011db5, 0), value = 0;
    ULONG_PTR done = 0;
    UCHAR latency = 0x40, back = 0;
    detect(slot, &pdo);
    CHECK(config_request(pdo, IRP_MN_READ_CONFIG, 0, &value, 0, 4, &done) == STATUS_SUCCESS && done == 4 &&
              value == 0x00011db5,
          "IRP_MN_READ_CONFIG reads the device's configuration space");
    CHECK(config_request(pdo, IRP_MN_WRITE_CONFIG, 0, &latency, 0x0D, 1, &done) == STATUS_SUCCESS &&
              done == 1 && (config(slot, 0x0C) >> 8 & 0xff) == latency,
          "IRP_MN_WRITE_CONFIG writes it");
    CHECK(!NT_SUCCESS(config_request(pdo, IRP_MN_READ_CONFIG, 77, &value, 0, 4, &done)),
          "a space that the bus has not is refused");
    BUS_INTERFACE bus;
    CHECK(query_interface(pdo, &no_interface, &bus, sizeof bus) == STATUS_NOT_SUPPORTED,
          "an interface that the bus driver does not export leaves the status as it is");
    CHECK(query_interface(pdo, &bus_interface, &bus, sizeof bus) == STATUS_SUCCESS && bus.Context &&
              bus.Size == sizeof bus && bus.Version == 1,
          "IRP_MN_QUERY_INTERFACE gives BUS_INTERFACE_STANDARD");
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    value = 0;
    ULONG got = bus.GetBusData(bus.Context, 0, &value, 0, 4);
    latency = 0x20;
    ULONG set = bus.SetBusData(bus.Context, 0, &latency, 0x0D, 1);
    bus.GetBusData(bus.Context, 0, &back, 0x0D, 1);
    KeLowerIrql(old);
    CHECK(got == 4 && value == 0x00011db5, "its GetBusData reads, also at DISPATCH_LEVEL");
    CHECK(set == 1 && back == 0x20, "its SetBusData writes");
    CHECK(bus.GetBusData(bus.Context, 0, &value, 256, 4) == 0, "beyond the end it gives 0");
    PHYSICAL_ADDRESS address = {.QuadPart = 0xE0000000}, translated;
    ULONG space = 0, registers = 0;
    CHECK(bus.TranslateBusAddress(bus.Context, address, 16, &space, &translated) && space == 0 &&
              translated.QuadPart == address.QuadPart,
          "its TranslateBusAddress translates");
    DEVICE_DESCRIPTION description;
    RtlZeroMemory(&description, sizeof description);
    description.Version = DEVICE_DESCRIPTION_VERSION;
    description.Master = description.ScatterGather = TRUE;
    description.InterfaceType = PCIBus;
    description.MaximumLength = PAGE_SIZE;
    PDMA_ADAPTER adapter = bus.GetDmaAdapter(bus.Context, &description, &registers);
    CHECK(adapter && registers, "its GetDmaAdapter gives an adapter");
    if (adapter) adapter->DmaOperations->PutDmaAdapter(adapter);
    bus.InterfaceReference(bus.Context);
    bus.InterfaceDereference(bus.Context);
    bus.InterfaceDereference(bus.Context);
}

// The key that an INF writes to: what it says about messages and processors counts when the device starts.
static void hardware_key(ULONG number) {
    NOISE noise;
    PDEVICE_OBJECT timer;
    HANDLE key = NULL;
    UNICODE_STRING name;
    UCHAR buffer[64];
    ULONG length;
    PKEY_VALUE_PARTIAL_INFORMATION value = (PKEY_VALUE_PARTIAL_INFORMATION)buffer;
    detect(find_slot(0x00011db5, 0), &timer);
    CHECK(IoOpenDeviceRegistryKey(this_driver->DeviceObject, PLUGPLAY_REGKEY_DEVICE, KEY_READ, &key) ==
              STATUS_INVALID_PARAMETER,
          "IoOpenDeviceRegistryKey: no PDO is STATUS_INVALID_PARAMETER");
    CHECK(IoOpenDeviceRegistryKey(timer, PLUGPLAY_REGKEY_DEVICE | PLUGPLAY_REGKEY_DRIVER, KEY_READ, &key) ==
              STATUS_INVALID_PARAMETER,
          "hardware and software key together, too");
    CHECK(IoOpenDeviceRegistryKey(timer, PLUGPLAY_REGKEY_DEVICE, KEY_ALL_ACCESS, &key) == STATUS_SUCCESS &&
              key,
          "it opens the hardware key");
    RtlInitUnicodeString(&name, L"Color");
    length = 7;
    CHECK(ZwSetValueKey(key, &name, 0, REG_DWORD, &length, sizeof length) == STATUS_SUCCESS,
          "where a driver may keep values");
    ZwClose(key);
    IoOpenDeviceRegistryKey(timer, PLUGPLAY_REGKEY_DEVICE, KEY_READ, &key);
    CHECK(ZwQueryValueKey(key, &name, KeyValuePartialInformation, value, sizeof buffer, &length) ==
                  STATUS_SUCCESS &&
              *(ULONG*)value->Data == 7,
          "and finds them again");
    ZwClose(key);

    RtlZeroMemory(&noise, sizeof noise);
    ULONG slot = find_slot(0x00031db5, number), policy = 4, set = 2;
    static WCHAR path[] = L"\\Registry\\Machine\\System\\CurrentControlSet\\Enum\\PCI\\"
                          L"VEN_1DB5&DEV_0003&SUBSYS_00000000&REV_00\\0&00\\Device Parameters\\"
                          L"Interrupt Management";
    WCHAR* digits = path + 1;
    while (digits[-1] != L'\\' || digits[1] != L'&')
        ++digits;
    for (int i = 0; i < 2; ++i)
        digits[2 + i] = L"0123456789ABCDEF"[slot << 3 >> (i ? 0 : 4) & 15];
    RtlCreateRegistryKey(RTL_REGISTRY_ABSOLUTE, path);
    static WCHAR affinity[300];
    RtlCopyMemory(affinity, path, sizeof path);
    RtlCopyMemory((PUCHAR)affinity + sizeof path - sizeof(WCHAR), L"\\Affinity Policy", 34);
    RtlCreateRegistryKey(RTL_REGISTRY_ABSOLUTE, affinity);
    RtlWriteRegistryValue(RTL_REGISTRY_ABSOLUTE, affinity, L"DevicePolicy", REG_DWORD, &policy, 4);
    RtlWriteRegistryValue(RTL_REGISTRY_ABSOLUTE, affinity, L"AssignmentSetOverride", REG_DWORD, &set, 4);
    if (!open_noise(&noise, number)) {
        CHECK(FALSE, "the fourth noise is there");
        return;
    }
    PIO_INTERRUPT_MESSAGE_INFO table = NULL;
    IO_CONNECT_INTERRUPT_PARAMETERS p;
    IO_DISCONNECT_INTERRUPT_PARAMETERS d;
    RtlZeroMemory(&p, sizeof p);
    p.Version = CONNECT_MESSAGE_BASED;
    p.MessageBased.PhysicalDeviceObject = noise.pdo;
    p.MessageBased.ConnectionContext.InterruptMessageTable = &table;
    p.MessageBased.MessageServiceRoutine = message_isr;
    p.MessageBased.ServiceContext = &noise;
    KAFFINITY expected = KeQueryActiveProcessors() & set ? set : KeQueryActiveProcessors();
    CHECK(IoConnectInterruptEx(&p) == STATUS_SUCCESS &&
              table->MessageInfo[0].TargetProcessorSet == expected &&
              table->MessageInfo[1].TargetProcessorSet == expected,
          "IrqPolicySpecifiedProcessors: the messages go to the processors of AssignmentSetOverride");
    CHECK(raised(&noise, 1) && (expected >> noise.processor & 1), "there the routine runs");
    d.Version = CONNECT_MESSAGE_BASED;
    d.ConnectionContext.InterruptMessageTable = table;
    IoDisconnectInterruptEx(&d);
    close_noise(&noise);
}

static void stack(void) {
    PDEVICE_OBJECT pdo, fdo, lower;
    detect(find_slot(0x00011db5, 0), &pdo);
    IoCreateDevice(this_driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &fdo);
    lower = IoAttachDeviceToDeviceStack(fdo, pdo);
    CHECK(lower == pdo, "the driver attaches its FDO to the PDO");
    KEVENT event;
    IO_STATUS_BLOCK io;
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    PIRP irp = IoBuildSynchronousFsdRequest(IRP_MJ_PNP, lower, NULL, 0, NULL, &event, &io);
    irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
    IoGetNextIrpStackLocation(irp)->MinorFunction = IRP_MN_QUERY_DEVICE_TEXT;
    CHECK(IoCallDriver(lower, irp) == STATUS_NOT_SUPPORTED,
          "a bus driver completes a PnP request that it does not handle with the status it came with");
    IoDetachDevice(lower);
    IoDeleteDevice(fdo);
}

static void by_line(void) {
    NOISE noise;
    if (!open_noise(&noise, 2)) {
        CHECK(FALSE, "the third noise is there");
        return;
    }
    PKINTERRUPT object = NULL;
    IO_CONNECT_INTERRUPT_PARAMETERS p;
    IO_DISCONNECT_INTERRUPT_PARAMETERS d;
    RtlZeroMemory(&p, sizeof p);
    p.Version = CONNECT_LINE_BASED;
    p.LineBased.InterruptObject = &object;
    p.LineBased.ServiceRoutine = line_isr;
    p.LineBased.ServiceContext = &noise;
    CHECK(IoConnectInterruptEx(&p) == STATUS_INVALID_PARAMETER, "no device object: STATUS_INVALID_PARAMETER");
    p.LineBased.PhysicalDeviceObject = noise.pdo;
    CHECK(IoConnectInterruptEx(&p) == STATUS_SUCCESS && object && p.Version == CONNECT_LINE_BASED,
          "CONNECT_LINE_BASED connects the device's line");
    ULONG line = config(noise.slot, 0x3C) & 0xff;
    KIRQL irql;
    KAFFINITY affinity;
    HalGetInterruptVector(PCIBus, 0, line, line, &irql, &affinity);
    CHECK(raised(&noise, 0) && noise.last_message == 99 && noise.object == object,
          "the service routine is called with its object and context");
    CHECK(noise.irql == irql, "PASSIVE_LEVEL for SynchronizeIrql: it runs at the IRQL of the interrupt");
    d.Version = CONNECT_LINE_BASED;
    d.ConnectionContext.InterruptObject = object;
    IoDisconnectInterruptEx(&d);
    p.LineBased.SynchronizeIrql = (KIRQL)(irql + 1);
    CHECK(IoConnectInterruptEx(&p) == STATUS_SUCCESS && raised(&noise, 0) && noise.irql == irql + 1,
          "a SynchronizeIrql above that is used");
    d.ConnectionContext.InterruptObject = object;
    IoDisconnectInterruptEx(&d);

    RtlZeroMemory(&p, sizeof p);
    PVOID context = NULL;
    p.Version = CONNECT_MESSAGE_BASED;
    p.MessageBased.PhysicalDeviceObject = noise.pdo;
    p.MessageBased.ConnectionContext.Generic = &context;
    p.MessageBased.MessageServiceRoutine = message_isr;
    p.MessageBased.ServiceContext = &noise;
    CHECK(IoConnectInterruptEx(&p) == STATUS_NOT_FOUND,
          "CONNECT_MESSAGE_BASED without messages and fallback: STATUS_NOT_FOUND");
    p.MessageBased.FallBackServiceRoutine = line_isr;
    CHECK(IoConnectInterruptEx(&p) == STATUS_SUCCESS && p.Version == CONNECT_LINE_BASED && context,
          "with a fallback routine that is connected, and Version says CONNECT_LINE_BASED");
    CHECK(raised(&noise, 0) && noise.last_message == 99 && noise.object == context,
          "it is an InterruptService routine; the context is an interrupt object");
    d.Version = p.Version;
    d.ConnectionContext.Generic = context;
    IoDisconnectInterruptEx(&d);
    close_noise(&noise);
}

static volatile KIRQL synchronized_irql;
static BOOLEAN NTAPI synchronized(PVOID context) {
    UNREFERENCED_PARAMETER(context);
    synchronized_irql = KeGetCurrentIrql();
    return TRUE;
}

typedef VOID(NTAPI* REPORT_STATE)(IO_DISCONNECT_INTERRUPT_PARAMETERS*);
static REPORT_STATE routine(const WCHAR* text) {
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, text);
    return (REPORT_STATE)MmGetSystemRoutineAddress(&name);
}

static void by_message(ULONG number, ULONG expected, BOOLEAN msix) {
    NOISE noise;
    if (!open_noise(&noise, number)) {
        CHECK(FALSE, "a noise with messages is there");
        return;
    }
    PIO_INTERRUPT_MESSAGE_INFO table = NULL;
    PKINTERRUPT object = NULL;
    IO_CONNECT_INTERRUPT_PARAMETERS p;
    IO_DISCONNECT_INTERRUPT_PARAMETERS d;
    RtlZeroMemory(&p, sizeof p);
    p.Version = CONNECT_LINE_BASED;
    p.LineBased.PhysicalDeviceObject = noise.pdo;
    p.LineBased.InterruptObject = &object;
    p.LineBased.ServiceRoutine = line_isr;
    CHECK(IoConnectInterruptEx(&p) == STATUS_INVALID_DEVICE_REQUEST,
          "CONNECT_LINE_BASED with several messages: STATUS_INVALID_DEVICE_REQUEST");
    RtlZeroMemory(&p, sizeof p);
    p.Version = CONNECT_MESSAGE_BASED;
    p.MessageBased.PhysicalDeviceObject = noise.pdo;
    p.MessageBased.ConnectionContext.InterruptMessageTable = &table;
    p.MessageBased.MessageServiceRoutine = message_isr;
    p.MessageBased.ServiceContext = &noise;
    p.MessageBased.FallBackServiceRoutine = line_isr;
    CHECK(IoConnectInterruptEx(&p) == STATUS_SUCCESS && p.Version == CONNECT_MESSAGE_BASED && table,
          "CONNECT_MESSAGE_BASED connects the messages");
    CHECK(table->MessageCount == expected, "MessageCount is the number that the device was given");
    BOOLEAN latched = TRUE, address = TRUE, distinct = TRUE, levels = TRUE, objects = TRUE;
    for (ULONG i = 0; i < table->MessageCount; ++i) {
        PIO_INTERRUPT_MESSAGE_INFO_ENTRY e = &table->MessageInfo[i];
        latched &= e->Mode == Latched;
        levels &= e->Irql > DISPATCH_LEVEL && e->Irql <= table->UnifiedIrql;
        objects &= e->InterruptObject != NULL && e->TargetProcessorSet != 0;
        address &= (e->MessageAddress.QuadPart & ~0xFFFFF) == 0xFEE00000;
        for (ULONG k = 0; k < i; ++k)
            distinct &= e->Vector != table->MessageInfo[k].Vector;
        if (!msix)
            address &= e->MessageAddress.QuadPart == table->MessageInfo[0].MessageAddress.QuadPart &&
                       e->MessageData == table->MessageInfo[0].MessageData + i;
    }
    CHECK(latched, "messages are latched");
    CHECK(levels, "UnifiedIrql is at least each message's");
    CHECK(objects, "each has an interrupt object and processors");
    CHECK(distinct && address, "each its own vector; with MSI one address and consecutive values");
    BOOLEAN right = TRUE;
    for (ULONG i = 0; i < table->MessageCount; ++i) {
        right &= raised(&noise, i) && noise.last_message == i &&
                 noise.object == table->MessageInfo[i].InterruptObject;
        right &= (table->MessageInfo[i].TargetProcessorSet >> noise.processor & 1) != 0;
    }
    CHECK(right, "each message calls the routine with its ID and object, on a processor of its set");
    CHECK(noise.irql == table->UnifiedIrql, "at UnifiedIrql");
    if (msix)
        CHECK(raised(&noise, expected) && noise.last_message == 0,
              "entries of the MSI-X table above the number of messages have message 0");
    MSIX_INTERFACE entries;
    CHECK(query_interface(noise.pdo, &msix_interface, &entries, sizeof entries) == STATUS_SUCCESS,
          "IRP_MN_QUERY_INTERFACE gives PCI_MSIX_TABLE_CONFIG_INTERFACE");
    if (!msix)
        CHECK(entries.SetTableEntry(entries.Context, 0, 0) == STATUS_INVALID_PARAMETER,
              "without MSI-X its routines are STATUS_INVALID_PARAMETER");
    if (msix) {
        CHECK(entries.SetTableEntry(entries.Context, 2, 4) == STATUS_SUCCESS && raised(&noise, 2) &&
                  noise.last_message == 4,
              "SetTableEntry gives an entry another message");
        CHECK(entries.SetTableEntry(entries.Context, 6, 0) == STATUS_INVALID_PARAMETER &&
                  entries.SetTableEntry(entries.Context, 0, expected) == STATUS_INVALID_PARAMETER,
              "one that the device has not is STATUS_INVALID_PARAMETER");
        LONG before = noise.count;
        CHECK(entries.MaskTableEntry(entries.Context, 1) == STATUS_SUCCESS && !raised(&noise, 1),
              "a masked entry generates no interrupt");
        entries.UnmaskTableEntry(entries.Context, 1);
        settle();
        CHECK(noise.count == before + 1 && noise.last_message == 1, "it is pending until it is unmasked");
        CHECK(entries.MaskTableEntry(entries.Context, 6) == STATUS_INVALID_PARAMETER,
              "an entry that there is not is STATUS_INVALID_PARAMETER");
        entries.SetTableEntry(entries.Context, 2, 2);
    }
    entries.InterfaceDereference(entries.Context);
    CHECK(KeSynchronizeExecution(table->MessageInfo[1].InterruptObject, synchronized, NULL) &&
              synchronized_irql == table->UnifiedIrql,
          "KeSynchronizeExecution takes an object of the table");
    d.Version = CONNECT_MESSAGE_BASED;
    d.ConnectionContext.InterruptMessageTable = table;
    routine(L"IoReportInterruptInactive")(&d);
    CHECK(!raised(&noise, 1), "IoReportInterruptInactive disables all of them");
    routine(L"IoReportInterruptActive")(&d);
    CHECK(raised(&noise, 1), "IoReportInterruptActive enables them again");
    IO_INTERRUPT_MESSAGE_INFO_ENTRY second = table->MessageInfo[1];
    IoDisconnectInterruptEx(&d);
    CHECK(!raised(&noise, 1), "after IoDisconnectInterruptEx nothing is called");

    RtlZeroMemory(&p, sizeof p);
    p.Version = CONNECT_FULLY_SPECIFIED;
    p.FullySpecified.PhysicalDeviceObject = noise.pdo;
    p.FullySpecified.InterruptObject = &object;
    p.FullySpecified.ServiceRoutine = vector_isr;
    p.FullySpecified.ServiceContext = &noise;
    p.FullySpecified.Vector = second.Vector;
    p.FullySpecified.Irql = p.FullySpecified.SynchronizeIrql = second.Irql;
    p.FullySpecified.InterruptMode = Latched;
    p.FullySpecified.ProcessorEnableMask = second.TargetProcessorSet;
    CHECK(IoConnectInterruptEx(&p) == STATUS_SUCCESS,
          "CONNECT_FULLY_SPECIFIED connects an InterruptService routine to one message");
    CHECK(raised(&noise, 1) && !raised(&noise, 0), "which gets this one only");
    d.Version = CONNECT_FULLY_SPECIFIED;
    d.ConnectionContext.InterruptObject = object;
    IoDisconnectInterruptEx(&d);
    p.FullySpecified.Vector = 0x5f;
    p.FullySpecified.Irql = p.FullySpecified.SynchronizeIrql = 5;
    CHECK(IoConnectInterruptEx(&p) == STATUS_NOT_FOUND,
          "a vector that is not assigned to any device is STATUS_NOT_FOUND");
    close_noise(&noise);
}

// The parallel port, which nothing enumerates.
static CM_RESOURCE_LIST* port_list(void) {
    static struct {
        CM_RESOURCE_LIST list;
        CM_PARTIAL_RESOURCE_DESCRIPTOR second;
    } port;
    CM_PARTIAL_RESOURCE_DESCRIPTOR* d = port.list.List[0].PartialResourceList.PartialDescriptors;
    port.list.Count = 1;
    port.list.List[0].InterfaceType = Isa;
    port.list.List[0].PartialResourceList.Version = port.list.List[0].PartialResourceList.Revision = 1;
    port.list.List[0].PartialResourceList.Count = 2;
    d[0].Type = CmResourceTypePort;
    d[0].ShareDisposition = CmResourceShareDeviceExclusive;
    d[0].Flags = CM_RESOURCE_PORT_IO;
    d[0].u.Port.Start.QuadPart = 0x378;
    d[0].u.Port.Length = 3;
    d[1].Type = CmResourceTypeInterrupt;
    d[1].ShareDisposition = CmResourceShareDeviceExclusive;
    d[1].Flags = CM_RESOURCE_INTERRUPT_LATCHED;
    d[1].u.Interrupt.Level = d[1].u.Interrupt.Vector = 7;
    d[1].u.Interrupt.Affinity = (KAFFINITY)-1;
    return &port.list;
}

static volatile LONG acknowledged;
static BOOLEAN NTAPI port_isr(PKINTERRUPT interrupt, PVOID context) {
    UNREFERENCED_PARAMETER(interrupt);
    UNREFERENCED_PARAMETER(context);
    InterlockedIncrement(&acknowledged);
    return TRUE;
}

static void not_enumerated(void) {
    CM_RESOURCE_LIST* list = port_list();
    ULONG size = sizeof(CM_RESOURCE_LIST) + sizeof(CM_PARTIAL_RESOURCE_DESCRIPTOR), length;
    CM_RESOURCE_LIST none = {0};
    PDEVICE_OBJECT device, pdo = NULL, other = NULL;
    IoCreateDevice(this_driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
    BOOLEAN conflict = TRUE;
    CHECK(IoReportResourceForDetection(this_driver, NULL, 0, device, list, size, &conflict) ==
                  STATUS_SUCCESS &&
              !conflict,
          "IoReportResourceForDetection claims resources that are free");
    CHECK(IoReportResourceForDetection(this_driver, list, size, NULL, NULL, 0, &conflict) ==
                  STATUS_CONFLICTING_ADDRESSES &&
              conflict,
          "the same ones for another device are STATUS_CONFLICTING_ADDRESSES");
    CHECK(IoReportResourceForDetection(this_driver, NULL, 0, device, list, size, &conflict) == STATUS_SUCCESS,
          "the device's own claim may be made again");
    CHECK(IoReportResourceForDetection(this_driver, list, 8, NULL, NULL, 0, &conflict) == STATUS_UNSUCCESSFUL,
          "a list that is longer than its size is STATUS_UNSUCCESSFUL");
    CHECK(IoReportDetectedDevice(this_driver, Isa, 0, (ULONG)-1, list, NULL, FALSE, &other) ==
              STATUS_CONFLICTING_ADDRESSES,
          "IoReportDetectedDevice claims the resources itself with ResourceAssigned FALSE");
    CHECK(IoReportDetectedDevice(this_driver, Isa, 0, (ULONG)-1, list, NULL, TRUE, &pdo) == STATUS_SUCCESS &&
              pdo,
          "with TRUE it does not: it makes a PDO");
    CHECK(IoReportResourceForDetection(this_driver, NULL, 0, device, &none, sizeof none, &conflict) ==
              STATUS_SUCCESS,
          "a Count of zero gives the claim up");
    CHECK(is_text(pdo, DevicePropertyCompatibleIDs, L"DETECTEDIsa\\conform_messages"),
          "the compatible IDs are DETECTED<interface>\\<driver> and DETECTED\\<driver>");
    CHECK(property(pdo, DevicePropertyHardwareID, NULL, 0, &length) == STATUS_OBJECT_NAME_NOT_FOUND,
          "there is no hardware ID");
    PKINTERRUPT object = NULL;
    IO_CONNECT_INTERRUPT_PARAMETERS p;
    IO_DISCONNECT_INTERRUPT_PARAMETERS d;
    RtlZeroMemory(&p, sizeof p);
    p.Version = CONNECT_LINE_BASED;
    p.LineBased.PhysicalDeviceObject = pdo;
    p.LineBased.InterruptObject = &object;
    p.LineBased.ServiceRoutine = port_isr;
    CHECK(IoConnectInterruptEx(&p) == STATUS_SUCCESS, "its interrupt can be connected by line");
    WRITE_PORT_UCHAR((PUCHAR)0x37a, 0x15);
    WRITE_PORT_UCHAR((PUCHAR)0x37a, 0x14);
    settle();
    CHECK(acknowledged == 1, "and comes");
    d.Version = CONNECT_LINE_BASED;
    d.ConnectionContext.InterruptObject = object;
    IoDisconnectInterruptEx(&d);
    WRITE_PORT_UCHAR((PUCHAR)0x37a, 4);
    other = device;
    CHECK(IoReportDetectedDevice(this_driver, Internal, 0, 0, NULL, NULL, TRUE, &other) == STATUS_SUCCESS &&
              other == device,
          "a PDO that the caller supplies is used");
    CHECK(is_text(device, DevicePropertyEnumeratorName, L"ROOT"), "and is a physical device object then");
}

static void checks(void) {
    properties();
    configuration();
    stack();
    by_line();
    by_message(0, 4, FALSE);
    by_message(1, 5, TRUE);
    hardware_key(3);
    not_enumerated();
}
