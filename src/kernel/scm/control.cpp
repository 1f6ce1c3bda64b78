// Starting and stopping services, and their state.
#include "abi/status.h"
#include "abi/win32_error.h"
#include "kernel/io/driver_service.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/wait.h"
#include "kernel/pool/pool.h"
#include "kernel/scm/database.h"
#include "rtl/status.h"

namespace nt::scm {

SERVICE_STATUS_PROCESS status_of(Service& service) {
    const Config config = config_of(service);
    SERVICE_STATUS_PROCESS answer{};
    SERVICE_STATUS& status = answer.Status;
    status.dwServiceType = config.type;
    status.dwCurrentState = SERVICE_STOPPED;
    // "The SCM maintains the status of a driver service by querying the I/O system."
    const auto driver = io::read_driver_service(key_of(service.name));
    const io::DriverState state = driver ? io::driver_state(*driver) : io::DriverState::absent;
    if (state == io::DriverState::absent) {
        if (service.stopping) service.exit_code = ERROR_SUCCESS;
        service.stopping = false;
        status.dwWin32ExitCode = service.exit_code;
        return answer;
    }
    status.dwCurrentState = state == io::DriverState::running ? SERVICE_RUNNING : SERVICE_STOP_PENDING;
    if (state == io::DriverState::running && service.stoppable)
        status.dwControlsAccepted = SERVICE_ACCEPT_STOP;
    return answer;
}

namespace {

bool is_running(Service& service) { return status_of(service).Status.dwCurrentState == SERVICE_RUNNING; }

// assumed: services that need each other in a longer row than this do not start.
constexpr unsigned deepest = 64;

bool start_needed(Service& service, unsigned depth) {
    if (is_running(service)) return true;
    return depth < deepest && start(service, depth + 1) == ERROR_SUCCESS;
}

// One member of a group at least, "after an attempt to start all members".
bool start_group(std::u16string_view group, const Service& but, unsigned depth) {
    std::vector<std::u16string> names; // records may go while a driver is loaded
    for (const Service* member : all())
        if (member != &but && same(config_of(*member).group, group)) names.push_back(member->name);
    bool any = false;
    for (const std::u16string& name : names)
        if (Service* member = find(name)) any |= start_needed(*member, depth);
    return any;
}

ULONG start_dependencies(const Service& service, const Config& config, unsigned depth) {
    for (const std::u16string& name : config.services) {
        Service* needed = find(name);
        if (!needed || needed->marked) return ERROR_SERVICE_DEPENDENCY_DELETED;
        if (!start_needed(*needed, depth)) return ERROR_SERVICE_DEPENDENCY_FAIL;
    }
    for (const std::u16string& group : config.groups)
        if (!start_group(group, service, depth)) return ERROR_SERVICE_DEPENDENCY_FAIL;
    return ERROR_SUCCESS;
}

} // namespace

// One start at a time, with all that it depends on: who comes second finds what the first has left.
class StartLock {
  public:
    StartLock() {
        while (taken_)
            ke::wait_for_single_object(free_, Executive, KernelMode, false, nullptr);
        taken_ = true;
    }
    ~StartLock() {
        taken_ = false;
        ke::set_event(*free_, IO_NO_INCREMENT, false);
    }
    StartLock(const StartLock&) = delete;
    StartLock& operator=(const StartLock&) = delete;
    static bool make() {
        if (free_) return true;
        free_ = static_cast<KEVENT*>(
            pool::allocate(pool::Kind::nonpaged, sizeof(KEVENT), pool::tag("ScSt"), 0, true));
        if (free_) ke::initialize_event(*free_, SynchronizationEvent, false);
        return free_ != nullptr;
    }

  private:
    static inline KEVENT* free_;
    static inline bool taken_;
};

// The record stays while its driver is loaded or unloaded.
class Held {
  public:
    explicit Held(Service& service, bool starting = false) : service_(service), starting_(starting) {
        ++service_.handles;
        service_.starting |= starting;
    }
    ~Held() {
        --service_.handles;
        if (starting_) service_.starting = false;
    }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;

  private:
    Service& service_;
    const bool starting_;
};

ULONG start_by_request(Service& service) {
    if (!StartLock::make()) return ERROR_NOT_ENOUGH_MEMORY;
    const Held held(service);
    const StartLock lock;
    return start(service);
}

ULONG start(Service& service, unsigned depth) {
    const Config config = config_of(service);
    if (service.marked) return ERROR_SERVICE_MARKED_FOR_DELETE;
    if (config.start == SERVICE_DISABLED) return ERROR_SERVICE_DISABLED;
    if (status_of(service).Status.dwCurrentState != SERVICE_STOPPED) return ERROR_SERVICE_ALREADY_RUNNING;
    if (!config.is_driver()) return SCM_PROGRAM;
    if (service.starting) return ERROR_CIRCULAR_DEPENDENCY;
    const Held held(service, true);
    if (const ULONG error = start_dependencies(service, config, depth); error != ERROR_SUCCESS)
        return service.exit_code = error;
    note_start(service, io::load_driver_service(key_of(service.name)));
    return service.exit_code;
}

void note_start(Service& service, NTSTATUS status) {
    service.stoppable = true;
    service.exit_code = NT_SUCCESS(status) ? ERROR_SUCCESS : rtl::status_to_dos_error(status);
}

ULONG stop(Service& service) {
    for (Service* other : dependents(service))
        if (status_of(*other).Status.dwCurrentState != SERVICE_STOPPED)
            return ERROR_DEPENDENT_SERVICES_RUNNING;
    const Held held(service);
    const NTSTATUS status = io::unload_driver_service(key_of(service.name));
    if (NT_SUCCESS(status)) {
        service.stopping = true;
        return ERROR_SUCCESS;
    }
    // Another thread's stop came first.
    if (status == STATUS_OBJECT_NAME_NOT_FOUND) return ERROR_SERVICE_NOT_ACTIVE;
    if (status == STATUS_DELETE_PENDING) return ERROR_SERVICE_CANNOT_ACCEPT_CTRL;
    if (status != STATUS_INVALID_DEVICE_REQUEST) return rtl::status_to_dos_error(status);
    service.stoppable = false; // no DriverUnload
    return ERROR_INVALID_SERVICE_CONTROL;
}

} // namespace nt::scm
