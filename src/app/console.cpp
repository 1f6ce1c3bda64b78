#include "app/console.h"
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace app {

namespace {

// A program hears of a pipe that nobody reads by its error: it has no SIGPIPE to die of.
class NoSignal {
  public:
    NoSignal() : before_(std::signal(SIGPIPE, SIG_IGN)) {}
    ~NoSignal() { std::signal(SIGPIPE, before_); }
    NoSignal(const NoSignal&) = delete;
    NoSignal& operator=(const NoSignal&) = delete;

  private:
    void (*before_)(int);
};

std::int64_t reason(int error) {
    switch (error) {
    case EPIPE:
    case ECONNRESET:
        return nt::io::host_no_reader;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return nt::io::host_full;
    case EBADF:
        return nt::io::host_not_open;
    default:
        return nt::io::host_failed;
    }
}

class Console final : public nt::io::ConsoleHost {
  public:
    std::int64_t write(int fd, const void* data, std::size_t n) override {
        const NoSignal no_signal;
        std::size_t done = 0;
        while (done < n) {
            const ssize_t k = ::write(fd, static_cast<const char*>(data) + done, n - done);
            if (k < 0 && errno == EINTR) continue;
            if (k <= 0) return reason(errno);
            done += static_cast<std::size_t>(k);
        }
        return static_cast<std::int64_t>(done);
    }
    std::int64_t read(int fd, void* data, std::size_t n) override {
        for (;;) {
            const ssize_t k = ::read(fd, data, n);
            if (k < 0 && errno == EINTR) continue;
            return k < 0 ? reason(errno) : k;
        }
    }
    nt::io::HostKind kind(int fd) override {
        struct stat info;
        if (isatty(fd)) return nt::io::HostKind::terminal;
        if (fstat(fd, &info) != 0) return nt::io::HostKind::null;
        if (S_ISREG(info.st_mode)) {
            begin(fd, info.st_size);
            return nt::io::HostKind::file;
        }
        if (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode)) return nt::io::HostKind::pipe;
        return nt::io::HostKind::null;
    }
    std::int64_t size(int fd) override {
        struct stat info;
        return fstat(fd, &info) == 0 && S_ISREG(info.st_mode) ? info.st_size - start_[fd] : -1;
    }
    bool seek(int fd, std::int64_t at) override {
        return at >= 0 && lseek(fd, start_[fd] + at, SEEK_SET) == start_[fd] + at;
    }

  private:
    void begin(int fd, std::int64_t size) {
        if (begun_[fd]) return;
        begun_[fd] = true;
        start_[fd] = fcntl(fd, F_GETFL) & O_APPEND ? size : lseek(fd, 0, SEEK_CUR);
    }

    bool begun_[3]{};
    std::int64_t start_[3]{};
} console;

} // namespace

nt::io::ConsoleHost* console_host() { return &console; }

// Nothing that is written there goes unnoticed: 1 is opened for reading only.
void occupy_standard_descriptors() {
    for (const int fd : {0, 1, 2})
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 2 ? O_WRONLY : O_RDONLY) < 0) return;
}

} // namespace app
