// Remove locks: wdm pages nf-wdm-ioinitializeremovelock, nf-wdm-ioacquireremovelock … (macros over these).
#include "kernel/exports/gate.h"
#include "kernel/io/remove_lock.h"

using namespace nt;

extern "C" void IoInitializeRemoveLockEx(IO_REMOVE_LOCK* lock, ULONG tag, ULONG minutes, ULONG high_water,
                                         ULONG size) {
    io::initialize_remove_lock(*lock, tag, {minutes, high_water}, size);
}
GATE(IoInitializeRemoveLockEx);

extern "C" NTSTATUS IoAcquireRemoveLockEx(IO_REMOVE_LOCK* lock, PVOID tag, PCSTR, ULONG, ULONG) {
    return io::acquire_remove_lock(*lock, tag);
}
GATE(IoAcquireRemoveLockEx);

extern "C" void IoReleaseRemoveLockEx(IO_REMOVE_LOCK* lock, PVOID tag, ULONG) {
    io::release_remove_lock(*lock, tag);
}
GATE(IoReleaseRemoveLockEx);

extern "C" void IoReleaseRemoveLockAndWaitEx(IO_REMOVE_LOCK* lock, PVOID tag, ULONG) {
    io::release_remove_lock_and_wait(*lock, tag);
}
GATE(IoReleaseRemoveLockAndWaitEx);
