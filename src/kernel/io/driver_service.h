// Loading and unloading drivers by service: NtLoadDriver, NtUnloadDriver.
//
// A service is a key below \Registry\Machine\System\CurrentControlSet\Services; its values say which image is
// loaded and under which name the driver object stands. Loading and unloading happen in a system thread, one
// at a time: a program's (or another process's) call waits for a thread of the System process that does it,
// and a call that comes from that process, as from a DriverEntry, does it itself.
//
// wdm pages nf-wdm-zwloaddriver, nf-wdm-zwunloaddriver; install page
// hklm-system-currentcontrolset-services-registry-tree.
#pragma once
#include "kernel/io/driver.h"
#include "kernel/io/driver_file.h"
#include <string>

namespace nt::io {

struct DriverService {
    std::u16string key;  // \Registry\Machine\System\CurrentControlSet\Services\NAME
    std::u16string name; // as the key is written
    ULONG type = 0;      // SERVICE_KERNEL_DRIVER, SERVICE_FILE_SYSTEM_DRIVER …
    std::u16string image_path;
    std::u16string directory; // of the driver object: \Driver, \FileSystem or what ObjectName says
    std::u16string object;    // its last part
};
inline constexpr ULONG service_kernel_driver = 1, service_file_system_driver = 2,
                       service_recognizer_driver = 8;
inline constexpr std::u16string_view services_key =
    u"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\";

// STATUS_INVALID_PARAMETER (no such path), STATUS_OBJECT_NAME_NOT_FOUND (no such key),
// STATUS_ILL_FORMED_SERVICE_ENTRY (no Type, or none of a driver).
Result<DriverService> read_driver_service(std::u16string_view key);

// The image loader, which app plugs in. All calls but gone() come at PASSIVE_LEVEL in a system thread.
class DriverImages {
  public:
    // Maps the file for the service. STATUS_IMAGE_ALREADY_LOADED, STATUS_INVALID_IMAGE_FORMAT,
    // STATUS_DRIVER_ENTRYPOINT_NOT_FOUND …
    virtual Result<ImageFacts> load(const DriverService& service, const DriverFile& file) = 0;
    // DriverEntry has succeeded: discardable sections go.
    virtual void started(PVOID section, DRIVER_OBJECT* driver) = 0;
    // No driver object came of it, or DriverEntry failed: the image goes.
    virtual void failed(PVOID section, NTSTATUS status, bool entered) = 0;
    // DriverUnload has returned and the driver object has lost its name; `devices` of its are left. The image
    // goes once the object has.
    virtual void unloaded(PVOID section, ULONG devices) = 0;

  protected:
    ~DriverImages() = default;
};
void set_driver_images(DriverImages* images);

// Loads the file as the driver of the service. The status is DriverEntry's if that fails.
NTSTATUS load_driver(const DriverService& service, const DriverFile& file);

// NtLoadDriver.
NTSTATUS load_driver_service(std::u16string_view key);
// NtUnloadDriver. STATUS_SUCCESS also when the unload waits for the last reference to the driver's devices.
// STATUS_OBJECT_NAME_NOT_FOUND: not loaded. STATUS_INVALID_DEVICE_REQUEST: no DriverUnload, or a PnP driver.
// STATUS_DELETE_PENDING: it waits already.
NTSTATUS unload_driver_service(std::u16string_view key);

enum class DriverState { absent, running, stopping };
DriverState driver_state(const DriverService& service);

} // namespace nt::io
