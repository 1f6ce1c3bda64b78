// Devices that the system knows without their drivers: each has a node, reached from its physical device
// object, that says where it is and what hardware resources it has.
//
// There is no Plug and Play manager yet: functions of the PCI bus get their nodes when the machine starts,
// other devices when a driver reports them (IoReportDetectedDevice), and nobody sends IRP_MJ_PNP. The objects
// are those that Windows makes: \Driver\pci owns \Device\NTPNP_PCI0000 …, \Driver\PnpManager the others.
#pragma once
#include "abi/irp.h"
#include "abi/pnp.h"
#include "base/result.h"
#include "hardware/pci.h"
#include "kernel/io/interrupt.h"
#include <span>
#include <string>
#include <vector>

namespace nt::io {

// In pool, as drivers see its address in the device object's extension.
struct DeviceNode {
    DeviceNode* next;
    DEVICE_OBJECT* pdo;
    INTERFACE_TYPE bus_type;
    ULONG bus, slot;
    bool on_pci;
    CM_RESOURCE_LIST *raw, *translated;
    ULONG list_size;
    InterruptResource *interrupts, *messages; // it has the messages if there are any, otherwise the lines
    ULONG interrupt_count, message_count;
    DRIVER_OBJECT* reported_by; // the last who did; null: nobody
    WCHAR detector[64];         // its service name

    hardware::pci::Function* function() const { // null: not on the PCI bus
        return on_pci ? hardware::pci::find(slot & 31, slot >> 5) : nullptr;
    }
};

// Null for a device object that is no physical one.
DeviceNode* node_of(const DEVICE_OBJECT* device);
DeviceNode* first_node();
void forget_node(const DEVICE_OBJECT* device); // it is being deleted
// The function of the PCI bus at a PCI_SLOT_NUMBER.
DeviceNode* find_pci_node(ULONG bus, ULONG slot);

// Makes the nodes of the functions on the bus, but for the host bridge's, and their keys below Enum.
NTSTATUS enumerate_pci();
// "\Registry\…\Enum\PCI\…\Device Parameters": the hardware key, which the INF of a driver writes to.
std::u16string hardware_key(const DeviceNode& node);

// The dispatch routine of physical device objects.
NTSTATUS pdo_request(DEVICE_OBJECT* device, IRP* irp);

// A new node for a device object, or with one that \Driver\PnpManager makes (pdo null).
Result<DeviceNode*> create_node(DEVICE_OBJECT* pdo, INTERFACE_TYPE bus_type, ULONG bus, ULONG slot);
// Copies a list of raw resources into the node and translates it. STATUS_INVALID_PARAMETER: an interrupt that
// there is no line for.
NTSTATUS give_resources(DeviceNode& node, const CM_RESOURCE_LIST& raw);
// The device starts: the function gets messages if its hardware key says so, otherwise its line.
void start_pci_node(DeviceNode& node);

// The descriptors of all full resource descriptors in a list.
std::vector<const CM_PARTIAL_RESOURCE_DESCRIPTOR*> descriptors_of(const CM_RESOURCE_LIST& list);
ULONG size_of(const CM_RESOURCE_LIST& list);

// Identification strings, most specific first.
std::vector<std::u16string> hardware_ids(const DeviceNode& node);
std::vector<std::u16string> compatible_ids(const DeviceNode& node);
std::u16string location_of(const DeviceNode& node);

// IoOpenDeviceRegistryKey: a handle to the hardware key. STATUS_INVALID_PARAMETER (no PDO, or flags that do
// not go together), STATUS_OBJECT_NAME_NOT_FOUND (there are no software keys).
Result<HANDLE> open_device_key(const DEVICE_OBJECT* device, ULONG which, ACCESS_MASK desired);

// IoReportDetectedDevice. STATUS_CONFLICTING_ADDRESSES: resources that somebody else has.
struct Detected {
    DRIVER_OBJECT* driver;
    INTERFACE_TYPE bus_type;
    ULONG bus, slot;
    const CM_RESOURCE_LIST* resources; // null: none
    bool assigned;                     // the driver has claimed them already
};
NTSTATUS report_detected_device(const Detected& what, DEVICE_OBJECT*& pdo);
// IoReportResourceForDetection: a list that is empty gives the claim up.
NTSTATUS claim_resources(DRIVER_OBJECT* driver, DEVICE_OBJECT* device, const CM_RESOURCE_LIST* list,
                         bool& conflict);
void forget_claims(const DRIVER_OBJECT* driver);

// IoGetDeviceProperty. STATUS_BUFFER_TOO_SMALL, STATUS_INVALID_PARAMETER_2, STATUS_INVALID_DEVICE_REQUEST (no
// PDO), STATUS_OBJECT_NAME_NOT_FOUND (nothing is known of that).
NTSTATUS device_property(const DEVICE_OBJECT* device, ULONG property, std::span<UCHAR> buffer, ULONG& size);

} // namespace nt::io
