// Devices without Plug and Play and what is known of devices: ntddk pages nf-ntddk-ioreportdetecteddevice,
// nf-ntddk-ioreportresourcefordetection, wdm pages nf-wdm-iogetdeviceproperty,
// nf-wdm-ioopendeviceregistrykey.
#include "abi/status.h"
#include "kernel/exports/gate.h"
#include "kernel/exports/touch.h"
#include "kernel/io/device_node.h"

using namespace nt;
using exports::need_in;
using exports::need_out;

namespace {

// The list can be read to its end; its length, or 0 when it is none: `room` (0: not known) is too small, or
// data of a device stands before the last descriptor.
ULONG need_list(const CM_RESOURCE_LIST* list, ULONG room) {
    constexpr ULONG head = offsetof(CM_FULL_RESOURCE_DESCRIPTOR, PartialResourceList.PartialDescriptors);
    ULONG size = offsetof(CM_RESOURCE_LIST, List);
    const auto* bytes = reinterpret_cast<const UCHAR*>(list);
    const auto take = [&](ULONG more) {
        if (room && (size > room || more > room - size)) return false;
        exports::need_read(bytes + size, more);
        size += more;
        return true;
    };
    if (room && size > room) return 0;
    exports::need_read(list, size);
    for (ULONG i = 0; i < list->Count; ++i) {
        const auto& full = *reinterpret_cast<const CM_FULL_RESOURCE_DESCRIPTOR*>(bytes + size);
        if (!take(head)) return 0;
        for (ULONG n = 0; n < full.PartialResourceList.Count; ++n) {
            const auto& d = *reinterpret_cast<const CM_PARTIAL_RESOURCE_DESCRIPTOR*>(bytes + size);
            if (!take(sizeof d)) return 0;
            if (d.Type != CmResourceTypeDeviceSpecific) continue;
            if (n + 1 != full.PartialResourceList.Count || !take(d.u.DeviceSpecificData.DataSize)) return 0;
        }
    }
    return size;
}

} // namespace

extern "C" NTSTATUS IopPdoRequest(DEVICE_OBJECT* device, IRP* irp) { return io::pdo_request(device, irp); }
GATE(IopPdoRequest);

extern "C" NTSTATUS IoReportDetectedDevice(DRIVER_OBJECT* driver, INTERFACE_TYPE bus_type, ULONG bus,
                                           ULONG slot, CM_RESOURCE_LIST* resources,
                                           IO_RESOURCE_REQUIREMENTS_LIST*, BOOLEAN assigned,
                                           DEVICE_OBJECT** device) {
    need_in(driver);
    if (need_out(device)) need_in(*device);
    // assumed: a list that is none.
    if (resources && !need_list(resources, 0)) return STATUS_INVALID_PARAMETER;
    return io::report_detected_device({driver, bus_type, bus, slot, resources, assigned != 0}, *device);
}
GATE(IoReportDetectedDevice);

extern "C" NTSTATUS IoReportResourceForDetection(DRIVER_OBJECT* driver, CM_RESOURCE_LIST* driver_list,
                                                 ULONG driver_size, DEVICE_OBJECT* device,
                                                 CM_RESOURCE_LIST* device_list, ULONG device_size,
                                                 BOOLEAN* conflict) {
    need_in(driver);
    need_out(conflict) = 0;
    const CM_RESOURCE_LIST* list = device_list ? device_list : driver_list;
    const ULONG size = device_list ? device_size : driver_size;
    if (list && (size == 0 || !need_list(list, size))) return STATUS_UNSUCCESSFUL;
    bool found = false;
    const NTSTATUS status = io::claim_resources(driver, device_list ? device : nullptr, list, found);
    *conflict = found;
    return status;
}
GATE(IoReportResourceForDetection);

extern "C" NTSTATUS IoOpenDeviceRegistryKey(DEVICE_OBJECT* device, ULONG which, ACCESS_MASK desired,
                                            HANDLE* key) {
    need_in(device);
    need_out(key);
    *key = TRY_STATUS(io::open_device_key(device, which, desired));
    return STATUS_SUCCESS;
}
GATE(IoOpenDeviceRegistryKey);

extern "C" NTSTATUS IoGetDeviceProperty(DEVICE_OBJECT* device, ULONG property, ULONG length, PVOID buffer,
                                        ULONG* result_length) {
    need_in(device);
    need_out(result_length);
    if (!buffer) length = 0;
    if (length) exports::need_write(buffer, length);
    return io::device_property(device, property, {static_cast<UCHAR*>(buffer), length}, *result_length);
}
GATE(IoGetDeviceProperty);
