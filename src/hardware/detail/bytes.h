// Little-endian bytes of tables.
#pragma once
#include "abi/types.h"
#include <string>

namespace nt::hardware {

class Bytes {
  public:
    Bytes& u8(ULONG v) { return raw(v, 1); }
    Bytes& u16(ULONG v) { return raw(v, 2); }
    Bytes& u32(ULONG v) { return raw(v, 4); }
    Bytes& u64(ULONGLONG v) { return raw(v, 8); }
    Bytes& zeros(std::size_t n) { return data_.append(n, '\0'), *this; }
    // A field of fixed length: cut, or filled with spaces.
    Bytes& text(std::string s, std::size_t length) {
        s.resize(length, ' ');
        return data_ += s, *this;
    }
    Bytes& add(const std::string& s) { return data_ += s, *this; }
    std::string& data() { return data_; }
    std::size_t size() const { return data_.size(); }
    void set(std::size_t at, ULONGLONG v, std::size_t n) {
        for (std::size_t i = 0; i < n; i++)
            data_[at + i] = static_cast<char>(v >> (8 * i));
    }
    // Makes the sum of [from, from + length) zero with the byte at `at`.
    void checksum(std::size_t at, std::size_t from, std::size_t length) {
        data_[at] = 0;
        UCHAR sum = 0;
        for (std::size_t i = from; i < from + length; i++)
            sum = static_cast<UCHAR>(sum + static_cast<UCHAR>(data_[i]));
        data_[at] = static_cast<char>(-sum);
    }

  private:
    Bytes& raw(ULONGLONG v, std::size_t n) {
        data_.append(n, '\0');
        set(data_.size() - n, v, n);
        return *this;
    }
    std::string data_;
};

} // namespace nt::hardware
