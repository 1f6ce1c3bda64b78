// Texts of types taken apart, and values of a type as dt prints them.
#pragma once
#include "view/expression.h"
#include "view/type_table.h"
#include <optional>

namespace view {

struct TypeText {
    enum Kind { basic, pointer, function, array, named, anonymous };
    Kind kind = basic;
    std::string_view rest;         // basic: its name; pointer, array: the target's text; function: its result
    unsigned elements = 0;         // array
    const TypeRow* type = nullptr; // named
};

TypeText parse_type(std::string_view text);
std::uint64_t size_of_type(std::string_view text);

// Reads for values, and remembers the first address that could not be read.
struct ValueReader {
    const Source& source;
    std::optional<std::uint64_t> unreadable;

    bool read(std::uint64_t from, void* to, std::size_t bytes);
    bool read_number(std::uint64_t from, std::size_t bytes, std::uint64_t& value);
};

// The value at an address, "??" if it cannot be read. Structures give their name and, where there is one, a
// summary
// (_LIST_ENTRY [ … ], _UNICODE_STRING "…").
std::string value_text(ValueReader& reader, std::string_view type, std::uint64_t address);
std::string bits_text(ValueReader& reader, const FieldRow& field, std::uint64_t address);

std::string hex_text(std::uint64_t value);     // 0x118, 0xfffff800`12345678, 0
std::string pointer_text(std::uint64_t value); // 0x00000000`00000118

} // namespace view
