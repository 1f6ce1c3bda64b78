#include "kernel/seh/detail/environment.h"
#include "host/fiber.h"
#include "host/guest.h"
#include "host/places.h"
#include "host/signals.h"
#include "kernel/seh/unfinished.h"
#include <cstring>

namespace nt::seh {

namespace {

constexpr ULONG_PTR handler_room = 0x400; // least stack that a handler gets

// Guest code may have put anything into a context: nothing of it may make the host fault when it is loaded.
bool loadable(const CONTEXT& context) {
    const auto canonical = [](ULONG_PTR a) { return (static_cast<LONGLONG>(a) >> 47) + 1 <= 1u; };
    return canonical(context.Rip) && canonical(context.Rsp);
}

} // namespace

void die_unhandled(const EXCEPTION_RECORD& record, const CONTEXT& context) {
    if (auto* sink = dispatch_hooks().unhandled) sink->unhandled(record, context);
    host::fatal("unhandled exception %08x at %#llx", static_cast<unsigned>(record.ExceptionCode),
                static_cast<unsigned long long>(context.Rip));
}

void die_double_fault(const EXCEPTION_RECORD& record, const CONTEXT& context) {
    if (auto* sink = dispatch_hooks().unhandled) sink->double_fault(record, context);
    host::fatal("double fault at %#llx", static_cast<unsigned long long>(context.Rip));
}

const rtl::MemoryReader& guest_memory() {
    static constexpr rtl::MemoryReader reader{
        [](const rtl::MemoryReader&, std::uint64_t address, void* to, std::size_t length) {
            const guest::Look look; // code and tables of frames that lie in pageable sections
            return guest::copy_from(to, address, length);
        },
        nullptr};
    return reader;
}

Record* segment_of(Record* record) {
    if (!record || record->kind == RecordKind::call_out) return record;
    if (const Environment* dispatcher = Environment::of(record)) return dispatcher->outer();
    return record->kind == RecordKind::gate || record->kind == RecordKind::fault ? record->previous : nullptr;
}

void resume_in(Record* segment, const CONTEXT& context) {
    alignas(16) CONTEXT copy = context;
    copy.MxCsr = copy.MxCsr & 0xFFBF; // reserved bits, and denormals-are-zero, which not every processor has
    copy.FltSave.MxCsr = copy.MxCsr;
    if (!loadable(copy)) {
        EXCEPTION_RECORD record{};
        record.ExceptionCode = STATUS_ACCESS_VIOLATION;
        record.ExceptionAddress = reinterpret_cast<PVOID>(copy.Rip);
        record.NumberParameters = 2;
        record.ExceptionInformation[0] = 8;
        record.ExceptionInformation[1] = copy.Rip;
        die_unhandled(record, copy);
    }
    const ULONG_PTR high =
        segment ? reinterpret_cast<ULONG_PTR>(segment) : host::Fiber::current().stack_high();
    Unfinished::end_below(high); // may call drivers: from the crossing that is innermost
    set_innermost(segment);
    host::Fiber::abandon_frames_below(high);
    nt_resume(&copy, 0);
}

LONG HandlerCalls::call_filter(ULONG_PTR filter, EXCEPTION_POINTERS& pointers, ULONG_PTR frame) {
    // The pointers lie on the kernel stack, above the filter's frame.
    auto& entry = *static_cast<EntryRecord*>(innermost());
    const ULONG_PTR stack = entry.guest_stack;
    const ULONG_PTR at = stack - sizeof pointers;
    if (!guest::write(at, pointers)) raise_access_violation(guest::fault_address(), 1);
    entry.guest_stack = (at - 16) & ~ULONG_PTR{15};
    const auto result = static_cast<LONG>(nt_call_out(filter, at, frame, 0, 0));
    entry.guest_stack = stack;
    return result;
}

void HandlerCalls::call_termination(ULONG_PTR handler, ULONG_PTR frame) {
    nt_call_out(handler, TRUE, frame, 0, 0);
}

Environment::Environment(Phase phase, Record* previous) : outer_(segment_of(previous)), segment_(outer_) {
    entry_.previous = previous;
    entry_.kind = RecordKind::fault;
    entry_.index = static_cast<ULONG>(phase);
    entry_.args = reinterpret_cast<const ULONG_PTR*>(this);
}

Environment* Environment::of(Record* record) {
    if (!record || record->kind != RecordKind::fault || record->index == 0) return nullptr;
    return const_cast<Environment*>(
        reinterpret_cast<const Environment*>(static_cast<EntryRecord*>(record)->args));
}

bool Environment::place(const CONTEXT& context) {
    stack_low_ = host::places::kernel_stacks;
    stack_high_ = host::places::mapping_window;
    if (const auto* bounds = dispatch_hooks().stack) {
        ULONG_PTR limit = 0, base = 0;
        bounds->get(limit, base);
        if (base) stack_low_ = limit, stack_high_ = base;
    }
    ULONG_PTR top = context.Rsp;
    if (Record* previous = entry_.previous; previous && previous->kind != RecordKind::call_out) {
        const ULONG_PTR below = static_cast<EntryRecord*>(previous)->guest_stack;
        if (below && below < top) top = below;
    }
    if (top <= stack_low_ || top > stack_high_) return false;
    const ULONG_PTR at = (top - sizeof(GuestBlock)) & ~ULONG_PTR{63};
    if (at - handler_room < stack_low_ || at > top) return false;
    if (!guest::touch_write(at - handler_room, top - (at - handler_room))) return false;
    block_ = reinterpret_cast<GuestBlock*>(at);
    entry_.guest_stack = at;
    return true;
}

void Environment::enter() {
    entry_.context = &block_->context;
    entry_.rip = block_->context.Rip;
    entry_.rsp = block_->context.Rsp;
    set_innermost(&entry_);
}

bool Environment::lookup(ULONG_PTR pc, ULONG_PTR& base, const RUNTIME_FUNCTION*& function) const {
    const auto entry = dispatch_hooks().functions->lookup(pc);
    base = entry.image_base;
    function = entry.function;
    return function;
}

rtl::Crossing Environment::cross(CONTEXT& walk) {
    using rtl::Crossing;
    if (walk.Rip != nt_trampoline.return_site) return {};
    Record* entry = segment_ ? segment_->previous : nullptr;
    if (Environment* other = of(entry)) {
        if (other->phase() == Phase::unwind && other->dispatcher_) {
            segment_ = other->segment_;
            return {Crossing::collided, 0, other->dispatcher_};
        }
        walk = other->block_->context;
        segment_ = other->outer_;
        if (other->phase() == Phase::search && other->dispatcher_)
            return {Crossing::nested, other->frame_, nullptr};
        return {Crossing::moved, 0, nullptr};
    }
    if (!entry || entry->kind != RecordKind::gate) return {Crossing::end, 0, nullptr};
    context_of(*static_cast<EntryRecord*>(entry), walk);
    segment_ = entry->previous;
    return {Crossing::moved, 0, nullptr};
}

LONG Environment::call_handler(EXCEPTION_RECORD* record, ULONG_PTR frame, CONTEXT* context,
                               DISPATCHER_CONTEXT* dispatcher) {
    dispatcher_ = dispatcher;
    frame_ = frame;
    const auto disposition = static_cast<LONG>(nt_call_out(
        reinterpret_cast<ULONG_PTR>(dispatcher->LanguageHandler), reinterpret_cast<ULONG_PTR>(record), frame,
        reinterpret_cast<ULONG_PTR>(context), reinterpret_cast<ULONG_PTR>(dispatcher)));
    dispatcher_ = nullptr;
    return disposition;
}

void Environment::resume(CONTEXT& context, EXCEPTION_RECORD* record) {
    if (record->ExceptionCode == STATUS_UNWIND_CONSOLIDATE && record->NumberParameters > 0)
        context.Rip =
            nt_call_out(record->ExceptionInformation[0], reinterpret_cast<ULONG_PTR>(record), 0, 0, 0);
    if (auto* observer = dispatch_hooks().observer)
        observer->handled(record->ExceptionCode, context.Rip, context.Rsp);
    resume_in(segment_, context);
}

void Environment::unwind_lost(EXCEPTION_RECORD* record, const CONTEXT& context) {
    die_unhandled(*record, context);
}

} // namespace nt::seh
