#include "app/console.h"
#include <cerrno>
#include <sys/stat.h>
#include <unistd.h>

namespace app {

namespace {

class Console final : public nt::io::ConsoleHost {
  public:
    std::int64_t write(int fd, const void* data, std::size_t n) override {
        std::size_t done = 0;
        while (done < n) {
            const ssize_t k = ::write(fd, static_cast<const char*>(data) + done, n - done);
            if (k < 0 && errno == EINTR) continue;
            if (k <= 0) return -1;
            done += static_cast<std::size_t>(k);
        }
        return static_cast<std::int64_t>(done);
    }
    std::int64_t read(int fd, void* data, std::size_t n) override {
        for (;;) {
            const ssize_t k = ::read(fd, data, n);
            if (k < 0 && errno == EINTR) continue;
            return k;
        }
    }
    nt::io::HostKind kind(int fd) override {
        struct stat info;
        if (isatty(fd)) return nt::io::HostKind::terminal;
        if (fstat(fd, &info) != 0) return nt::io::HostKind::null;
        if (S_ISREG(info.st_mode)) return nt::io::HostKind::file;
        if (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode)) return nt::io::HostKind::pipe;
        return nt::io::HostKind::null;
    }
} console;

} // namespace

nt::io::ConsoleHost* console_host() { return &console; }

} // namespace app
