// The machine: the only place that wires the rooms together.
//
// boot() builds the kernel on the host's main stack; run() starts a system thread that loads drivers, runs
// the client and the debugger commands, and returns when the machine has stopped. One process has one
// machine.
#pragma once
#include "app/rules.h"
#include "hardware/models.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ldr/modules.h"
#include "kernel/se/accounts.h"
#include "verify/policies.h"
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nt {
struct DRIVER_OBJECT;
struct EPROCESS;
struct EXCEPTION_RECORD;
} // namespace nt

namespace app {

struct DriverSpec {
    std::string path;   // host path of the .sys
    std::string name;   // service name; the file's base name unless the user gave another
    bool inbox = false; // the machine's own choice: not listed, not unloaded
};

// --service: a service that is there from the start.
struct ServiceSpec {
    std::string path, name;
    unsigned start = 3; // as in the registry: 0 boot, 1 system, 2 auto, 3 demand, 4 disabled
};

struct Program {
    std::string path; // host path of the .exe
    std::vector<std::string> arguments;
    nt::se::User user = nt::se::User::administrator;
};

struct Config {
    std::vector<DriverSpec> drivers;
    std::vector<ServiceSpec> services;
    std::vector<std::string> driver_store; // folders where drivers loaded by service are looked for
    std::vector<Program> clients;          // they run side by side
    std::uint64_t seed = 1;
    unsigned processors = 1;
    verify::PolicyKind schedule = verify::PolicyKind::random;
    std::string replay;          // a recorded schedule, or empty
    std::string record_schedule; // where to write this run's; empty: nowhere
    std::string trace;           // file, "-" for text at the end, empty: off
    bool trace_verbose = false;
    bool allow_missing = false;
    bool hvci = false;
    bool unload = false;              // unload the drivers before the end
    bool verify_requests = false;     // --verifier io
    std::vector<std::string> stop_on; // rules whose first report stops the machine
    double watchdog = 10;
    std::vector<std::string> system32; // directories that \KnownDlls is made of, first wins
    std::vector<std::string> environment;
    std::vector<nt::hardware::ModelSpec> hardware;
    std::vector<std::string> messages;   // DEVICE[:LIMIT] that may use message-signalled interrupts
    std::vector<std::string> parameters; // NAME:VALUE=TEXT registry values below a service's Parameters key
};

// A process that a program made.
struct ChildProcess {
    std::string image;
    std::uint32_t pid, parent_pid, exit_code;
};

struct LoadedDriver {
    DriverSpec spec;
    nt::ldr::Module* module = nullptr;
    nt::DRIVER_OBJECT* object = nullptr;
    unsigned load_number = 0; // counts up; 0: not loaded yet
    nt::NTSTATUS status = 0;  // of DriverEntry
    std::string error;        // why it could not be loaded; empty otherwise
    bool leaving = false;     // unloaded by service: the image goes once nobody holds the driver object
    bool left = false;        // and it was said what does
    bool kept = false;        // ended, but its image stays: another driver imports from it
};

void trace_symbols(const nt::ldr::Module& module);

class Machine {
  public:
    explicit Machine(Config config);
    ~Machine();

    // Runs `script` on a system thread once all drivers stand (it may run the clients, commands …), then
    // stops.
    const nt::ke::Stop& run(std::function<void(Machine&)> script);

    // For scripts; on the system thread.
    bool load_drivers();     // false: one failed; see drivers()
    void describe_drivers(); // what they made, to standard output
    bool unload_drivers();   // false: a driver refused or left something behind
    // The exit codes of the clients, in their order; fewer if one could not be started (error() says why).
    std::vector<std::uint32_t> run_clients();
    // Processes that programs made, in the order in which they ended.
    const std::vector<ChildProcess>& children() const { return children_; }
    const std::string& error() const { return error_; }

    const Config& config() const { return config_; }
    nt::ldr::ModuleList& modules() { return modules_; }
    // Those of the command line, then those loaded by service; an entry keeps its place.
    std::deque<LoadedDriver>& drivers() { return drivers_; }
    // Broken rules and leaks: they make the exit status 123. Notes only inform.
    const std::vector<BrokenRule>& reports() const { return reports_; }
    const std::vector<std::string>& notes() const { return notes_; }
    void report(const char* rule, const std::string& text);
    void add_report(BrokenRule broken) { reports_.push_back(std::move(broken)); }
    void note(const std::string& text) { notes_.push_back(text); }

    static Machine& current();

  private:
    nt::EPROCESS* create_client(const Program& program);
    void wait_for_children();
    static void child_ended(nt::EPROCESS& process);
    static void child_failed(nt::EPROCESS& process, const nt::EXCEPTION_RECORD& record);
    void boot();
    void start_kernel();
    void trace_boot();
    void write_parameters();
    friend class ServiceImages;
    bool load_driver(LoadedDriver& driver);
    nt::NTSTATUS map_driver(LoadedDriver& driver, const std::string& path);
    LoadedDriver* driver_of(const void* section);
    void install_services();
    void start_services(unsigned start);
    void await_leaving_drivers();
    bool unload_driver(LoadedDriver& driver);
    bool remove_image(LoadedDriver& driver);
    bool is_imported(const LoadedDriver& driver) const;
    bool report_left(const LoadedDriver& driver); // true: nothing is
    static void system_thread(void* self);

    Config config_;
    nt::ldr::ModuleList modules_;
    std::deque<LoadedDriver> drivers_;
    unsigned loads_ = 0;
    LoadedDriver* loading_ = nullptr; // the command line's that is being loaded
    std::vector<ChildProcess> children_;
    std::vector<BrokenRule> reports_;
    std::vector<std::string> notes_;
    std::function<void(Machine&)> script_;
    std::string error_;
};

} // namespace app
