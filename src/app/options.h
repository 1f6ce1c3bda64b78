// Options that several commands share, and where the parts of an installation are.
#pragma once
#include "app/machine.h"
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace app {

struct Options {
    std::vector<std::string> drivers;  // PATH[:NAME]
    std::vector<std::string> services; // PATH[:NAME[:START]]
    std::vector<std::string> driver_store;
    std::vector<std::string> hardware; // MODEL[:ARGUMENTS]
    std::vector<std::string> messages; // DEVICE[:LIMIT]
    std::uint64_t seed = 1;
    unsigned processors = 1;
    std::string schedule = "random", replay, record_schedule;
    std::string trace;
    bool trace_verbose = false;
    std::string kd;
    std::string result;
    bool allow_missing = false;
    bool hvci = false;
    bool unload = false;
    std::vector<std::string> verifier; // "io"
    std::vector<std::string> stop_on;  // names of rules
    double watchdog = 10;
    std::vector<std::string> system32;
    std::vector<std::string> environment;
    std::vector<std::string> parameters;
    std::vector<std::string> client;  // the words of the first
    std::vector<std::string> clients; // command lines of more
    std::string user = "administrator";
};

void add_machine_options(CLI::App& command, Options& options);
// The programs: `-- CLIENT.exe [arguments]` and `--client 'CLIENT.exe arguments'`, also in the end.
void add_user_option(CLI::App& command, Options& options, const char* what, const char* more = "");
nt::se::User user_from(const Options& options);
void add_client_options(CLI::App& command, Options& options);
// Throws CLI::ValidationError on a driver name that cannot be.
Config config_from(const Options& options);

// Check of a value: a name that is not empty.
extern const CLI::Validator file_name;

constexpr std::uintmax_t most_buffer = 64 << 20; // bytes of --in @FILE, and of --out

// Input of --in as hexadecimal digits; throws CLI::ValidationError on anything else.
std::string input_digits(const std::string& text);

// Directory of the running program.
std::string program_directory();
// The first directory beside the program that holds the file ("guest/ntdll.dll"); empty: none.
std::string installed_file(const std::string& relative);

} // namespace app
