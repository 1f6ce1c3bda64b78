// The adapter's channel: AllocateAdapterChannel and what follows it, MapTransfer and FlushAdapterBuffers.
#include "abi/status.h"
#include "base/list.h"
#include "hardware/dma_controller.h"
#include "kernel/io/detail/dma_adapter.h"
#include "kernel/ke/processor.h"
#include "kernel/mm/mdl.h"
#include "kernel/seh/crossing.h"
#include "trace/trace.h"
#include <algorithm>

namespace nt::io::dma {

namespace {

// Calls AdapterControl, whose answer says what the device keeps. Without one it keeps all.
void call_control(Registers& r) {
    if (!r.call.routine) return;
    DmaAdapter& adapter = *r.adapter;
    const KIRQL old = ke::raise_irql(DISPATCH_LEVEL);
    free_object(adapter, seh::call_out(r.call.routine, r.call.device, r.call.irp, static_cast<PVOID>(&r),
                                       r.call.context));
    ke::lower_irql(old);
}

void grant(Registers& r) {
    if (r.granted)
        r.granted(r);
    else
        call_control(r);
}

// Lets the next device have the channel while it is free.
void pump(Channel& channel) {
    if (channel.pumping) return;
    channel.pumping = true;
    while (!channel.owner && !list::empty(channel.waiting)) {
        Registers& r = *NT_CONTAINER(channel.waiting.Flink, Registers, link);
        list::remove(r.link);
        r.in_channel = false;
        if (r.transfer) r.transfer->waiting = nullptr;
        channel.owner = &r;
        const auto ready = [](Registers& later) {
            Channel& its = *later.adapter->channel;
            grant(later);
            pump(its);
        };
        if (reserve(r, ready, r.context)) grant(r);
    }
    channel.pumping = false;
}

// How far the pages from here on follow each other in reach of the device; 0: the first is out of reach.
ULONG direct_run(const DmaAdapter& adapter, Pages pages, ULONG length) {
    ULONG run = 0;
    ULONGLONG next = pages.physical();
    const MDL* mdl = pages.mdl();
    while (run < length && pages.mdl() == mdl && adapter.reaches(pages.pfn()) && pages.physical() == next) {
        const ULONG n = std::min(length - run, pages.left());
        run += n;
        next += n;
        pages.advance(n);
    }
    return run;
}

// How far they are out of reach, with at most `registers` pages.
ULONG bounced_run(const DmaAdapter& adapter, Pages pages, ULONG length, ULONG registers) {
    ULONG run = 0;
    const MDL* mdl = pages.mdl();
    for (; run < length && registers && pages.mdl() == mdl && !adapter.reaches(pages.pfn()); --registers) {
        const ULONG n = std::min(length - run, pages.left());
        run += n;
        pages.advance(n);
    }
    return run;
}

} // namespace

namespace {

Registers* new_channel_registers(DmaAdapter& adapter, DEVICE_OBJECT* device, ULONG count,
                                 PDRIVER_CONTROL routine, PVOID context) {
    if (count > adapter.limit) return nullptr;
    Registers* r = new_registers(adapter, count, adapter.needs_registers() ? count : 0);
    if (r) r->call = {device, device->CurrentIrp, routine, context};
    return r;
}

} // namespace

void queue_for_channel(Registers& r) {
    DmaAdapter& adapter = *r.adapter;
    list::insert_tail(adapter.channel->waiting, r.link);
    r.in_channel = true;
    if (r.transfer) r.transfer->waiting = &r;
    pump(*adapter.channel);
}

bool take_channel_now(Registers& r) {
    Channel& channel = *r.adapter->channel;
    if (channel.owner || !list::empty(channel.waiting) || !reserve_now(r)) return false;
    channel.owner = &r;
    return true;
}

void leave_channel(Registers& r) {
    Channel& channel = *r.adapter->channel;
    hardware::dma_controller::stop(r.adapter->number);
    channel.owner = nullptr;
    release(r);
    pump(channel);
}

NTSTATUS allocate_channel(DmaAdapter& adapter, DEVICE_OBJECT* device, ULONG count, PDRIVER_CONTROL routine,
                          PVOID context) {
    Registers* r = new_channel_registers(adapter, device, count, routine, context);
    if (!r) return STATUS_INSUFFICIENT_RESOURCES;
    WAIT_CONTEXT_BLOCK& wcb = device->Queue.Wcb;
    wcb.DeviceObject = device;
    wcb.CurrentIrp = device->CurrentIrp;
    wcb.DeviceRoutine = routine;
    wcb.DeviceContext = context;
    wcb.NumberOfMapRegisters = count;
    queue_for_channel(*r);
    return STATUS_SUCCESS;
}

NTSTATUS allocate_channel_ex(DmaAdapter& adapter, DEVICE_OBJECT* device, PVOID transfer, ULONG count,
                             ULONG flags, PDRIVER_CONTROL routine, PVOID context, PVOID* base) {
    const bool now = flags & DMA_SYNCHRONOUS_CALLBACK;
    auto* t = static_cast<TransferContext*>(transfer);
    if (t->signature != transfer_signature || (routine ? base != nullptr : !base || !now))
        return STATUS_INVALID_PARAMETER;
    if (t->cancelled) return STATUS_CANCELLED;
    t->used = true;
    Registers* r = new_channel_registers(adapter, device, count, routine, context);
    if (!r) return STATUS_INSUFFICIENT_RESOURCES;
    if (adapter.subordinate) {
        r->started = t;
        t->registers = r;
    }
    if (!now) {
        r->transfer = t;
        queue_for_channel(*r);
        return STATUS_SUCCESS;
    }
    if (!take_channel_now(*r)) {
        release(*r);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (base) *base = r;
    call_control(*r);
    return STATUS_SUCCESS;
}

void initialize_transfer(PVOID transfer) {
    *static_cast<TransferContext*>(transfer) = {transfer_signature, false, false, nullptr, nullptr};
}

bool cancel_channel(PVOID transfer) {
    auto* t = static_cast<TransferContext*>(transfer);
    if (t->signature != transfer_signature) return false;
    Registers* r = t->waiting;
    if (!r) {
        if (t->used) return false;
        t->cancelled = true; // the next request
        return true;
    }
    DmaAdapter& adapter = *r->adapter;
    if (!take_back(*r)) return false;
    t->waiting = nullptr;
    Channel& channel = *adapter.channel;
    if (channel.owner == r) channel.owner = nullptr;
    if (r->abandon) r->abandon(*r);
    release(*r);
    pump(channel);
    return true;
}

void set_completion(DmaAdapter& adapter, PVOID base, PVOID routine, PVOID context) {
    Registers& r = registers_of(adapter, base);
    r.completion = reinterpret_cast<PDMA_COMPLETION_ROUTINE>(routine);
    r.completion_context = context;
}

// assumed: the completion routine is called here, at DISPATCH_LEVEL.
NTSTATUS cancel_mapped(DmaAdapter& adapter, PVOID transfer) {
    if (!adapter.subordinate) return STATUS_NOT_SUPPORTED;
    auto* t = static_cast<TransferContext*>(transfer);
    if (t->signature != transfer_signature) return STATUS_INVALID_PARAMETER;
    Registers* r = adapter.channel->owner;
    if (!r || t->registers != r || r->adapter != &adapter) return STATUS_INVALID_PARAMETER;
    hardware::dma_controller::stop(adapter.number);
    t->cancelled = true;
    if (!r->completion) return STATUS_SUCCESS;
    const KIRQL old = ke::raise_irql(DISPATCH_LEVEL);
    seh::call_out(r->completion, static_cast<DMA_ADAPTER*>(&adapter), r->call.device, r->completion_context,
                  DmaCancelled);
    ke::lower_irql(old);
    return STATUS_SUCCESS;
}

void free_object(DmaAdapter& adapter, IO_ALLOCATION_ACTION action) {
    Channel& channel = *adapter.channel;
    Registers* r = channel.owner;
    if (!r || r->adapter != &adapter || action == KeepObject) return;
    if (adapter.subordinate) hardware::dma_controller::stop(adapter.number);
    channel.owner = nullptr;
    if (action == DeallocateObject) release(*r);
    pump(channel);
}

void free_channel(DmaAdapter& adapter) {
    const Registers* owner = adapter.channel->owner;
    if (!owner || owner->adapter != &adapter) dma_violation(0x4, 1);
    free_object(adapter, DeallocateObject);
}

void free_map_registers(DmaAdapter& adapter, PVOID base, ULONG count) {
    auto* r = static_cast<Registers*>(base);
    if (!r || r->adapter != &adapter || r->count != count) dma_violation(0x5, count);
    release(*r);
}

PHYSICAL_ADDRESS map_transfer(DmaAdapter& adapter, MDL* mdl, PVOID base, PVOID va, ULONG& length,
                              bool write) {
    Registers& r = registers_of(adapter, base);
    const Pages pages(mdl, va);
    const ULONG direct = direct_run(adapter, pages, length);
    const bool bounced =
        adapter.scatter_gather ? !direct : direct < length || adapter.crosses(pages.physical(), length);
    PHYSICAL_ADDRESS logical;
    if (bounced) {
        const ULONG at = r.used * ULONG(mm::page_size) + pages.offset();
        if (adapter.scatter_gather) length = bounced_run(adapter, pages, length, r.count - r.used);
        logical.QuadPart = static_cast<LONGLONG>(bounce(r, mdl, va, length, at, write));
        r.used += static_cast<ULONG>(mm::pages_of(at, length));
    } else {
        length = direct;
        logical.QuadPart = static_cast<LONGLONG>(pages.physical());
    }
    if (adapter.subordinate)
        hardware::dma_controller::start(adapter.number, static_cast<ULONGLONG>(logical.QuadPart), length,
                                        write, adapter.auto_initialize);
    if (trace::on) [[unlikely]]
        trace::emit_dma_map(&adapter, va, length, static_cast<ULONGLONG>(logical.QuadPart), write, bounced);
    return logical;
}

ULONG read_counter(const DmaAdapter& adapter) {
    return adapter.subordinate ? hardware::dma_controller::remaining(adapter.number) : 0;
}

bool flush(DmaAdapter& adapter, MDL* mdl, PVOID base, PVOID va, ULONG length, bool write) {
    Registers& r = registers_of(adapter, base);
    if (adapter.subordinate) hardware::dma_controller::stop(adapter.number);
    const ULONG before = r.bounces;
    end_bounces(r, mdl, va, length, write);
    if (trace::on) [[unlikely]]
        trace::emit_dma_flush(&adapter, va, length, write, before != r.bounces);
    return true;
}

} // namespace nt::io::dma
