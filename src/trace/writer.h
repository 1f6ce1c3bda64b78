// The fast half of the recorder: reserve room in the mapped window of the file, store a record, commit it by
// its size. Not for direct use: call trace::emit_… (trace.h).
#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace trace {

// Rows are recorded. Set by Recorder only.
inline constinit bool on = false;
// Very frequent rows (gates, IRQL changes, pool) are recorded too. Implies `on`.
inline constinit bool verbose = false;

inline constexpr std::uint64_t no_time = 0;
inline constexpr std::uint8_t no_irql = 0;

// Who and when: stamped on every row. ke keeps it up to date: the ids at a thread switch, the pointers when
// the clock or the current processor changes place.
struct Context {
    const std::uint64_t* time = &no_time; // virtual time in 100 ns units
    const std::uint8_t* irql = &no_irql;
    std::uint32_t pid = 0;
    std::uint32_t tid = 0;
    std::uint8_t cpu = 0;
};
inline constinit Context current{};

// Argument types of emit functions: implicit from what callers have at hand.
struct Ptr { // a guest address: any pointer or number
    std::uint64_t value;
    template <std::integral T> Ptr(T v) : value(static_cast<std::uint64_t>(v)) {}
    Ptr(std::nullptr_t) : value(0) {}
    template <class T> Ptr(T* p) : value(reinterpret_cast<std::uint64_t>(p)) {}
};
struct Str16 { // u"…", std::u16string_view, UNICODE_STRING or a pointer to one (null is empty)
    const void* data = nullptr;
    std::size_t bytes = 0;
    Str16(std::u16string_view s) : data(s.data()), bytes(s.size() * 2) {}
    Str16(const char16_t* s) : Str16(s ? std::u16string_view(s) : std::u16string_view()) {}
    template <class S>
        requires requires(const S& s) { s.Buffer, s.Length, s.MaximumLength; }
    Str16(const S& s) : data(s.Buffer), bytes(s.Length) {}
    template <class S>
        requires requires(const S& s) { s.Buffer, s.Length, s.MaximumLength; }
    Str16(const S* s) : data(s ? s->Buffer : nullptr), bytes(s ? s->Length : 0) {}
};

// The fixed head of a record; all of a record is little-endian, its length a multiple of 8. Then come the
// fields in schema order, packed: numbers in their size, strings and arrays as a u16 length in bytes and the
// bytes.
struct RecordHead {
    std::uint32_t size; // whole record, with this head; 0: nothing was recorded from here on
    std::uint16_t id;   // event; 0: padding up to the next chunk (only size and id are there)
    std::uint8_t cpu;
    std::uint8_t irql;
    std::uint64_t time;
    std::uint32_t pid;
    std::uint32_t tid;
};
static_assert(sizeof(RecordHead) == 24);

namespace detail {

struct Window {
    std::byte* at = nullptr;
    std::byte* end = nullptr;
};
inline constinit Window window{};

std::byte* reserve_in_next_chunk(std::uint32_t size); // null: recording has stopped

inline std::byte* reserve(std::uint32_t size) {
    std::byte* at = window.at;
    if (size > static_cast<std::size_t>(window.end - at)) [[unlikely]]
        return reserve_in_next_chunk(size);
    window.at = at + size;
    return at;
}

inline constexpr std::size_t max_variable = 0xfff8; // longer strings and arrays are cut here

// Stores one record. The size is stored last, so a process killed in between leaves no half row.
class Writer {
  public:
    Writer(std::uint16_t id, std::size_t fixed, std::size_t variable = 0)
        : size_(static_cast<std::uint32_t>((sizeof(RecordHead) + fixed + variable + 7) & ~std::size_t{7})),
          head_(reserve(size_)), at_(head_ + sizeof(RecordHead)) {
        if (!head_) return;
        const RecordHead head{0, id, current.cpu, *current.irql, *current.time, current.pid, current.tid};
        std::memcpy(head_, &head, sizeof head);
    }
    explicit operator bool() const { return head_ != nullptr; }
    template <class T> void put(T value) {
        std::memcpy(at_, &value, sizeof value);
        at_ += sizeof value;
    }
    void put_variable(const void* data, std::size_t bytes) {
        put(static_cast<std::uint16_t>(bytes));
        if (bytes) std::memcpy(at_, data, bytes);
        at_ += bytes;
    }
    void commit() { __atomic_store_n(reinterpret_cast<std::uint32_t*>(head_), size_, __ATOMIC_RELEASE); }

  private:
    std::uint32_t size_;
    std::byte* head_;
    std::byte* at_;
};

constexpr std::size_t cut(std::size_t bytes) { return bytes < max_variable ? bytes : max_variable; }

} // namespace detail
} // namespace trace
