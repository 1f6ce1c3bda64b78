// What every debugger command works with: the machine, typed reads, names of addresses, and the output of the
// line.
#pragma once
#include "abi/types.h"
#include "view/expression.h"
#include "view/target.h"
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace view {

class Session {
  public:
    explicit Session(Machine& machine) : machine(machine) {}

    Machine& machine;
    std::string out; // of the line being executed
    bool failed = false;
    bool quit = false;
    std::string last_display = "db"; // for d
    Address next_display = 0;
    std::uint64_t extension_result = 0; // $extret: what !list is at
    std::optional<unsigned> processor;  // before the command's name: 1k
    unsigned depth = 0;                 // of commands that execute commands
    std::vector<Address> saved_hits;    // of s -[s]
    std::string last_type;              // dt's name "."
    std::string argument_text;          // of the command that runs, as it was written

    [[gnu::format(printf, 2, 3)]] void print(const char* format, ...);
    // A message about what went wrong; marks the line as failed.
    [[gnu::format(printf, 2, 3)]] void error(const char* format, ...);

    // Machine state may have changed since the last line.
    void begin_line();

    template <class T> bool read(Address from, T& to) { return machine.read(from, &to, sizeof to); }
    // A UTF-16 string in guest memory as UTF-8; false if it cannot be read.
    bool read_string(Address buffer, std::size_t bytes, std::string& to);
    template <class S> bool read_unicode(const S& s, std::string& to) {
        return read_string(address_of(s.Buffer), s.Length, to);
    }
    template <class T> static Address address_of(T* pointer) { return reinterpret_cast<Address>(pointer); }

    const std::vector<Module>& modules();
    const Module* module_at(Address address);
    const Module* module_named(std::string_view name);
    const std::vector<Symbol>& symbols(const Module& module);
    const Symbol* nearest(Address address, const Symbol** next = nullptr);
    // "null!NullWrite+0x10"; "null+0x1040" in an image without names; "" outside of images.
    std::string symbol(Address address);
    // The address of "mod!name" or a unique "name".
    bool find_symbol(std::string_view name, Address& address);

    // MASM expression of a command's argument: numbers are hexadecimal. On failure prints the debugger's
    // message.
    // The machine as expressions and type display see it. Valid while the session is.
    Source source();
    bool evaluate(std::string_view text, std::uint64_t& value);

    // Name of the driver of a device, "\Driver\Null"; "" if it cannot be told.
    std::string driver_of_device(Address device);
    // What a command's argument means: an address (if it can be evaluated), else the object's name with
    // `prefix` in front of a bare one. 0 after a message.
    Address object_argument(std::string_view text, std::string_view prefix, std::string_view type);

  private:
    std::vector<Module> modules_;
    bool modules_known_ = false;
    std::deque<std::pair<Address, std::vector<Symbol>>> symbols_; // by module base
};

// One command. `usage` is its line in help; `names` are separated by blanks, exact unless a name ends in '*',
// which also matches further letters (d*, k*).
struct Command {
    std::string_view names;
    std::string_view usage;
    std::string_view help;
    void (*run)(Session& session, std::string_view name, std::span<const std::string> arguments);
};

void help(Session& session, std::string_view name, std::span<const std::string> arguments);
// Executes commands within a command (!list). Failures add up in session.failed.
void run_line(Session& session, std::string_view line);
// Words at blanks; quotes hold words together and are taken away, \" within them is a quote.
std::vector<std::string> split_words(std::string_view text);

// Commands of each topic file.
std::span<const Command> driver_commands();
std::span<const Command> device_commands();
std::span<const Command> object_commands();
std::span<const Command> irp_commands();
std::span<const Command> file_commands();
std::span<const Command> handle_commands();
std::span<const Command> memory_commands();
std::span<const Command> module_commands();
std::span<const Command> stack_commands();
std::span<const Command> process_commands();
std::span<const Command> processor_commands();
std::span<const Command> scheduling_commands();
std::span<const Command> value_commands();
std::span<const Command> lock_commands();
std::span<const Command> list_commands();
std::span<const Command> search_commands();
std::span<const Command> register_commands();
std::span<const Command> irp_search_commands();
std::span<const Command> security_commands();
std::span<const Command> volume_commands();

// Parts that several commands print.
void show_device(Session& session, Address device);       // as !devobj
void show_object(Session& session, const Object& object); // "Object: …" and "ObjectHeader: …"
// What stands for the name of an object that has none of its own: files (as !handle shows them), keys. "" for
// others.
std::string shown_name(Session& session, const Object& object);
// "HandleCount: …" and, for a named object, its directory and name; `name` replaces the object's own unless
// empty.
void show_object_counts(Session& session, const Object& object, const char* indent, const std::string& name);
void show_process(Session& session, const Process& process); // "PROCESS …" down to "Image:"
// "THREAD …"; flag bits 1 and 2: with everything else and the stack.
void show_thread(Session& session, Thread thread, const char* indent, std::uint64_t flags, bool bare = false);
std::string irp_major_text(unsigned major); // IRP_MJ_WRITE

struct FrameStyle {
    bool arguments = false;
    bool numbers = false;
    bool clean = false;     // names only
    bool lines = false;     // source lines
    bool distances = false; // bytes between frames
    bool bare = false;      // without the stack pointer
    const char* indent = "";
};
void show_frames(Session& session, const std::vector<Frame>& frames, const FrameStyle& style);

// "address", "address L count", "address end", in elements of so many bytes. "L?count" may be longer than 256
// MB, as the debugger documents (Address and Address Range Syntax). False after a message.
bool range_arguments(Session& session, std::span<const std::string> arguments, unsigned element,
                     Address& from, std::uint64_t& count);
// Lines of db, dd … for that many elements.
void show_memory(Session& session, std::string_view format, Address from, std::uint64_t count);

// Text of addresses, as extensions and native commands write them.
std::string extension_address(Address address); // ffffc00b074166a0; null is 00000000
std::string native_address(Address address);    // ffffc00b`074166a0

// *, ? and case-insensitive letters.
bool wildcard_match(std::string_view pattern, std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b);

// A number argument given in hexadecimal; `otherwise` if there is none.
std::uint64_t number_argument(Session& session, std::span<const std::string> arguments, std::size_t index,
                              std::uint64_t otherwise);

} // namespace view
