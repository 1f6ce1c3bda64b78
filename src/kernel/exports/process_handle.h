// A process named by a handle, for the length of a service.
#pragma once
#include "abi/status.h"
#include "kernel/exports/capture.h"
#include "kernel/ob/handle.h"
#include "kernel/ob/object.h"
#include "kernel/ps/process.h"

namespace nt::exports {

class TargetProcess {
  public:
    TargetProcess() = default;
    TargetProcess(const TargetProcess&) = delete;
    TargetProcess& operator=(const TargetProcess&) = delete;
    ~TargetProcess() {
        if (referenced_) ob::dereference(process_);
    }
    // STATUS_INVALID_HANDLE, STATUS_OBJECT_TYPE_MISMATCH, STATUS_ACCESS_DENIED; STATUS_PROCESS_IS_TERMINATING
    // where a program is needed: of System, and of another one that ends or has ended.
    NTSTATUS open(HANDLE handle, ACCESS_MASK access, bool needs_program = true) {
        if (handle == reinterpret_cast<HANDLE>(~ULONG_PTR{0})) { // NtCurrentProcess()
            process_ = ps::current_process();
        } else {
            PVOID body;
            const NTSTATUS status =
                ob::reference_by_handle(handle, access, ps::process_type, previous_mode(), &body, nullptr);
            if (!NT_SUCCESS(status)) return status;
            process_ = static_cast<EPROCESS*>(body);
            referenced_ = true;
        }
        if (!needs_program) return STATUS_SUCCESS;
        return process_ == ps::system_process || gone() ? STATUS_PROCESS_IS_TERMINATING : STATUS_SUCCESS;
    }
    // For its user half, which System has too.
    NTSTATUS open_memory(HANDLE handle, ACCESS_MASK access) {
        if (const NTSTATUS status = open(handle, access, false); !NT_SUCCESS(status)) return status;
        return gone() ? STATUS_PROCESS_IS_TERMINATING : STATUS_SUCCESS;
    }
    ps::Process& operator*() const { return ps::body(process_); }
    ps::Process* operator->() const { return &ps::body(process_); }
    mm::AddressSpace& space() const { return *ps::body(process_).space; }

  private:
    bool gone() const {
        const ps::Process& process = ps::body(process_);
        return !process.space || (process.terminating && process_ != ps::current_process());
    }

    EPROCESS* process_ = nullptr;
    bool referenced_ = false;
};

} // namespace nt::exports
