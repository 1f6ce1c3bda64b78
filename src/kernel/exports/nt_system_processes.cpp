#include "abi/status.h"
#include "host/utf16.h"
#include "kernel/exports/capture.h"
#include "kernel/exports/system_processes.h"
#include "kernel/ke/clock.h"
#include "kernel/mm/address_space.h"
#include "kernel/ob/handle.h"
#include "kernel/ps/process.h"
#include "kernel/ps/times.h"
#include <cstring>
#include <vector>

namespace nt::exports {

namespace {

struct SYSTEM_THREAD_INFORMATION {
    LARGE_INTEGER KernelTime, UserTime, CreateTime;
    ULONG WaitTime;
    PVOID StartAddress;
    CLIENT_ID ClientId;
    KPRIORITY Priority;
    LONG BasePriority;
    ULONG ContextSwitches, ThreadState, WaitReason;
};
static_assert(sizeof(SYSTEM_THREAD_INFORMATION) == 0x50);

struct SYSTEM_PROCESS_INFORMATION {
    ULONG NextEntryOffset, NumberOfThreads;
    LARGE_INTEGER WorkingSetPrivateSize;
    ULONG HardFaultCount, NumberOfThreadsHighWatermark;
    ULONGLONG CycleTime;
    LARGE_INTEGER CreateTime, UserTime, KernelTime;
    UNICODE_STRING ImageName;
    KPRIORITY BasePriority;
    HANDLE UniqueProcessId, InheritedFromUniqueProcessId;
    ULONG HandleCount, SessionId;
    ULONG_PTR UniqueProcessKey;
    SIZE_T PeakVirtualSize, VirtualSize;
    ULONG PageFaultCount;
    SIZE_T PeakWorkingSetSize, WorkingSetSize, QuotaPeakPagedPoolUsage, QuotaPagedPoolUsage,
        QuotaPeakNonPagedPoolUsage, QuotaNonPagedPoolUsage, PagefileUsage, PeakPagefileUsage,
        PrivatePageCount;
    LARGE_INTEGER OperationCounts[3], TransferCounts[3];
};
static_assert(sizeof(SYSTEM_PROCESS_INFORMATION) == 0x100);

// Entries are built one after another at the caller's addresses.
class Listing {
  public:
    Listing(PVOID to) : to_(static_cast<UCHAR*>(to)) {}

    void add(SYSTEM_PROCESS_INFORMATION info, const std::vector<SYSTEM_THREAD_INFORMATION>& threads,
             std::u16string_view name) {
        if (last_ != none) {
            const auto offset = static_cast<ULONG>(bytes_.size() - last_);
            std::memcpy(bytes_.data() + last_, &offset, sizeof offset);
        }
        last_ = bytes_.size();
        info.NumberOfThreads = info.NumberOfThreadsHighWatermark = static_cast<ULONG>(threads.size());
        const std::size_t name_at = last_ + sizeof info + threads.size() * sizeof threads[0];
        const auto length = static_cast<USHORT>(name.size() * 2);
        if (length)
            info.ImageName = {length, static_cast<USHORT>(length + 2),
                              reinterpret_cast<WCHAR*>(to_ + name_at)};
        append(&info, sizeof info);
        append(threads.data(), threads.size() * sizeof threads[0]);
        append(name.data(), length);
        bytes_.resize((bytes_.size() + (length ? 2 : 0) + 7) & ~std::size_t{7});
    }
    const std::vector<UCHAR>& bytes() const { return bytes_; }

  private:
    void append(const void* from, std::size_t size) {
        const auto* at = static_cast<const UCHAR*>(from);
        bytes_.insert(bytes_.end(), at, at + size);
    }
    static constexpr std::size_t none = ~std::size_t{0};
    UCHAR* to_;
    std::vector<UCHAR> bytes_;
    std::size_t last_ = none;
};

SYSTEM_THREAD_INFORMATION describe(const ke::Thread& thread) {
    const KERNEL_USER_TIMES times = ps::times_of(thread);
    SYSTEM_THREAD_INFORMATION info{};
    info.KernelTime = times.KernelTime;
    info.UserTime = times.UserTime;
    info.CreateTime = times.CreateTime;
    info.WaitTime = thread.Tcb.WaitTime;
    info.StartAddress = reinterpret_cast<PVOID>(thread.start_address);
    info.ClientId = thread.Cid;
    info.Priority = thread.Tcb.Priority;
    info.BasePriority = thread.Tcb.BasePriority;
    info.ContextSwitches = thread.context_switches;
    info.ThreadState = thread.Tcb.State; // in KTHREAD_STATE's numbers
    info.WaitReason = thread.Tcb.WaitReason;
    return info;
}

SYSTEM_PROCESS_INFORMATION describe(ps::Process& process) {
    const KERNEL_USER_TIMES times = ps::times_of(process);
    SYSTEM_PROCESS_INFORMATION info{};
    info.CycleTime = ps::cycles_of(times).AccumulatedCycles;
    info.CreateTime = times.CreateTime;
    info.UserTime = times.UserTime;
    info.KernelTime = times.KernelTime;
    info.BasePriority = process.Pcb.BasePriority;
    info.UniqueProcessId = process.UniqueProcessId;
    info.InheritedFromUniqueProcessId = process.InheritedFromUniqueProcessId;
    if (const auto* table = static_cast<const ob::HandleTable*>(process.ObjectTable))
        info.HandleCount = table->count();
    for (int i = 0; i < 3; ++i) {
        info.OperationCounts[i].QuadPart = static_cast<LONGLONG>(process.io_operations[i]);
        info.TransferCounts[i].QuadPart = static_cast<LONGLONG>(process.io_transfers[i]);
    }
    info.SessionId = ps::session_of(process);
    info.UniqueProcessKey = reinterpret_cast<ULONG_PTR>(process.UniqueProcessId);
    info.QuotaNonPagedPoolUsage = process.ProcessQuotaUsage[0];
    info.QuotaPagedPoolUsage = process.ProcessQuotaUsage[1];
    info.QuotaPeakNonPagedPoolUsage = process.ProcessQuotaPeak[0];
    info.QuotaPeakPagedPoolUsage = process.ProcessQuotaPeak[1];
    if (process.space) {
        info.PrivatePageCount = process.space->committed_pages() << mm::page_shift;
        info.PagefileUsage = info.PeakPagefileUsage = info.PrivatePageCount;
        info.WorkingSetSize = info.PeakWorkingSetSize = info.PrivatePageCount; // nothing is paged out
        info.WorkingSetPrivateSize.QuadPart = static_cast<LONGLONG>(info.PrivatePageCount);
        for (const mm::Vad& vad : process.space->vads())
            info.VirtualSize += vad.size;
        info.PeakVirtualSize = info.VirtualSize;
    }
    return info;
}

NTSTATUS give(const std::vector<UCHAR>& bytes, PVOID to, ULONG length, ULONG* needed) {
    if (needed && !write_parameter(needed, static_cast<ULONG>(bytes.size()))) return STATUS_ACCESS_VIOLATION;
    if (length < bytes.size()) return STATUS_INFO_LENGTH_MISMATCH;
    return copy_out(to, bytes.data(), bytes.size()) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}

template <class F> void for_each_process(F visit) {
    for (LIST_ENTRY* e = ps::all_processes.Flink; e != &ps::all_processes; e = e->Flink)
        visit(*NT_CONTAINER(e, ps::Process, all_link));
}

// Every handle of every process, the kernel's as System's.
template <class F> void for_each_handle(F visit) {
    for_each_process([&](ps::Process& process) {
        if (!process.ObjectTable) return;
        struct Visit {
            ps::Process& process;
            F& visit;
        } context{process, visit};
        static_cast<const ob::HandleTable*>(process.ObjectTable)
            ->for_each(
                [](void* c, ULONG_PTR value, const ob::HandleEntry& entry) {
                    auto& v = *static_cast<Visit*>(c);
                    v.visit(v.process, value, entry);
                },
                &context);
    });
}

template <class Entry, class F>
NTSTATUS query(std::size_t head, PVOID to, ULONG length, ULONG* needed, F describe_handle) {
    std::vector<UCHAR> bytes(head);
    ULONG_PTR count = 0;
    for_each_handle([&](ps::Process& process, ULONG_PTR value, const ob::HandleEntry& entry) {
        const Entry e = describe_handle(process, value, entry);
        const auto* at = reinterpret_cast<const UCHAR*>(&e);
        bytes.insert(bytes.end(), at, at + sizeof e);
        count++;
    });
    std::memcpy(bytes.data(), &count, sizeof count); // a ULONG with padding, or a ULONG_PTR
    return give(bytes, to, length, needed);
}

UCHAR attributes_of(const ob::HandleEntry& entry) {
    return static_cast<UCHAR>(entry.attributes & (OBJ_INHERIT | ob::handle_protected));
}

} // namespace

// The idle process comes first, as on Windows: a thread for each processor, and no name.
NTSTATUS query_processes(PVOID information, ULONG length, ULONG* needed) {
    Listing listing(information);
    listing.add({}, std::vector<SYSTEM_THREAD_INFORMATION>(ke::processor_count()), {});
    for_each_process([&](ps::Process& process) {
        std::vector<SYSTEM_THREAD_INFORMATION> threads;
        ps::for_each_thread(process, [&](const ke::Thread& thread) { threads.push_back(describe(thread)); });
        if (threads.empty() && &process != ps::system_process) return; // it has ended
        const std::u16string name = host::utf16(*process.file_name);
        listing.add(describe(process), threads, name);
    });
    return give(listing.bytes(), information, length, needed);
}

NTSTATUS query_handles(PVOID information, ULONG length, ULONG* needed) {
    struct Entry { // SYSTEM_HANDLE_TABLE_ENTRY_INFO
        USHORT UniqueProcessId, CreatorBackTraceIndex;
        UCHAR ObjectTypeIndex, HandleAttributes;
        USHORT HandleValue;
        PVOID Object;
        ULONG GrantedAccess;
    };
    return query<Entry>(8, information, length, needed,
                        [](ps::Process& process, ULONG_PTR value, const ob::HandleEntry& entry) {
                            Entry e{};
                            e.UniqueProcessId =
                                static_cast<USHORT>(reinterpret_cast<ULONG_PTR>(process.UniqueProcessId));
                            e.ObjectTypeIndex = ob::type_of(ob::body_of(entry.object))->Index;
                            e.HandleAttributes = attributes_of(entry);
                            e.HandleValue = static_cast<USHORT>(value);
                            e.Object = ob::body_of(entry.object);
                            e.GrantedAccess = entry.access;
                            return e;
                        });
}

NTSTATUS query_handles_extended(PVOID information, ULONG length, ULONG* needed) {
    struct Entry { // SYSTEM_HANDLE_TABLE_ENTRY_INFO_EX
        PVOID Object;
        HANDLE UniqueProcessId;
        ULONG_PTR HandleValue;
        ULONG GrantedAccess;
        USHORT CreatorBackTraceIndex, ObjectTypeIndex;
        ULONG HandleAttributes, Reserved;
    };
    static_assert(sizeof(Entry) == 40);
    return query<Entry>(16, information, length, needed,
                        [](ps::Process& process, ULONG_PTR value, const ob::HandleEntry& entry) {
                            Entry e{};
                            e.Object = ob::body_of(entry.object);
                            e.UniqueProcessId = process.UniqueProcessId;
                            e.HandleValue = value;
                            e.GrantedAccess = entry.access;
                            e.ObjectTypeIndex = ob::type_of(e.Object)->Index;
                            e.HandleAttributes = attributes_of(entry);
                            return e;
                        });
}

} // namespace nt::exports
