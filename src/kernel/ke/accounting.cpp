#include "kernel/ke/accounting.h"
#include "kernel/ke/clock.h"
#include "kernel/ke/detail/account.h"
#include "kernel/ke/detail/processor_state.h"
#include "kernel/ke/thread.h"

namespace nt::ke {

void charge_account(Processor& p) {
    Account& a = p.account;
    const ULONGLONG time = interrupt_time() - a.since;
    a.since = interrupt_time();
    switch (a.activity) {
    case Activity::idle:
        a.idle += time;
        break;
    case Activity::thread:
        a.thread += time;
        p.current->run_time += time;
        p.current->quantum_used += time;
        a.user += p.current->user_time - a.user_seen;
        a.user_seen = p.current->user_time;
        break;
    case Activity::dpc:
        a.dpc += time;
        break;
    case Activity::interrupt:
        a.interrupt += time;
        break;
    }
}

Activity change_activity(Processor& p, Activity to) {
    charge_account(p);
    const Activity from = p.account.activity;
    p.account.activity = to;
    return from;
}

Account account_of(ULONG number) {
    Processor& p = processor(number);
    charge_account(p);
    p.account.at_dispatch = p.slot(KPCR_AT_DISPATCH);
    if (p.irql() >= DISPATCH_LEVEL && !p.is_idle())
        p.account.at_dispatch += interrupt_time() - p.slot(KPCR_RAISED_AT);
    return p.account;
}

} // namespace nt::ke
