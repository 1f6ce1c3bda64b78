// I/O completion ports by handle: what CreateIoCompletionPort, GetQueuedCompletionStatus(Ex) and
// PostQueuedCompletionStatus (win32, FileIO) call.
#include "abi/status.h"
#include "kernel/exports/capture.h"
#include "kernel/exports/runtime.h"
#include "kernel/exports/timeout.h"
#include "kernel/io/completion.h"
#include "kernel/ke/queue.h"
#include "kernel/ob/handle.h"
#include "kernel/ob/namespace.h"

using namespace nt;
using exports::previous_mode;
using exports::write_parameter;

namespace {

class Port {
  public:
    Port(HANDLE handle, ACCESS_MASK desired) {
        status =
            ob::reference_by_handle(handle, desired, io::completion_type, previous_mode(), &body_, nullptr);
    }
    ~Port() {
        if (body_) ob::dereference(body_);
    }
    Port(const Port&) = delete;
    Port& operator=(const Port&) = delete;
    KQUEUE& queue() { return *static_cast<KQUEUE*>(body_); }
    NTSTATUS status;

  private:
    PVOID body_ = nullptr;
};

constexpr ULONG portion = 64; // packets that are taken at once

NTSTATUS give(HANDLE* to, HANDLE handle, NTSTATUS status) {
    if (write_parameter(to, handle)) return status;
    ob::close_handle(handle, previous_mode());
    return STATUS_ACCESS_VIOLATION;
}

} // namespace

// `threads` 0: as many as there are processors.
extern "C" NTSTATUS NtCreateIoCompletion(HANDLE* handle, ACCESS_MASK desired, const OBJECT_ATTRIBUTES* given,
                                         ULONG threads) {
    const KPROCESSOR_MODE mode = previous_mode();
    if (!exports::is_writable(handle)) return STATUS_ACCESS_VIOLATION;
    ob::Attributes attributes;
    if (const NTSTATUS status = attributes.capture(given, mode); !NT_SUCCESS(status)) return status;
    std::u16string_view last{attributes.name.Buffer, attributes.name.Length / sizeof(WCHAR)};
    if (const auto slash = last.rfind(u'\\'); slash != last.npos) last.remove_prefix(slash + 1);
    PVOID body = TRY_STATUS(ob::create_object({.type = io::completion_type,
                                               .body_size = sizeof(KQUEUE),
                                               .name = last,
                                               .attributes = attributes.attributes}));
    ke::initialize_queue(*static_cast<KQUEUE*>(body), threads);
    HANDLE made = nullptr;
    const NTSTATUS status = ob::insert(body, attributes, mode, desired, &made);
    return NT_SUCCESS(status) ? give(handle, made, status) : status;
}
GATE(NtCreateIoCompletion);

extern "C" NTSTATUS NtOpenIoCompletion(HANDLE* handle, ACCESS_MASK desired, const OBJECT_ATTRIBUTES* given) {
    const KPROCESSOR_MODE mode = previous_mode();
    ob::Attributes attributes;
    if (const NTSTATUS status = attributes.capture(given, mode); !NT_SUCCESS(status)) return status;
    const HANDLE made =
        TRY_STATUS(ob::open_by_name(attributes, io::completion_type, mode, nullptr, desired, nullptr));
    return give(handle, made, STATUS_SUCCESS);
}
GATE(NtOpenIoCompletion);

// IoCompletionBasicInformation: the number of packets in the port.
extern "C" NTSTATUS NtQueryIoCompletion(HANDLE handle, ULONG information_class, PVOID to, ULONG length,
                                        ULONG* needed) {
    if (information_class != 0) return STATUS_INVALID_INFO_CLASS;
    if (length != sizeof(LONG)) return STATUS_INFO_LENGTH_MISMATCH;
    Port port(handle, io::IO_COMPLETION_QUERY_STATE);
    if (!NT_SUCCESS(port.status)) return port.status;
    const LONG depth = ke::read_state_queue(port.queue());
    if (!exports::copy_out(to, &depth, sizeof depth)) return STATUS_ACCESS_VIOLATION;
    if (needed && !write_parameter(needed, static_cast<ULONG>(sizeof depth))) return STATUS_ACCESS_VIOLATION;
    return STATUS_SUCCESS;
}
GATE(NtQueryIoCompletion);

extern "C" NTSTATUS NtSetIoCompletion(HANDLE handle, PVOID key, PVOID context, NTSTATUS status,
                                      ULONG_PTR information) {
    Port port(handle, io::IO_COMPLETION_MODIFY_STATE);
    if (!NT_SUCCESS(port.status)) return port.status;
    return io::post_completion(port.queue(), {key, context, {{status}, information}});
}
GATE(NtSetIoCompletion);

extern "C" NTSTATUS NtRemoveIoCompletion(HANDLE handle, PVOID* key, PVOID* context, IO_STATUS_BLOCK* iosb,
                                         const LARGE_INTEGER* given) {
    const exports::Timeout timeout(given);
    if (!NT_SUCCESS(timeout.status)) return timeout.status;
    // Before a packet is taken that nobody could get.
    if (!write_parameter(key, nullptr) || !write_parameter(context, nullptr) ||
        !write_parameter(iosb, IO_STATUS_BLOCK{}))
        return STATUS_ACCESS_VIOLATION;
    Port port(handle, io::IO_COMPLETION_MODIFY_STATE);
    if (!NT_SUCCESS(port.status)) return port.status;
    io::Completion what;
    NTSTATUS status;
    if (!io::take_completions(port.queue(), previous_mode(), false, timeout.use, &what, 1, status))
        return status;
    write_parameter(key, what.key);
    write_parameter(context, what.context);
    write_parameter(iosb, what.status);
    return STATUS_SUCCESS;
}
GATE(NtRemoveIoCompletion);

extern "C" NTSTATUS NtRemoveIoCompletionEx(HANDLE handle, io::Completion* to, ULONG count, ULONG* removed,
                                           const LARGE_INTEGER* given, BOOLEAN alertable) {
    if (count == 0) return STATUS_INVALID_PARAMETER;
    const exports::Timeout timeout(given);
    if (!NT_SUCCESS(timeout.status)) return timeout.status;
    if (!write_parameter(removed, 0)) return STATUS_ACCESS_VIOLATION;
    Port port(handle, io::IO_COMPLETION_MODIFY_STATE);
    if (!NT_SUCCESS(port.status)) return port.status;
    // In portions: only the first one waits, and each is taken when there is memory to put it into.
    ULONG done = 0;
    NTSTATUS status = STATUS_ACCESS_VIOLATION;
    for (io::Completion taken[portion]; done < count;) {
        const ULONG wanted = std::min<ULONG>(count - done, portion);
        std::fill(taken, taken + wanted, io::Completion{});
        if (!exports::copy_out(to + done, taken, wanted * sizeof *to)) break;
        const LARGE_INTEGER at_once{};
        const ULONG n =
            done ? io::take_completions(port.queue(), previous_mode(), false, &at_once, taken, wanted, status)
                 : io::take_completions(port.queue(), previous_mode(), alertable, timeout.use, taken, wanted,
                                        status);
        exports::copy_out(to + done, taken, n * sizeof *to);
        done += n;
        if (n < wanted) break;
    }
    if (done == 0) return status;
    write_parameter(removed, done);
    return STATUS_SUCCESS;
}
GATE(NtRemoveIoCompletionEx);
