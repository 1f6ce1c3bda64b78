// Virtual memory services: nf-ntifs-ntallocatevirtualmemory, -ntfreevirtualmemory, nf-winbase-virtualprotect,
// nf-ntifs-ntqueryvirtualmemory.
#include "abi/mm.h"
#include "abi/status.h"
#include "kernel/exports/process_handle.h"
#include "kernel/mm/address_space.h"

using namespace nt;
using exports::read_parameter;
using exports::TargetProcess;
using exports::write_parameter;

extern "C" NTSTATUS NtAllocateVirtualMemory(HANDLE process, PVOID* base, ULONG_PTR zero_bits, SIZE_T* size,
                                            ULONG type, ULONG protection) {
    PVOID wish;
    SIZE_T length;
    if (!read_parameter(base, wish) || !read_parameter(size, length)) return STATUS_ACCESS_VIOLATION;
    TargetProcess target;
    if (const NTSTATUS status = target.open_memory(process, PROCESS_VM_OPERATION); !NT_SUCCESS(status))
        return status;
    auto address = reinterpret_cast<std::uint64_t>(wish);
    std::uint64_t bytes = length;
    const NTSTATUS status = target.space().allocate(address, bytes, type, protection, zero_bits);
    if (!NT_SUCCESS(status)) return status;
    return write_parameter(base, reinterpret_cast<PVOID>(address)) && write_parameter(size, bytes)
               ? status
               : STATUS_ACCESS_VIOLATION;
}
GATE(NtAllocateVirtualMemory);

extern "C" NTSTATUS NtFreeVirtualMemory(HANDLE process, PVOID* base, SIZE_T* size, ULONG type) {
    PVOID from;
    SIZE_T length;
    if (!read_parameter(base, from) || !read_parameter(size, length)) return STATUS_ACCESS_VIOLATION;
    TargetProcess target;
    if (const NTSTATUS status = target.open_memory(process, PROCESS_VM_OPERATION); !NT_SUCCESS(status))
        return status;
    auto address = reinterpret_cast<std::uint64_t>(from);
    std::uint64_t bytes = length;
    const NTSTATUS status = target.space().free(address, bytes, type);
    if (!NT_SUCCESS(status)) return status;
    return write_parameter(base, reinterpret_cast<PVOID>(address)) && write_parameter(size, bytes)
               ? status
               : STATUS_ACCESS_VIOLATION;
}
GATE(NtFreeVirtualMemory);

extern "C" NTSTATUS NtProtectVirtualMemory(HANDLE process, PVOID* base, SIZE_T* size, ULONG protection,
                                           ULONG* old) {
    PVOID from;
    SIZE_T length;
    ULONG previous = 0;
    if (!read_parameter(base, from) || !read_parameter(size, length) || !read_parameter(old, previous))
        return STATUS_ACCESS_VIOLATION;
    TargetProcess target;
    if (const NTSTATUS status = target.open_memory(process, PROCESS_VM_OPERATION); !NT_SUCCESS(status))
        return status;
    auto address = reinterpret_cast<std::uint64_t>(from);
    std::uint64_t bytes = length;
    const NTSTATUS status = target.space().protect(address, bytes, protection, previous);
    if (!NT_SUCCESS(status)) return status;
    return write_parameter(base, reinterpret_cast<PVOID>(address)) && write_parameter(size, bytes) &&
                   write_parameter(old, previous)
               ? status
               : STATUS_ACCESS_VIOLATION;
}
GATE(NtProtectVirtualMemory);

// MemoryBasicInformation only.
extern "C" NTSTATUS NtQueryVirtualMemory(HANDLE process, PVOID base, ULONG cls, PVOID information,
                                         SIZE_T length, SIZE_T* needed) {
    if (cls != MemoryBasicInformation) return STATUS_INVALID_INFO_CLASS;
    if (length < sizeof(MEMORY_BASIC_INFORMATION)) return STATUS_INFO_LENGTH_MISMATCH;
    TargetProcess target;
    if (const NTSTATUS status = target.open_memory(process, PROCESS_QUERY_INFORMATION); !NT_SUCCESS(status))
        return status;
    MEMORY_BASIC_INFORMATION info{};
    const NTSTATUS status = target.space().query(reinterpret_cast<std::uint64_t>(base), info);
    if (!NT_SUCCESS(status)) return status;
    if (!exports::copy_out(information, &info, sizeof info)) return STATUS_ACCESS_VIOLATION;
    if (needed && !write_parameter(needed, sizeof info)) return STATUS_ACCESS_VIOLATION;
    return status;
}
GATE(NtQueryVirtualMemory);

namespace {

// Copies between the caller's memory and a process that need not be the running one. STATUS_PARTIAL_COPY when
// a page on the other side is missing or lacks the right; `done` counts what was copied.
NTSTATUS transfer(mm::AddressSpace& space, std::uint64_t there, PVOID here, SIZE_T length, bool write,
                  SIZE_T& done) {
    constexpr ULONG writable =
        PAGE_READWRITE | PAGE_WRITECOPY | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY;
    constexpr ULONG unreadable = PAGE_NOACCESS | PAGE_EXECUTE | PAGE_GUARD;
    done = 0;
    while (done < length) {
        const mm::Extent* extent = space.find(there + done);
        if (!extent || extent->protection & unreadable || (write && !(extent->protection & writable)))
            return STATUS_PARTIAL_COPY;
        std::uint64_t contiguous = 0;
        void* memory = space.pointer(there + done, &contiguous);
        const SIZE_T n = std::min<SIZE_T>(length - done, contiguous);
        auto* at = static_cast<UCHAR*>(here) + done;
        if (!(write ? exports::copy_in(memory, at, n) : exports::copy_out(at, memory, n)))
            return STATUS_ACCESS_VIOLATION;
        done += n;
    }
    return STATUS_SUCCESS;
}

NTSTATUS transfer_service(HANDLE process, PVOID base, PVOID buffer, SIZE_T length, SIZE_T* done, bool write) {
    TargetProcess target;
    const ACCESS_MASK access = write ? PROCESS_VM_WRITE | PROCESS_VM_OPERATION : PROCESS_VM_READ;
    if (const NTSTATUS status = target.open_memory(process, access); !NT_SUCCESS(status)) return status;
    SIZE_T n = 0;
    const NTSTATUS status =
        transfer(target.space(), reinterpret_cast<std::uint64_t>(base), buffer, length, write, n);
    if (done && !write_parameter(done, n)) return STATUS_ACCESS_VIOLATION;
    return status;
}

} // namespace

extern "C" NTSTATUS NtReadVirtualMemory(HANDLE process, PVOID base, PVOID buffer, SIZE_T length,
                                        SIZE_T* done) {
    return transfer_service(process, base, buffer, length, done, false);
}
GATE(NtReadVirtualMemory);

extern "C" NTSTATUS NtWriteVirtualMemory(HANDLE process, PVOID base, PVOID buffer, SIZE_T length,
                                         SIZE_T* done) {
    return transfer_service(process, base, buffer, length, done, true);
}
GATE(NtWriteVirtualMemory);
