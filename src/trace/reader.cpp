#include "trace/reader.h"
#include "trace/format.h"
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace trace {
namespace {

struct TypeRow {
    std::string_view name;
    Type type;
};
constexpr TypeRow types[] = {{"bool", Type::boolean}, {"u8", Type::u8},       {"u16", Type::u16},
                             {"u32", Type::u32},      {"u64", Type::u64},     {"x32", Type::x32},
                             {"x64", Type::x64},      {"ptr", Type::ptr},     {"status", Type::status},
                             {"str8", Type::str8},    {"str16", Type::str16}, {"bytes", Type::bytes},
                             {"u64s", Type::u64s}};
constexpr std::size_t max_events = context_id;
constexpr std::size_t max_fields = 30; // a record has time and IRQL, too

std::string hex(std::uint64_t value) {
    char text[19] = "0x";
    return {text, std::to_chars(text + 2, text + sizeof text, value, 16).ptr};
}

std::string_view next_word(std::string_view& line) {
    const auto end = std::min(line.find(' '), line.size());
    const std::string_view word = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    return word;
}

bool is_name(std::string_view s) {
    return !s.empty() && s.size() < 64 &&
           std::ranges::all_of(
               s, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

void append_utf8(std::string& out, std::uint32_t c) {
    if (c < 0x80) {
        out += static_cast<char>(c);
    } else if (c < 0x800) {
        out += static_cast<char>(0xc0 | c >> 6);
        out += static_cast<char>(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        out += static_cast<char>(0xe0 | c >> 12);
        out += static_cast<char>(0x80 | (c >> 6 & 0x3f));
        out += static_cast<char>(0x80 | (c & 0x3f));
    } else {
        out += static_cast<char>(0xf0 | c >> 18);
        out += static_cast<char>(0x80 | (c >> 12 & 0x3f));
        out += static_cast<char>(0x80 | (c >> 6 & 0x3f));
        out += static_cast<char>(0x80 | (c & 0x3f));
    }
}

std::string utf8_of_utf16(std::span<const std::byte> data) {
    std::string out;
    const auto unit = [&](std::size_t i) {
        char16_t c;
        std::memcpy(&c, data.data() + 2 * i, 2);
        return c;
    };
    const std::size_t count = data.size() / 2;
    for (std::size_t i = 0; i < count; ++i) {
        std::uint32_t c = unit(i);
        if (c >= 0xd800 && c < 0xdc00 && i + 1 < count && unit(i + 1) >= 0xdc00 && unit(i + 1) < 0xe000)
            c = 0x10000 + ((c - 0xd800) << 10) + (unit(++i) - 0xdc00u);
        else if (c >= 0xd800 && c < 0xe000)
            c = 0xfffd;
        append_utf8(out, c);
    }
    return out;
}

// Numbers stored without leading zero bytes behind a control nibble each.
class Numbers {
  public:
    Numbers(std::span<const std::byte> data, std::size_t count) : data_(data), at_((count + 1) / 2) {}

    bool next(std::uint64_t& value) {
        value = 0;
        if (index_ / 2 >= data_.size()) return false;
        const unsigned control = std::to_integer<unsigned>(data_[index_ / 2]);
        const unsigned bytes = index_ % 2 ? control >> 4 : control & 15;
        ++index_;
        if (bytes > 8 || at_ > data_.size() || bytes > data_.size() - at_) return false;
        std::memcpy(&value, data_.data() + at_, bytes);
        at_ += bytes;
        return true;
    }
    std::size_t used() const { return at_; }

  private:
    std::span<const std::byte> data_;
    std::size_t at_;
    std::size_t index_ = 0;
};

} // namespace

const Value* Record::find(std::string_view field) const {
    for (std::size_t i = 0; i < event->fields.size(); ++i)
        if (event->fields[i].name == field) return &values[i];
    return nullptr;
}

std::uint64_t Record::number(std::string_view field) const {
    const Value* value = find(field);
    return value ? value->number : 0;
}

std::string text_of(const Field& field, const Value& value) {
    if (field.type == Type::str16) return utf8_of_utf16(value.data);
    if (field.type != Type::str8) return {};
    return {reinterpret_cast<const char*>(value.data.data()), value.data.size()};
}

std::string Record::text(std::string_view name) const {
    for (std::size_t i = 0; i < event->fields.size(); ++i)
        if (event->fields[i].name == name) return text_of(event->fields[i], values[i]);
    return {};
}

std::vector<std::uint64_t> array_of(const Value& value) {
    std::vector<std::uint64_t> out(value.number);
    Numbers numbers(value.data, value.number);
    for (std::uint64_t& element : out)
        if (!numbers.next(element)) return {}; // next() checked it: does not happen
    return out;
}

std::vector<std::uint64_t> Record::array(std::string_view field) const {
    const Value* value = find(field);
    return value ? array_of(*value) : std::vector<std::uint64_t>();
}

Reader::~Reader() {
    if (mapping_) munmap(mapping_, mapped_);
}

bool Reader::stop(const std::string& what) {
    error_ = what;
    at_ = file_.size();
    return false;
}

bool Reader::open(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return stop(strerrordesc_np(errno));
    const bool opened = open(descriptor);
    ::close(descriptor);
    return opened;
}

bool Reader::open(int descriptor) {
    struct stat info;
    if (fstat(descriptor, &info) != 0)
        return stop(std::string("cannot be examined: ") + strerrordesc_np(errno));
    if (S_ISDIR(info.st_mode)) return stop(strerrordesc_np(EISDIR));
    if (info.st_size <= 0) return stop("is empty, so not a Drvlab trace");
    mapped_ = static_cast<std::size_t>(info.st_size);
    void* mapping = mmap(nullptr, mapped_, PROT_READ, MAP_SHARED, descriptor, 0);
    if (mapping == MAP_FAILED) return stop(std::string("cannot be mapped: ") + strerrordesc_np(errno));
    mapping_ = mapping;
    file_ = {static_cast<const std::byte*>(mapping), mapped_};
    return open_bytes();
}

bool Reader::open(std::span<const std::byte> file) {
    file_ = file;
    return open_bytes();
}

bool Reader::open_bytes() {
    FileHead head;
    if (file_.size() < sizeof head || std::memcmp(file_.data(), "DRVTRACE", 8) != 0)
        return stop("is not a Drvlab trace (it does not begin with DRVTRACE)");
    std::memcpy(&head, file_.data(), sizeof head);
    version_ = head.version;
    if (head.version != format_version)
        return stop("has format version " + std::to_string(head.version) + ", this program reads version " +
                    std::to_string(format_version));
    if (head.chunk_bytes < 4096 || head.chunk_bytes % 4096 || head.chunk_bytes > chunk_bytes)
        return stop("head at offset 0x10: chunk size " + std::to_string(head.chunk_bytes) + " is impossible");
    if (head.head_bytes % 4 || head.head_bytes > head.chunk_bytes || head.schema_bytes > head.head_bytes ||
        head.head_bytes < sizeof head + head.schema_bytes)
        return stop("head at offset 0xc: the sizes of head and schema do not fit each other");
    if (head.head_bytes > file_.size()) return stop("ends within its head");
    chunk_ = head.chunk_bytes;
    if (!parse_schema({reinterpret_cast<const char*>(file_.data()) + sizeof head, head.schema_bytes}))
        return false;
    at_ = first_ = head.head_bytes;
    return true;
}

bool Reader::parse_schema(std::string_view text) {
    unsigned number = 0;
    while (!text.empty()) {
        ++number;
        const auto end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const auto bad = [&](const char* what) {
            return stop("schema line " + std::to_string(number) + ": " + what);
        };

        Event event;
        const std::string_view id = next_word(line);
        const auto parsed = std::from_chars(id.data(), id.data() + id.size(), event.id);
        if (parsed.ec != std::errc() || parsed.ptr != id.data() + id.size() || event.id == 0 ||
            event.id >= max_events)
            return bad("bad event id");
        event.name = next_word(line);
        if (!is_name(event.name)) return bad("bad event name");
        while (!line.empty()) {
            const std::string_view word = next_word(line);
            const auto colon = word.find(':');
            if (colon == word.npos || !is_name(word.substr(0, colon))) return bad("bad field");
            const auto type = std::ranges::find(types, word.substr(colon + 1), &TypeRow::name);
            if (type == std::end(types)) return bad("field of an unknown type");
            if (event.fields.size() == max_fields) return bad("too many fields");
            event.fields.push_back({std::string(word.substr(0, colon)), type->type});
        }
        if (std::ranges::find(events_, event.id, &Event::id) != events_.end())
            return bad("event id used twice");
        events_.push_back(std::move(event));
    }
    by_id_.resize(max_events);
    for (const Event& event : events_)
        by_id_[event.id] = &event;
    return true;
}

bool Reader::decode(const Event& event, std::uint32_t size, Record& record) {
    const auto bad = [&](const std::string& what) {
        return stop("row at offset " + hex(at_) + ": " + event.name + ": " + what);
    };
    const std::span<const std::byte> body = file_.subspan(at_ + 4, size - 4);
    Numbers numbers(body, event.fields.size() + 2);
    std::uint64_t time, irql;
    if (!numbers.next(time) || !numbers.next(irql)) return bad("cut off");
    record.head = context_;
    record.head.id = event.id;
    record.head.time += time;
    record.head.irql = static_cast<std::uint8_t>(irql);
    record.offset = at_;
    record.event = &event;
    record.values.resize(event.fields.size());
    for (std::size_t i = 0; i < event.fields.size(); ++i) {
        record.values[i] = {};
        if (!numbers.next(record.values[i].number))
            return bad("field " + event.fields[i].name + " is cut off");
    }
    std::span<const std::byte> rest = body.subspan(numbers.used());
    for (std::size_t i = 0; i < event.fields.size(); ++i) {
        Value& value = record.values[i];
        const Type type = event.fields[i].type;
        if (type < Type::str8) continue;
        std::size_t bytes = value.number;
        if (type == Type::u64s) {
            if (value.number > 2 * rest.size()) return bad("field " + event.fields[i].name + " is cut off");
            Numbers elements(rest, value.number);
            std::uint64_t element;
            for (std::uint64_t n = 0; n < value.number; ++n)
                if (!elements.next(element)) return bad("field " + event.fields[i].name + " is cut off");
            bytes = elements.used();
        }
        if (bytes > rest.size()) return bad("field " + event.fields[i].name + " is cut off");
        value.data = rest.first(bytes);
        rest = rest.subspan(bytes);
    }
    at_ += size;
    return true;
}

void Reader::rewind() {
    at_ = first_;
    context_ = {};
    error_.clear();
}

bool Reader::next(Record& record) {
    for (;;) {
        const std::size_t left = file_.size() - at_;
        if (left == 0) return false;
        const auto bad = [&](const std::string& what) {
            return stop("row at offset " + hex(at_) + ": " + what);
        };
        if (left < 4) return bad("the file ends within it");
        std::uint32_t head;
        std::memcpy(&head, file_.data() + at_, 4);
        if (head == 0) { // the zero tail of a file whose recorder was killed
            at_ = file_.size();
            return false;
        }
        const std::uint32_t size = record_size(head);
        const std::uint16_t id = record_id(head);
        const std::size_t to_chunk_end = chunk_ - at_ % chunk_;
        if (size < 4 || size % 4 || size > to_chunk_end)
            return bad("impossible size " + std::to_string(size));
        if (id == 0) {
            if (size != to_chunk_end) return bad("padding does not end with its chunk");
            at_ = std::min<std::size_t>(at_ + size, file_.size());
            continue;
        }
        if (size > left) return bad("the file ends within it");
        if (id == context_id) {
            ContextRecord context;
            if (size != sizeof context) return bad("impossible size " + std::to_string(size));
            std::memcpy(&context, file_.data() + at_, sizeof context);
            context_ = {0,           static_cast<std::uint8_t>(context.cpu),
                        0,           context.pid,
                        context.tid, std::uint64_t{context.time_high} << 32 | context.time_low};
            at_ += size;
            continue;
        }
        const Event* event = id < by_id_.size() ? by_id_[id] : nullptr;
        if (!event) return bad("event " + std::to_string(id) + " is not in the file's schema");
        return decode(*event, size, record);
    }
}

} // namespace trace
