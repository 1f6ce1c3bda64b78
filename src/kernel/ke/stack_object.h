// An object on the running thread's kernel stack, as on Windows: guest memory that costs no allocation, lies
// below the frames of the driver that called, and is gone when the call returns. Guest code that runs
// meanwhile (an APC) gets the stack below it. Not for objects that a raise may leave behind.
#pragma once
#include "kernel/seh/crossing.h"
#include <cstddef>

namespace nt::ke {

template <class T> class StackObject {
  public:
    StackObject() : record_(*static_cast<seh::EntryRecord*>(seh::innermost())), before_(record_.guest_stack) {
        record_.guest_stack = (before_ - sizeof(T)) & ~ULONG_PTR{15};
        *object() = T{};
    }
    ~StackObject() { record_.guest_stack = before_; }
    StackObject(const StackObject&) = delete;
    StackObject& operator=(const StackObject&) = delete;
    T& operator*() { return *object(); }
    T* operator->() { return object(); }

  private:
    T* object() { return reinterpret_cast<T*>(record_.guest_stack); }
    seh::EntryRecord& record_;
    ULONG_PTR before_;
};

} // namespace nt::ke
