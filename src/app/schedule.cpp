#include "app/schedule.h"
#include "host/file.h"
#include "kernel/ke/bugcheck.h"
#include "verify/replay.h"
#include <fstream>

namespace app {

using namespace nt;

static std::unique_ptr<verify::Policy> policy;
static std::unique_ptr<verify::Recording> recording;

[[noreturn]] static void differs(const char* text) { ke::stop_machine(ke::StopKind::report, "%s", text); }

static bool load_replay(Config& config, std::string& error) {
    const auto bytes = host::read_file(config.replay);
    if (!bytes) {
        error = "--replay: " + bytes.error();
        return false;
    }
    auto replay = std::make_unique<verify::Replay>();
    if (!replay->parse({reinterpret_cast<const char*>(bytes->data()), bytes->size()}, error)) {
        error = "--replay '" + config.replay + "': " + error;
        return false;
    }
    replay->mismatch = differs;
    config.processors = replay->processors();
    policy = std::move(replay);
    return true;
}

bool plug_schedule(Config& config, std::string& error) {
    if (!config.replay.empty()) {
        if (!load_replay(config, error)) return false;
    } else
        policy = verify::make_policy({config.schedule, config.seed, config.processors, 3, 10'000});
    ke::SchedulePolicy* plugged = policy.get();
    if (!config.record_schedule.empty()) {
        recording = std::make_unique<verify::Recording>(*policy, config.processors);
        plugged = recording.get();
    }
    ke::set_schedule_policy(plugged);
    return true;
}

bool write_schedule(const Config& config) {
    if (!recording) return true;
    std::ofstream out(config.record_schedule);
    out << recording->text();
    out.close();
    return static_cast<bool>(out);
}

} // namespace app
