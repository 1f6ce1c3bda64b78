#include "trace/perfetto.h"
#include "trace/detail/output.h"
#include "trace/detail/protobuf.h"
#include "trace/detail/timeline.h"

namespace trace {
namespace {

// Field numbers of the published messages.
namespace packet { // TracePacket, and its place in Trace
constexpr unsigned in_trace = 1, timestamp = 8, sequence = 10, track_event = 11, track_descriptor = 60;
}
namespace descriptor { // TrackDescriptor
constexpr unsigned uuid = 1, name = 2, process = 3, thread = 4, parent = 5, child_ordering = 11, rank = 12;
constexpr unsigned explicit_order = 3;
} // namespace descriptor
namespace process { // ProcessDescriptor
constexpr unsigned pid = 1, name = 6;
}
namespace thread { // ThreadDescriptor
constexpr unsigned pid = 1, tid = 2, name = 5;
}
namespace event { // TrackEvent
constexpr unsigned annotation = 4, type = 9, track = 11, name = 23, flow = 47;
constexpr unsigned slice_begin = 1, slice_end = 2, instant = 3;
} // namespace event
namespace annotation { // DebugAnnotation
constexpr unsigned text = 6, name = 10;
}

constexpr std::uint64_t processors_uuid = std::uint64_t{1} << 61;
constexpr std::uint64_t process_uuid(std::uint32_t pid) { return std::uint64_t{1} << 62 | pid; }

class Perfetto final : public TimelineSink {
  public:
    explicit Perfetto(Output& output) : output_(output) {
        describe(Message()
                     .number(descriptor::uuid, processors_uuid)
                     .text(descriptor::name, "Processors")
                     .number(descriptor::child_ordering, descriptor::explicit_order));
    }
    void processor(unsigned cpu) override {
        describe(Message()
                     .number(descriptor::uuid, processor_track(cpu))
                     .text(descriptor::name, "CPU " + std::to_string(cpu))
                     .number(descriptor::parent, processors_uuid)
                     .number(descriptor::rank, cpu));
    }
    void process(std::uint32_t pid, const std::string& name) override {
        describe(
            Message()
                .number(descriptor::uuid, process_uuid(pid))
                .message(descriptor::process, Message().number(process::pid, pid).text(process::name, name)));
    }
    void thread(std::uint32_t pid, std::uint32_t tid, const std::string& name) override {
        Message of_thread = Message().number(thread::pid, pid).number(thread::tid, tid);
        if (!name.empty()) of_thread.text(thread::name, name);
        describe(Message()
                     .number(descriptor::uuid, thread_track(pid, tid))
                     .message(descriptor::thread, of_thread)
                     .number(descriptor::parent, process_uuid(pid)));
    }
    void begin(Track track, std::uint64_t ns, const std::string& name, const Details& details,
               std::uint64_t flow) override {
        add(ns, named(event::slice_begin, track, name, details, flow));
    }
    void end(Track track, std::uint64_t ns) override {
        add(ns, Message().number(event::type, event::slice_end).number(event::track, track));
    }
    void instant(Track track, std::uint64_t ns, const std::string& name, const Details& details,
                 std::uint64_t flow) override {
        add(ns, named(event::instant, track, name, details, flow));
    }

  private:
    static constexpr std::uint64_t sequence = 1; // one writer

    static Message named(unsigned type, Track track, const std::string& name, const Details& details,
                         std::uint64_t flow) {
        Message m;
        m.number(event::type, type).number(event::track, track).text(event::name, name);
        for (const auto& [key, value] : details)
            m.message(event::annotation, Message().text(annotation::name, key).text(annotation::text, value));
        if (flow) m.fixed64(event::flow, flow);
        return m;
    }
    void describe(const Message& track) {
        write(Message().number(packet::sequence, sequence).message(packet::track_descriptor, track));
    }
    void add(std::uint64_t ns, const Message& track_event) {
        write(Message()
                  .number(packet::timestamp, ns)
                  .number(packet::sequence, sequence)
                  .message(packet::track_event, track_event));
    }
    void write(const Message& m) {
        output_.text += Message().message(packet::in_trace, m).bytes();
        output_.flush_if_large();
    }

    Output& output_;
};

} // namespace

bool print_perfetto(Reader& reader, int descriptor) {
    Output output(descriptor);
    Perfetto sink(output);
    Timeline timeline(sink);
    Record record;
    while (output.good() && reader.next(record))
        timeline.row(record);
    timeline.finish();
    return output.flush() && !reader.damaged();
}

} // namespace trace
