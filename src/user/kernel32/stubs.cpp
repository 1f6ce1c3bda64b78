// Functions that C runtimes import and that nothing implements yet: calling one stops the machine with its
// name.
#include "kernel32.h"

#define STUB(name)                                                                                           \
    extern "C" void name();                                                                                  \
    extern "C" void name() { nt::k32::stop(#name); }

STUB(GetNumberOfConsoleInputEvents)
STUB(PeekConsoleInputA)
STUB(PeekConsoleInputW)
STUB(ReadConsoleInputA)
STUB(ReadConsoleInputW)
STUB(ConvertFiberToThread)
STUB(ConvertThreadToFiber)
STUB(CreateFiber)
STUB(DeleteFiber)
STUB(FreeConsole)
STUB(SwitchToFiber)
STUB(WriteConsoleOutputW)
