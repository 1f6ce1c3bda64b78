// Hard errors and the error log: ddi pages nf-ntddk-ioraiseharderror, nf-wdm-ioallocateerrorlogentry …
#include "kernel/exports/gate.h"
#include "kernel/io/error_log.h"
#include "kernel/io/hard_error.h"
#include "kernel/ke/report.h"
#include "kernel/ke/thread.h"

using namespace nt;

extern "C" void IoSetHardErrorOrVerifyDevice(IRP* irp, DEVICE_OBJECT* device) {
    irp->Tail.Overlay.Thread->DeviceToVerify = device;
}
GATE(IoSetHardErrorOrVerifyDevice);
extern "C" PVOID IoGetDeviceToVerify(ETHREAD* thread) { return thread->DeviceToVerify; }
GATE(IoGetDeviceToVerify);
extern "C" void IoSetDeviceToVerify(ETHREAD* thread, DEVICE_OBJECT* device) {
    thread->DeviceToVerify = device;
}
GATE(IoSetDeviceToVerify);
extern "C" void IoRaiseHardError(IRP* irp, VPB* vpb, DEVICE_OBJECT* real_device) {
    io::raise_hard_error(irp, vpb, real_device, ke::calling_address());
}
GATE(IoRaiseHardError);
// The status decides what is shown "regardless of the String parameter value".
extern "C" BOOLEAN IoRaiseInformationalHardError(NTSTATUS status, UNICODE_STRING*, ke::Thread* thread) {
    return io::raise_informational_hard_error(status, thread);
}
GATE(IoRaiseInformationalHardError);
extern "C" BOOLEAN IoSetThreadHardErrorMode(BOOLEAN on) { return io::enable_hard_errors(on); }
GATE(IoSetThreadHardErrorMode);

extern "C" PVOID IoAllocateErrorLogEntry(PVOID object, UCHAR size) {
    return io::allocate_error_log_entry(object, size);
}
GATE(IoAllocateErrorLogEntry);
extern "C" void IoWriteErrorLogEntry(IO_ERROR_LOG_PACKET* entry) { io::write_error_log_entry(entry); }
GATE(IoWriteErrorLogEntry);
extern "C" void IoFreeErrorLogEntry(IO_ERROR_LOG_PACKET* entry) { io::free_error_log_entry(entry); }
GATE(IoFreeErrorLogEntry);
