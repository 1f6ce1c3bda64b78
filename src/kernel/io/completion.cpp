#include "kernel/io/completion.h"
#include "abi/status.h"
#include "base/list.h"
#include "host/guest.h"
#include "kernel/io/detail/finish.h"
#include "kernel/io/detail/packets.h"
#include "kernel/io/driver.h"
#include "kernel/io/irp.h"
#include "kernel/io/kept_blocks.h"
#include "kernel/ke/apc.h"
#include "kernel/ke/queue.h"
#include "kernel/ke/thread.h"
#include "kernel/ob/object.h"
#include "kernel/pool/pool.h"
#include "trace/trace.h"
#include <bit>

namespace nt::io {

OBJECT_TYPE* completion_type;

namespace {

// IRP.Tail.Overlay.ListEntry and PacketType, which lie side by side, are the head of every packet.
enum class PacketType : ULONG { irp, posted };
struct Packet {
    LIST_ENTRY link;
    PacketType type;
    Completion what; // of a posted one
};
static_assert(offsetof(IRP, Tail.Overlay.PacketType) - offsetof(IRP, Tail.Overlay.ListEntry) ==
              offsetof(Packet, type));

Packet* free_packets; // linked through the list entry

Packet& packet_of(LIST_ENTRY* entry) { return *NT_CONTAINER(entry, Packet, link); }
IRP* irp_of(Packet& packet) { return NT_CONTAINER(&packet.link, IRP, Tail.Overlay.ListEntry); }

void give(Packet& packet) {
    packet.link.Flink = reinterpret_cast<LIST_ENTRY*>(free_packets);
    free_packets = &packet;
}

// Frees a packet and gives what it says. With `deliver` the request's own status block gets its values, which
// had to wait for this.
Completion open_packet(KQUEUE& port, Packet& packet, bool deliver) {
    Completion what;
    IRP* irp = nullptr;
    if (packet.type == PacketType::posted) {
        what = packet.what;
        give(packet);
    } else {
        irp = irp_of(packet);
        what = {irp->Tail.CompletionKey, irp->Overlay.AsynchronousParameters.UserApcContext, irp->IoStatus};
        if (deliver && irp->PendingReturned &&
            irp->Overlay.AsynchronousParameters.IssuingProcess == ke::current_thread().process)
            detail::write_status_block(irp);
    }
    if (deliver && trace::on) [[unlikely]]
        trace::emit_completion_removed(&port, irp, reinterpret_cast<ULONG_PTR>(what.key),
                                       reinterpret_cast<ULONG_PTR>(what.context), what.status.Status,
                                       what.status.Information);
    if (irp) free_irp(irp);
    return what;
}

void empty(KQUEUE& port) {
    LIST_ENTRY* first = ke::rundown_queue(port);
    if (!first) return;
    first->Blink->Flink = nullptr; // they are linked to each other in a ring
    while (first) {
        LIST_ENTRY* next = first->Flink;
        open_packet(port, packet_of(first), false);
        first = next;
    }
}

// Who waits is told when the last handle goes; packets that come later stay until the port does.
void close_port(PVOID object, EPROCESS*, ACCESS_MASK, LONG64 left) {
    if (left == 0) empty(*static_cast<KQUEUE*>(object));
}
void remove_port(PVOID object) { empty(*static_cast<KQUEUE*>(object)); }

} // namespace

NTSTATUS detail::create_completion_type() {
    const Result<OBJECT_TYPE*> type =
        ob::create_type({.name = u"IoCompletion",
                         .tag = pool::tag("IoCo"),
                         .mapping = {0x20001, 0x20002, 0x120000, IO_COMPLETION_ALL_ACCESS},
                         .valid_access = IO_COMPLETION_ALL_ACCESS,
                         .wait_offset = 0},
                        {.close = close_port, .remove = remove_port});
    if (!type) return type.error();
    completion_type = *type;
    return STATUS_SUCCESS;
}

void detail::for_each_kept_packet(const KeptBlocks& kept) {
    for (const Packet* packet = free_packets; packet;
         packet = reinterpret_cast<const Packet*>(packet->link.Flink))
        kept(packet);
}

NTSTATUS post_completion(KQUEUE& port, const Completion& what) {
    Packet* packet = free_packets;
    if (packet)
        free_packets = reinterpret_cast<Packet*>(packet->link.Flink);
    else
        packet =
            static_cast<Packet*>(pool::allocate(pool::Kind::nonpaged, sizeof(Packet), pool::tag("IoMp")));
    if (!packet) return STATUS_INSUFFICIENT_RESOURCES;
    packet->type = PacketType::posted;
    packet->what = what;
    if (trace::on) [[unlikely]]
        trace::emit_completion_queued(&port, nullptr, reinterpret_cast<ULONG_PTR>(what.key),
                                      reinterpret_cast<ULONG_PTR>(what.context), what.status.Status,
                                      what.status.Information);
    ke::insert_queue(port, packet->link);
    return STATUS_SUCCESS;
}

ULONG take_completions(KQUEUE& port, KPROCESSOR_MODE mode, bool alertable, const LARGE_INTEGER* timeout,
                       Completion* to, ULONG count, NTSTATUS& status) {
    LIST_ENTRY* entries[64];
    const ULONG taken = ke::remove_queue_entries(port, mode, alertable, timeout, entries,
                                                 std::min<ULONG>(count, std::size(entries)), status);
    for (ULONG i = 0; i < taken; i++)
        to[i] = open_packet(port, packet_of(entries[i]), true);
    return taken;
}

NTSTATUS bind_completion(FILE_OBJECT* file, KQUEUE* port, PVOID key, bool replace) {
    if (file->Flags & FO_SYNCHRONOUS_IO) return STATUS_INVALID_PARAMETER;
    IO_COMPLETION_CONTEXT* old = file->CompletionContext;
    if (old && !replace) return STATUS_INVALID_PARAMETER;
    IO_COMPLETION_CONTEXT* made = nullptr;
    if (port) {
        made = static_cast<IO_COMPLETION_CONTEXT*>(
            pool::allocate(pool::Kind::nonpaged, sizeof(IO_COMPLETION_CONTEXT), pool::tag("IoCc")));
        if (!made) return STATUS_INSUFFICIENT_RESOURCES;
        *made = {port, key};
        ob::reference(port);
    }
    file->CompletionContext = made;
    if (old) {
        ob::dereference(old->Port);
        pool::release(old);
    }
    return STATUS_SUCCESS;
}

// Requests that came with a context, unless they answered at once and the file does not want to hear of that.
bool detail::wants_packet(const IRP* irp, const FILE_OBJECT* file, bool pended) {
    if (!file || !file->CompletionContext || (irp->Flags & IRP_SYNCHRONOUS_API)) return false;
    if (!irp->Overlay.AsynchronousParameters.UserApcContext) return false;
    // Made before the file had its port, with an APC routine.
    if (!(irp->AllocationFlags & irp_of_file) && irp->Overlay.AsynchronousParameters.UserApcRoutine)
        return false;
    return pended || !(file->Flags & FO_SKIP_COMPLETION_PORT);
}

void detail::queue_packet(IRP* irp, const FILE_OBJECT* file) {
    const IO_COMPLETION_CONTEXT& context = *file->CompletionContext;
    irp->Tail.CompletionKey = context.Key;
    irp->Tail.Overlay.PacketType = static_cast<ULONG>(PacketType::irp);
    auto& port = *static_cast<KQUEUE*>(context.Port);
    if (trace::on) [[unlikely]]
        trace::emit_completion_queued(
            &port, irp, reinterpret_cast<ULONG_PTR>(context.Key),
            reinterpret_cast<ULONG_PTR>(irp->Overlay.AsynchronousParameters.UserApcContext),
            irp->IoStatus.Status, irp->IoStatus.Information);
    ke::insert_queue(port, irp->Tail.Overlay.ListEntry);
}

bool detail::wants_apc(const IRP* irp) {
    return irp->Overlay.AsynchronousParameters.UserApcRoutine && !(irp->AllocationFlags & irp_of_file) &&
           !(irp->Flags & IRP_CREATE_OPERATION);
}

void detail::queue_apc(IRP* irp) {
    auto* thread = reinterpret_cast<ke::Thread*>(irp->Tail.Overlay.Thread);
    const auto& parameters = irp->Overlay.AsynchronousParameters;
    KAPC& apc = irp->Tail.Apc;
    const auto routine = std::bit_cast<PKNORMAL_ROUTINE>(parameters.UserApcRoutine);
    PVOID context = parameters.UserApcContext;
    const auto environment = static_cast<KAPC_ENVIRONMENT>(irp->ApcEnvironment); // the APC lies in the IRP
    ke::initialize_apc(apc, *thread, environment,
                       reinterpret_cast<PKKERNEL_ROUTINE>(internal_address("IopApcTaken")),
                       reinterpret_cast<PKRUNDOWN_ROUTINE>(internal_address("IopApcRunDown")), routine,
                       irp->RequestorMode, context);
    if (trace::on) [[unlikely]]
        trace::emit_io_apc_queued(irp, &apc, thread, reinterpret_cast<ULONG_PTR>(routine),
                                  reinterpret_cast<ULONG_PTR>(context));
    if (!ke::queue_apc(apc, irp->UserIosb, nullptr, 0)) free_irp(irp);
}

void free_apc(KAPC* apc) { free_irp(NT_CONTAINER(apc, IRP, Tail.Apc)); }

} // namespace nt::io
