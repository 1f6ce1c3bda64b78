// Scatter/gather lists: a whole transfer mapped at once, chained MDLs and all.
#include "abi/status.h"
#include "hardware/dma_controller.h"
#include "kernel/io/detail/dma_adapter.h"
#include "kernel/ke/processor.h"
#include "kernel/mm/mdl.h"
#include "kernel/pool/pool.h"
#include "kernel/seh/crossing.h"
#include "trace/trace.h"
#include <algorithm>

namespace nt::io::dma {

namespace {

constexpr ULONG list_tag = pool::tag("DmaL");

// Behind SCATTER_GATHER_LIST.Reserved.
struct Books {
    DmaAdapter* adapter;
    SCATTER_GATHER_LIST* list;
    Registers* registers;
    Transfer transfer;
    ListCall call;
    bool allocated; // the list is ours
    MDL* built;     // by BuildMdlFromScatterGatherList
    SCATTER_GATHER_LIST** out;
};

SCATTER_GATHER_ELEMENT* elements_of(SCATTER_GATHER_LIST* list) {
    return reinterpret_cast<SCATTER_GATHER_ELEMENT*>(list + 1);
}
constexpr ULONG size_of_list(ULONG elements) {
    return static_cast<ULONG>(sizeof(SCATTER_GATHER_LIST) + elements * sizeof(SCATTER_GATHER_ELEMENT));
}

// What a transfer will take.
struct Plan {
    ULONG elements = 0, registers = 0, pieces = 0; // pieces: that are copied, each with a record
    bool whole = false;                            // one contiguous copy of everything
};

// Visits the transfer page by page: visit(pages, bytes).
template <class Visit> void for_each_piece(const Transfer& t, Visit visit) {
    Pages pages(t.mdl, t.va);
    for (ULONG left = t.length; left;) {
        const ULONG n = std::min(left, pages.left());
        visit(pages, n);
        left -= n;
        if (left) pages.advance(n);
    }
}

Plan plan_of(const DmaAdapter& adapter, const Transfer& t) {
    Plan plan;
    ULONGLONG next = 0;
    bool in_reach = true;
    for_each_piece(t, [&](const Pages& pages, ULONG n) {
        ++plan.pieces;
        if (adapter.reaches(pages.pfn())) {
            if (!plan.elements || pages.physical() != next) ++plan.elements;
            next = pages.physical() + n;
        } else {
            in_reach = false;
            ++plan.registers;
            ++plan.elements;
            next = 0;
        }
    });
    if (!adapter.scatter_gather &&
        (plan.elements > 1 || !in_reach || adapter.crosses(Pages(t.mdl, t.va).physical(), t.length))) {
        plan.whole = true;
        plan.elements = 1;
        plan.registers = static_cast<ULONG>(mm::pages_of(reinterpret_cast<ULONG_PTR>(t.va), t.length));
    }
    return plan;
}

void append(SCATTER_GATHER_LIST* list, ULONGLONG address, ULONG length) {
    SCATTER_GATHER_ELEMENT* e = elements_of(list) + list->NumberOfElements;
    if (list->NumberOfElements && static_cast<ULONGLONG>(e[-1].Address.QuadPart) + e[-1].Length == address) {
        e[-1].Length += length;
        return;
    }
    e->Address.QuadPart = static_cast<LONGLONG>(address);
    e->Length = length;
    e->Reserved = 0;
    ++list->NumberOfElements;
}

void fill(Books& books) {
    const Transfer& t = books.transfer;
    Registers& r = *books.registers;
    const bool whole = plan_of(*books.adapter, t).whole;
    ULONG at = whole ? static_cast<ULONG>(reinterpret_cast<ULONG_PTR>(t.va) & (mm::page_size - 1)) : 0;
    books.list->NumberOfElements = 0;
    books.list->Reserved = reinterpret_cast<ULONG_PTR>(&books);
    for_each_piece(t, [&](const Pages& pages, ULONG n) {
        const bool bounced = whole || !books.adapter->reaches(pages.pfn());
        ULONGLONG address = pages.physical();
        if (bounced) {
            if (!whole) at = r.used++ * ULONG(mm::page_size) + pages.offset();
            address = bounce(r, pages.mdl(), pages.va(), n, at, t.write);
            at += n;
        }
        append(books.list, address, n);
        if (trace::on) [[unlikely]]
            trace::emit_dma_map(books.adapter, pages.va(), n, address, t.write, bounced);
    });
    if (books.adapter->subordinate) { // one element, by the plan
        const SCATTER_GATHER_ELEMENT& e = *elements_of(books.list);
        hardware::dma_controller::start(books.adapter->number, static_cast<ULONGLONG>(e.Address.QuadPart),
                                        e.Length, t.write, books.adapter->auto_initialize);
    }
}

void run(Registers& r) {
    Books& books = *static_cast<Books*>(r.context);
    fill(books);
    if (books.out) *books.out = books.list;
    const ListCall call = books.call; // the routine may give the list back
    if (!call.routine) return;
    const KIRQL old = ke::raise_irql(DISPATCH_LEVEL);
    seh::call_out(call.routine, call.device, call.device ? call.device->CurrentIrp : nullptr, books.list,
                  call.context);
    ke::lower_irql(old);
}

} // namespace

NTSTATUS calculate_list_size(DmaAdapter& adapter, MDL* mdl, PVOID va, ULONG length, ListSize& size) {
    Plan plan;
    if (mdl) {
        if (bytes_from(mdl, va) < length) return STATUS_BUFFER_TOO_SMALL;
        plan = plan_of(adapter, {mdl, va, length, true});
    } else {
        plan.elements = static_cast<ULONG>(mm::pages_of(reinterpret_cast<ULONG_PTR>(va), length));
        plan.registers = adapter.needs_registers() ? plan.elements : 0;
    }
    if (plan.registers > adapter.limit) return STATUS_INSUFFICIENT_RESOURCES;
    size = {plan.elements, plan.registers, size_of_list(plan.elements)};
    return STATUS_SUCCESS;
}

static void free_books(Books& books) {
    if (books.built) mm::free_mdl(books.built);
    if (books.allocated) pool::release(books.list, list_tag);
    books.list = nullptr;
    pool::release(&books, list_tag);
}

NTSTATUS build_list(DmaAdapter& adapter, const Transfer& transfer, const ListCall& call, PVOID buffer,
                    ULONG buffer_size, const ListOptions& options) {
    auto* context = static_cast<TransferContext*>(options.transfer);
    if (context && context->cancelled) return STATUS_CANCELLED;
    if (bytes_from(transfer.mdl, transfer.va) < transfer.length) return STATUS_BUFFER_TOO_SMALL;
    const Plan plan = plan_of(adapter, transfer);
    if (plan.registers > adapter.limit) return STATUS_INSUFFICIENT_RESOURCES;
    const ULONG size = size_of_list(plan.elements);
    if (buffer && buffer_size < size) return STATUS_BUFFER_TOO_SMALL;
    PVOID memory = buffer ? buffer : pool::allocate(pool::Kind::nonpaged, size, list_tag);
    auto* books = static_cast<Books*>(pool::allocate(pool::Kind::nonpaged, sizeof(Books), list_tag, 0, true));
    Registers* r = new_registers(adapter, plan.registers ? plan.pieces : 0, plan.registers);
    const bool subordinate = adapter.subordinate;
    if (!memory || !books || !r || (options.now && !(subordinate ? take_channel_now(*r) : reserve_now(*r)))) {
        if (r) release(*r);
        if (books) pool::release(books, list_tag);
        if (memory && !buffer) pool::release(memory, list_tag);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    *books = {&adapter,    static_cast<SCATTER_GATHER_LIST*>(memory), r, transfer, call, !buffer, nullptr,
              options.list};
    r->context = books;
    r->abandon = [](Registers& registers) { free_books(*static_cast<Books*>(registers.context)); };
    if (context) context->used = true;
    r->transfer = options.now ? nullptr : context;
    r->granted = run;
    if (subordinate && !options.now)
        queue_for_channel(*r);
    else if (options.now || reserve(*r, run, books))
        run(*r);
    return STATUS_SUCCESS;
}

void put_list(DmaAdapter& adapter, SCATTER_GATHER_LIST* list) {
    auto* books = reinterpret_cast<Books*>(list->Reserved);
    if (!books || books->list != list || books->adapter != &adapter) dma_violation(0x6, 0, 1);
    Registers* registers = books->registers;
    end_transfer(*registers, books->transfer);
    list->Reserved = 0;
    free_books(*books);
    if (adapter.subordinate) return leave_channel(*registers);
    release(*registers); // last: somebody who waits may run
}

NTSTATUS map_transfer_ex(DmaAdapter& adapter, const Transfer& t, PVOID base, ULONG& length,
                         SCATTER_GATHER_LIST* list, ULONG list_size) {
    Registers& r = registers_of(adapter, base);
    alignas(SCATTER_GATHER_LIST) UCHAR one[size_of_list(1)];
    if (!list && adapter.subordinate) {
        list = reinterpret_cast<SCATTER_GATHER_LIST*>(one);
        list_size = sizeof one;
    }
    if (!list || list_size < size_of_list(1)) return STATUS_INVALID_PARAMETER;
    if (r.started && r.started->cancelled) return STATUS_CANCELLED;
    list->NumberOfElements = 0;
    list->Reserved = 0;
    const bool whole = plan_of(adapter, t).whole;
    ULONG room = static_cast<ULONG>((list_size - sizeof *list) / sizeof(SCATTER_GATHER_ELEMENT));
    if (!adapter.scatter_gather) room = 1;
    ULONG mapped = 0, at = static_cast<ULONG>(reinterpret_cast<ULONG_PTR>(t.va) & (mm::page_size - 1));
    const ULONG register_bytes = (r.count - r.used) * ULONG(mm::page_size);
    bool full = false;
    for_each_piece(t, [&](const Pages& pages, ULONG n) {
        const bool bounced = whole || !adapter.reaches(pages.pfn());
        if (!whole) at = pages.offset();
        if (full || (bounced && (whole ? at + n > register_bytes : r.used == r.count))) {
            full = true;
            return;
        }
        const ULONG position = r.used * ULONG(mm::page_size) + at;
        const ULONGLONG address = bounced ? (r.first << mm::page_shift) + position : pages.physical();
        const SCATTER_GATHER_ELEMENT* last = elements_of(list) + list->NumberOfElements - 1;
        const bool joins = list->NumberOfElements &&
                           static_cast<ULONGLONG>(last->Address.QuadPart) + last->Length == address;
        if (!joins && list->NumberOfElements == room) {
            full = true;
            return;
        }
        if (bounced) bounce(r, pages.mdl(), pages.va(), n, position, t.write);
        if (bounced && !whole) ++r.used;
        append(list, address, n);
        at += n;
        mapped += n;
        if (trace::on) [[unlikely]]
            trace::emit_dma_map(&adapter, pages.va(), n, address, t.write, bounced);
    });
    if (whole) r.used += static_cast<ULONG>(mm::pages_of(0, at));
    length = mapped;
    if (mapped && adapter.subordinate)
        hardware::dma_controller::start(adapter.number,
                                        static_cast<ULONGLONG>(elements_of(list)->Address.QuadPart), mapped,
                                        t.write, adapter.auto_initialize);
    return mapped ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

void flush_ex(DmaAdapter& adapter, const Transfer& transfer, PVOID base) {
    if (adapter.subordinate) hardware::dma_controller::stop(adapter.number);
    end_transfer(registers_of(adapter, base), transfer);
}

NTSTATUS build_mdl_from_list(SCATTER_GATHER_LIST* list, MDL* original, MDL*& target) {
    if (!original) return STATUS_INVALID_PARAMETER;
    auto* books = reinterpret_cast<Books*>(list->Reserved);
    if (books->built) return STATUS_NONE_MAPPED;
    if (!books->registers->bounces) {
        target = original;
        return STATUS_SUCCESS;
    }
    MDL* mdl = mm::allocate_mdl(reinterpret_cast<ULONG_PTR>(books->transfer.va), books->transfer.length);
    if (!mdl) return STATUS_INSUFFICIENT_RESOURCES;
    PFN_NUMBER* page = mm::mdl_pages(mdl);
    const PFN_NUMBER* const end = page + mm::mdl_page_count(mdl);
    for (ULONG i = 0; i < list->NumberOfElements; ++i) {
        const SCATTER_GATHER_ELEMENT& e = elements_of(list)[i];
        const auto first = static_cast<ULONGLONG>(e.Address.QuadPart);
        for (ULONGLONG at = mm::page_floor(first); at < first + e.Length && page != end; at += mm::page_size)
            *page++ = at >> mm::page_shift;
    }
    mdl->MdlFlags |= MDL_PAGES_LOCKED;
    books->built = target = mdl;
    return STATUS_SUCCESS;
}

} // namespace nt::io::dma
