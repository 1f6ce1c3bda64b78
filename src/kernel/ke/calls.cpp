#include "kernel/ke/calls.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/stack_object.h"
#include "kernel/ke/wait.h"

namespace nt::ke {

namespace {

struct Remover { // on the stack of the thread that waits
    KEVENT event;
    const ULONG_PTR* running;
    Remover* next;
};
Remover* removers;

} // namespace

void call_ended(ULONG_PTR& running) {
    if (--running) return;
    for (Remover** link = &removers; Remover* r = *link; link = &r->next)
        if (r->running == &running) {
            *link = r->next;
            set_event(r->event); // its record is gone once it runs
            return;
        }
}

void wait_for_calls(const ULONG_PTR& running) {
    if (!running) return;
    StackObject<Remover> self;
    initialize_event(self->event, NotificationEvent, false);
    self->running = &running;
    self->next = removers;
    removers = &*self;
    wait_for_single_object(&self->event, Executive, KernelMode, false, nullptr);
}

} // namespace nt::ke
