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
    ob::Attributes attributes;
    if (const NTSTATUS status = attributes.capture(given, mode); !NT_SUCCESS(status)) return status;
    std::u16string_view last{attributes.name.Buffer, attributes.name.Length / sizeof(WCHAR)};
    if (const auto slash = last.rfind(u'\\'); slash != last.npos) last.remove_prefix(slash + 1);
    PVOID body = TRY_STATUS(
        ob::create_object({.type = io::completion_type, .body_size = sizeof(KQUEUE), .name = last}));
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
    io::Completion taken[64]{};
    count = std::min<ULONG>(count, std::size(taken));
    if (!exports::copy_out(to, taken, count * sizeof(io::Completion))) return STATUS_ACCESS_VIOLATION;
    Port port(handle, io::IO_COMPLETION_MODIFY_STATE);
    if (!NT_SUCCESS(port.status)) return port.status;
    NTSTATUS status;
    const ULONG n =
        io::take_completions(port.queue(), previous_mode(), alertable, timeout.use, taken, count, status);
    if (n == 0) return status;
    exports::copy_out(to, taken, n * sizeof(io::Completion));
    write_parameter(removed, n);
    return STATUS_SUCCESS;
}
GATE(NtRemoveIoCompletionEx);
