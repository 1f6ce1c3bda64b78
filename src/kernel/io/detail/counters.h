// What a process has asked of files: IO_COUNTERS, told by NtQueryInformationProcess (ProcessIoCounters).
// assumed: services on open files count, opening and closing do not
#pragma once
#include "abi/irp.h"
#include "kernel/ke/thread.h"
#include "kernel/ps/process_body.h"

namespace nt::io::detail {

enum IoKind { io_read, io_write, io_other };
inline IoKind kind_of(UCHAR major) {
    return major == IRP_MJ_READ ? io_read : major == IRP_MJ_WRITE ? io_write : io_other;
}
inline IoKind kind_of(const IRP* irp) {
    return irp->Flags & IRP_READ_OPERATION ? io_read : irp->Flags & IRP_WRITE_OPERATION ? io_write : io_other;
}

inline void count_operation(const ke::Thread& by, IoKind kind) {
    if (by.process) [[likely]]
        ++ps::body(static_cast<EPROCESS*>(by.process)).io_operations[kind];
}
inline void count_transfer(const ke::Thread& by, IoKind kind, ULONGLONG bytes) {
    if (by.process) [[likely]]
        ps::body(static_cast<EPROCESS*>(by.process)).io_transfers[kind] += bytes;
}

} // namespace nt::io::detail
