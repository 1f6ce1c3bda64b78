// dt: displays a type, or an instance of it in guest memory.
// Documentation: debuggercmds/dt--display-type-.md; layouts of a current debugger where they are newer than
// its samples.
//
//   dt [options] [module!]Type [[-y] Field[.…]]… [Address] [-l Link]
//
// Options: -r[n] structures and pointers recursively, -b structures only, -a[n] array elements on lines of
// their own, -c on one line, -o no offsets, -v sizes and counts of elements, -t types only, -y the next name
// is a prefix, -n the next argument is a name, -l follows a linked list, -p the address is physical, -h help.
// Type with * lists types and variables; there -d shows each in full, -s only those of a size, -t and -e
// types only. "." is the type of the last command. Without an address: the layout. Types are those of src/abi
// and of debug information.
#pragma once
#include "view/expression.h"
#include <string>
#include <string_view>

namespace view {

// Runs the command; `arguments` is what stands behind "dt". The result ends with a newline. `failed` (may be
// null) tells of a wrong argument or unreadable memory. Output stops with a note at a million bytes: -r of a
// dense web is larger.
// `last` (may be null) is what "." stands for, and becomes this command's type.
std::string display_type(std::string_view arguments, const Source& source, bool* failed = nullptr,
                         std::string* last = nullptr);

// The value of a module's variable as dt shows a field of its type.
std::string variable_text(const Source& source, std::string_view module, std::string_view name);

// Where a link of a type's records leads: its offset in the record, and how far the link that it points to
// lies behind the record's start (0 for plain pointers). "ThreadListEntry.Flink", "Next". False: no link.
bool find_list_link(const Source& source, std::string_view type, std::string_view field,
                    std::uint64_t& offset, std::uint64_t& back);

} // namespace view
