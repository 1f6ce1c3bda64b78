#include "kernel/ex/stall.h"
#include "host/places.h"
#include "host/processor.h"
#include "kernel/ex/polling.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/clock.h"
#include "kernel/ke/switch_point.h"
#include "kernel/ke/thread.h"
#include "kernel/seh/crossing.h"
#include "trace/trace.h"
#include <algorithm>
#include <cstdio>

namespace nt::ex {

namespace {

PollingProof proof;
ULONG most_stalls = 100;
constexpr ULONG most_steps = 5'000;
constexpr std::uint64_t trap_flag = 0x100;

[[noreturn]] void hang(const CONTEXT& context, bool user) {
    ke::Stop stop;
    stop.kind = ke::StopKind::hang;
    stop.repeatable = false;
    stop.context = &context;
    stop.caller = context.Rip;
    std::snprintf(stop.text, sizeof stop.text, "%s code runs without calling the system",
                  user ? "user-mode" : "kernel-mode");
    ke::stop_machine(stop);
}

} // namespace

Stall stall;

void set_stall_limit(ULONG most) { most_stalls = most; }

bool Stall::seen(host::Fault& fault) {
    if (proof.active() || fault.registers[host::EFLAGS] & trap_flag) return false;
    const ULONGLONG now = ke::virtual_time();
    if (now != time_ && ke::run_is_repeatable) periods_ = 0;
    time_ = now;
    periods_++;
    const bool out_of_patience = periods_ == std::min<ULONG>(patience, most_stalls);
    last_ = out_of_patience || !ke::run_is_repeatable;
    if (!out_of_patience && (periods_ & (periods_ - 1))) return last_;
    return !start(fault, most_steps) && last_;
}

void Stall::look_again(host::Fault& fault) {
    last_ = false;
    if (!start(fault, std::min(most_steps, 1000 + 16 * proof.length())))
        fault.registers[host::EFLAGS] &= ~trap_flag;
}

bool Stall::is_watched() const { return proof.active(); }

Stall::Answer Stall::step(host::Fault& fault) {
    const bool next = fault.kind == host::FaultKind::single_step && host::places::is_guest(fault.rip()) &&
                      host::gs_base() == gs_base_;
    auto result = PollingProof::Result::failed;
    if (next)
        result = proof.step(fault);
    else
        proof.give_up();
    if (result == PollingProof::Result::going_on) return Answer::goes_on;
    fault.registers[host::EFLAGS] &= ~trap_flag;
    if (result == PollingProof::Result::proven) {
        periods_ = 0;
        return Answer::polls;
    }
    if (fault.kind != host::FaultKind::single_step) return Answer::none; // a fault of its own
    return next && last_ ? Answer::interrupt : Answer::goes_on;
}

bool Stall::start(host::Fault& fault, ULONG most) {
    gs_base_ = host::gs_base();
    if (proof.begin(fault, gs_base_, most) != PollingProof::Result::going_on) return false;
    fault.registers[host::EFLAGS] |= trap_flag;
    return true;
}

void spins(const CONTEXT& context, bool user) {
    ke::Thread& self = ke::current_thread();
    if (ke::virtual_time() != self.last_stall) self.stalls = 0; // it has called the system meanwhile
    if (++self.stalls > most_stalls) hang(context, user);
    if (trace::on) trace::emit_spin_interrupted(context.Rip, user);
    ke::run_is_repeatable = false;
    ke::let_time_pass();
    ke::switch_point(ke::Cause::pause);
    self.last_stall = ke::virtual_time();
}

void polls(CONTEXT& context, bool user) {
    ke::PolledWords words;
    if (!proof.words(words)) return spins(context, user);
    if (trace::on) trace::emit_polls(context.Rip, user, words.shared(context));
    ke::poll(words, context, user);
    seh::nt_step_after_resume = 1;
}

} // namespace nt::ex
