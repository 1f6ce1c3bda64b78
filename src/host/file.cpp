#include "host/file.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace host {
namespace {

std::unexpected<std::string> failure(const char* what, const std::string& path, int error) {
    return std::unexpected("cannot " + std::string(what) + " '" + path + "': " + std::strerror(error));
}

bool write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        ssize_t n = ::write(fd, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            if (n == 0) errno = ENOSPC;
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

} // namespace

std::expected<std::vector<std::uint8_t>, std::string> read_file(const std::string& path) {
    int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); // a fifo must not hold us up
    if (fd < 0) return failure("read", path, errno);
    struct stat info;
    std::vector<std::uint8_t> bytes;
    if (fstat(fd, &info) == 0) {
        if (S_ISDIR(info.st_mode)) {
            ::close(fd);
            return failure("read", path, EISDIR);
        }
        if (!S_ISREG(info.st_mode)) {
            ::close(fd);
            return std::unexpected("cannot read '" + path + "': not a regular file");
        }
        bytes.reserve(static_cast<std::size_t>(info.st_size));
    }
    std::uint8_t chunk[65536];
    for (;;) {
        ssize_t n = ::read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            int error = errno;
            ::close(fd);
            return failure("read", path, error);
        }
        if (n == 0) break;
        bytes.insert(bytes.end(), chunk, chunk + n);
    }
    ::close(fd);
    return bytes;
}

std::vector<std::string> list_directory(const std::string& path) {
    std::vector<std::string> names;
    DIR* directory = opendir(path.c_str());
    if (!directory) return names;
    while (const dirent* entry = readdir(directory))
        if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    closedir(directory);
    std::sort(names.begin(), names.end());
    return names;
}

std::expected<void, std::string> write_file(const std::string& path, std::string_view contents) {
    auto file = OutputFile::open(path);
    if (!file) return std::unexpected(file.error());
    file->write(contents);
    return file->finish();
}

std::expected<OutputFile, std::string> OutputFile::open(const std::string& path) {
    if (path == "-") return OutputFile(path, dup(STDOUT_FILENO));
    int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) return failure("write", path, errno);
    return OutputFile(path, fd);
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), error_(other.error_),
      buffer_(std::move(other.buffer_)) {}

OutputFile::~OutputFile() {
    if (fd_ >= 0) (void)finish();
}

void OutputFile::write(std::string_view bytes) {
    buffer_ += bytes;
    if (buffer_.size() >= 1 << 16) flush();
}

bool OutputFile::flush() {
    if (error_ == 0 && !write_all(fd_, buffer_)) error_ = errno;
    buffer_.clear();
    return error_ == 0;
}

std::expected<void, std::string> OutputFile::finish() {
    flush();
    if (fd_ >= 0 && ::close(std::exchange(fd_, -1)) != 0 && error_ == 0) error_ = errno;
    if (error_) return failure("write", path_, error_);
    return {};
}

} // namespace host
