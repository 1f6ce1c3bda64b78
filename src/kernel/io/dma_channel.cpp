// The adapter's channel: AllocateAdapterChannel and what follows it, MapTransfer and FlushAdapterBuffers.
#include "abi/status.h"
#include "base/list.h"
#include "kernel/io/detail/dma_adapter.h"
#include "kernel/ke/processor.h"
#include "kernel/mm/mdl.h"
#include "kernel/seh/crossing.h"
#include "trace/trace.h"
#include <algorithm>

namespace nt::io::dma {

namespace {

// Calls AdapterControl, whose answer says what the device keeps.
void call_control(Registers& r) {
    DmaAdapter& adapter = *r.adapter;
    const WAIT_CONTEXT_BLOCK& wcb = r.device->Queue.Wcb;
    const KIRQL old = ke::raise_irql(DISPATCH_LEVEL);
    const IO_ALLOCATION_ACTION action =
        seh::call_out(wcb.DeviceRoutine, r.device, static_cast<IRP*>(wcb.CurrentIrp), static_cast<PVOID>(&r),
                      wcb.DeviceContext);
    if (action != KeepObject) {
        adapter.channel = nullptr;
        if (action == DeallocateObject) release(r);
    }
    ke::lower_irql(old);
}

// Lets the next device have the channel while it is free.
void pump(DmaAdapter& adapter) {
    if (adapter.pumping) return;
    adapter.pumping = true;
    while (!adapter.channel && !list::empty(adapter.waiting)) {
        Registers& r = *NT_CONTAINER(adapter.waiting.Flink, Registers, link);
        list::remove(r.link);
        adapter.channel = &r;
        const auto ready = [](Registers& later) {
            DmaAdapter& a = *later.adapter;
            call_control(later);
            pump(a);
        };
        if (reserve(r, ready, nullptr)) call_control(r);
    }
    adapter.pumping = false;
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

NTSTATUS allocate_channel(DmaAdapter& adapter, DEVICE_OBJECT* device, ULONG count, PDRIVER_CONTROL routine,
                          PVOID context) {
    if (count > adapter.limit) return STATUS_INSUFFICIENT_RESOURCES;
    Registers* r = new_registers(adapter, count, adapter.needs_registers() ? count : 0);
    if (!r) return STATUS_INSUFFICIENT_RESOURCES;
    r->device = device;
    WAIT_CONTEXT_BLOCK& wcb = device->Queue.Wcb;
    wcb.DeviceObject = device;
    wcb.CurrentIrp = device->CurrentIrp;
    wcb.DeviceRoutine = routine;
    wcb.DeviceContext = context;
    wcb.NumberOfMapRegisters = count;
    list::insert_tail(adapter.waiting, r->link);
    pump(adapter);
    return STATUS_SUCCESS;
}

void free_channel(DmaAdapter& adapter) {
    if (!adapter.channel) dma_violation(0x4, 1);
    Registers& r = *adapter.channel;
    adapter.channel = nullptr;
    release(r);
    pump(adapter);
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
    const bool bounced = adapter.scatter_gather ? !direct : direct < length;
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
    if (trace::on) [[unlikely]]
        trace::emit_dma_map(&adapter, va, length, static_cast<ULONGLONG>(logical.QuadPart), write, bounced);
    return logical;
}

bool flush(DmaAdapter& adapter, MDL* mdl, PVOID base, PVOID va, ULONG length, bool write) {
    Registers& r = registers_of(adapter, base);
    const ULONG before = r.bounces;
    end_bounces(r, mdl, va, length, write);
    if (trace::on) [[unlikely]]
        trace::emit_dma_flush(&adapter, va, length, write, before != r.bounces);
    return true;
}

} // namespace nt::io::dma
