// What file systems and their filters ask of the I/O manager: nf-ntddk-iocancelfileopen,
// nf-ntifs-ioreplacefileobjectname, nf-ntifs-ioacquirevpbspinlock.
#include "kernel/exports/gate.h"
#include "kernel/exports/touch.h"
#include "kernel/io/file.h"

using namespace nt;

extern "C" void IoCancelFileOpen(DEVICE_OBJECT* device, FILE_OBJECT* file) {
    io::detail::cancel_file_open(device, file);
}
GATE(IoCancelFileOpen);
extern "C" NTSTATUS IoReplaceFileObjectName(FILE_OBJECT* file, WCHAR* name, USHORT length) {
    return io::replace_file_name(file, name, length);
}
GATE(IoReplaceFileObjectName);
extern "C" void IoAcquireVpbSpinLock(KIRQL* irql) {
    exports::need_write(irql, sizeof *irql);
    *irql = io::acquire_vpb_lock();
}
GATE(IoAcquireVpbSpinLock);
extern "C" void IoReleaseVpbSpinLock(KIRQL irql) { io::release_vpb_lock(irql); }
GATE(IoReleaseVpbSpinLock);
