// Loading and unloading drivers, as the service control manager and the loader do together.
#include "abi/status.h"
#include "app/driver_order.h"
#include "app/kernel_images.h"
#include "app/machine.h"
#include "app/text.h"
#include "host/file.h"
#include "kernel/cm/registry.h"
#include "kernel/ex/work.h"
#include "kernel/io/driver.h"
#include "kernel/ke/dpc.h"
#include "kernel/ke/processor.h"
#include "kernel/ke/wait.h"
#include "kernel/ke/watched_memory.h"
#include "kernel/ldr/mm_memory.h"
#include "trace/trace.h"
#include "view/gdb_hook.h"
#include <cstring>
#include <set>

namespace app {

using namespace nt;

namespace {

// Drivers import from ntoskrnl and hal, and from each other.
class DriverResolver final : public ldr::ListResolver {
  public:
    DriverResolver(const ldr::ModuleList& modules, bool allow_missing)
        : ListResolver(modules), allow_missing_(allow_missing) {}
    std::uint64_t missing_stub(std::string_view, std::string_view dll,
                               const ldr::SymbolRef& symbol) override {
        return allow_missing_ ? missing_import_stub(dll, symbol.to_string()) : 0;
    }

  private:
    bool allow_missing_;
};

std::uint64_t fnv1a(const std::vector<std::uint8_t>& bytes) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (std::uint8_t b : bytes)
        hash = (hash ^ b) * 0x100000001b3;
    return hash;
}

std::string file_name_of(const std::string& path) {
    const auto slash = path.rfind('/');
    return slash == std::string::npos ? path : path.substr(slash + 1);
}

std::string describe(const ldr::LoadError& error) {
    std::string text = error.text;
    for (const auto& import : error.unknown) {
        text += "\n    " + import.dll + "!" + import.symbol + ": " + import.reason;
        if (import.reason.starts_with("no module"))
            text += " (if it is a driver, give its file too: --driver " + shell_word(import.dll) + ")";
    }
    return text;
}

// Images whose driver objects have ended, by their entries in the loaded-module list.
std::set<PVOID> gone_images;

// Whoever holds a device or the driver object after DriverUnload, as a queued work item does, keeps the
// image.
bool await_end_of_driver(PVOID section) {
    constexpr LONGLONG poll = -100'000; // 10 ms
    LARGE_INTEGER interval;
    interval.QuadPart = poll;
    for (int i = 0; i < 1000 && !gone_images.contains(section); i++)
        ke::delay_execution(KernelMode, false, interval);
    return gone_images.erase(section) != 0;
}

// They have been reported; run, they would only fault.
void cancel_dpcs(const ldr::Module& module) {
    struct Found {
        const ldr::Module& module;
        std::vector<KDPC*> dpcs;
    } found{module, {}};
    for (ULONG i = 0; i < ke::processor_count(); i++)
        ke::for_each_dpc(
            i,
            [](KDPC& dpc, void* context) {
                auto& f = *static_cast<Found*>(context);
                if (f.module.contains(reinterpret_cast<ULONG_PTR>(&dpc)) ||
                    f.module.contains(reinterpret_cast<ULONG_PTR>(dpc.DeferredRoutine)))
                    f.dpcs.push_back(&dpc);
            },
            &found);
    for (KDPC* dpc : found.dpcs)
        ke::remove_queue_dpc(*dpc);
}

} // namespace

// Names for the addresses that rows about this image hold.
void trace_symbols(const ldr::Module& module) {
    if (!trace::on) return;
    for (const ldr::Symbol& symbol : module.symbols())
        if (symbol.function) trace::emit_symbol(symbol.address, std::string_view(symbol.name));
}

bool Machine::load_driver(LoadedDriver& driver) {
    const std::string& path = driver.spec.path;
    const std::string file_name = file_name_of(path);
    auto bytes = host::read_file(path);
    if (!bytes) {
        driver.error = bytes.error();
        return false;
    }
    const std::uint64_t hash = fnv1a(*bytes);
    auto file = ldr::ImageFile::parse(std::move(*bytes), ldr::Use::driver);
    if (!file) {
        driver.error = file_name + ": " + file.error().to_string();
        return false;
    }
    DriverResolver resolver(modules_, config_.allow_missing);
    ldr::KernelImageMemory memory;
    ldr::LoadOptions options;
    options.file_name = file_name;
    options.name = file_name.substr(0, file_name.rfind('.'));
    options.path = "\\SystemRoot\\System32\\drivers\\" + file_name;
    options.host_path = path;
    options.hvci = config_.hvci;
    options.seed = config_.seed;
    options.guard_check = kernel_symbol("_guard_check_icall");
    options.guard_dispatch = kernel_symbol("_guard_dispatch_icall");
    auto loaded =
        ldr::load_image(std::make_shared<const ldr::ImageFile>(std::move(*file)), memory, &resolver, options);
    if (!loaded) {
        driver.status = loaded.error().status;
        driver.error = file_name + ": " + describe(loaded.error());
        return false;
    }
    for (const auto& warning : loaded->warnings)
        note(file_name + ": " + warning);
    for (const auto& import : loaded->stubbed)
        note(file_name + ": missing import " + import.dll + "!" + import.symbol +
             " stops the machine when called");
    driver.module = &modules_.add(std::move(loaded->module));
    const ldr::Module& module = *driver.module;
    if (trace::on)
        trace::emit_module_loaded(module.base, module.size, 0, hash,
                                  std::u16string_view(to_utf16(file_name)));
    trace_symbols(module);
    drvlab_module_loaded(path.c_str(), module.base);

    const std::u16string name = to_utf16(driver.spec.name);
    const std::u16string key = u"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\" + name;
    cm::create_service(name, to_utf16(module.path));
    io::NewDriver what;
    what.name = name;
    what.service_key = key;
    what.image = {reinterpret_cast<PVOID>(module.base), module.size,
                  reinterpret_cast<PVOID>(module.list_entry),
                  reinterpret_cast<PDRIVER_INITIALIZE>(module.entry), true};
    auto object = io::create_driver(what);
    if (!object) {
        driver.status = object.error();
        driver.error = file_name + ": no driver object: " + status_text(driver.status);
        remove_image(driver);
        return false;
    }
    driver.object = *object;
    driver.status = io::start_driver(driver.object);
    if (!NT_SUCCESS(driver.status)) {
        driver.error = file_name + ": DriverEntry failed with " + status_text(driver.status);
        if (driver.status == STATUS_OBJECT_NAME_COLLISION && drivers_.front().spec.inbox)
            driver.error += "; if it is to take the place of the machine's own null.sys: --driver " +
                            shell_word(path + ":Null");
        driver.object = nullptr;
        remove_image(driver);
        return false;
    }
    ldr::release_discardable(*driver.module, memory);
    return true;
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
    io::set_driver_gone_hook([](PVOID section) { gone_images.insert(section); });
    write_parameters();
    error_ = order_drivers(drivers_);
    if (!error_.empty()) return false;
    for (LoadedDriver& driver : drivers_)
        if (!load_driver(driver)) {
            error_ = driver.error;
            return false;
        }
    io::run_reinitialization();
    return true;
}

// The image goes, because the driver was unloaded or never came up. False: it left something behind.
bool Machine::remove_image(LoadedDriver& driver) {
    const std::string& name = driver.spec.name;
    ldr::Module& module = *driver.module;
    bool clean = report_left(driver);
    if (const ULONG_PTR routine = ex::work_in(module.base, module.size)) {
        report("WorkItemLeft", name + ": unloaded while a work item with the routine " +
                                   modules_.describe(routine) + " is queued or runs");
        clean = false;
    }
    cancel_dpcs(module);
    ke::memory_freed(module.base, module.size);
    if (trace::on) trace::emit_module_unloaded(module.base, std::u16string_view(to_utf16(module.file_name)));
    drvlab_module_unloaded(driver.spec.path.c_str(), module.base);
    ldr::KernelImageMemory memory;
    ldr::unload_image(*modules_.remove(module), memory);
    driver.module = nullptr;
    return clean;
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
    bool clean = true;
    for (auto it = drivers_.rbegin(); it != drivers_.rend(); ++it)
        if (it->object && !it->spec.inbox && !unload_driver(*it)) clean = false;
    return clean;
}

} // namespace app
