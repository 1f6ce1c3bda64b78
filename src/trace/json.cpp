#include "trace/json.h"
#include "trace/detail/output.h"
#include <charconv>
#include <cstring>

namespace trace {
namespace {

void append_number(std::string& out, std::uint64_t value) {
    char text[20];
    out.append(text, std::to_chars(text, text + sizeof text, value).ptr);
}

void append_hex(std::string& out, std::uint64_t value) {
    char text[20] = "\"0x";
    char* end = std::to_chars(text + 3, text + sizeof text, value, 16).ptr;
    *end++ = '"';
    out.append(text, end);
}

// Bytes that are not UTF-8 become U+FFFD: a line must be valid JSON whatever a driver printed.
std::size_t utf8_length(std::string_view s) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
    const unsigned char lead = byte(0);
    std::size_t length = lead < 0x80                   ? 1
                         : lead >= 0xc2 && lead < 0xe0 ? 2
                         : lead >= 0xe0 && lead < 0xf0 ? 3
                         : lead >= 0xf0 && lead < 0xf5 ? 4
                                                       : 0;
    if (length == 0 || length > s.size()) return 0;
    for (std::size_t i = 1; i < length; ++i)
        if ((byte(i) & 0xc0) != 0x80) return 0;
    if ((lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xed && byte(1) > 0x9f) ||
        (lead == 0xf0 && byte(1) < 0x90) || (lead == 0xf4 && byte(1) > 0x8f))
        return 0;
    return length;
}

void append_string(std::string& out, std::string_view s) {
    static constexpr char digits[] = "0123456789abcdef";
    out += '"';
    while (!s.empty()) {
        const char c = s[0];
        const auto code = static_cast<unsigned char>(c);
        std::size_t length = 1;
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (code < 0x20 || code == 0x7f) {
            out += "\\u00";
            out += digits[code >> 4];
            out += digits[code & 15];
        } else if (length = utf8_length(s); length == 0) {
            out += "\\ufffd";
            length = 1;
        } else {
            out += s.substr(0, length);
        }
        s.remove_prefix(length);
    }
    out += '"';
}

void append_key(std::string& out, std::string_view key, std::string_view suffix = {}) {
    out += ",\"";
    out += key;
    out += suffix;
    out += "\":";
}

bool is_code_address(std::string_view field) {
    return field == "caller" || field == "routine" || field == "start" || field == "address" ||
           field == "target";
}

} // namespace

void JsonFormatter::append(const Record& r, std::string& out) {
    names_.learn(r);
    out += "{\"ns\":";
    append_number(out, r.head.time * 100);
    append_key(out, "event");
    append_string(out, r.event->name);
    append_key(out, "pid");
    append_number(out, r.head.pid);
    append_key(out, "tid");
    append_number(out, r.head.tid);
    append_key(out, "cpu");
    append_number(out, r.head.cpu);
    append_key(out, "irql");
    append_number(out, r.head.irql);

    const bool service = r.event->name.starts_with("syscall") || r.event->name.starts_with("zw_");
    const bool code = !r.event->name.starts_with("pool_");
    for (std::size_t i = 0; i < r.values.size(); ++i) {
        const Field& field = r.event->fields[i];
        const Value& value = r.values[i];
        append_key(out, field.name);
        switch (field.type) {
        case Type::boolean:
            out += value.number ? "true" : "false";
            break;
        case Type::u8:
        case Type::u16:
        case Type::u32:
        case Type::u64:
            append_number(out, value.number);
            break;
        case Type::x32:
        case Type::x64:
            append_hex(out, value.number);
            break;
        case Type::status:
            append_hex(out, value.number);
            append_key(out, field.name, "_name");
            append_string(out, status_text(static_cast<std::uint32_t>(value.number)));
            break;
        case Type::ptr:
            append_hex(out, value.number);
            break;
        case Type::str8:
        case Type::str16:
            append_string(out, text_of(field, value));
            break;
        case Type::bytes: {
            static constexpr char digits[] = "0123456789abcdef";
            out += '"';
            for (const std::byte b : value.data) {
                out += digits[std::to_integer<unsigned>(b) >> 4];
                out += digits[std::to_integer<unsigned>(b) & 15];
            }
            out += '"';
            break;
        }
        case Type::u64s: {
            out += '[';
            bool first = true;
            for (const std::uint64_t element : array_of(value)) {
                if (!first) out += ',';
                append_hex(out, element);
                first = false;
            }
            out += ']';
            break;
        }
        }
        if (field.type == Type::ptr && value.number) {
            if (field.name == "device" || field.name == "upper" || field.name == "lower") {
                append_key(out, field.name, "_name");
                append_string(out, names_.device(value.number));
            } else if (field.name == "driver") {
                append_key(out, "driver_name");
                append_string(out, names_.driver(value.number));
            } else if (field.name == "file") {
                append_key(out, "file_name");
                append_string(out, names_.file(value.number));
            } else if (code && is_code_address(field.name)) {
                append_key(out, field.name, "_symbol");
                append_string(out, names_.symbol(value.number));
            }
        } else if (field.name == "major") {
            append_key(out, "major_name");
            append_string(out, irp_major_name(static_cast<unsigned>(value.number)));
        } else if ((service && field.name == "number") || (r.is("gate") && field.name == "id")) {
            append_key(out, "call");
            append_string(out, names_.call(service ? 0 : 1, static_cast<std::uint32_t>(value.number)));
        }
    }
    out += "}\n";
}

bool print_json(Reader& reader, int descriptor) {
    Output output(descriptor);
    JsonFormatter formatter;
    Record record;
    while (output.good() && reader.next(record)) {
        formatter.append(record, output.text);
        output.flush_if_large();
    }
    if (reader.damaged()) {
        output.text += "{\"event\":\"damaged\",\"error\":";
        append_string(output.text, reader.error());
        output.text += "}\n";
    }
    return output.flush() && !reader.damaged();
}

} // namespace trace
