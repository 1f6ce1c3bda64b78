#include "app/session.h"
#include "app/census.h"
#include "app/exit_status.h"
#include "app/recorder_thread.h"
#include "app/report.h"
#include "app/schedule.h"
#include "app/target.h"
#include "app/text.h"
#include "host/signals.h"
#include "trace/json.h"
#include "trace/recorder.h"
#include "trace/text.h"
#include "trace/trace.h"
#include "view/debugger.h"
#include "view/prompt.h"
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

namespace app {

using namespace nt;

namespace {

bool say(int fd, const std::string& text) {
    for (std::size_t done = 0; done < text.size();) {
        const ssize_t n = write(fd, text.data() + done, text.size() - done);
        if (n <= 0) return false;
        done += static_cast<std::size_t>(n);
    }
    return true;
}

// Each line is a message of its own, except indented ones.
std::string message(const std::string& text) {
    std::string out = "drvlab: ";
    for (std::size_t i = 0; i < text.size(); i++) {
        out += text[i];
        if (text[i] == '\n' && i + 1 < text.size() && text[i + 1] != ' ') out += "drvlab: ";
    }
    return out + "\n";
}

// What is not opened before the end, looked at before the programs run. A pipe or a device is left alone.
bool can_write(const std::string& file) {
    if (file.empty()) return true;
    struct stat status;
    const bool there = stat(file.c_str(), &status) == 0;
    if (there && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) return true;
    const int fd = open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) {
        say(2, "drvlab: cannot write '" + file + "': " + std::strerror(errno) + "\n");
        return false;
    }
    close(fd);
    if (!there) unlink(file.c_str());
    return true;
}

bool start_trace(const Config& config) {
    if (config.trace.empty()) return true;
    plug_recorder_thread();
    const bool good = config.trace == "-" ? trace::start_unnamed(config.trace_verbose)
                                          : trace::start(config.trace, config.trace_verbose);
    if (!good)
        say(2, "drvlab: trace '" + config.trace + "': " + trace::describe(trace::recorder_status()) + "\n");
    return good;
}

// False: rows are missing from the file.
bool finish_trace(const Config& config, int exit_status, const std::string& reason) {
    if (config.trace.empty()) return true;
    if (trace::on) trace::emit_machine_end(static_cast<std::uint32_t>(exit_status), reason);
    const bool whole = trace::recorder_status().state == trace::RecorderState::recording;
    const auto status = trace::recorder_status();
    trace::stop();
    if (!whole)
        say(2, "drvlab: trace '" + config.trace + "' is incomplete: " + trace::describe(status) + "\n");
    if (config.trace == "-") {
        trace::Reader reader;
        if (reader.open(trace::descriptor())) trace::print_text(reader, 2);
    }
    return whole;
}

nlohmann::json result_json(Machine& machine, const ke::Stop& stop, int exit_status,
                           const std::vector<std::uint32_t>& exit_codes, const nlohmann::json& debugger) {
    nlohmann::json j;
    j["exit_status"] = exit_status;
    const bool load_failed = stop.kind == ke::StopKind::client_exited && !machine.error().empty();
    j["stop"] = {{"kind", load_failed ? "load_failure" : stop_name(stop.kind)},
                 {"summary", stop_summary(machine, stop)},
                 {"repeatable", stop.repeatable}};
    if (stop.kind == ke::StopKind::bug_check) {
        char text[24];
        auto& parameters = j["stop"]["parameters"] = nlohmann::json::array();
        for (const auto p : stop.parameters) {
            std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(p));
            parameters.push_back(text);
        }
        std::snprintf(text, sizeof text, "0x%x", stop.code);
        j["stop"]["code"] = text;
    }
    for (std::size_t i = 0; i < machine.config().clients.size(); i++) {
        nlohmann::json client{{"image", machine.config().clients[i].path}};
        if (i < exit_codes.size()) client["exit_code"] = exit_codes[i];
        if (i == 0)
            j["client"] = std::move(client);
        else
            j["more_clients"].push_back(std::move(client));
    }
    for (const ChildProcess& child : machine.children())
        j["children"].push_back({{"image", child.image},
                                 {"pid", child.pid},
                                 {"parent_pid", child.parent_pid},
                                 {"exit_code", child.exit_code}});
    j["seed"] = machine.config().seed;
    j["verifier"] =
        machine.config().verify_requests ? nlohmann::json::array({"io"}) : nlohmann::json::array();
    if (!machine.config().stop_on.empty()) j["stop_on"] = machine.config().stop_on;
    auto& drivers = j["drivers"] = nlohmann::json::array();
    for (const LoadedDriver& d : machine.drivers()) {
        if (d.spec.inbox) continue;
        nlohmann::json entry{
            {"name", d.spec.name}, {"image", d.spec.path}, {"status", status_text(d.status)}};
        if (!d.error.empty()) entry["error"] = d.error;
        drivers.push_back(std::move(entry));
    }
    auto& reports = j["reports"] = nlohmann::json::array();
    for (const BrokenRule& report : machine.reports())
        reports.push_back(report_text(report));
    j["notes"] = machine.notes();
    if (!machine.error().empty()) j["error"] = machine.error();
    if (!debugger.empty()) j["kd"] = debugger;
    return j;
}

} // namespace

int run_session(const Session& session, std::function<void(Machine&)> script,
                const std::vector<std::uint32_t>& exit_codes) {
    Config config = session.config;
    if (std::string error; !plug_schedule(config, error)) {
        say(2, "drvlab: " + error + "\n");
        return exit_usage;
    }
    if (!can_write(session.result) || !can_write(config.record_schedule) || !start_trace(config))
        return exit_host;
    host::set_last_words([](void*) { trace::stop(); }, nullptr);
    Machine machine(config);
    const ke::Stop& stop = machine.run(std::move(script));
    // From here on the machine stands still and this is the main stack.
    int status = exit_status_of(stop);
    if (status == 0 && !machine.error().empty()) status = exit_load_failure;
    for (const std::uint32_t code : exit_codes) // the first that is not 0
        if (status == 0)
            status = code > 255 || (code >= 119 && code <= 127) ? static_cast<int>(exit_client_out_of_range)
                                                                : static_cast<int>(code);
    if (status == 0 && !machine.reports().empty()) status = exit_report;
    const std::string recorder_text = trace::describe(trace::recorder_status());
    bool whole = finish_trace(session.config, status, stop_summary(machine, stop));
    if (!host::guarded([&] { say(2, stop_report(machine, stop)); }))
        say(2, "drvlab: the report ends here: a structure that it looks at is damaged; " +
                   stop_summary(machine, stop) + "\n");
    alarm(0); // a limit that a hang in the kernel has set for its report
    for (const auto& note : machine.notes())
        say(2, "drvlab: note: " + note + "\n");
    for (const BrokenRule& report : machine.reports())
        say(2, "drvlab: " + report_text(report) + "\n");
    if (!session.config.verify_requests &&
        std::ranges::any_of(machine.reports(), [](const BrokenRule& r) { return r.of_request; }))
        say(2, "drvlab: --verifier io tells what had become of a request before, and finds more\n");
    if (!machine.error().empty() && exit_status_of(stop) == 0) say(2, message(machine.error()));

    Target target(machine);
    if (session.after) session.after(target);
    view::Debugger debugger(target);
    nlohmann::json debugger_output = nlohmann::json::array();
    if (!session.kd.empty()) {
        const std::string text = view::execute_guarded(debugger, session.kd);
        debugger_output.push_back({{"commands", session.kd}, {"output", text}});
        if (!say(session.output, text)) {
            say(2, "drvlab: the debugger's output cannot be written\n");
            whole = false;
        }
        if (debugger.failed() && status == 0) status = exit_usage;
    }
    if (session.interactive && !view::run_prompt(debugger) && status == 0) status = exit_usage;
    if (!session.result.empty()) {
        std::ofstream out(session.result);
        nlohmann::json json = result_json(machine, stop, whole ? status : static_cast<int>(exit_host),
                                          exit_codes, debugger_output);
        if (!host::guarded([&] { json["at_end"] = census(); }))
            json["at_end"] = "a structure that it looks at is damaged";
        if (!session.config.trace.empty())
            json["trace"] = {{"file", session.config.trace}, {"whole", whole}, {"status", recorder_text}};
        out << json.dump(2) << "\n";
        out.close();
        if (!out) {
            say(2, "drvlab: cannot write '" + session.result + "'\n");
            whole = false;
        }
    }
    if (!write_schedule(config)) {
        say(2, "drvlab: cannot write '" + config.record_schedule + "'\n");
        whole = false;
    }
    return whole ? status : exit_host;
}

} // namespace app
