// \Device\ConDrv: the console driver inside the kernel. A program's standard handles are files on it; their
// bytes go unchanged to and from the host's standard input, output and error.
//
// Names below the device: \Console, \Connect, \Input, \Output, \CurrentIn, \CurrentOut, \ErrorOut (ours), and
// "" (the device itself). Whether a handle looks like a terminal, a file or a pipe follows the host
// descriptor (GetFileType through FileFsDeviceInformation).
#pragma once
#include "abi/types.h"
#include "base/result.h"
#include <cstddef>
#include <cstdint>

namespace nt::io {

enum class HostKind : std::uint8_t { terminal, file, pipe, null };

class ConsoleHost {
  public:
    // fd 0, 1, 2. Bytes written, or -1 when the host refuses (then STATUS_PIPE_BROKEN).
    virtual std::int64_t write(int fd, const void* data, std::size_t n) = 0;
    // Waits for input; 0 at its end, -1 on an error.
    virtual std::int64_t read(int fd, void* data, std::size_t n) = 0;
    virtual HostKind kind(int fd) = 0;

  protected:
    ~ConsoleHost() = default;
};

// Creates \Driver\condrv and \Device\ConDrv. After io::initialize() and set_addresses().
NTSTATUS initialize_console(ConsoleHost* host);

} // namespace nt::io
