// Communications functions: requests to the driver of a serial port. win32 "Communications Functions" and the
// WDK's serial requests (ntddser, ioctl_serial_…).
#include "comm.h"

namespace nt {
namespace k32 {

// With an event of its own, so that it can be waited for whatever else is pending on the handle.
NTSTATUS serial_request(HANDLE file, SerialFunction function, const void* in, ULONG in_length, void* out,
                        ULONG out_length) {
    HANDLE event;
    NTSTATUS status = NtCreateEvent(&event, 0x1f0003, nullptr, 0 /* NotificationEvent */, FALSE);
    if (!NT_SUCCESS(status)) return status;
    IO_STATUS_BLOCK iosb;
    status = NtDeviceIoControlFile(real_handle(file), event, nullptr, nullptr, &iosb, serial_code(function),
                                   const_cast<void*>(in), in_length, out, out_length);
    if (status == STATUS_PENDING) {
        status = NtWaitForSingleObject(event, FALSE, nullptr);
        if (NT_SUCCESS(status)) status = iosb.Status;
    }
    NtClose(event);
    return status;
}

namespace {

struct COMMTIMEOUTS { // SERIAL_TIMEOUTS
    DWORD ReadIntervalTimeout, ReadTotalTimeoutMultiplier, ReadTotalTimeoutConstant,
        WriteTotalTimeoutMultiplier, WriteTotalTimeoutConstant;
};
struct COMSTAT {
    DWORD flags, cbInQue, cbOutQue;
};
struct SERIAL_STATUS {
    ULONG Errors, HoldReasons, AmountInInQueue, AmountInOutQueue;
    BOOLEAN EofReceived, WaitForImmediate;
};
struct SERIAL_QUEUE_SIZE {
    ULONG InSize, OutSize;
};
struct COMMPROP { // SERIAL_COMMPROP
    WORD wPacketLength, wPacketVersion;
    DWORD numbers[14];
    WCHAR wcProvChar[1];
};
constexpr DWORD COMMPROP_INITIALIZED = 0xe73cf52e;

struct Bit {
    ULONG from, to;
};
ULONG translate(ULONG bits, const Bit* table, SIZE_T n) {
    ULONG result = 0;
    for (SIZE_T i = 0; i < n; i++)
        if (bits & table[i].from) result |= table[i].to;
    return result;
}

// SERIAL_ERROR_… to CE_…; SERIAL_TX_WAITING_…, SERIAL_RX_WAITING_FOR_DSR to the flags of COMSTAT.
constexpr Bit errors[] = {{1, 0x10}, {2, 8}, {4, 2}, {8, 1}, {0x10, 4}};
constexpr Bit holds[] = {{1, 1}, {2, 2}, {4, 4}, {8, 8}, {0x10, 0x10}};
constexpr DWORD fEof = 0x20, fTxim = 0x40;

BOOL plain(HANDLE file, SerialFunction function) {
    return answer(serial_request(file, function, nullptr, 0, nullptr, 0));
}
template <class T> BOOL set(HANDLE file, SerialFunction function, const T& value) {
    return answer(serial_request(file, function, &value, sizeof value, nullptr, 0));
}
template <class T> BOOL get(HANDLE file, SerialFunction function, T& value) {
    return answer(serial_request(file, function, nullptr, 0, &value, sizeof value));
}

} // namespace
} // namespace k32

using namespace k32;

extern "C" {

BOOL SetCommBreak(HANDLE file) { return plain(file, SerialSetBreakOn); }
BOOL ClearCommBreak(HANDLE file) { return plain(file, SerialSetBreakOff); }

// SETXOFF 1 … CLRBREAK 9
BOOL EscapeCommFunction(HANDLE file, DWORD function) {
    constexpr SerialFunction functions[] = {SerialSetXoff,     SerialSetXon,     SerialSetRts,
                                            SerialClearRts,    SerialSetDtr,     SerialClearDtr,
                                            SerialResetDevice, SerialSetBreakOn, SerialSetBreakOff};
    if (function < 1 || function > sizeof functions / sizeof *functions)
        return fail_with(ERROR_INVALID_PARAMETER);
    return plain(file, functions[function - 1]);
}

BOOL ClearCommError(HANDLE file, DWORD* error, COMSTAT* to) {
    SERIAL_STATUS status{};
    if (!get(file, SerialGetStatus, status)) return FALSE;
    if (error) *error = translate(status.Errors, errors, sizeof errors / sizeof *errors);
    if (to)
        *to = {translate(status.HoldReasons, holds, sizeof holds / sizeof *holds) |
                   (status.EofReceived ? fEof : 0) | (status.WaitForImmediate ? fTxim : 0),
               status.AmountInInQueue, status.AmountInOutQueue};
    return TRUE;
}

BOOL GetCommMask(HANDLE file, DWORD* mask) { return get(file, SerialGetWaitMask, *mask); }
BOOL SetCommMask(HANDLE file, DWORD mask) { return set(file, SerialSetWaitMask, mask); }

BOOL WaitCommEvent(HANDLE file, DWORD* mask, OVERLAPPED* o) {
    if (!o) return get(file, SerialWaitOnMask, *mask);
    o->Internal = STATUS_PENDING;
    const NTSTATUS status =
        NtDeviceIoControlFile(real_handle(file), event_of(o), nullptr, context_of(o), o->status_block(),
                              serial_code(SerialWaitOnMask), nullptr, 0, mask, sizeof *mask);
    return NT_SUCCESS(status) && status != STATUS_PENDING ? BOOL(TRUE) : fail(status);
}

BOOL GetCommModemStatus(HANDLE file, DWORD* status) { return get(file, SerialGetModemStatus, *status); }

// With COMMPROP_INITIALIZED in dwProvSpec1, wPacketLength is the size of what is there.
BOOL GetCommProperties(HANDLE file, COMMPROP* to) {
    constexpr ULONG provider_specific_1 = 12;
    const ULONG size =
        to->numbers[provider_specific_1] == COMMPROP_INITIALIZED ? to->wPacketLength : sizeof *to;
    if (size < sizeof *to) return fail_with(ERROR_INVALID_PARAMETER);
    RtlZeroMemory(to, size);
    return answer(serial_request(file, SerialGetProperties, nullptr, 0, to, size));
}

BOOL GetCommTimeouts(HANDLE file, COMMTIMEOUTS* to) { return get(file, SerialGetTimeouts, *to); }
BOOL SetCommTimeouts(HANDLE file, const COMMTIMEOUTS* from) { return set(file, SerialSetTimeouts, *from); }

BOOL PurgeComm(HANDLE file, DWORD flags) { return set(file, SerialPurge, flags); }
BOOL SetupComm(HANDLE file, DWORD in, DWORD out) {
    return set(file, SerialSetQueueSize, SERIAL_QUEUE_SIZE{in, out});
}
BOOL TransmitCommChar(HANDLE file, CHAR character) { return set(file, SerialImmediateChar, character); }

} // extern "C"
} // namespace nt
