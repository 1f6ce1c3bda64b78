#include "kernel/io/driver_service.h"
#include "abi/status.h"
#include "host/fiber.h"
#include "kernel/cm/registry.h"
#include "kernel/io/detail/driver_body.h"
#include "kernel/io/detail/life.h"
#include "kernel/io/detail/system_thread.h"
#include "kernel/io/device.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/thread.h"
#include "kernel/ke/wait.h"
#include "kernel/ob/namespace.h"
#include "kernel/pool/pool.h"
#include "rtl/strings.h"
#include "trace/trace.h"
#include <cstring>

namespace nt::io {

namespace {

DriverImages* images;

// One load or unload at a time; a DriverEntry that loads another driver is part of its own. It is held while
// drivers run, whose exceptions may leave our frames behind: then it goes with them.
class LoadLock {
  public:
    LoadLock() : outer_(innermost_) {
        if (!outer_ || owner_ != &ke::current_thread()) {
            while (innermost_)
                ke::wait_for_single_object(free_, Executive, KernelMode, false, nullptr);
            owner_ = &ke::current_thread();
            outer_ = nullptr;
        }
        innermost_ = this;
    }
    ~LoadLock() { leave(); }
    LoadLock(const LoadLock&) = delete;
    LoadLock& operator=(const LoadLock&) = delete;
    static void make() {
        if (free_) return;
        free_ = static_cast<KEVENT*>(
            pool::allocate(pool::Kind::nonpaged, sizeof(KEVENT), pool::tag("IoLd"), 0, true));
        ke::initialize_event(*free_, SynchronizationEvent, false);
        host::Fiber::frames_abandoned = [](std::uint64_t high) {
            while (innermost_ && owner_ == &ke::current_thread() &&
                   reinterpret_cast<std::uint64_t>(innermost_) < high)
                innermost_->leave();
        };
    }

  private:
    void leave() {
        innermost_ = outer_;
        if (innermost_) return;
        owner_ = nullptr;
        ke::set_event(*free_, IO_NO_INCREMENT, false);
    }

    LoadLock* outer_; // of the same thread
    static inline KEVENT* free_;
    static inline const ke::Thread* owner_;
    static inline LoadLock* innermost_;
};

std::u16string text_of(const cm::Value* value) {
    if (!value || (value->type != REG_SZ && value->type != REG_EXPAND_SZ)) return {};
    std::u16string text(value->data.size() / sizeof(WCHAR), u'\0');
    std::memcpy(text.data(), value->data.data(), text.size() * sizeof(WCHAR));
    return text.substr(0, text.find(u'\0'));
}

bool number_of(const cm::Value* value, ULONG& number) {
    if (!value || value->type != REG_DWORD || value->data.size() != sizeof number) return false;
    std::memcpy(&number, value->data.data(), sizeof number);
    return true;
}

// Referenced.
Result<DRIVER_OBJECT*> find_driver(const DriverService& service) {
    const std::u16string path = service.directory + u"\\" + service.object;
    UNICODE_STRING name;
    rtl::init(name, path.c_str());
    PVOID found;
    if (const NTSTATUS status =
            ob::reference_by_name(name, OBJ_CASE_INSENSITIVE, driver_type, KernelMode, nullptr, &found);
        !NT_SUCCESS(status))
        return fail(status);
    return static_cast<DRIVER_OBJECT*>(found);
}

NTSTATUS load_whole(std::u16string_view key) {
    LoadLock lock;
    const DriverService service = TRY_STATUS(read_driver_service(key));
    const DriverFile file = TRY_STATUS(find_driver_file(service.image_path, service.name));
    const NTSTATUS status = load_driver(service, file);
    // "called after its DriverEntry routine returns control"; together with it here, as it came alone.
    if (NT_SUCCESS(status)) run_reinitialization();
    return status;
}

NTSTATUS unload_whole(std::u16string_view key) {
    LoadLock lock;
    const DriverService service = TRY_STATUS(read_driver_service(key));
    DRIVER_OBJECT* driver = TRY_STATUS(find_driver(service));
    ob::dereference(driver); // its name keeps it until DriverUnload has returned; then nobody here may
    if (driver->DriverExtension->AddDevice || !driver->DriverUnload)
        return STATUS_INVALID_DEVICE_REQUEST; // a PnP driver; one that stays
    detail::body_of_driver(driver).by_service = true;
    return unload_driver(driver, nullptr);
}

} // namespace

void set_driver_images(DriverImages* loader) {
    images = loader;
    LoadLock::make();
}

void detail::driver_unloaded(PVOID section, ULONG devices) {
    if (images) images->unloaded(section, devices);
}

Result<DriverService> read_driver_service(std::u16string_view key) {
    DriverService service;
    // What CurrentControlSet is a link to has the same keys.
    std::u16string_view name;
    for (const std::u16string_view parent :
         {services_key, std::u16string_view(u"\\Registry\\Machine\\System\\ControlSet001\\Services\\")})
        if (key.size() > parent.size() &&
            rtl::compare(key.data(), parent.size(), parent.data(), parent.size(), true) == 0)
            name = key.substr(parent.size());
    if (name.empty())
        return fail(key.starts_with(u'\\') ? STATUS_INVALID_PARAMETER : STATUS_OBJECT_PATH_SYNTAX_BAD);
    if (name.find(u'\\') != name.npos) return fail(STATUS_INVALID_PARAMETER);
    const cm::Node* node = cm::find_key(key);
    if (!node) return fail(STATUS_OBJECT_NAME_NOT_FOUND);
    service.name = node->name;
    service.key = std::u16string(services_key) + service.name;
    if (!number_of(cm::value_at(key, u"Type"), service.type)) return fail(STATUS_ILL_FORMED_SERVICE_ENTRY);
    const bool file_system =
        service.type == service_file_system_driver || service.type == service_recognizer_driver;
    if (!file_system && service.type != service_kernel_driver)
        return fail(STATUS_ILL_FORMED_SERVICE_ENTRY); // assumed: of a program's service as well
    service.image_path = text_of(cm::value_at(key, u"ImagePath"));
    const std::u16string object = text_of(cm::value_at(key, u"ObjectName"));
    const auto split = object.rfind(u'\\');
    if (object.empty() || split == object.npos || split + 1 == object.size()) {
        if (!object.empty()) return fail(STATUS_OBJECT_NAME_INVALID);
        service.directory = file_system ? u"\\FileSystem" : u"\\Driver";
        service.object = service.name;
    } else {
        service.directory = object.substr(0, split);
        service.object = object.substr(split + 1);
    }
    constexpr std::size_t longest = 0x7ffe; // characters of a UNICODE_STRING
    if (service.directory.size() + 1 + service.object.size() > longest)
        return fail(STATUS_OBJECT_NAME_INVALID);
    return service;
}

NTSTATUS load_driver(const DriverService& service, const DriverFile& file) {
    NewDriver what;
    what.name = service.object;
    what.service = service.name;
    what.directory = service.directory;
    what.service_key = service.key;
    what.image = TRY_STATUS(images->load(service, file));
    const PVOID section = what.image.section;
    const Result<DRIVER_OBJECT*> driver = create_driver(what);
    if (!driver) {
        images->failed(section, driver.error(), false);
        return driver.error();
    }
    const NTSTATUS status = start_driver(*driver);
    if (NT_SUCCESS(status))
        images->started(section, *driver);
    else
        images->failed(section, status, true);
    return status;
}

NTSTATUS load_driver_service(std::u16string_view key) {
    if (trace::on) [[unlikely]]
        trace::emit_service_load(trace::Str16(key));
    NTSTATUS result = STATUS_SUCCESS;
    const NTSTATUS status = detail::in_system([&] { result = load_whole(key); });
    if (NT_SUCCESS(status) && trace::on) [[unlikely]]
        trace::emit_service_loaded(trace::Str16(key), result);
    return NT_SUCCESS(status) ? result : status;
}

NTSTATUS unload_driver_service(std::u16string_view key) {
    if (trace::on) [[unlikely]]
        trace::emit_service_unload(trace::Str16(key));
    NTSTATUS result = STATUS_SUCCESS;
    const NTSTATUS status = detail::in_system([&] { result = unload_whole(key); });
    if (!NT_SUCCESS(status)) return status;
    if (trace::on) [[unlikely]]
        trace::emit_service_unloaded(trace::Str16(key), result);
    return result == STATUS_PENDING ? STATUS_SUCCESS : result;
}

DriverState driver_state(const DriverService& service) {
    const Result<DRIVER_OBJECT*> driver = find_driver(service);
    if (!driver) return DriverState::absent;
    bool stopping = (*driver)->Flags & DRVO_UNLOAD_INVOKED;
    DeviceWalk walk("NextDevice");
    for (const DEVICE_OBJECT* device = (*driver)->DeviceObject; device; device = walk.to(device->NextDevice))
        stopping |= (extension_of(device)->ExtensionFlags & DOE_UNLOAD_PENDING) != 0;
    ob::dereference(*driver);
    return stopping ? DriverState::stopping : DriverState::running;
}

} // namespace nt::io
