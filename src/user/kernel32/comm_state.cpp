// GetCommState and SetCommState: a DCB is what four requests to the driver say: SERIAL_BAUD_RATE,
// SERIAL_LINE_CONTROL, SERIAL_CHARS, SERIAL_HANDFLOW. Pages ns-winbase-dcb, ns-ntddser-_serial_handflow ….
#include "comm.h"

namespace nt {
using namespace k32;

namespace {

struct DCB {
    DWORD DCBlength, BaudRate, flags;
    WORD wReserved, XonLim, XoffLim;
    UCHAR ByteSize, Parity, StopBits, XonChar, XoffChar, ErrorChar, EofChar, EvtChar;
    WORD wReserved1;
};
static_assert(sizeof(DCB) == 28);
enum : DWORD { // DCB.flags
    fBinary = 1,
    fParity = 2,
    fOutxCtsFlow = 4,
    fOutxDsrFlow = 8,
    fDtrControl = 0x30,
    fDsrSensitivity = 0x40,
    fTXContinueOnXoff = 0x80,
    fOutX = 0x100,
    fInX = 0x200,
    fErrorChar = 0x400,
    fNull = 0x800,
    fRtsControl = 0x3000,
    fAbortOnError = 0x4000,
};

struct LineControl {
    UCHAR StopBits, Parity, WordLength;
};
struct Chars {
    UCHAR Eof, Error, Break, Event, Xon, Xoff;
};
struct Handflow {
    ULONG ControlHandShake, FlowReplace;
    LONG XonLimit, XoffLimit;
};

struct Bit {
    DWORD of_dcb;
    ULONG of_driver;
};
constexpr Bit control_bits[] = {
    {fOutxCtsFlow, 8}, {fOutxDsrFlow, 0x10}, {fDsrSensitivity, 0x40}, {fAbortOnError, 0x80000000}};
constexpr Bit replace_bits[] = {
    {fOutX, 1}, {fInX, 2}, {fErrorChar, 4}, {fNull, 8}, {fTXContinueOnXoff, 0x80000000}};
// DTR_CONTROL_… and RTS_CONTROL_… have the values of the driver's fields, elsewhere.
constexpr ULONG dtr_mask = 3, dtr_shift = 4, rts_mask = 0xc0, rts_shift = 6;

template <SIZE_T n> void to_driver(const Bit (&table)[n], DWORD flags, ULONG& bits) {
    for (const Bit& b : table)
        bits = flags & b.of_dcb ? bits | b.of_driver : bits & ~b.of_driver;
}
template <SIZE_T n> DWORD to_dcb(const Bit (&table)[n], ULONG bits) {
    DWORD flags = 0;
    for (const Bit& b : table)
        if (bits & b.of_driver) flags |= b.of_dcb;
    return flags;
}

struct State {
    ULONG baud;
    LineControl line;
    Chars chars;
    Handflow flow;
    NTSTATUS read(HANDLE file);
    NTSTATUS write(HANDLE file) const;
};

template <class T> NTSTATUS get(HANDLE file, SerialFunction function, T& to) {
    return serial_request(file, function, nullptr, 0, &to, sizeof to);
}
template <class T> NTSTATUS set(HANDLE file, SerialFunction function, const T& from) {
    return serial_request(file, function, &from, sizeof from, nullptr, 0);
}

NTSTATUS State::read(HANDLE file) {
    NTSTATUS status = get(file, SerialGetBaudRate, baud);
    if (NT_SUCCESS(status)) status = get(file, SerialGetLineControl, line);
    if (NT_SUCCESS(status)) status = get(file, SerialGetChars, chars);
    if (NT_SUCCESS(status)) status = get(file, SerialGetHandflow, flow);
    return status;
}
NTSTATUS State::write(HANDLE file) const {
    NTSTATUS status = set(file, SerialSetBaudRate, baud);
    if (NT_SUCCESS(status)) status = set(file, SerialSetLineControl, line);
    if (NT_SUCCESS(status)) status = set(file, SerialSetChars, chars);
    if (NT_SUCCESS(status)) status = set(file, SerialSetHandflow, flow);
    return status;
}

} // namespace

extern "C" {

// assumed: fParity tells whether there is a parity bit; drivers know of no other checking.
BOOL GetCommState(HANDLE file, DCB* to) {
    State state;
    const NTSTATUS status = state.read(file);
    if (!NT_SUCCESS(status)) return fail(status);
    *to = {};
    to->DCBlength = sizeof *to;
    to->BaudRate = state.baud;
    to->flags = fBinary | (state.line.Parity ? DWORD(fParity) : 0) |
                to_dcb(control_bits, state.flow.ControlHandShake) |
                to_dcb(replace_bits, state.flow.FlowReplace) |
                (state.flow.ControlHandShake & dtr_mask) << dtr_shift |
                (state.flow.FlowReplace & rts_mask) << rts_shift;
    to->XonLim = WORD(state.flow.XonLimit);
    to->XoffLim = WORD(state.flow.XoffLimit);
    to->ByteSize = state.line.WordLength;
    to->Parity = state.line.Parity;
    to->StopBits = state.line.StopBits;
    to->XonChar = state.chars.Xon;
    to->XoffChar = state.chars.Xoff;
    to->ErrorChar = state.chars.Error;
    to->EofChar = state.chars.Eof;
    to->EvtChar = state.chars.Event;
    return TRUE;
}

// "The SetCommState function fails if the XonChar member of the DCB structure is equal to the XoffChar
// member." What a DCB does not say (the break character, DCD handshake) stays. assumed: what the driver took
// before it refused something is set back.
BOOL SetCommState(HANDLE file, const DCB* from) {
    if (from->XonChar == from->XoffChar) return fail_with(ERROR_INVALID_PARAMETER);
    State before;
    NTSTATUS status = before.read(file);
    if (!NT_SUCCESS(status)) return fail(status);
    State state = before;
    state.baud = from->BaudRate;
    state.line = {from->StopBits, from->Parity, from->ByteSize};
    state.chars = {from->EofChar, from->ErrorChar, before.chars.Break,
                   from->EvtChar, from->XonChar,   from->XoffChar};
    // "If this member is TRUE and the fParity member is TRUE, replacement occurs."
    const DWORD flags = from->flags & fParity ? from->flags : from->flags & ~fErrorChar;
    to_driver(control_bits, flags, state.flow.ControlHandShake);
    to_driver(replace_bits, flags, state.flow.FlowReplace);
    state.flow.ControlHandShake =
        (state.flow.ControlHandShake & ~dtr_mask) | (flags & fDtrControl) >> dtr_shift;
    state.flow.FlowReplace = (state.flow.FlowReplace & ~rts_mask) | (flags & fRtsControl) >> rts_shift;
    state.flow.XonLimit = from->XonLim;
    state.flow.XoffLimit = from->XoffLim;
    status = state.write(file);
    if (NT_SUCCESS(status)) return TRUE;
    before.write(file);
    return fail(status);
}

} // extern "C"
} // namespace nt
