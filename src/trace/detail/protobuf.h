// Protocol buffers' wire format, as much as is written here: a field is its number and wire type, then a
// varint, eight bytes, or a length and as many bytes (protobuf.dev, "Encoding").
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace trace {

class Message {
  public:
    Message& number(unsigned field, std::uint64_t value) {
        varint(field << 3);
        varint(value);
        return *this;
    }
    Message& fixed64(unsigned field, std::uint64_t value) {
        varint(field << 3 | 1);
        for (unsigned i = 0; i < 8; i++)
            bytes_ += static_cast<char>(value >> 8 * i);
        return *this;
    }
    Message& text(unsigned field, std::string_view value) {
        varint(field << 3 | 2);
        varint(value.size());
        bytes_ += value;
        return *this;
    }
    Message& message(unsigned field, const Message& value) { return text(field, value.bytes_); }
    const std::string& bytes() const { return bytes_; }

  private:
    void varint(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7)
            bytes_ += static_cast<char>(value | 0x80);
        bytes_ += static_cast<char>(value);
    }
    std::string bytes_;
};

} // namespace trace
