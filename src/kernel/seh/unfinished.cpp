#include "kernel/seh/unfinished.h"
#include "host/fiber.h"

namespace nt::seh {

Unfinished::Unfinished(void (*end)(void* what), void* what) : end_(end), what_(what) {
    host::Fiber& fiber = host::Fiber::current();
    if (&fiber == &host::Fiber::main()) return; // no thread of the machine
    fiber_ = &fiber;
    outer_ = static_cast<Unfinished*>(fiber.unfinished);
    const Record* crossing = innermost(); // null: the base of the thread, which nothing goes past
    crossing_ = crossing ? reinterpret_cast<ULONG_PTR>(crossing) : ~ULONG_PTR{0};
    fiber.unfinished = this;
}

Unfinished::~Unfinished() {
    if (!fiber_) return;
    auto* at = static_cast<Unfinished*>(fiber_->unfinished);
    if (at == this) {
        fiber_->unfinished = outer_;
        return;
    }
    while (at->outer_ != this)
        at = at->outer_;
    at->outer_ = outer_;
}

// Records lie on the host stack: the inner ones below the outer ones.
bool Unfinished::pop_below(ULONG_PTR high, Unfinished*& popped) {
    host::Fiber& fiber = host::Fiber::current();
    popped = static_cast<Unfinished*>(fiber.unfinished);
    if (!popped || popped->crossing_ > high) return false;
    fiber.unfinished = popped->outer_;
    return true;
}

void Unfinished::end_below(ULONG_PTR high) {
    for (Unfinished* u; pop_below(high, u);)
        u->end_(u->what_);
}

void Unfinished::forget_below(ULONG_PTR high) {
    for (Unfinished* u; pop_below(high, u);)
        ;
}

} // namespace nt::seh
