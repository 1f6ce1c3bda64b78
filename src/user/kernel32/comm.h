// What the files about serial ports share.
#pragma once
#include "kernel32.h"

namespace nt::k32 {

// IOCTL_SERIAL_…: the function numbers of FILE_DEVICE_SERIAL_PORT, all METHOD_BUFFERED, FILE_ANY_ACCESS.
enum SerialFunction : ULONG {
    SerialSetBaudRate = 1,
    SerialSetQueueSize = 2,
    SerialSetLineControl = 3,
    SerialSetBreakOn = 4,
    SerialSetBreakOff = 5,
    SerialImmediateChar = 6,
    SerialSetTimeouts = 7,
    SerialGetTimeouts = 8,
    SerialSetDtr = 9,
    SerialClearDtr = 10,
    SerialResetDevice = 11,
    SerialSetRts = 12,
    SerialClearRts = 13,
    SerialSetXoff = 14,
    SerialSetXon = 15,
    SerialGetWaitMask = 16,
    SerialSetWaitMask = 17,
    SerialWaitOnMask = 18,
    SerialPurge = 19,
    SerialGetBaudRate = 20,
    SerialGetLineControl = 21,
    SerialGetChars = 22,
    SerialSetChars = 23,
    SerialGetHandflow = 24,
    SerialSetHandflow = 25,
    SerialGetModemStatus = 26,
    SerialGetStatus = 27,
    SerialGetProperties = 29,
};
constexpr ULONG serial_code(SerialFunction function) { return 0x1bu << 16 | function << 2; }

NTSTATUS serial_request(HANDLE file, SerialFunction function, const void* in, ULONG in_length, void* out,
                        ULONG out_length);

} // namespace nt::k32
