// Scatter/gather lists: a whole transfer mapped at once, chained MDLs and all.
#include "abi/status.h"
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
    if (!adapter.scatter_gather && (plan.elements > 1 || !in_reach)) {
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
}

void run(Registers& r) {
    Books& books = *static_cast<Books*>(r.context);
    fill(books);
    const ListCall call = books.call; // the routine may give the list back
    const KIRQL old = ke::raise_irql(DISPATCH_LEVEL);
    seh::call_out(call.routine, call.device, call.device ? call.device->CurrentIrp : nullptr, books.list,
                  call.context);
    ke::lower_irql(old);
}

} // namespace

NTSTATUS calculate_list_size(DmaAdapter& adapter, MDL* mdl, PVOID va, ULONG length, ULONG& size,
                             ULONG* registers) {
    Plan plan;
    if (mdl) {
        if (bytes_from(mdl, va) < length) return STATUS_BUFFER_TOO_SMALL;
        plan = plan_of(adapter, {mdl, va, length, true});
    } else {
        plan.elements = static_cast<ULONG>(mm::pages_of(reinterpret_cast<ULONG_PTR>(va), length));
        plan.registers = adapter.needs_registers() ? plan.elements : 0;
    }
    if (plan.registers > adapter.limit) return STATUS_INSUFFICIENT_RESOURCES;
    size = size_of_list(plan.elements);
    if (registers) *registers = plan.registers;
    return STATUS_SUCCESS;
}

NTSTATUS build_list(DmaAdapter& adapter, const Transfer& transfer, const ListCall& call, PVOID buffer,
                    ULONG buffer_size) {
    if (bytes_from(transfer.mdl, transfer.va) < transfer.length) return STATUS_BUFFER_TOO_SMALL;
    const Plan plan = plan_of(adapter, transfer);
    if (plan.registers > adapter.limit) return STATUS_INSUFFICIENT_RESOURCES;
    const ULONG size = size_of_list(plan.elements);
    if (buffer && buffer_size < size) return STATUS_BUFFER_TOO_SMALL;
    auto* books = static_cast<Books*>(pool::allocate(pool::Kind::nonpaged, sizeof(Books), list_tag, 0, true));
    Registers* registers =
        books ? new_registers(adapter, plan.registers ? plan.pieces : 0, plan.registers) : nullptr;
    PVOID memory = buffer || !registers ? buffer : pool::allocate(pool::Kind::nonpaged, size, list_tag);
    if (!registers || !memory) {
        if (registers) release(*registers);
        if (books) pool::release(books, list_tag);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    *books = {&adapter, static_cast<SCATTER_GATHER_LIST*>(memory), registers, transfer, call, !buffer,
              nullptr};
    if (reserve(*registers, run, books)) run(*registers);
    return STATUS_SUCCESS;
}

void put_list(DmaAdapter& adapter, SCATTER_GATHER_LIST* list) {
    auto* books = reinterpret_cast<Books*>(list->Reserved);
    if (!books || books->list != list || books->adapter != &adapter) dma_violation(0x6, 0, 1);
    const Transfer& t = books->transfer;
    ULONGLONG left = t.length;
    for (MDL* mdl = t.mdl; mdl && left; mdl = mdl->Next) {
        PVOID va = mdl == t.mdl ? t.va : reinterpret_cast<PVOID>(mm::mdl_address(mdl));
        const ULONGLONG here = std::min<ULONGLONG>(left, mm::mdl_address(mdl) + mdl->ByteCount -
                                                             reinterpret_cast<ULONG_PTR>(va));
        const ULONG before = books->registers->bounces;
        end_bounces(*books->registers, mdl, va, here, t.write);
        if (trace::on) [[unlikely]]
            trace::emit_dma_flush(&adapter, va, here, t.write, before != books->registers->bounces);
        left -= here;
    }
    if (books->built) mm::free_mdl(books->built);
    list->Reserved = 0;
    Registers* registers = books->registers;
    if (books->allocated) pool::release(list, list_tag);
    books->list = nullptr;
    pool::release(books, list_tag);
    release(*registers); // last: somebody who waits may run
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
