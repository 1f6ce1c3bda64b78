// \Device\ConDrv: the console driver inside the kernel. A program's standard handles are files on it; their
// bytes go unchanged to and from the host's standard input, output and error.
//
// Names below the device: \Console, \Connect, \Input, \Output, \Error, \CurrentIn, \CurrentOut and none at
// all (the device itself). Whether a handle looks like a terminal, a file, a pipe or NUL (GetFileType, by
// FileFsDeviceInformation) follows the host descriptor: the same driver has a device of each type, and
// standard_path() says which one a standard handle has to be opened on.
//
// Several programs, and output and errors of one, can share a file of the host and its position. So a file is
// read and written where the host stands, unless the program has moved its own position meanwhile.
#pragma once
#include "abi/irp.h"
#include "base/result.h"
#include <cstddef>
#include <cstdint>

namespace nt::io {

enum class HostKind : std::uint8_t { terminal, file, pipe, null };

// Why the host refuses, instead of a number of bytes.
enum : std::int64_t { host_failed = -1, host_no_reader = -2, host_full = -3, host_not_open = -4 };

class ConsoleHost {
  public:
    // fd 0, 1, 2. Bytes written, or why not.
    virtual std::int64_t write(int fd, const void* data, std::size_t n) = 0;
    // Waits for input; 0 at its end. The whole machine waits: virtual time stands still.
    virtual std::int64_t read(int fd, void* data, std::size_t n) = 0;
    virtual HostKind kind(int fd) = 0;
    // Of a file, counted from where it stood when the machine began. size: -1 of anything else.
    virtual std::int64_t size(int fd) = 0;
    virtual bool seek(int fd, std::int64_t at) = 0;

  protected:
    ~ConsoleHost() = default;
};

// Creates \Driver\condrv and its devices. After io::initialize() and set_addresses().
NTSTATUS initialize_console(ConsoleHost* host);
// The name to open (desired: GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE, FILE_SYNCHRONOUS_IO_NONALERT) for
// standard handle 0, 1 or 2.
const char16_t* standard_path(int fd);

// All dispatch entries of the driver: nt!CdpDispatch.
NTSTATUS console_dispatch(DEVICE_OBJECT* device, IRP* irp);

} // namespace nt::io
