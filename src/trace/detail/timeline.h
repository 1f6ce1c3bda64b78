// Slices that rows open and close on tracks. On each track they nest; closing an outer one closes what is
// open within it (a raise abandons calls, a stopped machine everything).
#pragma once
#include "trace/names.h"
#include <map>
#include <set>

namespace trace {

using Track = std::uint64_t;
// Processors first, then threads by process and thread id.
constexpr Track processor_track(unsigned cpu) { return 1 + cpu; }
constexpr Track thread_track(std::uint32_t pid, std::uint32_t tid) {
    return std::uint64_t{1} << 63 | std::uint64_t{pid} << 32 | tid;
}

using Details = std::vector<std::pair<std::string_view, std::string>>;

// What a format makes of it. Times in nanoseconds; `flow` ties a request's slices together, 0: none.
class TimelineSink {
  public:
    virtual ~TimelineSink() = default;
    virtual void processor(unsigned cpu) = 0;
    virtual void process(std::uint32_t pid, const std::string& name) = 0;
    virtual void thread(std::uint32_t pid, std::uint32_t tid, const std::string& name) = 0;
    virtual void begin(Track track, std::uint64_t ns, const std::string& name, const Details& details,
                       std::uint64_t flow) = 0;
    virtual void end(Track track, std::uint64_t ns) = 0;
    virtual void instant(Track track, std::uint64_t ns, const std::string& name, const Details& details,
                         std::uint64_t flow) = 0;
};

class Timeline {
  public:
    explicit Timeline(TimelineSink& sink) : sink_(sink) {}
    void row(const Record& record);
    void finish(); // closes what is open, at the last row's time

  private:
    enum class Kind { running, dpc, interrupt, api, service, zw, dispatch, completion, entry, work, wait };
    struct Slice {
        Kind kind;
        std::uint64_t id;
    };
    void introduce(const Record& record);
    Track place(const Record& record) const;
    void begin(Track track, Kind kind, std::uint64_t id, const std::string& name, const Details& details = {},
               std::uint64_t flow = 0);
    void end(Track track, Kind kind, std::uint64_t id);
    void instant(const Record& record, const std::string& name, const Details& details = {});
    std::string process_name(std::uint32_t pid) const;
    std::string thread_name(std::uint32_t pid, std::uint32_t tid) const;
    void run(unsigned cpu, std::uint32_t pid, std::uint32_t tid);
    void service_row(const Record& record, bool enter, bool zw);
    bool processor_row(const Record& record);
    bool request_row(const Record& record);
    bool call_row(const Record& record);

    TimelineSink& sink_;
    Names names_;
    std::map<Track, std::vector<Slice>> open_;
    std::map<unsigned, Track> running_;            // by processor: the thread's track, 0 when idle
    std::set<std::uint64_t> known_;                // processes and threads that the sink has heard of
    std::map<std::uint64_t, std::string> starts_;  // thread's track → its start
    std::map<std::uint64_t, std::uint64_t> flows_; // IRP → flow
    std::uint64_t last_flow_ = 0;
    std::uint64_t now_ = 0;
};

} // namespace trace
