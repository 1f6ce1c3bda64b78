#include "kernel/exports/sync_objects.h"
#include "abi/status.h"
#include "base/list.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/thread.h"
#include "kernel/ob/namespace.h"

namespace nt::exports {

OBJECT_TYPE* event_type = nullptr;
OBJECT_TYPE* mutant_type = nullptr;
OBJECT_TYPE* semaphore_type = nullptr;

namespace {

constexpr ULONG tag(const char (&t)[5]) {
    return static_cast<ULONG>(t[0]) | static_cast<ULONG>(t[1]) << 8 | static_cast<ULONG>(t[2]) << 16 |
           static_cast<ULONG>(t[3]) << 24;
}

// A mutant that goes while it is owned leaves its owner's list.
void remove_mutant(PVOID body) {
    auto& mutant = *static_cast<KMUTANT*>(body);
    if (mutant.OwnerThread) list::remove(mutant.MutantListEntry);
}

NTSTATUS make(OBJECT_TYPE*& type, std::u16string_view name, ULONG tag, ACCESS_MASK all,
              const GENERIC_MAPPING& mapping, void (*remove)(PVOID)) {
    type = TRY_STATUS(ob::create_type({.name = name,
                                       .tag = tag,
                                       .mapping = mapping,
                                       .valid_access = all,
                                       .wait_offset = 0,
                                       .least_body = sizeof(KMUTANT)}, // drivers initialize what they make
                                      {.remove = remove}));
    return STATUS_SUCCESS;
}

// kernel page standard-event-objects. Memory is never short, so they stay as they are.
NTSTATUS make_standard_events() {
    constexpr struct {
        std::u16string_view path;
        bool set;
    } events[] = {
        {u"\\KernelObjects\\HighMemoryCondition", true},
        {u"\\KernelObjects\\LowMemoryCondition", false},
        {u"\\KernelObjects\\HighPagedPoolCondition", true},
        {u"\\KernelObjects\\LowPagedPoolCondition", false},
        {u"\\KernelObjects\\HighNonPagedPoolCondition", true},
        {u"\\KernelObjects\\LowNonPagedPoolCondition", false},
        {u"\\KernelObjects\\LowCommitCondition", true},
        {u"\\KernelObjects\\HighCommitCondition", false},
        {u"\\KernelObjects\\MaximumCommitCondition", false},
    };
    for (const auto& e : events) {
        PVOID event = TRY_STATUS(ob::create_object({.type = event_type,
                                                    .body_size = sizeof(KEVENT),
                                                    .name = e.path.substr(e.path.rfind(u'\\') + 1),
                                                    .attributes = OBJ_PERMANENT}));
        ke::initialize_event(*static_cast<KEVENT*>(event), NotificationEvent, e.set);
        ob::Attributes where;
        where.set(e.path, OBJ_PERMANENT);
        if (const NTSTATUS status = ob::insert(event, where, KernelMode, 0, nullptr); !NT_SUCCESS(status))
            return status;
    }
    return STATUS_SUCCESS;
}

} // namespace

NTSTATUS initialize_sync_types() {
    NTSTATUS status =
        make(event_type, u"Event", tag("Even"), 0x1f0003, {0x20001, 0x20002, 0x120000, 0x1f0003}, nullptr);
    if (NT_SUCCESS(status))
        status = make(mutant_type, u"Mutant", tag("Muta"), 0x1f0001, {0x20001, 0x20000, 0x120000, 0x1f0001},
                      remove_mutant);
    if (NT_SUCCESS(status))
        status = make(semaphore_type, u"Semaphore", tag("Sema"), 0x1f0003,
                      {0x20001, 0x20002, 0x120000, 0x1f0003}, nullptr);
    return NT_SUCCESS(status) ? make_standard_events() : status;
}

} // namespace nt::exports
