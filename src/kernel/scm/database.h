// The database of installed services: the keys below HKLM\SYSTEM\CurrentControlSet\Services, and what the
// service control manager knows of each besides. On Windows this is services.exe; here the kernel plays it.
//
// Every key with a Type is a service, also one that was made by hand. (Windows reads the keys once, when it
// starts.) A driver's state is asked from the I/O manager. All errors are Win32's.
//
// win32 pages Services/database-of-installed-services, service-record-list.
#pragma once
#include "abi/scm.h"
#include "kernel/cm/registry.h"
#include <string>
#include <string_view>
#include <vector>

namespace nt::scm {

struct Service {
    std::u16string name;
    ULONG handles = 0;
    bool marked = false;    // for deletion
    bool stoppable = true;  // until a stop shows that it has no DriverUnload
    bool stopping = false;  // a stop was accepted
    bool starting = false;  // it and what it depends on
    ULONG exit_code = 1077; // ERROR_SERVICE_NEVER_STARTED
};

// What the values of a service's key say.
struct Config {
    ULONG type = 0, start = 0, error_control = 0, tag = 0;
    std::u16string path, group, account, display;
    std::vector<std::u16string> services, groups; // that it depends on
    bool is_driver() const { return type & SERVICE_DRIVER; }
};

bool same(std::u16string_view a, std::u16string_view b); // names, without case
bool is_valid_name(std::u16string_view name);
std::u16string key_of(std::u16string_view name);

Service* find(std::u16string_view name); // null: no such service
std::vector<Service*> all();             // by name
Config config_of(const Service& service);
std::u16string display_name(const Service& service, const Config& config);
// A service that has this name, or this display name, besides `but`.
Service* named(std::u16string_view name, const Service* but);
Service* with_display_name(std::u16string_view name);

std::u16string text_value(std::u16string_view key, std::u16string_view name);
void set_text(std::u16string_view key, std::u16string_view name, ULONG type, std::u16string_view text);
void set_number(std::u16string_view key, std::u16string_view name, ULONG number);

SERVICE_STATUS_PROCESS status_of(Service& service);
// Marked services without handles whose drivers have ended leave the database.
void settle();
void mark_for_deletion(Service& service);
// `depth`: services that wait for this one.
ULONG start(Service& service, unsigned depth = 0);
// StartService: waits for the start that another thread has begun.
ULONG start_by_request(Service& service);
// What came of a start, also of one by the machine as it starts.
void note_start(Service& service, NTSTATUS status);
ULONG stop(Service& service);
// Services that depend on it.
std::vector<Service*> dependents(const Service& service);
// Whether one of `names` depends on `name`, or is it.
bool depends(const std::vector<std::u16string>& names, std::u16string_view name);

} // namespace nt::scm
