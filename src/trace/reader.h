// Reading a trace file: validate the head, parse the schema that the file carries, then step through the
// rows. A damaged file gives a message that names the place; what stands before it has been delivered by
// then. Nothing here trusts the file.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trace {

enum class Type : std::uint8_t {
    boolean,
    u8,
    u16,
    u32,
    u64,
    x32,
    x64,
    ptr,
    status,
    str8,
    str16,
    bytes,
    u64s
};

struct Field {
    std::string name;
    Type type;
};

struct Event {
    std::uint16_t id;
    std::string name;
    std::vector<Field> fields;
};

// What every row has.
struct RecordHead {
    std::uint16_t id;
    std::uint8_t cpu;
    std::uint8_t irql;
    std::uint32_t pid;
    std::uint32_t tid;
    std::uint64_t time; // virtual, 100 ns
};

// One field's value: `number` for numeric types, `data` for strings; an array's count and its stored form.
// `data` points into the reader's mapping.
struct Value {
    std::uint64_t number = 0;
    std::span<const std::byte> data;
};

// One row. Lives until the reader is gone; `values` are in the order of `event->fields`.
struct Record {
    RecordHead head;
    std::uint64_t offset; // place in the file
    const Event* event;
    std::vector<Value> values;

    bool is(std::string_view name) const { return event->name == name; }
    const Value* find(std::string_view field) const;
    std::uint64_t number(std::string_view field) const; // 0 if absent
    std::string
    text(std::string_view field) const; // str8, str16 as UTF-8 (bad parts as U+FFFD); "" if absent
    std::vector<std::uint64_t> array(std::string_view field) const; // u64s
};

// A field's value as text (str8, str16; else "") and as numbers (u64s).
std::string text_of(const Field& field, const Value& value);
std::vector<std::uint64_t> array_of(const Value& value);

class Reader {
  public:
    Reader() = default;
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    ~Reader();

    // Maps the file and checks head and schema. False: error() says why.
    bool open(const std::string& path);
    bool open(int descriptor);
    // The same on bytes in memory, which must outlive the reader (fuzzing, tests).
    bool open(std::span<const std::byte> file);

    // Steps to the next row. False at the end or at damage; damaged() tells which.
    bool next(Record& record);
    // Back to the first row.
    void rewind();
    bool damaged() const { return !error_.empty(); }
    const std::string& error() const { return error_; }

    const std::vector<Event>& events() const { return events_; }
    std::uint32_t version() const { return version_; }

  private:
    bool open_bytes();
    bool parse_schema(std::string_view text);
    bool stop(const std::string& what);
    bool decode(const Event& event, std::uint32_t size, Record& record);

    std::span<const std::byte> file_;
    void* mapping_ = nullptr;
    std::size_t mapped_ = 0;
    std::size_t at_ = 0;
    std::size_t first_ = 0;
    std::uint32_t chunk_ = 0;
    RecordHead context_{};
    std::uint32_t version_ = 0;
    std::vector<Event> events_;
    std::vector<const Event*> by_id_;
    std::string error_;
};

} // namespace trace
