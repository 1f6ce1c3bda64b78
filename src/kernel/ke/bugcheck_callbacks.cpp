#include "kernel/ke/bugcheck_callbacks.h"
#include "abi/dispatcher.h"
#include "base/list.h"
#include "host/fiber.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/detail/guest_frame.h"
#include "kernel/ke/detail/processor_state.h"

namespace nt::ke {

namespace {

LIST_ENTRY* head[2]; // plain ones, and those with a reason

template <class R> bool add(R& record, LIST_ENTRY* to) {
    if (record.State != BufferEmpty) return false;
    list::insert_tail(*to, record.Entry);
    record.State = BufferInserted;
    return true;
}
template <class R> bool remove(R& record) {
    if (record.State != BufferInserted) return false;
    list::remove(record.Entry);
    record.State = BufferEmpty;
    return true;
}

} // namespace

void initialize_bugcheck_callbacks(LIST_ENTRY heads[2]) {
    for (int i = 0; i < 2; i++) {
        head[i] = &heads[i];
        list::initialize(heads[i]);
    }
}

bool register_bugcheck_callback(KBUGCHECK_CALLBACK_RECORD& record) { return add(record, head[0]); }
bool register_bugcheck_callback(KBUGCHECK_REASON_CALLBACK_RECORD& record) { return add(record, head[1]); }
bool deregister_bugcheck_callback(KBUGCHECK_CALLBACK_RECORD& record) { return remove(record); }
bool deregister_bugcheck_callback(KBUGCHECK_REASON_CALLBACK_RECORD& record) { return remove(record); }

void for_each_bugcheck_callback(void (*visit)(void*, ULONG_PTR, ULONG_PTR), void* context) {
    const auto number = [](auto* p) { return reinterpret_cast<ULONG_PTR>(p); };
    if (!head[0]) return;
    for (LIST_ENTRY* e = head[0]->Flink; e != head[0]; e = e->Flink) {
        auto* record = NT_CONTAINER(e, KBUGCHECK_CALLBACK_RECORD, Entry);
        visit(context, number(record), number(record->CallbackRoutine));
    }
    for (LIST_ENTRY* e = head[1]->Flink; e != head[1]; e = e->Flink) {
        auto* record = NT_CONTAINER(e, KBUGCHECK_REASON_CALLBACK_RECORD, Entry);
        visit(context, number(record), number(record->CallbackRoutine));
    }
}

void run_bugcheck_callbacks() {
    if (!head[0] || list::empty(*head[0]) || &host::Fiber::current() == &host::Fiber::main()) return;
    Processor& p = current_processor();
    const KIRQL old = raise_irql(HIGH_LEVEL);
    {
        // The stack that led here may be the trouble; the DPC stack is free unless a DPC runs.
        GuestFrame frame(p.dpc_active ? GuestFrame::on_this_stack() : p.dpc_stack - 0x200,
                         seh::Interruption::callout);
        for (LIST_ENTRY* e = head[0]->Flink; e != head[0]; e = e->Flink) {
            auto& record = *NT_CONTAINER(e, KBUGCHECK_CALLBACK_RECORD, Entry);
            record.State = BufferStarted;
            seh::call_out(record.CallbackRoutine, record.Buffer, record.Length);
            record.State = BufferFinished;
        }
    }
    irql_byte() = old;
}

} // namespace nt::ke
