// Driver objects and the life of a driver: created, DriverEntry, unloaded.
#pragma once
#include "abi/irp.h"
#include "base/result.h"
#include "kernel/ob/object.h"

namespace nt::io {

// Guest addresses of our own routines that drivers can see in tables (nt!IopInvalidDeviceRequest …). Rows of
// kind `internal`.
struct Addresses {
    // Never 0: an unknown name is a programming error and stops the machine.
    ULONG_PTR (*internal)(const char* name) = nullptr;
};
void set_addresses(const Addresses& addresses);
ULONG_PTR internal_address(const char* name);

// What the loader knows about the image; all guest addresses.
struct ImageFacts {
    PVOID base = nullptr;
    ULONG size = 0;
    PVOID section = nullptr; // KLDR_DATA_TABLE_ENTRY
    PDRIVER_INITIALIZE entry = nullptr;
    bool legacy = true; // no AddDevice needed (DRVO_LEGACY_DRIVER)
};

// Creates \Driver\name (or \FileSystem\name); `service_key` is
// "\Registry\Machine\System\CurrentControlSet\Services\name". STATUS_OBJECT_NAME_COLLISION (the driver is
// there already), STATUS_INSUFFICIENT_RESOURCES.
struct NewDriver {
    std::u16string_view name;      // last part
    std::u16string_view service{}; // of the key, if it has another name
    std::u16string_view service_key;
    std::u16string_view directory = u"\\Driver";
    ImageFacts image{};
};
Result<DRIVER_OBJECT*> create_driver(const NewDriver& what);

// IoCreateDriver: a driver without an image or a service, made by a routine. Null name: one is made up.
// assumed: as drivers that use it expect: \Driver\ and eight digits; DRVO_BUILTIN_DRIVER, no DriverSection,
// so it cannot be unloaded; the routine gets no registry path, and its failure leaves no driver.
NTSTATUS create_driver_by_routine(const UNICODE_STRING* name, PDRIVER_INITIALIZE routine);

// Calls DriverEntry(driver, registry path). On failure the driver's devices and its object are gone and its
// status comes back; what it registered elsewhere and did not take back stays (named in the trace). On
// success DO_DEVICE_INITIALIZING is cleared on its devices and DRVO_INITIALIZED set. PASSIVE_LEVEL, System
// process.
NTSTATUS start_driver(DRIVER_OBJECT* driver);

// NtUnloadDriver's part: STATUS_INVALID_DEVICE_REQUEST when there is no DriverUnload; else calls it (at once
// when nothing is open or attached, otherwise when the last reference to its devices goes: the status is then
// STATUS_PENDING for our caller). `devices_left`: devices that DriverUnload did not delete.
NTSTATUS unload_driver(DRIVER_OBJECT* driver, ULONG* devices_left);
// Releases a driver object whose unload ended, or that never started.
void forget_driver(DRIVER_OBJECT* driver);

// Called when a driver's image may be unmapped (its object has been deleted).
void set_driver_gone_hook(void (*hook)(PVOID image_section));

// IoAllocateDriverObjectExtension / IoGetDriverObjectExtension.
NTSTATUS allocate_driver_extension(DRIVER_OBJECT* driver, PVOID id, ULONG size, PVOID* extension);
PVOID get_driver_extension(DRIVER_OBJECT* driver, PVOID id);

// IoRegisterDriverReinitialization, …Boot…: run after DriverEntry of all drivers loaded together.
NTSTATUS register_reinitialization(DRIVER_OBJECT* driver, PDRIVER_REINITIALIZE routine, PVOID context,
                                   bool boot);
void run_reinitialization();

// A driver that is part of the kernel: its dispatch entries are internal gates. Name of the routine per major
// function.
struct InternalDispatch {
    UCHAR major;
    const char* routine;
};
Result<DRIVER_OBJECT*> create_internal_driver(std::u16string_view name, const InternalDispatch* dispatch,
                                              std::size_t count);

// What IoGetConfigurationInformation gives; made with the I/O manager.
CONFIGURATION_INFORMATION* configuration_information();
void create_configuration_information();

extern OBJECT_TYPE* driver_type;

} // namespace nt::io
