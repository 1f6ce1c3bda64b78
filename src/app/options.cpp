#include "app/options.h"
#include "app/hardware.h"
#include "app/rule_names.h"
#include "app/text.h"
#include "app/usage.h"
#include "host/file.h"
#include "kernel/ps/process.h"
#include <algorithm>
#include <cctype>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <strings.h>
#include <unistd.h>

namespace app {

namespace fs = std::filesystem;

// A name that the host cannot hold is one that is not there.
static bool exists(const std::string& path) {
    std::error_code error;
    return fs::exists(path, error);
}
static bool is_file(const std::string& path) {
    std::error_code error;
    return fs::is_regular_file(path, error);
}
static bool is_directory(const std::string& path) {
    std::error_code error;
    return fs::is_directory(path, error);
}

std::string program_directory() {
    char path[PATH_MAX];
    const ssize_t n = readlink("/proc/self/exe", path, sizeof path);
    return n > 0 ? fs::path(std::string(path, static_cast<std::size_t>(n))).parent_path().string() : ".";
}

std::string installed_file(const std::string& relative) {
    for (const char* up : {"", "/.."}) {
        const std::string path = program_directory() + up + "/" + relative;
        if (exists(path)) return fs::weakly_canonical(path).string();
    }
    return "";
}

namespace {

std::string no_rule(const std::string& text) {
    if (text == "list") {
        std::cout << rule_names("\n") << "\n";
        throw CLI::Success();
    }
    return is_rule_name(text) ? "" : "'" + text + "' is no rule. The rules are: " + rule_names(", ");
}

std::string no_file_name(const std::string& text) { return text.empty() ? "the file name is empty" : ""; }

std::string no_user(const std::string& text) {
    nt::se::User user;
    return nt::se::parse_user(text, user) ? "" : "'" + text + "' is not " + nt::se::user_names;
}

std::string no_period(const std::string& text) {
    char* end = nullptr;
    const double seconds = std::strtod(text.c_str(), &end);
    const bool good = !text.empty() && !*end && seconds >= 0.1 && seconds <= 86400; // false for NaN
    return good ? "" : "'" + text + "' is not a number of seconds from 0.1 to 86400";
}

} // namespace

const CLI::Validator file_name{no_file_name, ""};
static const CLI::Validator rule_name{no_rule, ""};

std::string input_digits(const std::string& text) {
    static const char digits[] = "0123456789abcdef";
    std::string out;
    if (!text.empty() && text.front() == '@') {
        std::error_code error;
        if (fs::file_size(text.substr(1), error) > most_buffer && !error)
            throw CLI::ValidationError("--in", "'" + text.substr(1) + "' is larger than 64 MB");
        auto bytes = host::read_file(text.substr(1));
        if (!bytes) throw CLI::ValidationError("--in", bytes.error());
        for (const std::uint8_t b : *bytes)
            (out += digits[b >> 4]) += digits[b & 15];
        return out;
    }
    for (const char c : text)
        if (std::isxdigit(static_cast<unsigned char>(c)))
            out += c;
        else if (c != ' ' && c != ',')
            throw CLI::ValidationError("--in", "'" + text + "' is not hexadecimal");
    if (out.size() % 2) throw CLI::ValidationError("--in", "'" + text + "' has an odd number of digits");
    return out;
}

void add_machine_options(CLI::App& command, Options& o) {
    command
        .add_option("--driver", o.drivers, "a driver to load, X.sys or X.sys:SERVICE-NAME; may be repeated")
        ->type_name("FILE[:NAME]");
    command
        .add_option(
            "--service", o.services,
            "install a driver as a service, for programs to start; START is boot, system or auto (it is "
            "started with the machine), demand (default) or disabled; may be repeated")
        ->type_name("FILE[:NAME[:START]]");
    command
        .add_option("--driver-store", o.driver_store,
                    "look in DIR for drivers that are loaded by service; may be repeated")
        ->type_name("DIR");
    command
        .add_option("--hardware", o.hardware,
                    "a device of the machine: a model's name or its shared object; may be repeated")
        ->type_name("MODEL[:NAME=VALUE,...]");
    command
        .add_option(
            "--msi", o.messages,
            "let a PCI device use message-signaled interrupts, as its driver's INF would; may be repeated")
        ->type_name("DEVICE[:LIMIT]");
    command.add_option("--seed", o.seed, "seed of everything that may vary (default 1)")
        ->check(number_between(0, UINT64_MAX));
    command.add_option("--cpus", o.processors, "virtual processors, 1 to 64 (default 1)")
        ->check(number_between(1, 64))
        ->type_name("N");
    command
        .add_option(
            "--schedule", o.schedule,
            "who decides which processor goes on: round-robin, random (default), pct, step, which also "
            "comes between the instructions of drivers, or step-user, between those of programs")
        ->check(one_of({"round-robin", "random", "pct", "step", "step-user"}))
        ->type_name("POLICY");
    command.add_option("--record-schedule", o.record_schedule, "write the schedule of this run to FILE")
        ->check(file_name)
        ->type_name("FILE");
    command.add_option("--replay", o.replay, "follow the schedule in FILE, whatever seed and policy made it")
        ->check(file_name)
        ->type_name("FILE");
    command
        .add_option("--trace", o.trace,
                    "record a trace into FILE; '-' prints it to standard error at the end")
        ->check(file_name)
        ->type_name("FILE");
    command.add_flag("--trace-verbose", o.trace_verbose,
                     "also record every call of an export, IRQL change and pool block");
    command.add_option("--result", o.result, "write all that happened to FILE as JSON")
        ->check(file_name)
        ->type_name("FILE");
    command.add_option("--kd", o.kd, "debugger commands for the stopped machine, separated by ';'")
        ->type_name("'CMD; CMD'");
    command.add_flag("--allow-missing", o.allow_missing,
                     "bind unknown imports to stubs that stop the machine when called");
    command.add_flag("--hvci", o.hvci, "refuse images with sections that are writable and executable");
    command.add_flag("--unload", o.unload, "unload the drivers at the end and report what they leave behind");
    command
        .add_option(
            "--verifier", o.verifier,
            "look at more than is cheap: io, the rules about requests, with each request's history in "
            "reports; may be repeated")
        ->type_name("SET")
        ->allow_extra_args(false) // drivers to load may follow
        ->check(one_of({"io"}));
    command
        .add_option(
            "--stop-on", o.stop_on,
            "stop the machine at the first report of RULE; may be repeated ('--stop-on list' names the "
            "rules)")
        ->type_name("RULE")
        ->allow_extra_args(false)
        ->check(rule_name);
    command
        .add_option("--watchdog", o.watchdog,
                    "seconds of processor time after which code that never calls the system is a hang")
        ->check(CLI::Validator(no_period, ""));
    command.add_option("--system32", o.system32, "look for DLLs in DIR first; may be repeated")
        ->type_name("DIR");
    command.add_option("--env", o.environment, "set an environment variable of the client")
        ->type_name("NAME=VALUE");
    command
        .add_option("--parameter", o.parameters,
                    "set a value in a driver's Parameters key: a number (REG_DWORD) or text (REG_SZ)")
        ->type_name("DRIVER:NAME=VALUE");
}

void add_user_option(CLI::App& command, Options& o, const char* what, const char* more) {
    command
        .add_option("--user", o.user,
                    std::string(what) + nt::se::user_names + " (default administrator)" + more)
        ->check(CLI::Validator(no_user, ""))
        ->type_name("USER");
}

nt::se::User user_from(const Options& o) {
    nt::se::User user{};
    (void)nt::se::parse_user(o.user, user); // checked before
    return user;
}

void add_client_options(CLI::App& command, Options& o) {
    command
        .add_option("--client", o.clients,
                    "a further program to run beside the first, with its arguments; may be repeated, also "
                    "behind the arguments of CLIENT.exe")
        ->type_name("'B.exe [arguments]'");
    add_user_option(command, o, "who the programs are: ", "; --client 'USER: B.exe' says it for one");
    command.add_option("client", o.client, "-- CLIENT.exe [arguments]")->type_name("CLIENT.exe");
    command.positionals_at_end();
    command.prefix_command(false);
}

static Program program_from(const char* option, std::vector<std::string> words) {
    if (words.empty() || words.front().empty())
        throw CLI::ValidationError(option, "the command line names no program");
    return {words.front(), {words.begin() + 1, words.end()}, nt::se::User::administrator};
}

// "guest: B.exe arguments": a user before the program.
static Program further_program(const std::string& line, nt::se::User user) {
    std::vector<std::string> words = nt::ps::split_command_line(line);
    if (words.size() > 1 && words.front().ends_with(':') &&
        nt::se::parse_user(words.front().substr(0, words.front().size() - 1), user))
        words.erase(words.begin());
    Program program = program_from("--client", std::move(words));
    program.user = user;
    return program;
}

static std::vector<Program> programs_from(const Options& o) {
    const nt::se::User user = user_from(o);
    std::vector<std::string> words = o.client, more;
    while (words.size() >= 3 && words[words.size() - 2] == "--client") {
        more.insert(more.begin(), words.back());
        words.resize(words.size() - 2);
    }
    more.insert(more.begin(), o.clients.begin(), o.clients.end());
    std::vector<Program> programs;
    if (!words.empty()) {
        programs.push_back(program_from("CLIENT.exe", std::move(words)));
        programs.back().user = user;
    }
    for (const std::string& line : more)
        programs.push_back(further_program(line, user));
    return programs;
}

// A model that is installed under the whole name of a driver, slowdev.sys, is the device that comes with it.
static void add_hardware_of_drivers(Config& config) {
    for (const DriverSpec& driver : config.drivers) {
        const std::string model =
            installed_file("models/" + fs::path(driver.path).filename().string() + ".so");
        const auto same = [&](const auto& spec) { return spec.path == model; };
        if (!model.empty() && std::ranges::none_of(config.hardware, same))
            config.hardware.push_back({model, ""});
    }
}

constexpr std::size_t longest_service_name = 255; // that of a registry key

static DriverSpec driver_from(const std::string& text, const char* option = "--driver") {
    DriverSpec spec{text, ""};
    const auto colon = text.rfind(':');
    if (colon != std::string::npos && colon + 1 < text.size() && text.find('/', colon) == std::string::npos &&
        !exists(text)) {
        spec.path = text.substr(0, colon);
        spec.name = text.substr(colon + 1);
    }
    if (spec.name.empty()) spec.name = fs::path(spec.path).stem().string();
    if (to_utf16(spec.name).size() > longest_service_name)
        throw CLI::ValidationError(option, "'" + spec.name.substr(0, 60) +
                                               "…' is longer than a service name may be (255 characters)");
    if (spec.name.empty()) throw CLI::ValidationError(option, "'" + text + "' gives no service name");
    if (const auto slash = spec.name.find_first_of("\\/"); slash != std::string::npos)
        throw CLI::ValidationError(option, "'" + spec.name + "' is no service name: there is a " +
                                               spec.name[slash] + " in it");
    return spec;
}

// Which part of FILE[:NAME[:START]] is wrong.
static std::string wrong_service(const std::string& text, const std::string& file) {
    for (auto colon = text.find(':'); colon != std::string::npos; colon = text.find(':', colon + 1)) {
        if (!is_file(text.substr(0, colon))) continue;
        const std::string name = text.substr(colon + 1),
                          start = name.substr(std::min(name.find(':'), name.size()));
        if (name.empty() || name.front() == ':') return "'" + text + "': the service name is empty";
        if (!start.empty())
            return "'" + text + "': '" + start.substr(1) + "' is not boot, system, auto, demand or disabled";
    }
    return "no file '" + file + "'";
}

static ServiceSpec service_from(const std::string& text) {
    constexpr const char* starts[] = {"boot", "system", "auto", "demand", "disabled"};
    ServiceSpec spec;
    std::string file = text;
    const auto last = text.rfind(':');
    for (unsigned start = 0; start < std::size(starts) && last != std::string::npos; start++)
        if (text.substr(last + 1) == starts[start] && !exists(text)) {
            spec.start = start;
            file = text.substr(0, last);
        }
    const DriverSpec driver = driver_from(file, "--service");
    if (!is_file(driver.path)) throw CLI::ValidationError("--service", wrong_service(text, driver.path));
    spec.path = driver.path;
    spec.name = driver.name;
    return spec;
}

// Drivers that every Windows starts with. They are ordinary images, loaded first; a driver of the user with
// the same service or file name takes the place.
static void add_inbox_drivers(std::vector<DriverSpec>& drivers) {
    const auto is_null = [](const std::string& name) { return strcasecmp(name.c_str(), "null") == 0; };
    for (const DriverSpec& d : drivers)
        if (is_null(d.name) || is_null(fs::path(d.path).stem().string())) return;
    if (std::string file = installed_file("guest/null.sys"); !file.empty())
        drivers.insert(drivers.begin(), {std::move(file), "Null", true});
}

// What is written to one file by two options would be lost.
static void check_outputs(const Options& o) {
    const std::pair<const char*, std::string> outputs[] = {{"--trace", o.trace == "-" ? "" : o.trace},
                                                           {"--result", o.result},
                                                           {"--record-schedule", o.record_schedule}};
    std::error_code error;
    for (const auto& [option, file] : outputs)
        for (const auto& [other, same] : outputs) {
            if (&other == &option) break;
            if (file.empty() || same.empty() ||
                (fs::exists(file, error) && !fs::is_regular_file(file, error)))
                continue; // /dev/null
            if (fs::weakly_canonical(fs::absolute(file), error) ==
                    fs::weakly_canonical(fs::absolute(same), error) ||
                fs::equivalent(file, same, error))
                throw CLI::ValidationError(option,
                                           std::string("'") + file + "' is the file of " + other + ", too");
        }
}

static void check_services(const std::vector<ServiceSpec>& services) {
    for (auto one = services.begin(); one != services.end(); ++one)
        for (auto other = services.begin(); other != one; ++other)
            if (strcasecmp(one->name.c_str(), other->name.c_str()) == 0)
                throw CLI::ValidationError("--service", "two services are named '" + one->name + "'");
}

Config config_from(const Options& o) {
    check_outputs(o);
    Config config;
    for (const auto& driver : o.drivers)
        config.drivers.push_back(driver_from(driver));
    for (const auto& service : o.services)
        config.services.push_back(service_from(service));
    check_services(config.services);
    for (const auto& directory : o.driver_store) {
        if (!is_directory(directory))
            throw CLI::ValidationError("--driver-store", "no directory '" + directory + "'");
        config.driver_store.push_back(directory);
    }
    add_inbox_drivers(config.drivers);
    for (const auto& model : o.hardware)
        config.hardware.push_back(hardware_from(model));
    add_hardware_of_drivers(config);
    config.messages = o.messages;
    config.clients = programs_from(o);
    config.seed = o.seed;
    config.processors = o.processors;
    verify::parse_policy(o.schedule, config.schedule);
    config.record_schedule = o.record_schedule;
    config.replay = o.replay;
    config.trace = o.trace;
    config.trace_verbose = o.trace_verbose;
    config.allow_missing = o.allow_missing;
    config.hvci = o.hvci;
    config.unload = o.unload;
    config.verify_requests = !o.verifier.empty();
    config.stop_on = o.stop_on;
    config.watchdog = o.watchdog;
    config.environment = o.environment;
    config.parameters = o.parameters;
    for (const auto& variable : o.environment)
        if (variable.find('=') == std::string::npos || variable.front() == '=')
            throw CLI::ValidationError("--env", "'" + variable + "' is not NAME=VALUE");
    for (const auto& parameter : o.parameters) {
        const auto colon = parameter.find(':'),
                   equals = parameter.find('=', colon == std::string::npos ? 0 : colon);
        if (colon == std::string::npos || equals == std::string::npos || colon == 0 || equals == colon + 1)
            throw CLI::ValidationError("--parameter", "'" + parameter + "' is not DRIVER:NAME=VALUE");
        const std::string name = parameter.substr(0, colon);
        const auto same = [&](const auto& spec) { return strcasecmp(spec.name.c_str(), name.c_str()) == 0; };
        if (std::ranges::none_of(config.drivers, same) && std::ranges::none_of(config.services, same))
            throw CLI::ValidationError("--parameter", "no driver '" + name + "' is loaded");
    }
    for (const auto& directory : o.system32) {
        if (!is_directory(directory))
            throw CLI::ValidationError("--system32", "no directory '" + directory + "'");
        config.system32.push_back(directory);
    }
    for (const char* part : {"guest/ntdll.dll", "runtimes/msvcrt.dll"})
        if (const std::string file = installed_file(part); !file.empty())
            config.system32.push_back(fs::path(file).parent_path().string());
    return config;
}

} // namespace app
