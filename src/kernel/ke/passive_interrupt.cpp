#include "kernel/ke/detail/passive.h"
#include "kernel/ke/detail/vectors.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/wait.h"

namespace nt::ke {

namespace {

void (*wanted_hook)(ULONG vector) = [](ULONG) {};

// The event that takes the place of the interrupt's spin lock.
class Held {
  public:
    explicit Held(KINTERRUPT& interrupt) : event_(*interrupt.PassiveEvent) {
        wait_for_single_object(&event_, Executive, KernelMode, false, nullptr);
    }
    ~Held() { set_event(event_); }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;

  private:
    KEVENT& event_;
};

bool call_passively(KINTERRUPT& interrupt) {
    const Held held(interrupt);
    return call_service_routine(interrupt);
}

} // namespace

void set_passive_hook(void (*wanted)(ULONG vector)) { wanted_hook = wanted; }

// A level-triggered line is masked until the routines have run; an edge is over with its delivery.
void serve_passively(ULONG vector, const KINTERRUPT& first) {
    if (first.Mode == LevelSensitive) vector_at(vector).masked = true;
    wanted_hook(vector);
}

void run_passive_interrupt(ULONG vector) {
    const bool claimed = call_chain(vector, call_passively);
    vector_at(vector).masked = false;
    end_service(vector, claimed);
}

BOOLEAN synchronize_passively(KINTERRUPT& interrupt, PKSYNCHRONIZE_ROUTINE routine, PVOID context) {
    const Held held(interrupt);
    return seh::call_out(routine, context);
}

} // namespace nt::ke
