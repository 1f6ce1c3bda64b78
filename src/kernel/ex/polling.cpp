#include "kernel/ex/polling.h"
#include "abi/peb.h"
#include "host/guest.h"
#include "host/places.h"
#include "kernel/ke/clock.h"
#include "kernel/mm/probe.h"
#include <algorithm>
#include <cstring>
#include <iterator>

namespace nt::ex {

namespace {

// Between the x87 and SSE state and what follows them in an XSAVE area lie words of Linux's (signals.cpp) and
// the header, which no code sees.
constexpr std::size_t legacy_end = 464, header_end = 576;
constexpr ULONG not_ours = 0x10100; // flags of single-stepping: TF, RF

void read_registers(const host::Fault& fault, CONTEXT& c) {
    const std::uint64_t* r = fault.registers;
    std::memset(&c, 0, sizeof c);
    c.Rax = r[host::RAX], c.Rcx = r[host::RCX], c.Rdx = r[host::RDX], c.Rbx = r[host::RBX];
    c.Rsp = r[host::RSP], c.Rbp = r[host::RBP], c.Rsi = r[host::RSI], c.Rdi = r[host::RDI];
    c.R8 = r[host::R8], c.R9 = r[host::R9], c.R10 = r[host::R10], c.R11 = r[host::R11];
    c.R12 = r[host::R12], c.R13 = r[host::R13], c.R14 = r[host::R14], c.R15 = r[host::R15];
    c.Rip = r[host::RIP];
    c.EFlags = static_cast<ULONG>(r[host::EFLAGS]) & ~not_ours;
}

// Locals of the running function and of those it calls: nobody else looks at them between two instructions.
bool near_stack_pointer(ULONG_PTR address, ULONG_PTR rsp) { return address - (rsp - 0x1000) < 0x3000; }

} // namespace

bool PollingProof::read_state(const host::Fault& fault, State& state) {
    const std::size_t size = fault.xsave_size ? fault.xsave_size : sizeof(host::FxArea);
    if (size > sizeof state.extended) return false;
    read_registers(fault, state.context);
    std::memcpy(state.extended, fault.fx, size);
    state.extended_size = static_cast<ULONG>(size);
    return true;
}

int PollingProof::compare(const State& a, const State& b) {
    const CONTEXT &x = a.context, &y = b.context;
    if (x.Rip != y.Rip) return x.Rip < y.Rip ? -1 : 1;
    if (x.EFlags != y.EFlags) return x.EFlags < y.EFlags ? -1 : 1;
    for (int i = 0; i < 16; i++)
        if ((&x.Rax)[i] != (&y.Rax)[i]) return (&x.Rax)[i] < (&y.Rax)[i] ? -1 : 1;
    if (const int c = std::memcmp(a.extended, b.extended, legacy_end)) return c;
    return a.extended_size > header_end
               ? std::memcmp(a.extended + header_end, b.extended + header_end, a.extended_size - header_end)
               : 0;
}

PollingProof::Result PollingProof::begin(const host::Fault& fault, ULONG_PTR gs_base, ULONG most) {
    gs_base_ = gs_base;
    phase_ = Phase::find;
    steps_ = length_ = access_count_ = store_count_ = 0;
    most_ = most;
    power_ = 1;
    if (!read_state(fault, now_)) return fail();
    mark_ = now_;
    return look_ahead();
}

// The instruction that runs next must be one that can be told; in the checked round its accesses are noted.
PollingProof::Result PollingProof::look_ahead() {
    hardware::MemoryUse use;
    if (!host::places::is_guest(now_.context.Rip) || !hardware::memory_use(now_.context, gs_base_, use))
        return fail();
    if (phase_ != Phase::check) return Result::going_on;
    store_count_ = 0;
    for (ULONG i = 0; i < use.count; i++) {
        const auto& o = use.operands[i];
        const Access* access = note(o);
        if (!access) return fail();
        if (!o.written || near_stack_pointer(o.address, now_.context.Rsp)) continue;
        Store& store = stores_[store_count_++];
        store.address = o.address;
        store.size = o.size;
        if (!guest::copy_from(store.before, o.address, o.size)) return fail();
    }
    return Result::going_on;
}

PollingProof::Access* PollingProof::note(const hardware::MemoryUse::Operand& o) {
    for (ULONG i = 0; i < access_count_; i++)
        if (accesses_[i].address == o.address && accesses_[i].size == o.size) return &accesses_[i];
    if (access_count_ == std::size(accesses_)) return nullptr;
    Access& access = accesses_[access_count_++];
    access = {o.address, o.size, o.written, o.of_processor, {}};
    return guest::copy_from(access.first, o.address, o.size) ? &access : nullptr;
}

// The instruction that has just run must have stored what was there already.
PollingProof::Result PollingProof::check_stores() {
    UCHAR after[hardware::MemoryUse::most_bytes];
    for (ULONG i = 0; i < store_count_; i++)
        if (!guest::copy_from(after, stores_[i].address, stores_[i].size) ||
            std::memcmp(after, stores_[i].before, stores_[i].size) != 0)
            return fail();
    return Result::going_on;
}

PollingProof::Result PollingProof::step(const host::Fault& fault) {
    if (++steps_ > most_ || !read_state(fault, now_)) return fail();
    switch (phase_) {
    case Phase::none:
        return fail();
    case Phase::find:
        length_++;
        if (compare(now_, mark_) == 0) {
            phase_ = Phase::check;
            left_ = length_;
            least_ = now_;
        } else if (length_ == power_) {
            mark_ = now_;
            power_ *= 2;
            length_ = 0;
        }
        break;
    case Phase::check:
        if (check_stores() == Result::failed) return Result::failed;
        if (--left_ == 0) {
            UCHAR last[hardware::MemoryUse::most_bytes];
            if (compare(now_, mark_) != 0) return fail();
            for (ULONG i = 0; i < access_count_; i++)
                if (!guest::copy_from(last, accesses_[i].address, accesses_[i].size) ||
                    std::memcmp(last, accesses_[i].first, accesses_[i].size) != 0)
                    return fail();
            phase_ = Phase::settle;
            left_ = length_;
        } else if (compare(now_, least_) < 0) {
            least_ = now_;
        }
        break;
    case Phase::settle:
        if (left_-- == 0) return fail();
        break;
    }
    if (phase_ == Phase::settle && compare(now_, least_) == 0) {
        phase_ = Phase::none;
        // In an order that does not tell where the round began.
        std::sort(accesses_, accesses_ + access_count_, [](const Access& a, const Access& b) {
            return a.address != b.address ? a.address < b.address : a.size < b.size;
        });
        return Result::proven;
    }
    return look_ahead();
}

bool PollingProof::words(ke::PolledWords& words) const {
    for (ULONG i = 0; i < access_count_; i++) {
        const Access& access = accesses_[i];
        for (ULONG_PTR at = access.address, end = at + access.size; at < end;) {
            ULONG size = end - at < 8 ? static_cast<ULONG>(end - at) : 8;
            const ULONG_PTR page_left = mm::page_size - (at & (mm::page_size - 1));
            if (size > page_left) size = static_cast<ULONG>(page_left);
            const UCHAR* place;
            if (mm::page_floor(at) == host::places::user_shared_data)
                place = reinterpret_cast<const UCHAR*>(at); // mapped for ever, in every address space
            else {
                const std::uint64_t physical = mm::physical_address(at);
                if (!physical) return false;
                place = reinterpret_cast<const UCHAR*>(host::places::ram + physical);
            }
            if (!words.add(place, at, size, access.of_processor)) return false;
            at += size;
        }
    }
    return true;
}

} // namespace nt::ex
