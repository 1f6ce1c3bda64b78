// The hot half of IRP memory, inline: taking from and giving to the lookaside lists, clearing, the thread's
// list.
#pragma once
#include "abi/thread.h"
#include "base/list.h"
#include "kernel/io/irp.h"
#include "kernel/ke/thread.h"
#include <emmintrin.h>
#include <utility>

namespace nt::io::detail {

inline constexpr int listed_sizes = 16; // stack sizes with a lookaside list of their own

// Free IRPs of one stack size, linked through ThreadListEntry.Flink. A free one has Type 0, so using it again
// is noticed.
extern IRP* free_irps[listed_sizes + 1];
extern LookasideUse lookaside_use;
IRP* allocate_irp_slowly(CHAR stack_size);

// Zeroes an object in straight-line stores; a call of memset costs more than they do.
template <class T> void clear(T* object) {
    static_assert(sizeof(T) % 8 == 0 && sizeof(T) >= 16);
    auto* at = reinterpret_cast<char*>(object);
    [at]<std::size_t... I>(std::index_sequence<I...>) {
        const __m128i zero = _mm_setzero_si128();
        (_mm_storeu_si128(reinterpret_cast<__m128i*>(at + I * 16), zero), ...);
        if constexpr (sizeof(T) % 16) _mm_storel_epi64(reinterpret_cast<__m128i*>(at + sizeof(T) - 8), zero);
    }(std::make_index_sequence<sizeof(T) / 16>{});
}

inline void set_up(IRP* irp, USHORT size, CHAR stack_size) { // after clearing
    irp->Type = IO_TYPE_IRP;
    irp->Size = size;
    irp->StackCount = stack_size;
    irp->CurrentLocation = static_cast<CHAR>(stack_size + 1);
    irp->Tail.Overlay.CurrentStackLocation = reinterpret_cast<IO_STACK_LOCATION*>(irp + 1) + stack_size;
    list::initialize(irp->ThreadListEntry);
}
inline void initialize(IRP* irp, USHORT size, CHAR stack_size) {
    clear(irp);
    auto* location = reinterpret_cast<IO_STACK_LOCATION*>(irp + 1);
    for (CHAR i = 0; i < stack_size; ++i)
        clear(location + i);
    set_up(irp, size, stack_size);
}

inline IRP* take_irp(CHAR stack_size) {
    if (stack_size < 1 || stack_size > listed_sizes) [[unlikely]]
        return allocate_irp_slowly(stack_size);
    IRP*& head = free_irps[static_cast<int>(stack_size)];
    IRP* irp = head;
    if (!irp) [[unlikely]]
        return allocate_irp_slowly(stack_size);
    head = reinterpret_cast<IRP*>(irp->ThreadListEntry.Flink);
    ++lookaside_use.allocated;
    ++lookaside_use.hits;
    initialize(irp, size_of_irp(stack_size), stack_size);
    irp->AllocationFlags = IRP_ALLOCATED_FIXED_SIZE | IRP_LOOKASIDE_ALLOCATION;
    return irp;
}

inline void give_listed_irp(IRP* irp) {
    IRP*& head = free_irps[static_cast<int>(irp->StackCount)];
    irp->Type = 0;
    irp->ThreadListEntry.Flink = reinterpret_cast<LIST_ENTRY*>(head);
    head = irp;
}

inline void queue(IRP* irp, ke::Thread& thread) {
    irp->ApcEnvironment = static_cast<CHAR>(thread.Tcb.ApcStateIndex); // where its completion is to run
    list::insert_head(thread.IrpList, irp->ThreadListEntry);
}
inline void dequeue(IRP* irp) { list::remove_and_reset(irp->ThreadListEntry); }

} // namespace nt::io::detail
