// NtSetInformationThread: what SetThreadPriority and SetThreadAffinityMask use.
#include "abi/status.h"
#include "kernel/exports/capture.h"
#include "kernel/exports/gate.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/thread.h"
#include "kernel/ob/handle.h"
#include "kernel/ps/thread.h"

using namespace nt;

namespace {

constexpr LONG normal_priority = 8; // of every process and thread; other priorities are not modelled yet
constexpr ACCESS_MASK thread_set_information = 0x20;

NTSTATUS set(ke::Thread& thread, ULONG information_class, const void* from, ULONG length) {
    switch (information_class) {
    case ThreadBasePriority: {
        LONG increment;
        if (length != sizeof increment) return STATUS_INFO_LENGTH_MISMATCH;
        if (!exports::copy_in(&increment, from, sizeof increment)) return STATUS_ACCESS_VIOLATION;
        if (thread.Tcb.BasePriority != normal_priority + increment)
            ke::stub_called("NtSetInformationThread (another priority)");
        return STATUS_SUCCESS;
    }
    case ThreadAffinityMask: {
        ULONG_PTR mask;
        if (length != sizeof mask) return STATUS_INFO_LENGTH_MISMATCH;
        if (!exports::copy_in(&mask, from, sizeof mask)) return STATUS_ACCESS_VIOLATION;
        return mask == 1 ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER; // there is one processor
    }
    default:
        ke::stub_called("NtSetInformationThread (this class)");
    }
}

} // namespace

extern "C" NTSTATUS NtSetInformationThread(HANDLE handle, ULONG information_class, const void* from,
                                           ULONG length) {
    PVOID body;
    NTSTATUS status = ob::reference_by_handle(handle, thread_set_information, ps::thread_type,
                                              exports::previous_mode(), &body, nullptr);
    if (!NT_SUCCESS(status)) return status;
    status = set(*static_cast<ke::Thread*>(body), information_class, from, length);
    ob::dereference(body);
    return status;
}
GATE(NtSetInformationThread);
