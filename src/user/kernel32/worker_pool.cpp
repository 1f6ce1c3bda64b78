#include "worker_pool.h"

namespace nt {

extern "C" HANDLE CreateThread(SECURITY_ATTRIBUTES* security, SIZE_T stack, DWORD (*start)(PVOID),
                               PVOID argument, DWORD flags, DWORD* id);

namespace k32 {

DWORD WorkerPool::work(PVOID argument) {
    auto& pool = *static_cast<WorkerPool*>(argument);
    for (;;) {
        PVOID key, context;
        IO_STATUS_BLOCK iosb;
        if (NtRemoveIoCompletion(pool.port_, &key, &context, &iosb, nullptr) != STATUS_SUCCESS) return 0;
        if (__atomic_sub_fetch(&pool.idle_, 1, __ATOMIC_SEQ_CST) == 0) pool.start_worker();
        pool.deliver_(key, context, iosb);
        __atomic_add_fetch(&pool.idle_, 1, __ATOMIC_SEQ_CST);
    }
}

bool WorkerPool::start_worker() {
    constexpr LONG most_workers = 500; // of a thread pool
    if (__atomic_add_fetch(&workers_, 1, __ATOMIC_SEQ_CST) <= most_workers) {
        __atomic_add_fetch(&idle_, 1, __ATOMIC_SEQ_CST);
        if (HANDLE thread = CreateThread(nullptr, 0, work, this, 0, nullptr)) {
            NtClose(thread);
            return true;
        }
        __atomic_sub_fetch(&idle_, 1, __ATOMIC_SEQ_CST);
    }
    __atomic_sub_fetch(&workers_, 1, __ATOMIC_SEQ_CST);
    return false;
}

NTSTATUS WorkerPool::begin() {
    LONG unbegun = 0;
    if (!__atomic_compare_exchange_n(&state_, &unbegun, 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        while (state_ == 1)
            NtYieldExecution();
        return state_ == 2 ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
    }
    NTSTATUS status = NtCreateIoCompletion(&port_, 0x1f0003, nullptr, 0);
    if (NT_SUCCESS(status) && !start_worker()) {
        NtClose(port_);
        status = STATUS_INSUFFICIENT_RESOURCES;
    }
    state_ = NT_SUCCESS(status) ? 2 : 0;
    return status;
}

} // namespace k32
} // namespace nt
