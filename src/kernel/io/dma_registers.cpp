// Map registers: their pages, who waits for them, copying through them.
#include "abi/mm.h"
#include "base/list.h"
#include "kernel/io/detail/dma_adapter.h"
#include "kernel/mm/mdl.h"
#include "kernel/pool/pool.h"
#include "trace/trace.h"
#include <algorithm>
#include <bitset>
#include <cstring>

namespace nt::io::dma {

namespace {

constexpr ULONG registers_tag = pool::tag("DmaR");

// The registers below one limit. Their pages are taken at the first use.
struct Bank {
    static constexpr ULONG most = 1024;
    ULONG total;
    ULONGLONG limit;
    mm::Pfn first = 0;
    std::bitset<most> in_use{};
    LIST_ENTRY waiting{}; // Registers, in order
    bool serving = false;

    Bank(ULONG n, ULONGLONG l) : total(n), limit(l) { list::initialize(waiting); }

    bool open() {
        if (!first)
            first = mm::allocate_run_between(mm::Zone::general, total, 1, 0, limit >> mm::page_shift).first;
        return first != 0;
    }
    // The position of `count` free registers in a row that stay within `boundary` pages; total: there are
    // none.
    ULONG find(ULONG count, ULONG boundary) const {
        ULONG run = 0;
        for (ULONG i = 0; i < total; ++i) {
            run = in_use[i] ? 0 : run + 1;
            const ULONG at = i + 1 - count;
            if (run >= count && (!boundary || (first + at) / boundary == (first + i) / boundary)) return at;
        }
        return total;
    }
    bool take(Registers& r) {
        const ULONG at = open() ? find(r.wanted, r.adapter->boundary) : total;
        if (at == total) return false;
        for (ULONG i = 0; i < r.wanted; ++i)
            in_use.set(at + i);
        r.first = first + at;
        return true;
    }
    void give(const Registers& r) {
        for (ULONG i = 0; i < r.wanted; ++i)
            in_use.reset(r.first - first + i);
    }
    void serve() {
        if (serving) return; // whoever does comes to the new one, too
        serving = true;
        while (!list::empty(waiting)) {
            Registers& r = *NT_CONTAINER(waiting.Flink, Registers, link);
            if (!take(r)) break;
            list::remove(r.link);
            r.in_bank = false;
            if (r.transfer) r.transfer->waiting = nullptr;
            r.ready(r);
        }
        serving = false;
    }
};

// assumed: their number. ISA masters share 64, the others 1024 (4 MiB).
Bank& bank_of(const DmaAdapter& adapter) {
    static Bank below_16m(64, 0xff'ffff), below_4g(Bank::most, 0xffff'ffff);
    return adapter.highest < 0xffff'ffff ? below_16m : below_4g;
}

ULONG_PTR address(const void* p) { return reinterpret_cast<ULONG_PTR>(p); }

// Between the pages of an MDL and registers, which are contiguous.
void copy(MDL* mdl, PVOID va, ULONG length, char* registers, bool to_registers) {
    Pages pages(mdl, va);
    while (length) {
        const ULONG n = std::min(length, pages.left());
        void* page = mm::direct(pages.pfn(), pages.offset());
        std::memcpy(to_registers ? registers : page, to_registers ? page : registers, n);
        registers += n;
        length -= n;
        pages.advance(n);
    }
}

} // namespace

Registers* new_registers(DmaAdapter& adapter, ULONG count, ULONG wanted) {
    auto* r = static_cast<Registers*>(pool::allocate(
        pool::Kind::nonpaged, sizeof(Registers) + SIZE_T(count) * sizeof(Bounce), registers_tag, 0, true));
    if (!r) return nullptr;
    r->adapter = &adapter;
    r->count = count;
    r->wanted = wanted;
    return r;
}

bool reserve_now(Registers& r) {
    if (!r.wanted) return true;
    Bank& bank = bank_of(*r.adapter);
    return list::empty(bank.waiting) && bank.take(r);
}

bool reserve(Registers& r, void (*ready)(Registers&), PVOID context) {
    r.ready = ready;
    r.context = context;
    if (reserve_now(r)) return true;
    Bank& bank = bank_of(*r.adapter);
    list::insert_tail(bank.waiting, r.link);
    r.in_bank = true;
    if (r.transfer) r.transfer->waiting = &r;
    return false;
}

bool take_back(Registers& r) {
    if (!r.in_bank && !r.in_channel) return false;
    list::remove(r.link);
    r.in_bank = r.in_channel = false;
    return true;
}

void release(Registers& r) {
    Bank& bank = bank_of(*r.adapter);
    if (r.first) bank.give(r);
    r.adapter = nullptr;
    pool::release(&r, registers_tag);
    bank.serve();
}

Registers& registers_of(DmaAdapter& adapter, PVOID base) {
    auto* r = static_cast<Registers*>(base);
    if (!r || r->adapter != &adapter) dma_violation(0x16, address(base));
    return *r;
}

ULONGLONG bounce(Registers& r, MDL* mdl, PVOID va, ULONG length, ULONG at, bool write) {
    if (r.bounces == r.count || at + length > r.wanted * mm::page_size)
        dma_violation(0x15, r.count, r.adapter->limit);
    r.bounce[r.bounces++] = {mdl, address(va), length, at};
    char* registers = static_cast<char*>(mm::direct(r.first)) + at;
    if (write) copy(mdl, va, length, registers, true);
    return (r.first << mm::page_shift) + at;
}

void end_bounces(Registers& r, const MDL* mdl, PVOID va, ULONGLONG length, bool write) {
    ULONG left = 0;
    for (ULONG i = 0; i < r.bounces; ++i) {
        const Bounce& b = r.bounce[i];
        if (b.mdl != mdl || b.va + b.length <= address(va) || b.va >= address(va) + length) {
            r.bounce[left++] = b;
            continue;
        }
        if (!write)
            copy(b.mdl, reinterpret_cast<PVOID>(b.va), b.length,
                 static_cast<char*>(mm::direct(r.first)) + b.at, false);
    }
    r.bounces = left;
    if (!left) r.used = 0;
}

void end_transfer(Registers& r, const Transfer& t) {
    ULONGLONG left = t.length;
    for (MDL* mdl = t.mdl; mdl && left; mdl = mdl->Next) {
        PVOID va = mdl == t.mdl ? t.va : reinterpret_cast<PVOID>(mm::mdl_address(mdl));
        const ULONGLONG here = std::min<ULONGLONG>(left, mm::mdl_address(mdl) + mdl->ByteCount - address(va));
        const ULONG before = r.bounces;
        end_bounces(r, mdl, va, here, t.write);
        if (trace::on) [[unlikely]]
            trace::emit_dma_flush(r.adapter, va, static_cast<ULONG>(here), t.write, before != r.bounces);
        left -= here;
    }
}

Transfer transfer_at(MDL* mdl, ULONGLONG offset, ULONG length, bool write) {
    MDL* at = mdl;
    while (at && offset >= at->ByteCount) {
        offset -= at->ByteCount;
        at = at->Next;
    }
    if (!at) dma_violation(0x1b, offset, address(mdl));
    return {at, reinterpret_cast<PVOID>(mm::mdl_address(at) + offset), length, write};
}

Pages::Pages(MDL* mdl, const void* va) {
    enter(mdl);
    va_ = address(va);
    if (va_ - mm::mdl_address(mdl) >= mdl->ByteCount) dma_violation(0x1b, va_, address(mdl));
}

void Pages::enter(MDL* mdl) {
    constexpr CSHORT there = MDL_PAGES_LOCKED | MDL_SOURCE_IS_NONPAGED_POOL | MDL_PARTIAL | MDL_IO_SPACE;
    if (mdl && !(mdl->MdlFlags & there)) dma_violation(0xe, address(mdl));
    mdl_ = mdl;
    if (mdl) va_ = mm::mdl_address(mdl);
}

mm::Pfn Pages::pfn() const { return mm::mdl_pages(mdl_)[(va_ - address(mdl_->StartVa)) >> mm::page_shift]; }

ULONG Pages::left() const {
    const ULONG_PTR end = mm::mdl_address(mdl_) + mdl_->ByteCount;
    return static_cast<ULONG>(std::min<ULONG_PTR>(mm::page_size - offset(), end - va_));
}

void Pages::advance(ULONG bytes) {
    va_ += bytes;
    if (va_ == mm::mdl_address(mdl_) + mdl_->ByteCount) enter(mdl_->Next);
}

ULONGLONG bytes_from(const MDL* mdl, const void* va) {
    const ULONG_PTR start = address(va) - mm::mdl_address(mdl);
    if (start >= mdl->ByteCount) return 0;
    ULONGLONG bytes = mdl->ByteCount - start;
    while ((mdl = mdl->Next))
        bytes += mdl->ByteCount;
    return bytes;
}

} // namespace nt::io::dma
