// Loading and unloading drivers, as the service control manager and the loader do together.
#include "abi/status.h"
#include "app/driver_images.h"
#include "app/driver_order.h"
#include "app/machine.h"
#include "app/options.h"
#include "app/text.h"
#include "host/file.h"
#include "kernel/cm/registry.h"
#include "kernel/io/driver_service.h"
#include "kernel/ke/wait.h"
#include "kernel/ob/object.h"
#include "kernel/scm/database.h"
#include <algorithm>

namespace app {

using namespace nt;

namespace {

std::string file_name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string folder_of(const std::string& path) {
    const auto slash = path.rfind('/');
    return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

// Whether the image has the name of null.sys's device.
bool wants_null(const std::string& path) {
    constexpr std::u16string_view name = u"\\Device\\Null";
    const auto bytes = host::read_file(path);
    if (!bytes) return false;
    const std::string_view image(reinterpret_cast<const char*>(bytes->data()), bytes->size());
    return image.find({reinterpret_cast<const char*>(name.data()), name.size() * sizeof(char16_t)}) !=
           image.npos;
}

// Where ImagePath leads to.
io::DriverFolders folders_of(const Config& config) {
    io::DriverFolders folders;
    const auto add = [](std::vector<std::string>& to, const std::string& folder) {
        if (std::ranges::find(to, folder) == to.end()) to.push_back(folder);
    };
    for (const DriverSpec& driver : config.drivers)
        if (!driver.inbox) add(folders.store, folder_of(driver.path));
    for (const ServiceSpec& service : config.services)
        add(folders.store, folder_of(service.path));
    for (const std::string& folder : config.driver_store)
        add(folders.store, folder);
    if (const std::string shipped = installed_file("guest/null.sys"); !shipped.empty())
        add(folders.store, folder_of(shipped));
    for (const Program& program : config.clients)
        add(folders.programs, folder_of(program.path));
    return folders;
}

} // namespace

bool Machine::load_driver(LoadedDriver& driver) {
    const std::string file_name = file_name_of(driver.spec.path);
    const std::u16string name = to_utf16(driver.spec.name),
                         path = u"\\SystemRoot\\System32\\drivers\\" + to_utf16(file_name);
    cm::create_service(name, path);
    const auto service = io::read_driver_service(std::u16string(io::services_key) + name);
    loading_ = &driver;
    driver.status =
        service ? io::load_driver(*service, {driver.spec.path, path, to_utf16(file_name)}) : service.error();
    if (NT_SUCCESS(driver.status)) return true;
    if (driver.status == STATUS_OBJECT_NAME_COLLISION && drivers_.front().spec.inbox &&
        wants_null(driver.spec.path))
        driver.error += "; if it is to take the place of the machine's own null.sys: --driver " +
                        shell_word(driver.spec.path + ":Null");
    return false;
}

// DRIVER:NAME=VALUE: a number is a REG_DWORD, anything else a REG_SZ.
void Machine::write_parameters() {
    for (const std::string& text : config_.parameters) {
        const auto colon = text.find(':'), equals = text.find('=', colon);
        const std::u16string key = u"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\" +
                                   to_utf16(text.substr(0, colon)) + u"\\Parameters";
        const std::u16string name = to_utf16(text.substr(colon + 1, equals - colon - 1));
        const std::string value = text.substr(equals + 1);
        char* end = nullptr;
        const auto number = static_cast<ULONG>(std::strtoul(value.c_str(), &end, 0));
        if (!value.empty() && !*end) {
            cm::set_value(key, name, REG_DWORD, &number, sizeof number);
        } else {
            const std::u16string wide = to_utf16(value);
            cm::set_value(key, name, REG_SZ, wide.c_str(), (wide.size() + 1) * sizeof(char16_t));
        }
    }
}

bool Machine::load_drivers() {
    plug_driver_images();
    io::driver_folders = folders_of(config_);
    error_ = order_drivers(drivers_);
    if (!error_.empty()) return false;
    const std::size_t count = drivers_.size(); // services, and what a DriverEntry loads, come behind them
    install_services();
    write_parameters();
    start_services(0);
    start_services(1);
    for (std::size_t i = 0; i < count; i++) {
        if (drivers_[i].spec.path.empty() || drivers_[i].module) continue;
        if (!load_driver(drivers_[i])) {
            error_ = drivers_[i].error;
            return false;
        }
    }
    io::run_reinitialization();
    start_services(2);
    return true;
}

void Machine::install_services() {
    for (const ServiceSpec& spec : config_.services) {
        const std::u16string name = to_utf16(spec.name);
        const ULONG start = spec.start;
        cm::create_service(name, u"\\SystemRoot\\System32\\drivers\\" + to_utf16(file_name_of(spec.path)));
        cm::set_value(std::u16string(io::services_key) + name, u"Start", REG_DWORD, &start, sizeof start);
    }
}

// ErrorControl 1: "the error is logged … but startup continues".
void Machine::start_services(unsigned start) {
    for (const ServiceSpec& spec : config_.services) {
        if (spec.start != start) continue;
        const NTSTATUS status =
            io::load_driver_service(std::u16string(io::services_key) + to_utf16(spec.name));
        if (scm::Service* service = scm::find(to_utf16(spec.name))) scm::note_start(*service, status);
        if (NT_SUCCESS(status)) continue;
        std::string why = status_text(status);
        for (const LoadedDriver& driver : drivers_)
            if (driver.spec.name == spec.name && !driver.error.empty()) why = driver.error;
        note("the service " + spec.name + " was not started: " + why);
    }
}

namespace {
constexpr LARGE_INTEGER poll{.QuadPart = -100'000}; // 10 ms

// A file whose last reference went with a request, at APC_LEVEL, is closed by a system thread.
void await_deferred_deletes() {
    for (int i = 0; i < 100 && ob::has_deferred_deletes(); i++)
        ke::delay_execution(KernelMode, false, poll);
}
} // namespace

// Images of drivers that were unloaded by service, but are held still.
void Machine::await_leaving_drivers() {
    for (std::size_t n = 0; n < drivers_.size(); n++) {
        for (int i = 0; i < 100 && drivers_[n].leaving && !drivers_[n].left; i++)
            ke::delay_execution(KernelMode, false, poll);
        if (drivers_[n].leaving && !drivers_[n].left)
            report("Unload", drivers_[n].spec.name +
                                 ": unloaded, but something still holds its driver object or a device of it");
    }
}

bool Machine::unload_driver(LoadedDriver& driver) {
    const std::string& name = driver.spec.name;
    ULONG left = 0;
    const NTSTATUS status = io::unload_driver(driver.object, &left);
    if (!NT_SUCCESS(status)) {
        report("Unload", name + ": cannot be unloaded: " + status_text(status));
        return false;
    }
    if (status == STATUS_PENDING) {
        report("Unload", name + ": not unloaded: a device of it is still open or attached to");
        return false;
    }
    driver.object = nullptr;
    if (left) { // the devices may still lead into the image
        report_left(driver);
        return false;
    }
    ldr::Module& module = *driver.module;
    if (!await_end_of_driver(reinterpret_cast<PVOID>(module.list_entry))) {
        report("Unload",
               name + ": not unloaded: something still holds its driver object or a deleted device");
        return false;
    }
    return remove_image(driver);
}

// Last loaded first, as drivers stand on each other. Inbox drivers stay, as on Windows.
bool Machine::unload_drivers() {
    await_deferred_deletes();
    std::vector<LoadedDriver*> order;
    for (LoadedDriver& driver : drivers_)
        if (driver.object && !driver.spec.inbox) order.push_back(&driver);
    std::ranges::sort(order, std::greater<>(), &LoadedDriver::load_number);
    bool clean = true;
    for (LoadedDriver* driver : order) // one may take others with it
        if (driver->object && !unload_driver(*driver)) clean = false;
    return clean;
}

} // namespace app
