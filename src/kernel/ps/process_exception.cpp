// Exceptions of programs: to ntdll's dispatcher, or the end.
#include "abi/context.h"
#include "abi/status.h"
#include "host/guest.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ps/process.h"
#include "kernel/ps/thread.h"
#include "kernel/ps/user_context.h"
#include "trace/trace.h"
#include <cstdio>

namespace nt::ps {

namespace {

// The frame that KiUserExceptionDispatcher finds at rsp: as Windows lays it out.
constexpr std::uint64_t record_offset = 0x4f0, machine_frame_offset = 0x590, frame_size = 0x5c0;

} // namespace

bool deliver_user_exception(const EXCEPTION_RECORD& record, CONTEXT& context) {
    const auto& process = body(current_process());
    if (!process.exception_dispatcher) return false;
    const std::uint64_t rsp = (context.Rsp - frame_size) & ~std::uint64_t{15};
    if (context.Rsp < frame_size || !make_stack_room(rsp, context.Rsp, context.Rip)) return false;
    MACHINE_FRAME machine{};
    machine.Rip = context.Rip;
    machine.SegCs = context.SegCs;
    machine.EFlags = context.EFlags;
    machine.Rsp = context.Rsp;
    machine.SegSs = context.SegSs;
    if (!guest::write(rsp, context) || !guest::write(rsp + record_offset, record) ||
        !guest::write(rsp + machine_frame_offset, machine))
        return false;
    context.Rsp = rsp;
    context.Rip = process.exception_dispatcher;
    return true;
}

void (*on_child_exception)(EPROCESS&, const EXCEPTION_RECORD&) = [](EPROCESS&, const EXCEPTION_RECORD&) {};

void unhandled_user_exception(const EXCEPTION_RECORD& record, const CONTEXT& context) {
    if (trace::on) trace::emit_exception_unhandled(record.ExceptionCode, record.ExceptionAddress, true);
    if (EPROCESS* process = current_process(); body(process).of_program) {
        on_child_exception(*process, record);
        terminate_process(*process, record.ExceptionCode);
        exit_thread(record.ExceptionCode); // not reached: its own thread is one of them
    }
    ke::Stop stop;
    stop.kind = ke::StopKind::user_exception;
    stop.code = static_cast<ULONG>(record.ExceptionCode);
    stop.parameters[0] = reinterpret_cast<ULONG_PTR>(record.ExceptionAddress);
    stop.parameters[1] = record.NumberParameters;
    stop.parameters[2] = record.ExceptionInformation[0];
    stop.parameters[3] = record.ExceptionInformation[1];
    stop.caller = stop.parameters[0];
    stop.record = &record;
    stop.context = &context;
    stop.crossings = seh::innermost();
    std::snprintf(stop.text, sizeof stop.text, "%s", body(current_process()).file_name->c_str());
    ke::stop_machine(stop);
}

} // namespace nt::ps
