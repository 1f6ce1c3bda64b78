#include "trace/detail/timeline.h"
#include <algorithm>

namespace trace {
namespace {

std::uint64_t ns_of(const Record& r) { return r.head.time * 100; }

std::string zw_name(std::string service) {
    if (service.starts_with("Nt")) service.replace(0, 2, "Zw");
    return service;
}

std::string arguments_text(const Record& r) {
    std::string out;
    for (const std::uint64_t value : r.array("args"))
        out += (out.empty() ? "" : ", ") + hex_text(value);
    return out;
}

} // namespace

// "nulltour.exe"; the row has the whole path.
std::string Timeline::process_name(std::uint32_t pid) const {
    if (pid == 4) return "System";
    const std::string image = names_.process(pid);
    return image.empty() ? "process " + std::to_string(pid) : image.substr(image.find_last_of('\\') + 1);
}

std::string Timeline::thread_name(std::uint32_t pid, std::uint32_t tid) const {
    return process_name(pid) + " " + std::to_string(pid) + "." + std::to_string(tid);
}

void Timeline::introduce(const Record& r) {
    const auto cpu = processor_track(r.head.cpu);
    if (known_.insert(cpu).second) {
        sink_.processor(r.head.cpu);
        run(r.head.cpu, r.head.pid, r.head.tid);
    }
    const auto thread = [&](std::uint32_t pid, std::uint32_t tid) {
        if (!tid || !known_.insert(thread_track(pid, tid)).second) return;
        if (known_.insert(std::uint64_t{1} << 62 | pid).second) sink_.process(pid, process_name(pid));
        const auto start = starts_.find(thread_track(pid, tid));
        sink_.thread(pid, tid, start == starts_.end() ? std::string() : start->second);
    };
    thread(r.head.pid, r.head.tid);
    if (r.is("thread_switch"))
        thread(static_cast<std::uint32_t>(r.number("new_pid")),
               static_cast<std::uint32_t>(r.number("new_tid")));
}

// Code of DPCs and interrupt service routines runs on its processor, not in the thread that it interrupts.
Track Timeline::place(const Record& r) const {
    const Track cpu = processor_track(r.head.cpu);
    if (!r.head.tid) return cpu;
    const auto found = open_.find(cpu);
    if (found != open_.end() && !found->second.empty() && found->second.back().kind != Kind::running)
        return cpu;
    return thread_track(r.head.pid, r.head.tid);
}

void Timeline::begin(Track track, Kind kind, std::uint64_t id, const std::string& name,
                     const Details& details, std::uint64_t flow) {
    open_[track].push_back({kind, id});
    sink_.begin(track, now_, name, details, flow);
}

void Timeline::end(Track track, Kind kind, std::uint64_t id) {
    auto& open = open_[track];
    for (std::size_t i = open.size(); i-- > 0;) {
        if (open[i].kind != kind || open[i].id != id) continue;
        for (; open.size() > i; open.pop_back())
            sink_.end(track, now_);
        return;
    }
}

void Timeline::instant(const Record& r, const std::string& name, const Details& details) {
    const auto flow = flows_.find(r.number("irp"));
    sink_.instant(place(r), now_, name, details, flow == flows_.end() ? 0 : flow->second);
}

void Timeline::run(unsigned cpu, std::uint32_t pid, std::uint32_t tid) {
    const Track track = processor_track(cpu);
    if (const Track before = running_[cpu]) end(track, Kind::running, before);
    running_[cpu] = tid ? thread_track(pid, tid) : 0;
    if (tid) begin(track, Kind::running, running_[cpu], thread_name(pid, tid));
}

bool Timeline::processor_row(const Record& r) {
    const Track cpu = processor_track(r.head.cpu);
    if (r.is("thread_switch")) {
        run(r.head.cpu, static_cast<std::uint32_t>(r.number("new_pid")),
            static_cast<std::uint32_t>(r.number("new_tid")));
    } else if (r.is("interrupt")) {
        sink_.instant(cpu, now_, "interrupt " + hex_text(r.number("vector")), {}, 0);
    } else if (r.is("isr_called")) {
        begin(cpu, Kind::interrupt, r.number("interrupt"), "ISR " + names_.symbol(r.number("routine")),
              {{"vector", hex_text(r.number("vector"))}, {"IRQL", std::to_string(r.head.irql)}});
    } else if (r.is("isr_returned")) {
        end(cpu, Kind::interrupt, r.number("interrupt"));
    } else if (r.is("dpc_called")) { // a threaded one runs below DISPATCH_LEVEL, in a thread
        begin(r.head.irql < 2 ? place(r) : cpu, Kind::dpc, r.number("dpc"),
              "DPC " + names_.symbol(r.number("routine")),
              {{"dpc", hex_text(r.number("dpc"))}, {"context", hex_text(r.number("context"))}});
    } else if (r.is("dpc_returned")) {
        end(r.head.irql < 2 ? place(r) : cpu, Kind::dpc, r.number("dpc"));
    } else {
        return false;
    }
    return true;
}

bool Timeline::request_row(const Record& r) {
    const std::uint64_t irp = r.number("irp"), id = irp << 8 | r.number("level");
    if (r.is("irp_created")) {
        flows_[irp] = ++last_flow_;
        instant(r, "IRP created", {{"irp", hex_text(irp)}});
    } else if (r.is("irp_dispatch")) {
        auto& flow = flows_[irp];
        if (!flow) flow = ++last_flow_;
        begin(place(r), Kind::dispatch, id,
              names_.driver(r.number("driver")) + " " +
                  irp_major_name(static_cast<unsigned>(r.number("major"))),
              {{"irp", hex_text(irp)},
               {"device", names_.device(r.number("device"))},
               {"routine", names_.symbol(r.number("routine"))},
               {"level", std::to_string(r.number("level"))}},
              flow);
    } else if (r.is("irp_returned")) {
        end(place(r), Kind::dispatch, id);
    } else if (r.is("completion_called")) {
        begin(
            place(r), Kind::completion, id, "completion " + names_.symbol(r.number("routine")),
            {{"irp", hex_text(irp)}, {"status", status_text(static_cast<std::uint32_t>(r.number("status")))}},
            flows_[irp]);
    } else if (r.is("completion_returned")) {
        end(place(r), Kind::completion, id);
    } else if (r.is("irp_pending")) {
        instant(r, "IRP pending", {{"irp", hex_text(irp)}});
    } else if (r.is("irp_complete") || r.is("irp_finished")) {
        instant(r, r.is("irp_complete") ? "IRP completed" : "IRP finished",
                {{"irp", hex_text(irp)},
                 {"status", status_text(static_cast<std::uint32_t>(r.number("status")))}});
    } else if (r.is("irp_cancel")) {
        instant(r, "IRP cancelled", {{"irp", hex_text(irp)}});
    } else if (r.is("irp_freed")) {
        flows_.erase(irp);
    } else {
        return false;
    }
    return true;
}

void Timeline::service_row(const Record& r, bool enter, bool zw) {
    const std::uint64_t number = r.number("number");
    const std::string name = names_.call(0, static_cast<std::uint32_t>(number));
    const Kind kind = zw ? Kind::zw : Kind::service;
    if (enter)
        begin(place(r), kind, number, zw ? zw_name(name) : name, {{"arguments", arguments_text(r)}});
    else
        end(place(r), kind, number);
}

bool Timeline::call_row(const Record& r) {
    if (r.is("syscall_enter") || r.is("syscall_exit"))
        service_row(r, r.is("syscall_enter"), false);
    else if (r.is("zw_enter") || r.is("zw_exit"))
        service_row(r, r.is("zw_enter"), true);
    else if (r.is("api_call"))
        begin(place(r), Kind::api, 0, r.text("name"), {{"arguments", arguments_text(r)}});
    else if (r.is("api_return"))
        end(place(r), Kind::api, 0);
    else if (r.is("wait_begin")) {
        std::string objects;
        for (const std::uint64_t object : r.array("objects"))
            objects += (objects.empty() ? "" : ", ") + hex_text(object);
        begin(place(r), Kind::wait, 0, "wait", {{"objects", objects}});
    } else if (r.is("wait_satisfied"))
        end(place(r), Kind::wait, 0);
    else if (r.is("driver_entry"))
        begin(place(r), Kind::entry, r.number("driver"),
              "DriverEntry of " + names_.driver(r.number("driver")));
    else if (r.is("driver_entry_returned"))
        end(place(r), Kind::entry, r.number("driver"));
    else if (r.is("work_item_started"))
        begin(place(r), Kind::work, r.number("item"), "work item " + names_.symbol(r.number("routine")));
    else if (r.is("work_item_finished"))
        end(place(r), Kind::work, r.number("item"));
    else
        return false;
    return true;
}

void Timeline::row(const Record& r) {
    now_ = ns_of(r);
    names_.learn(r);
    if (r.is("thread_created"))
        starts_[thread_track(static_cast<std::uint32_t>(r.number("owner_pid")),
                             static_cast<std::uint32_t>(r.number("new_tid")))] =
            names_.symbol(r.number("start"));
    introduce(r);
    if (processor_row(r) || request_row(r) || call_row(r)) return;
    if (r.is("thread_exited")) {
        const Track track = thread_track(r.head.pid, r.head.tid);
        for (auto& open = open_[track]; !open.empty(); open.pop_back())
            sink_.end(track, now_);
    } else if (r.is("debug_print") || r.is("report") || r.is("device_message")) {
        instant(r, r.event->name, {{"text", r.text("text")}});
    } else if (r.is("dpc_queued")) {
        instant(r, "DPC queued", {{"routine", names_.symbol(r.number("routine"))}});
    } else if (r.is("bug_check") || r.is("exception") || r.is("stub_called") || r.is("timer_expired") ||
               r.is("lock_contended") || r.is("apc_delivered") || r.is("quantum_end") ||
               r.is("thread_preempted")) {
        instant(r, r.event->name);
    }
}

void Timeline::finish() {
    for (auto& [track, open] : open_)
        for (; !open.empty(); open.pop_back())
            sink_.end(track, now_);
}

} // namespace trace
