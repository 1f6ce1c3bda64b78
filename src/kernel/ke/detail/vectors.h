// The 256 interrupt vectors: what is connected to each, and what is known of the line that leads to it.
#pragma once
#include "base/list.h"
#include "hardware/interrupts.h"
#include "kernel/ke/interrupt.h"
#include <bitset>

namespace nt::ke {

struct Vector {
    LIST_ENTRY objects;   // KINTERRUPT.InterruptListEntry
    UCHAR line = 0;       // the line that leads here, plus one; 0: none
    bool message = false; // given out for messages
    bool masked = false;  // the line waits until the passive service routines have run
    ULONG running = 0;    // processors that walk the objects
    ULONG unclaimed = 0;  // service in a row that nobody claimed, with the line still asserted
    ULONG held = 0;       // service since the line was last taken back

    Vector() { list::initialize(objects); }
};

inline constexpr ULONG vector_count = 256;
Vector& vector_at(ULONG number);

inline KINTERRUPT& interrupt_of(LIST_ENTRY* entry) {
    return *NT_CONTAINER(entry, KINTERRUPT, InterruptListEntry);
}
// The first object whose service routine is active; null: nobody wants the interrupt.
KINTERRUPT* first_active(const Vector& vector);

inline bool is_passive(const KINTERRUPT& interrupt) { return interrupt.Irql == PASSIVE_LEVEL; }
inline bool line_is_asserted(const Vector& vector) {
    return vector.line && hardware::line_asserted(vector.line - 1u);
}
// Makes the vector pending again when its level-triggered line is still asserted.
void request_if_asserted(ULONG number);

// Calls the service routine of one object under its lock, at the IRQL that the processor has now.
bool call_service_routine(KINTERRUPT& interrupt);
// Calls the service routines of a vector as its mode wants; true: one has claimed the interrupt.
bool call_chain(ULONG number, bool (*call)(KINTERRUPT& interrupt));
// The chain has run: begins again while the line stays asserted, which is a storm when it never ends.
void end_service(ULONG number, bool claimed);

} // namespace nt::ke
