// Functions that C runtimes import and that nothing implements yet: calling one stops the machine with its
// name.
#include "kernel32.h"

#define STUB(name)                                                                                           \
    extern "C" void name();                                                                                  \
    extern "C" void name() { nt::k32::stop(#name); }

STUB(CloseThreadpoolTimer)
STUB(CloseThreadpoolWait)
STUB(CloseThreadpoolWork)
STUB(CreateHardLinkA)
STUB(CreateHardLinkW)
STUB(CreatePipe)
STUB(CreateProcessA)
STUB(CreateProcessW)
STUB(CreateSymbolicLinkA)
STUB(CreateSymbolicLinkW)
STUB(CreateThreadpoolTimer)
STUB(CreateThreadpoolWait)
STUB(CreateThreadpoolWork)
STUB(EnumSystemLocalesEx)
STUB(FindFirstVolumeW)
STUB(FindNextVolumeW)
STUB(FindVolumeClose)
STUB(FreeLibraryWhenCallbackReturns)
STUB(GetDateFormatW)
STUB(GetNumberOfConsoleInputEvents)
STUB(GetTimeFormatW)
STUB(PeekConsoleInputA)
STUB(PeekConsoleInputW)
STUB(ReadConsoleInputA)
STUB(ReadConsoleInputW)
STUB(SetThreadpoolTimer)
STUB(SetThreadpoolWait)
STUB(SubmitThreadpoolWork)
STUB(WaitForThreadpoolTimerCallbacks)
