#include "view/detail/session.h"
#include "abi/device.h"
#include <algorithm>
#include <cctype>
#include <cstdarg>
#include <cstdio>
#include <tuple>

namespace view {

namespace {

void append_format(std::string& out, const char* format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    const int length = std::vsnprintf(nullptr, 0, format, again);
    va_end(again);
    if (length <= 0) return;
    const std::size_t at = out.size();
    out.resize(at + static_cast<std::size_t>(length) + 1);
    std::vsnprintf(out.data() + at, static_cast<std::size_t>(length) + 1, format, arguments);
    out.resize(at + static_cast<std::size_t>(length));
}

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

void append_utf8(std::string& out, char32_t c) {
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

} // namespace

void Session::print(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    append_format(out, format, arguments);
    va_end(arguments);
}

void Session::error(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    append_format(out, format, arguments);
    va_end(arguments);
    failed = true;
}

void Session::begin_line() {
    out.clear();
    failed = false;
    depth = 0;
    modules_known_ = false;
    symbols_.clear();
}

bool Session::read_string(Address buffer, std::size_t bytes, std::string& to) {
    std::vector<char16_t> units(std::min<std::size_t>(bytes, 0xfffe) / 2);
    to.clear();
    if (units.empty()) return true;
    if (!machine.read(buffer, units.data(), units.size() * 2)) return false;
    for (std::size_t i = 0; i < units.size(); ++i) {
        char32_t c = units[i];
        if (c >= 0xd800 && c < 0xdc00 && i + 1 < units.size() && units[i + 1] >= 0xdc00 &&
            units[i + 1] < 0xe000)
            c = 0x10000 + ((c - 0xd800) << 10) + (units[++i] - 0xdc00u);
        else if (c >= 0xd800 && c < 0xe000)
            c = 0xfffd;
        append_utf8(to, c);
    }
    return true;
}

const std::vector<Module>& Session::modules() {
    if (!modules_known_) {
        modules_ = machine.modules();
        modules_known_ = true;
    }
    return modules_;
}

// Debug sections at an image's end have no memory: the next image may begin there.
const Module* Session::module_at(Address address) {
    const Module* found = nullptr;
    for (const Module& module : modules())
        if (address >= module.base && address - module.base < module.size &&
            (!found || module.base > found->base))
            found = &module;
    return found;
}

const Module* Session::module_named(std::string_view name) {
    for (const Module& module : modules())
        if (equal_ignoring_case(module.name, name)) return &module;
    return nullptr;
}

const std::vector<Symbol>& Session::symbols(const Module& module) {
    for (const auto& [base, known] : symbols_)
        if (base == module.base) return known;
    auto found = machine.symbols(module);
    // Of the names of one address the one an engineer wrote: linkers' and compilers' own begin with '_' or
    // '.'.
    const auto decoration = [](const Symbol& symbol) {
        return std::min(symbol.name.find_first_not_of("_."), symbol.name.size());
    };
    std::ranges::sort(found, [&](const Symbol& a, const Symbol& b) {
        return std::tuple(a.address, decoration(a), std::string_view(a.name)) <
               std::tuple(b.address, decoration(b), std::string_view(b.name));
    });
    return symbols_.emplace_back(module.base, std::move(found)).second;
}

const Symbol* Session::nearest(Address address, const Symbol** next) {
    if (next) *next = nullptr;
    const Module* module = module_at(address);
    if (!module) return nullptr;
    const auto& all = symbols(*module);
    auto after = std::ranges::upper_bound(all, address, {}, &Symbol::address);
    if (next && after != all.end()) *next = &*after;
    if (after == all.begin()) return nullptr;
    const Address start = (--after)->address;
    while (after != all.begin() && std::prev(after)->address == start)
        --after;
    return &*after;
}

std::string Session::symbol(Address address) {
    const Module* module = module_at(address);
    if (!module) return {};
    std::string text = module->name;
    Address from = module->base;
    if (const Symbol* found = nearest(address)) {
        text += "!" + found->name;
        from = found->address;
    }
    if (address != from) {
        char displacement[32];
        std::snprintf(displacement, sizeof displacement, "+0x%llx",
                      static_cast<unsigned long long>(address - from));
        text += displacement;
    }
    return text;
}

bool Session::find_symbol(std::string_view name, Address& address) {
    const auto bang = name.find('!');
    const std::string_view wanted = bang == name.npos ? name : name.substr(bang + 1);
    for (const Module& module : modules()) {
        if (bang != name.npos && !equal_ignoring_case(module.name, name.substr(0, bang))) continue;
        for (const Symbol& symbol : symbols(module))
            if (equal_ignoring_case(symbol.name, wanted)) {
                address = symbol.address;
                return true;
            }
    }
    if (bang == name.npos) {
        if (const Module* module = module_named(name)) { // a module's name is its base
            address = module->base;
            return true;
        }
    }
    return false;
}

std::string Session::driver_of_device(Address device) {
    nt::DEVICE_OBJECT body;
    nt::DRIVER_OBJECT driver;
    std::string name;
    if (!device || !read(device, body) || !read(address_of(body.DriverObject), driver) ||
        !read_unicode(driver.DriverName, name))
        return {};
    return name;
}

Address Session::object_argument(std::string_view text, std::string_view prefix, std::string_view type) {
    // A name wins over an expression, as the debugger documents for devices and drivers.
    const std::string path =
        text.starts_with('\\') ? std::string(text) : std::string(prefix) + std::string(text);
    if (const auto object = machine.find_object(path)) {
        if (object->type_name == type) return object->body;
        error("%s is a %s object, not a %s object\n", path.c_str(), object->type_name.c_str(),
              std::string(type).c_str());
        return 0;
    }
    if (text.starts_with('\\')) {
        error("Object %s not found\n", path.c_str());
        return 0;
    }
    std::uint64_t address = 0;
    if (evaluate(text, address) && address == 0)
        error("00000000: is not a %s object\n", type == "Driver" ? "driver" : "device");
    return address;
}

std::string extension_address(Address address) {
    char text[24];
    std::snprintf(text, sizeof text, address ? "%016llx" : "%08llx",
                  static_cast<unsigned long long>(address));
    return text;
}

std::string native_address(Address address) {
    char text[24];
    std::snprintf(text, sizeof text, "%08x`%08x", static_cast<unsigned>(address >> 32),
                  static_cast<unsigned>(address));
    return text;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

bool wildcard_match(std::string_view pattern, std::string_view text) {
    std::size_t p = 0, t = 0, star = pattern.npos, resume = 0;
    while (t < text.size()) {
        if (p < pattern.size() &&
            (pattern[p] == '?' || (pattern[p] != '*' && lower(pattern[p]) == lower(text[t])))) {
            ++p;
            ++t;
        } else if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            resume = t;
        } else if (star != pattern.npos) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*')
        ++p;
    return p == pattern.size();
}

std::uint64_t number_argument(Session& session, std::span<const std::string> arguments, std::size_t index,
                              std::uint64_t otherwise) {
    std::uint64_t value = otherwise;
    if (index < arguments.size()) session.evaluate(arguments[index], value);
    return value;
}

} // namespace view
