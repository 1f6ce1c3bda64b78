// Control codes and device types.
#pragma once
#include "abi/types.h"

namespace nt {

inline constexpr ULONG METHOD_BUFFERED = 0;
inline constexpr ULONG METHOD_IN_DIRECT = 1;
inline constexpr ULONG METHOD_OUT_DIRECT = 2;
inline constexpr ULONG METHOD_NEITHER = 3;
inline constexpr ULONG FILE_ANY_ACCESS = 0;
inline constexpr ULONG FILE_SPECIAL_ACCESS = 0;
inline constexpr ULONG FILE_READ_ACCESS = 1;
inline constexpr ULONG FILE_WRITE_ACCESS = 2;

constexpr ULONG CTL_CODE(ULONG device_type, ULONG function, ULONG method, ULONG access) {
    return device_type << 16 | access << 14 | function << 2 | method;
}
constexpr ULONG DEVICE_TYPE_FROM_CTL_CODE(ULONG code) { return code >> 16; }
constexpr ULONG ACCESS_FROM_CTL_CODE(ULONG code) { return code >> 14 & 3; }
constexpr ULONG FUNCTION_FROM_CTL_CODE(ULONG code) { return code >> 2 & 0xfff; }
constexpr ULONG METHOD_FROM_CTL_CODE(ULONG code) { return code & 3; }

inline constexpr ULONG FILE_DEVICE_BEEP = 0x01;
inline constexpr ULONG FILE_DEVICE_CD_ROM = 0x02;
inline constexpr ULONG FILE_DEVICE_CD_ROM_FILE_SYSTEM = 0x03;
inline constexpr ULONG FILE_DEVICE_CONTROLLER = 0x04;
inline constexpr ULONG FILE_DEVICE_DATALINK = 0x05;
inline constexpr ULONG FILE_DEVICE_DFS = 0x06;
inline constexpr ULONG FILE_DEVICE_DISK = 0x07;
inline constexpr ULONG FILE_DEVICE_DISK_FILE_SYSTEM = 0x08;
inline constexpr ULONG FILE_DEVICE_FILE_SYSTEM = 0x09;
inline constexpr ULONG FILE_DEVICE_INPORT_PORT = 0x0a;
inline constexpr ULONG FILE_DEVICE_KEYBOARD = 0x0b;
inline constexpr ULONG FILE_DEVICE_MAILSLOT = 0x0c;
inline constexpr ULONG FILE_DEVICE_MIDI_IN = 0x0d;
inline constexpr ULONG FILE_DEVICE_MIDI_OUT = 0x0e;
inline constexpr ULONG FILE_DEVICE_MOUSE = 0x0f;
inline constexpr ULONG FILE_DEVICE_MULTI_UNC_PROVIDER = 0x10;
inline constexpr ULONG FILE_DEVICE_NAMED_PIPE = 0x11;
inline constexpr ULONG FILE_DEVICE_NETWORK = 0x12;
inline constexpr ULONG FILE_DEVICE_NETWORK_BROWSER = 0x13;
inline constexpr ULONG FILE_DEVICE_NETWORK_FILE_SYSTEM = 0x14;
inline constexpr ULONG FILE_DEVICE_NULL = 0x15;
inline constexpr ULONG FILE_DEVICE_PARALLEL_PORT = 0x16;
inline constexpr ULONG FILE_DEVICE_PHYSICAL_NETCARD = 0x17;
inline constexpr ULONG FILE_DEVICE_PRINTER = 0x18;
inline constexpr ULONG FILE_DEVICE_SCANNER = 0x19;
inline constexpr ULONG FILE_DEVICE_SERIAL_MOUSE_PORT = 0x1a;
inline constexpr ULONG FILE_DEVICE_SERIAL_PORT = 0x1b;
inline constexpr ULONG FILE_DEVICE_SCREEN = 0x1c;
inline constexpr ULONG FILE_DEVICE_SOUND = 0x1d;
inline constexpr ULONG FILE_DEVICE_STREAMS = 0x1e;
inline constexpr ULONG FILE_DEVICE_TAPE = 0x1f;
inline constexpr ULONG FILE_DEVICE_TAPE_FILE_SYSTEM = 0x20;
inline constexpr ULONG FILE_DEVICE_TRANSPORT = 0x21;
inline constexpr ULONG FILE_DEVICE_UNKNOWN = 0x22;
inline constexpr ULONG FILE_DEVICE_VIDEO = 0x23;
inline constexpr ULONG FILE_DEVICE_VIRTUAL_DISK = 0x24;
inline constexpr ULONG FILE_DEVICE_WAVE_IN = 0x25;
inline constexpr ULONG FILE_DEVICE_WAVE_OUT = 0x26;
inline constexpr ULONG FILE_DEVICE_8042_PORT = 0x27;
inline constexpr ULONG FILE_DEVICE_NETWORK_REDIRECTOR = 0x28;
inline constexpr ULONG FILE_DEVICE_BATTERY = 0x29;
inline constexpr ULONG FILE_DEVICE_BUS_EXTENDER = 0x2a;
inline constexpr ULONG FILE_DEVICE_MODEM = 0x2b;
inline constexpr ULONG FILE_DEVICE_VDM = 0x2c;
inline constexpr ULONG FILE_DEVICE_MASS_STORAGE = 0x2d;
inline constexpr ULONG FILE_DEVICE_SMB = 0x2e;
inline constexpr ULONG FILE_DEVICE_KS = 0x2f;
inline constexpr ULONG FILE_DEVICE_CHANGER = 0x30;
inline constexpr ULONG FILE_DEVICE_SMARTCARD = 0x31;
inline constexpr ULONG FILE_DEVICE_ACPI = 0x32;
inline constexpr ULONG FILE_DEVICE_DVD = 0x33;
inline constexpr ULONG FILE_DEVICE_FULLSCREEN_VIDEO = 0x34;
inline constexpr ULONG FILE_DEVICE_DFS_FILE_SYSTEM = 0x35;
inline constexpr ULONG FILE_DEVICE_DFS_VOLUME = 0x36;
inline constexpr ULONG FILE_DEVICE_SERENUM = 0x37;
inline constexpr ULONG FILE_DEVICE_TERMSRV = 0x38;
inline constexpr ULONG FILE_DEVICE_KSEC = 0x39;
inline constexpr ULONG FILE_DEVICE_FIPS = 0x3a;
inline constexpr ULONG FILE_DEVICE_INFINIBAND = 0x3b;
inline constexpr ULONG FILE_DEVICE_VMBUS = 0x3e;
inline constexpr ULONG FILE_DEVICE_CRYPT_PROVIDER = 0x3f;
inline constexpr ULONG FILE_DEVICE_WPD = 0x40;
inline constexpr ULONG FILE_DEVICE_BLUETOOTH = 0x41;
inline constexpr ULONG FILE_DEVICE_MT_COMPOSITE = 0x42;
inline constexpr ULONG FILE_DEVICE_MT_TRANSPORT = 0x43;
inline constexpr ULONG FILE_DEVICE_BIOMETRIC = 0x44;
inline constexpr ULONG FILE_DEVICE_PMI = 0x45;
inline constexpr ULONG FILE_DEVICE_EHSTOR = 0x46;
inline constexpr ULONG FILE_DEVICE_DEVAPI = 0x47;
inline constexpr ULONG FILE_DEVICE_GPIO = 0x48;
inline constexpr ULONG FILE_DEVICE_USBEX = 0x49;
inline constexpr ULONG FILE_DEVICE_CONSOLE = 0x50;
inline constexpr ULONG FILE_DEVICE_NFP = 0x51;
inline constexpr ULONG FILE_DEVICE_SYSENV = 0x52;
inline constexpr ULONG FILE_DEVICE_VIRTUAL_BLOCK = 0x53;
inline constexpr ULONG FILE_DEVICE_POINT_OF_SERVICE = 0x54;
inline constexpr ULONG FILE_DEVICE_STORAGE_REPLICATION = 0x55;
inline constexpr ULONG FILE_DEVICE_TRUST_ENV = 0x56;
inline constexpr ULONG FILE_DEVICE_UCM = 0x57;
inline constexpr ULONG FILE_DEVICE_UCMTCPCI = 0x58;
inline constexpr ULONG FILE_DEVICE_PERSISTENT_MEMORY = 0x59;
inline constexpr ULONG FILE_DEVICE_NVDIMM = 0x5a;
inline constexpr ULONG FILE_DEVICE_HOLOGRAPHIC = 0x5b;
inline constexpr ULONG FILE_DEVICE_SDFXHCI = 0x5c;
inline constexpr ULONG FILE_DEVICE_UCMUCSI = 0x5d;
inline constexpr ULONG FILE_DEVICE_PRM = 0x5e;
inline constexpr ULONG FILE_DEVICE_EVENT_COLLECTOR = 0x5f;
inline constexpr ULONG FILE_DEVICE_USB4 = 0x60;
inline constexpr ULONG FILE_DEVICE_SOUNDWIRE = 0x61;

} // namespace nt
