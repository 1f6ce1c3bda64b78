// A thread named by a handle, for the length of a service.
#pragma once
#include "abi/status.h"
#include "kernel/exports/capture.h"
#include "kernel/ke/thread.h"
#include "kernel/ob/handle.h"
#include "kernel/ob/object.h"
#include "kernel/ps/thread.h"

namespace nt::exports {

class TargetThread {
  public:
    // STATUS_INVALID_HANDLE, STATUS_OBJECT_TYPE_MISMATCH, STATUS_ACCESS_DENIED.
    TargetThread(HANDLE handle, ACCESS_MASK access) {
        PVOID body = nullptr;
        status = ob::reference_by_handle(handle, access, ps::thread_type, previous_mode(), &body, nullptr);
        thread_ = static_cast<ke::Thread*>(body);
    }
    ~TargetThread() {
        if (NT_SUCCESS(status)) ob::dereference(thread_);
    }
    TargetThread(const TargetThread&) = delete;
    TargetThread& operator=(const TargetThread&) = delete;
    ke::Thread& operator*() const { return *thread_; }
    ke::Thread* operator->() const { return thread_; }

    NTSTATUS status;

  private:
    ke::Thread* thread_;
};

} // namespace nt::exports
