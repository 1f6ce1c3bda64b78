// !obtrace: what the run's trace says of an object's references.
#include "app/target.h"
#include "trace/reader.h"
#include <map>

namespace app {

view::ReferenceTrace Target::reference_trace(view::Address object) {
    view::ReferenceTrace found;
    const std::string& file = machine_.config().trace;
    if (file.empty() || file == "-") return {"References are traced with --trace FILE", {}, {}};
    trace::Reader reader;
    if (!reader.open(file)) return {"The trace cannot be read: " + reader.error(), {}, {}};
    std::map<std::uint32_t, std::string> images{{4, "System"}};
    std::uint64_t sequence = 0;
    trace::Record record;
    while (reader.next(record)) {
        if (record.is("process_created"))
            images[static_cast<std::uint32_t>(record.number("new_pid"))] = record.text("image");
        if (record.is("object_created") && record.number("object") == object) { // a new one at this address
            found.references.clear();
            const auto image = images.find(record.head.pid);
            found.image = image == images.end() ? "" : image->second;
        }
        if (!record.is("object_referenced")) continue;
        ++sequence;
        if (record.number("object") != object) continue;
        found.references.push_back({sequence, record.number("change") == 0 ? 1 : -1,
                                    static_cast<std::uint32_t>(record.number("tag")),
                                    record.number("caller")});
    }
    if (const auto end = found.image.rfind('\\'); end != std::string::npos) found.image.erase(0, end + 1);
    if (const auto end = found.image.rfind('/'); end != std::string::npos) found.image.erase(0, end + 1);
    return found;
}

} // namespace app
