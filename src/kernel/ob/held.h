// A reference that a frame of the kernel holds while drivers run: given back at the end, and when a raise
// goes past it.
#pragma once
#include "kernel/ob/object.h"
#include "kernel/seh/unfinished.h"

namespace nt::ob {

class Held {
  public:
    explicit Held(PVOID referenced = nullptr) : body_(referenced) {}
    ~Held() { reset(); }
    void reset(PVOID referenced = nullptr) {
        PVOID before = body_;
        body_ = referenced;
        if (before) dereference(before);
    }
    PVOID get() const { return body_; }
    // The reference is the caller's from now on.
    PVOID release() {
        PVOID body = body_;
        body_ = nullptr;
        return body;
    }

  private:
    PVOID body_;
    seh::Unfinished raised_{[](void* held) { static_cast<Held*>(held)->reset(); }, this};
};

} // namespace nt::ob
