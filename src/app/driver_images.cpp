#include "app/driver_images.h"
#include "abi/status.h"
#include "app/kernel_images.h"
#include "app/machine.h"
#include "app/text.h"
#include "host/file.h"
#include "kernel/ex/work.h"
#include "kernel/io/driver_service.h"
#include "kernel/ke/dpc.h"
#include "kernel/ke/processor.h"
#include "kernel/ke/wait.h"
#include "kernel/ke/watched_memory.h"
#include "kernel/ldr/mm_memory.h"
#include "kernel/ps/image_notify.h"
#include "kernel/ps/thread.h"
#include "trace/trace.h"
#include "view/gdb_hook.h"
#include <filesystem>
#include <set>
#include <strings.h>
#include <utility>

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

// However its folder is written. A link is a file of its own.
bool is_same_file(const std::string& a, const std::string& b) {
    const auto whole = [](const std::string& path) {
        return std::filesystem::absolute(path).lexically_normal();
    };
    return a == b || whole(a) == whole(b);
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

// Names for the addresses that rows about this image hold.
void trace_symbols(const ldr::Module& module) {
    if (!trace::on) return;
    for (const ldr::Symbol& symbol : module.symbols())
        if (symbol.function) trace::emit_symbol(symbol.address, std::string_view(symbol.name));
}

// `path`: what guests see of the file's place.
NTSTATUS Machine::map_driver(LoadedDriver& driver, const std::string& path) {
    driver.load_number = ++loads_;
    const std::string& host_path = driver.spec.path;
    const std::string file_name = file_name_of(host_path);
    auto bytes = host::read_file(host_path);
    if (!bytes) {
        driver.error = bytes.error();
        return STATUS_ACCESS_DENIED;
    }
    const std::uint64_t hash = fnv1a(*bytes);
    auto file = ldr::ImageFile::parse(std::move(*bytes), ldr::Use::driver);
    if (!file) {
        driver.error = file_name + ": " + file.error().to_string();
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    DriverResolver resolver(modules_, config_.allow_missing);
    ldr::KernelImageMemory memory;
    ldr::LoadOptions options;
    options.file_name = file_name;
    options.name = file_name.substr(0, file_name.rfind('.'));
    options.path = path;
    options.host_path = host_path;
    options.hvci = config_.hvci;
    options.seed = config_.seed;
    options.guard_check = kernel_symbol("_guard_check_icall");
    options.guard_dispatch = kernel_symbol("_guard_dispatch_icall");
    auto loaded =
        ldr::load_image(std::make_shared<const ldr::ImageFile>(std::move(*file)), memory, &resolver, options);
    if (!loaded) {
        driver.error = file_name + ": " + describe(loaded.error());
        return loaded.error().status;
    }
    for (const auto& warning : loaded->warnings)
        note(file_name + ": " + warning);
    for (const auto& import : loaded->stubbed)
        note(file_name + ": missing import " + import.dll + "!" + import.symbol +
             " stops the machine when called");
    driver.module = &modules_.add(std::move(loaded->module));
    if (trace::on)
        trace::emit_module_loaded(driver.module->base, driver.module->size, 0, hash,
                                  std::u16string_view(to_utf16(file_name)));
    trace_symbols(*driver.module);
    drvlab_module_loaded(host_path.c_str(), driver.module->base);
    ps::notify_driver_image(*driver.module);
    return STATUS_SUCCESS;
}

// What drivers loaded by service are made of: the machine's list of drivers keeps an entry for each.
class ServiceImages final : public io::DriverImages {
  public:
    Result<io::ImageFacts> load(const io::DriverService& service, const io::DriverFile& file) override {
        Machine& machine = Machine::current();
        LoadedDriver* driver = std::exchange(machine.loading_, nullptr);
        if (!driver) {
            for (const LoadedDriver& other : machine.drivers_)
                if (other.module && is_same_file(other.spec.path, file.host_path))
                    return fail(STATUS_IMAGE_ALREADY_LOADED);
            driver = &entry_for(machine, to_utf8(service.name));
            driver->spec.path = file.host_path;
        }
        driver->error.clear();
        driver->leaving = driver->left = false;
        if (const NTSTATUS status = machine.map_driver(*driver, to_utf8(file.path)); !NT_SUCCESS(status)) {
            driver->status = status;
            return fail(status);
        }
        const ldr::Module& module = *driver->module;
        return io::ImageFacts{reinterpret_cast<PVOID>(module.base), module.size,
                              reinterpret_cast<PVOID>(module.list_entry),
                              reinterpret_cast<PDRIVER_INITIALIZE>(module.entry), true};
    }
    void started(PVOID section, DRIVER_OBJECT* object) override {
        LoadedDriver& driver = *Machine::current().driver_of(section);
        driver.object = object;
        driver.status = STATUS_SUCCESS;
        ldr::KernelImageMemory memory;
        ldr::release_discardable(*driver.module, memory);
    }
    void failed(PVOID section, NTSTATUS status, bool entered) override {
        LoadedDriver& driver = *Machine::current().driver_of(section);
        driver.status = status;
        driver.error = file_name_of(driver.spec.path) +
                       (entered ? ": DriverEntry failed with " : ": no driver object: ") +
                       status_text(status);
        driver.object = nullptr;
        gone_images.erase(section);
        Machine::current().remove_image(driver);
    }
    void unloaded(PVOID section, ULONG devices) override {
        LoadedDriver* driver = Machine::current().driver_of(section);
        if (!driver) return;
        driver->object = nullptr;
        if (gone_images.erase(section)) {
            Machine::current().remove_image(*driver);
            return;
        }
        driver->leaving = true;
        driver->left = devices && !Machine::current().report_left(*driver);
    }
    // The object of a driver that was unloaded by service has ended, long after DriverUnload: its own code
    // may still be on somebody's stack, so another thread takes the image away.
    static void gone(PVOID section) {
        LoadedDriver* driver = Machine::current().driver_of(section);
        if (!driver || !driver->leaving) {
            gone_images.insert(section);
            return;
        }
        const auto thread = ps::create_kernel_thread(
            [](PVOID argument) {
                auto& leaver = *static_cast<LoadedDriver*>(argument);
                leaver.leaving = false;
                Machine::current().remove_image(leaver);
            },
            driver);
        if (thread) ob::dereference(*thread);
    }

  private:
    static LoadedDriver& entry_for(Machine& machine, const std::string& name) {
        for (LoadedDriver& driver : machine.drivers_)
            if (!driver.module && driver.spec.name == name) return driver;
        LoadedDriver& driver = machine.drivers_.emplace_back();
        driver.spec.name = name;
        return driver;
    }
};

void plug_driver_images() {
    static ServiceImages images;
    io::set_driver_images(&images);
    io::set_driver_gone_hook(ServiceImages::gone);
}

LoadedDriver* Machine::driver_of(const void* section) {
    for (LoadedDriver& driver : drivers_)
        if (driver.module && driver.module->list_entry == reinterpret_cast<std::uint64_t>(section))
            return &driver;
    return nullptr;
}

// The image goes, because the driver was unloaded or never came up. False: it left something behind.
bool Machine::remove_image(LoadedDriver& driver) {
    const std::string& name = driver.spec.name;
    ldr::Module& module = *driver.module;
    bool clean = report_left(driver);
    driver.kept = is_imported(driver);
    if (driver.kept) return clean;
    if (const ULONG_PTR routine = ex::work_in(module.base, module.size)) {
        report("WorkItemLeft", name + ": unloaded while a work item with the routine " +
                                   modules_.describe(routine) + " is queued or runs");
        clean = false;
    }
    cancel_dpcs(module);
    ke::memory_freed(module.base, module.size);
    ke::forget_reports(module.base, module.extent);
    if (trace::on) trace::emit_module_unloaded(module.base, std::u16string_view(to_utf16(module.file_name)));
    drvlab_module_unloaded(driver.spec.path.c_str(), module.base);
    ldr::KernelImageMemory memory;
    ldr::unload_image(*modules_.remove(module), memory);
    driver.module = nullptr;
    for (LoadedDriver& other : drivers_) // one that it imported from may go now
        if (other.kept && !is_imported(other)) {
            remove_image(other);
            break; // which looks at the others
        }
    return clean;
}

// Whether a loaded driver imports from its image.
bool Machine::is_imported(const LoadedDriver& driver) const {
    const std::string& name = driver.module->file_name;
    for (const LoadedDriver& other : drivers_) {
        if (!other.module || other.module == driver.module) continue;
        for (const std::string_view dll : other.module->file->import_dlls)
            if (dll.size() == name.size() && strncasecmp(dll.data(), name.c_str(), name.size()) == 0)
                return true;
    }
    return false;
}

} // namespace app
