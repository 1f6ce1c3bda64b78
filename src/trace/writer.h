// The fast half of the recorder: reserve room in the mapped window of the file, store a record, commit it by
// its head. Not for direct use: call trace::emit_… (trace.h).
//
// A request makes about ten rows, and what a row costs is mostly the fresh file pages it fills. So numbers
// are stored without their leading zero bytes, and what rarely changes (process, thread, processor) stands in
// a record of its own.
#pragma once
#include "trace/format.h"
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace trace {

// Rows are recorded. Set by the recorder only.
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

namespace detail {

struct Window {
    std::byte* at = nullptr;
    std::byte* end = nullptr;
    // What the last context record in this chunk says.
    std::uint64_t ids = ~0ull; // pid, tid; no thread has these: the chunk has no context record yet
    std::uint64_t time = 0;    // rows hold the difference to it
    std::uint8_t cpu = 0;
};
inline constinit Window window{};

inline std::uint64_t current_ids() { return std::uint64_t{current.pid} << 32 | current.tid; }

// Makes room for `most` bytes and for a context record if the context changed. False: nothing is recorded any
// more.
bool prepare(std::size_t most);

inline constexpr std::size_t max_variable = 0xfff8; // longer strings and arrays are cut here
constexpr std::size_t cut(std::size_t bytes) { return bytes < max_variable ? bytes : max_variable; }

inline unsigned significant_bytes(std::uint64_t value) {
    return (71u - static_cast<unsigned>(std::countl_zero(value | 1))) / 8 - (value == 0);
}

// Stores one record of `Numbers` numbers, time and IRQL included. The head is stored last, so a process
// killed in between leaves no half row. Not reentrant: a signal handler may emit only if it interrupted guest
// code.
template <unsigned Numbers> class Writer {
  public:
    [[gnu::always_inline]] Writer(std::uint16_t id, std::size_t variable) : id_(id) {
        const std::size_t most = sizeof(std::uint32_t) + control_bytes + 8 * Numbers + variable + 8;
        if (most > static_cast<std::size_t>(window.end - window.at) || window.ids != current_ids() ||
            window.cpu != current.cpu) [[unlikely]]
            if (!prepare(most)) return;
        head_ = window.at;
        at_ = head_ + sizeof(std::uint32_t) + control_bytes;
        put(*current.time - window.time);
        put(*current.irql);
    }
    explicit operator bool() const { return head_ != nullptr; }

    // Bytes above the significant ones are stored, too: they are zero, and what follows overwrites them.
    [[gnu::always_inline]] void put(std::uint64_t value) {
        const unsigned bytes = significant_bytes(value);
        std::memcpy(at_, &value, sizeof value);
        at_ += bytes;
        control_[index_ / 16] |= std::uint64_t{bytes} << index_ % 16 * 4;
        ++index_;
    }
    // After the last number.
    [[gnu::always_inline]] void put_data(const void* data, std::size_t bytes) {
        if (bytes) std::memcpy(at_, data, bytes);
        at_ += bytes;
    }
    // Its count was put as a number.
    [[gnu::always_inline]] void put_array(std::span<const std::uint64_t> values) {
        std::byte* const control = at_;
        at_ += (values.size() + 1) / 2;
        for (std::size_t i = 0; i < values.size(); ++i) {
            const unsigned bytes = significant_bytes(values[i]);
            const auto nibble = static_cast<std::byte>(bytes << i % 2 * 4);
            control[i / 2] = i % 2 ? control[i / 2] | nibble : nibble;
            std::memcpy(at_, &values[i], 8);
            at_ += bytes;
        }
    }
    [[gnu::always_inline]] void commit() {
        std::memcpy(head_ + sizeof(std::uint32_t), control_, control_bytes);
        const auto size = static_cast<std::uint32_t>((at_ - head_ + 3) & ~std::ptrdiff_t{3});
        __atomic_store_n(reinterpret_cast<std::uint32_t*>(head_), record_head(id_, size), __ATOMIC_RELEASE);
        window.at = head_ + size;
    }

  private:
    static constexpr std::size_t control_bytes = (Numbers + 1) / 2;
    static_assert(Numbers <= 32);
    std::uint16_t id_;
    unsigned index_ = 0;
    std::uint64_t control_[2] = {};
    std::byte* head_ = nullptr;
    std::byte* at_ = nullptr;
};

// Room that put_array needs beside the values.
constexpr std::size_t array_bytes(std::size_t count) { return count * 8 + count / 2 + 1; }

} // namespace detail
} // namespace trace
