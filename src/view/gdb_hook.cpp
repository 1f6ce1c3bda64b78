#include "view/gdb_hook.h"

// The empty assembly keeps the call and its arguments in every build.
extern "C" {
[[gnu::noinline]] void drvlab_module_loaded(const char* host_path, std::uint64_t base) {
    asm volatile("" : : "r"(host_path), "r"(base) : "memory");
}
[[gnu::noinline]] void drvlab_module_unloaded(const char* host_path, std::uint64_t base) {
    asm volatile("" : : "r"(host_path), "r"(base) : "memory");
}
}
