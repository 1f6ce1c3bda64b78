#include "host/ram.h"
#include "host/signals.h"
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace host::ram {
namespace {

int file = -1;
int error = 0;

int host_rights(Protection p) {
    int bits = static_cast<int>(p);
    return (bits & 1 ? PROT_READ : 0) | (bits & 2 ? PROT_WRITE : 0) | (bits & 4 ? PROT_EXEC : 0);
}

} // namespace

void create(std::uint64_t size) {
    if (file >= 0) return;
    file = memfd_create("drvlab-ram", MFD_CLOEXEC);
    if (file < 0) fatal("memfd_create: %s", std::strerror(errno));
    if (ftruncate(file, static_cast<off_t>(size)) != 0)
        fatal("cannot make %llu bytes of RAM: %s", static_cast<unsigned long long>(size),
              std::strerror(errno));
    created_size = size;
    if (!map(places::ram, 0, size, Protection::read_write))
        fatal("the host refuses the direct map at %#llx: %s", static_cast<unsigned long long>(places::ram),
              std::strerror(error));
}

bool map(std::uint64_t address, std::uint64_t physical, std::uint64_t length, Protection protection,
         bool replace) {
    void* wished = reinterpret_cast<void*>(address);
    int flags = MAP_SHARED | MAP_NORESERVE | (replace ? MAP_FIXED : MAP_FIXED_NOREPLACE);
    void* got = mmap(wished, length, host_rights(protection), flags, file, static_cast<off_t>(physical));
    if (got == wished) [[likely]]
        return true;
    error = errno;
    if (got != MAP_FAILED) { // a kernel that does not know MAP_FIXED_NOREPLACE took it as a hint
        munmap(got, length);
        error = EEXIST;
    }
    return false;
}

void unmap(std::uint64_t address, std::uint64_t length) { munmap(reinterpret_cast<void*>(address), length); }

bool protect(std::uint64_t address, std::uint64_t length, Protection protection) {
    if (mprotect(reinterpret_cast<void*>(address), length, host_rights(protection)) == 0) return true;
    error = errno;
    return false;
}

void discard(std::uint64_t physical, std::uint64_t length) {
    if (fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(physical),
                  static_cast<off_t>(length)) != 0)
        std::memset(direct(physical), 0, length); // as good, only dearer
}

int last_error() { return error; }

std::uint64_t resident_bytes() {
    struct stat info;
    return fstat(file, &info) == 0 ? static_cast<std::uint64_t>(info.st_blocks) * 512 : 0;
}

} // namespace host::ram
