#include "view/detail/type_value.h"
#include <cstdio>
#include <cstring>

namespace view {
namespace {

using u64 = std::uint64_t;

template <class... Args> std::string format(const char* pattern, Args... args) {
    char text[160];
    std::snprintf(text, sizeof text, pattern, args...);
    return text;
}

struct Basic {
    std::string_view name;
    unsigned size;
    bool is_signed;
};
constexpr Basic BASICS[] = {{"Void", 0, false},   {"Char", 1, true},    {"UChar", 1, false},
                            {"Wchar", 2, false},  {"Int2B", 2, true},   {"Uint2B", 2, false},
                            {"Int4B", 4, true},   {"Uint4B", 4, false}, {"Int8B", 8, true},
                            {"Uint8B", 8, false}, {"Float", 4, true},   {"Double", 8, true}};

const Basic& basic_of(std::string_view name) {
    for (const Basic& b : BASICS)
        if (b.name == name) return b;
    return BASICS[0];
}

constexpr const char* UNREADABLE = "??";

u64 sign_extended(u64 value, unsigned bytes) {
    const unsigned shift = 64 - bytes * 8;
    return static_cast<u64>(static_cast<std::int64_t>(value << shift) >> shift);
}

void append_utf8(std::string& out, unsigned c) {
    if (c < 0x80)
        out += static_cast<char>(c);
    else if (c < 0x800)
        out += {static_cast<char>(0xc0 | c >> 6), static_cast<char>(0x80 | (c & 0x3f))};
    else
        out += {static_cast<char>(0xe0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 0x3f)),
                static_cast<char>(0x80 | (c & 0x3f))};
}

bool printable(unsigned c) { return c >= 0x20 && c != 0x7f && !(c >= 0xd800 && c < 0xe000); }

// Characters at an address up to a zero or `most`; false if they cannot be read. Control characters become
// '.'.
bool read_text(ValueReader& reader, u64 from, unsigned width, u64 most, std::string& out, bool& clean) {
    clean = true;
    for (u64 i = 0; i < most; ++i) {
        u64 c = 0;
        if (!reader.read_number(from + i * width, width, c)) return false;
        if (c == 0) break;
        const bool good = printable(static_cast<unsigned>(c)) && (width == 2 || c < 0x7f);
        clean = clean && good;
        append_utf8(out, good ? static_cast<unsigned>(c) : '.');
    }
    return true;
}

std::string quoted_text(ValueReader& reader, u64 from, unsigned width, u64 most) {
    std::string text;
    bool clean;
    ValueReader quiet{reader.source, {}}; // a bad string does not fail the command
    if (!read_text(quiet, from, width, most, text, clean))
        return "\"--- memory read error at address " + pointer_text(from) + " ---\"";
    return "\"" + text + "\"";
}

// assumed: how the debugger writes real numbers
std::string real_value(u64 value, unsigned size) {
    float small;
    double large;
    std::memcpy(&small, &value, sizeof small);
    std::memcpy(&large, &value, sizeof large);
    return format("%.17g", size == 4 ? static_cast<double>(small) : large);
}

std::string basic_value(ValueReader& reader, std::string_view name, u64 address) {
    const Basic& b = basic_of(name);
    u64 value = 0;
    if (b.size == 0) return "Void";
    if (!reader.read_number(address, b.size, value)) return UNREADABLE;
    if (b.size == 1) {
        const std::string number =
            b.is_signed ? format("%d", static_cast<int>(sign_extended(value, 1))) : hex_text(value);
        return number + " '" +
               (value >= 0x20 && value < 0x7f ? std::string(1, static_cast<char>(value)) : "") + "'";
    }
    if (name == "Float" || name == "Double") return real_value(value, b.size);
    if (b.is_signed) return format("0n%lld", static_cast<long long>(sign_extended(value, b.size)));
    return hex_text(value);
}

std::string enum_value(ValueReader& reader, const TypeRow& type, u64 address) {
    u64 value = 0;
    if (!reader.read_number(address, type.size, value)) return UNREADABLE;
    const auto number = static_cast<std::int64_t>(sign_extended(value, type.size));
    for (const EnumRow& e : enumerators_of(type))
        if (e.value == number) return format("%lld ( %s )", static_cast<long long>(number), e.name);
    return format("%lld ( No matching name )", static_cast<long long>(number));
}

std::string string_summary(ValueReader& reader, u64 address, unsigned width) {
    u64 length = 0, buffer = 0;
    if (!reader.read_number(address, 2, length) || !reader.read_number(address + 8, 8, buffer))
        return UNREADABLE;
    return length == 0 || buffer == 0 ? "\"\"" : quoted_text(reader, buffer, width, length / width);
}

std::string guid_summary(ValueReader& reader, u64 address) {
    unsigned char b[16];
    if (!reader.read(address, b, sizeof b)) return UNREADABLE;
    return format("{%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x}", b[3], b[2], b[1],
                  b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

// What the debugger shows beside the name of the few structures it knows.
std::string summary(ValueReader& reader, std::string_view name, u64 address) {
    if (name == "_UNICODE_STRING") return string_summary(reader, address, 2);
    if (name == "_STRING") return string_summary(reader, address, 1);
    if (name == "_GUID") return guid_summary(reader, address);
    u64 first = 0, second = 0;
    if (name == "_LARGE_INTEGER" || name == "_ULARGE_INTEGER")
        return reader.read_number(address, 8, first) ? first == 0 ? "0x0" : hex_text(first) : UNREADABLE;
    if (name == "_LIST_ENTRY") {
        if (!reader.read_number(address, 8, first) || !reader.read_number(address + 8, 8, second))
            return UNREADABLE;
        return "[ " + pointer_text(first) + " - " + pointer_text(second) + " ]";
    }
    return "";
}

std::string pointer_value(ValueReader& reader, const TypeText& type, u64 address) {
    u64 value = 0;
    if (!reader.read_number(address, 8, value)) return UNREADABLE;
    if (value == 0) return "(null) ";
    const std::string text = pointer_text(value);
    if (type.kind == TypeText::function) {
        std::string name = reader.source.name_of ? reader.source.name_of(value) : "";
        if (const std::size_t plus = name.find("+0x"); plus != std::string::npos)
            name.erase(plus + 1, 2);
        else if (!name.empty())
            name += "+0";
        return text + "     " + std::string(type.rest) + " " + (name.empty() ? "" : " " + name);
    }
    const TypeText to = parse_type(type.rest);
    if (to.kind == TypeText::named) return text + " " + to.type->name;
    if (to.kind == TypeText::basic) {
        if (basic_of(to.rest).size == 0)
            return text + " " + std::string(to.rest); // void, or a type that is only declared
        if (to.rest == "Char" || to.rest == "UChar" || to.rest == "Wchar") {
            constexpr u64 LONGEST = 256;
            return text + " " + quoted_text(reader, value, to.rest == "Wchar" ? 2 : 1, LONGEST);
        }
    }
    ValueReader quiet{reader.source, {}};
    return text + " -> " + value_text(quiet, type.rest, value);
}

std::string array_value(ValueReader& reader, const TypeText& type, u64 address) {
    const std::string head = format("[%u] ", type.elements);
    const TypeText element = parse_type(type.rest);
    if (element.kind == TypeText::basic &&
        (element.rest == "Char" || element.rest == "UChar" || element.rest == "Wchar")) {
        std::string text;
        bool clean;
        if (!read_text(reader, address, element.rest == "Wchar" ? 2 : 1, type.elements, text, clean))
            return head + UNREADABLE;
        if (clean) return head + "\"" + text + "\"";
    }
    return head + value_text(reader, type.rest, address);
}

} // namespace

std::string hex_text(u64 value) {
    if (value == 0) return "0";
    if (value >> 32)
        return format("0x%x`%08x", static_cast<unsigned>(value >> 32), static_cast<unsigned>(value));
    return format("0x%x", static_cast<unsigned>(value));
}

std::string pointer_text(u64 value) {
    return format("0x%08x`%08x", static_cast<unsigned>(value >> 32), static_cast<unsigned>(value));
}

TypeText parse_type(std::string_view text) {
    TypeText type;
    if (text.starts_with("[")) {
        type.kind = TypeText::array;
        std::size_t i = 1;
        for (; i < text.size() && text[i] != ']'; ++i)
            type.elements = type.elements * 10 + unsigned(text[i] - '0');
        type.rest = text.substr(i + 2);
    } else if (text.starts_with("Ptr64     ")) {
        type.kind = TypeText::function;
        type.rest = text.substr(10);
        while (type.rest.ends_with(" "))
            type.rest.remove_suffix(1);
    } else if (text.starts_with("Ptr64 ")) {
        type.kind = TypeText::pointer;
        type.rest = text.substr(6);
    } else if (text == "<anonymous-tag>") {
        type.kind = TypeText::anonymous;
    } else if ((type.type = find_type(text)) != nullptr) {
        type.kind = TypeText::named;
    } else {
        type.rest = text;
    }
    return type;
}

u64 size_of_type(std::string_view text) {
    const TypeText type = parse_type(text);
    switch (type.kind) {
    case TypeText::pointer:
    case TypeText::function:
        return 8;
    case TypeText::array:
        return type.elements * size_of_type(type.rest);
    case TypeText::named:
        return type.type->size;
    case TypeText::basic:
        return basic_of(type.rest).size;
    case TypeText::anonymous:
        break;
    }
    return 0;
}

bool ValueReader::read(u64 from, void* to, std::size_t bytes) {
    if (source.read && source.read(from, to, bytes)) return true;
    if (!unreadable) unreadable = from;
    return false;
}

bool ValueReader::read_number(u64 from, std::size_t bytes, u64& value) {
    value = 0; // x64 is little-endian
    return read(from, &value, bytes);
}

std::string value_text(ValueReader& reader, std::string_view text, u64 address) {
    const TypeText type = parse_type(text);
    switch (type.kind) {
    case TypeText::basic:
        return basic_value(reader, type.rest, address);
    case TypeText::pointer:
    case TypeText::function:
        return pointer_value(reader, type, address);
    case TypeText::array:
        return array_value(reader, type, address);
    case TypeText::anonymous:
        return "<anonymous-tag>";
    case TypeText::named:
        break;
    }
    if (type.type->kind == TypeKind::enum_) return enum_value(reader, *type.type, address);
    const std::string more = summary(reader, type.type->name, address);
    return type.type->name + (more.empty() ? "" : " " + more);
}

std::string bits_text(ValueReader& reader, const FieldRow& field, u64 address) {
    u64 value = 0;
    if (!reader.read_number(address, field.size, value)) return UNREADABLE;
    value = value >> field.bit & ~0ull >> (64 - field.bits);
    std::string text = "0y";
    for (int bit = field.bits - 1; bit >= 0; --bit)
        text += value >> bit & 1 ? '1' : '0';
    return field.bits == 1 ? text : text + " (" + hex_text(value) + ")";
}

} // namespace view
