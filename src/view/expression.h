// MASM expressions, as the debugger's commands take them, and how their values are shown.
// Documentation: debuggercmds/masm-numbers-and-operators.md, sign-extension.md, ---evaluate-expression-.md,
// -formats--show-number-formats-.md.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace view {

// An image whose debug information may have types.
struct TypeModule {
    std::string name;
    std::string host_path;
    std::uint64_t base = 0;
};

// What formatting and evaluating need of a stopped machine. A missing function is as one that finds nothing.
struct Source {
    // Copies guest memory; false if any byte is not readable.
    std::function<bool(std::uint64_t from, void* to, std::size_t bytes)> read;
    std::function<bool(std::uint64_t from, void* to, std::size_t bytes)> read_physical;
    // "nt!IopInvalidDeviceRequest", "null+0x1040"; "" when the address is in no image.
    std::function<std::string(std::uint64_t address)> name_of;
    // The address of a symbol ("mod!name" or "name"), the value of a register ("@rip") or of a
    // pseudo-register
    // ("@$thread", "$thread"); false if there is none.
    std::function<bool(std::string_view name, std::uint64_t& value)> find;
    std::function<std::vector<TypeModule>()> type_modules;
};

// Evaluates `text`: numbers are hexadecimal by default (0x, 0n, 0t, 0y prefixes, h suffix, ` inside), numbers
// from 80000000 to ffffffff are sign extended unless they contain a `, as in kernel mode; operators and their
// precedence as documented; poi, qwo, dwo, wo, by (with $p before them: of physical
// memory), hi, low, not, $vvalid, $iment, $scmp, $sicmp, $spat, @@masm(). C++ expressions, @@() and @@c++(),
// are refused. On failure false, and `error` is the debugger's message without a newline.
bool evaluate_expression(std::string_view text, const Source& source, std::uint64_t& value,
                         std::string& error);

// "Evaluate expression: 300000 = 00000000`000493e0\n"
std::string show_evaluated(std::uint64_t value);
// What .formats prints for a value, as on a 64-bit machine in the time zone UTC.
std::string show_formats(std::uint64_t value);

} // namespace view
