// A driver that is loaded as a service. Its device \Device\Loadee-NAME has the link \\.\Loadee-NAME, where
// NAME is the service's. Values of its Parameters key: Fail (REG_DWORD), a status that DriverEntry returns;
// Stays, no DriverUnload; Pnp, an AddDevice routine; Leaves, the device stays when it is unloaded; Quiet, no
// device; Delay, milliseconds that DriverEntry takes.
#pragma once
#define IOCTL_LOADEE_FACTS CTL_CODE(FILE_DEVICE_UNKNOWN, 0xa20, METHOD_BUFFERED, FILE_ANY_ACCESS)

// What DriverEntry found to be as documented.
enum {
    LOADEE_SYSTEM_PROCESS = 1,
    LOADEE_SYSTEM_THREAD = 2,
    LOADEE_PASSIVE = 4,
    LOADEE_REGISTRY_PATH = 8,
    LOADEE_DISPATCH_TABLE = 0x10,
    LOADEE_DRIVER_FIELDS = 0x20,
    LOADEE_HARDWARE_DATABASE = 0x40,
    LOADEE_DRIVER_NAME = 0x80,
    LOADEE_REINITIALIZED = 0x100, // its reinitialization routine was called
    LOADEE_ALL = 0x1ff,
};
