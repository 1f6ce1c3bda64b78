// The communications functions on \\.\COM9 of serialdev.sys: win32 "Communications Functions",
// ns-winbase-dcb, ns-winbase-comstat, ns-winbase-commtimeouts.
#include <windows.h>

#include "../common/program.h"

static HANDLE port;

static void settings(void) {
    DCB dcb = {.DCBlength = sizeof dcb}, got;
    dcb.BaudRate = CBR_9600, dcb.ByteSize = 8, dcb.Parity = EVENPARITY, dcb.StopBits = TWOSTOPBITS;
    dcb.fBinary = dcb.fParity = dcb.fOutxCtsFlow = dcb.fOutX = dcb.fErrorChar = dcb.fAbortOnError = 1;
    dcb.fDtrControl = DTR_CONTROL_HANDSHAKE, dcb.fRtsControl = RTS_CONTROL_TOGGLE;
    dcb.XonLim = 100, dcb.XoffLim = 200, dcb.XonChar = 17, dcb.XoffChar = 19;
    dcb.ErrorChar = '?', dcb.EofChar = 26, dcb.EvtChar = 'e';
    CHECK(SetCommState(port, &dcb), "SetCommState");
    memset(&got, 0xcc, sizeof got);
    CHECK(GetCommState(port, &got) && !memcmp(&got, &dcb, sizeof dcb), "GetCommState gives it back");
    dcb.fParity = 0, dcb.Parity = NOPARITY, dcb.fOutxCtsFlow = dcb.fOutX = dcb.fAbortOnError = 0;
    dcb.fOutxDsrFlow = dcb.fDsrSensitivity = dcb.fInX = dcb.fNull = dcb.fTXContinueOnXoff = 1;
    dcb.fDtrControl = DTR_CONTROL_ENABLE, dcb.fRtsControl = RTS_CONTROL_HANDSHAKE;
    CHECK(SetCommState(port, &dcb) && GetCommState(port, &got) && !got.fErrorChar,
          "fErrorChar counts with fParity only");
    dcb.fErrorChar = 0;
    CHECK(!memcmp(&got, &dcb, sizeof dcb), "each of the other flags");
    dcb.XoffChar = dcb.XonChar;
    CHECK(!SetCommState(port, &dcb) && GetLastError() == ERROR_INVALID_PARAMETER,
          "SetCommState fails if XonChar is equal to XoffChar");
    dcb.XoffChar = 19, dcb.BaudRate = CBR_300, dcb.ByteSize = 9;
    CHECK(!SetCommState(port, &dcb) && GetLastError() == ERROR_INVALID_PARAMETER, "the driver's refusal");
    CHECK(GetCommState(port, &got) && got.BaudRate == CBR_9600 && got.ByteSize == 8, "nothing has changed");
    HANDLE null = CreateFileA("NUL", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    CHECK(!GetCommState(null, &got) && !SetCommState(null, &got), "not a serial port");
    CloseHandle(null);

    COMMTIMEOUTS times = {1, 2, 3, 4, 5}, back = {0};
    CHECK(SetCommTimeouts(port, &times) && GetCommTimeouts(port, &back) &&
              !memcmp(&times, &back, sizeof times),
          "SetCommTimeouts, GetCommTimeouts");
}

static DWORD lines(void) {
    COMMPROP properties = {0};
    return GetCommProperties(port, &properties) ? properties.dwProvSpec2 : ~0u;
}

static void signals(void) {
    COMMPROP properties = {0};
    COMSTAT status;
    DWORD errors = 0, modem = 0;
    CHECK(SetupComm(port, 1000, 2000) && PurgeComm(port, PURGE_TXABORT | PURGE_RXCLEAR),
          "SetupComm, PurgeComm");
    CHECK(GetCommProperties(port, &properties) && properties.wPacketVersion == 2 &&
              properties.dwCurrentRxQueue == 1000 && properties.dwCurrentTxQueue == 2000 &&
              properties.dwProvSpec1 == (PURGE_TXABORT | PURGE_RXCLEAR),
          "GetCommProperties");
    CHECK(ClearCommError(port, &errors, &status) && errors == (CE_BREAK | CE_RXPARITY) && status.fCtsHold &&
              status.fXoffSent && !status.fDsrHold && !status.fXoffHold && status.fEof && status.fTxim &&
              status.cbInQue == 11 && status.cbOutQue == 22,
          "ClearCommError");
    CHECK(ClearCommError(port, &errors, NULL), "without a COMSTAT");
    CHECK(GetCommModemStatus(port, &modem) && modem == (MS_CTS_ON | MS_DSR_ON), "GetCommModemStatus");
    CHECK(EscapeCommFunction(port, SETDTR) && EscapeCommFunction(port, SETRTS) &&
              EscapeCommFunction(port, SETXOFF) && SetCommBreak(port) && lines() == 0xf,
          "EscapeCommFunction, SetCommBreak");
    CHECK(EscapeCommFunction(port, CLRDTR) && EscapeCommFunction(port, CLRRTS) &&
              EscapeCommFunction(port, SETXON) && ClearCommBreak(port) && lines() == 0,
          "and back, ClearCommBreak");
    CHECK(EscapeCommFunction(port, SETBREAK) && lines() == 4 && EscapeCommFunction(port, CLRBREAK) &&
              lines() == 0,
          "SETBREAK, CLRBREAK");
    CHECK(!EscapeCommFunction(port, 99) && GetLastError() == ERROR_INVALID_PARAMETER, "no function");
    CHECK(TransmitCommChar(port, 'x') && lines() == 'x' << 8, "TransmitCommChar");
}

static void events(void) {
    DWORD mask = 0, n;
    OVERLAPPED o = {.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL)};
    CHECK(!WaitCommEvent(port, &mask, &o) && GetLastError() == ERROR_INVALID_PARAMETER,
          "no mask to wait for");
    CHECK(SetCommMask(port, EV_RXCHAR | EV_BREAK) && GetCommMask(port, &mask) &&
              mask == (EV_RXCHAR | EV_BREAK),
          "SetCommMask, GetCommMask");
    CHECK(!WaitCommEvent(port, &mask, &o) && GetLastError() == ERROR_IO_PENDING, "WaitCommEvent");
    CHECK(GetCommMask(port, &n) && n == (EV_RXCHAR | EV_BREAK),
          "other functions are waited for while it is pending");
    CHECK(SetCommMask(port, 0) && GetOverlappedResult(port, &o, &n, TRUE) && mask == 0,
          "SetCommMask ends the wait, with no event");
    SetCommMask(port, EV_RXCHAR);
    CHECK(!WaitCommEvent(port, &mask, &o) && CancelIoEx(port, &o) &&
              !GetOverlappedResult(port, &o, &n, TRUE) && GetLastError() == ERROR_OPERATION_ABORTED,
          "it can be cancelled");
    CloseHandle(o.hEvent);
}

int main(void) {
    port =
        CreateFileA("COM9", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    CHECK(port != INVALID_HANDLE_VALUE && GetFileType(port) == FILE_TYPE_CHAR, "CreateFile of COM9");
    settings();
    signals();
    events();
    CloseHandle(port);
    return finish();
}
