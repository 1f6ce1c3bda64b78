// Registers in memory space: wdm pages nf-wdm-read_register_uchar and their kin. A register that is ordinary
// memory after all is read and written as that.
#include "hardware/bus.h"
#include "kernel/exports/gate.h"
#include "kernel/mm/kernel_memory.h"
#include "kernel/mm/mapping_window.h"

using namespace nt;

namespace {

ULONG_PTR caller() { return static_cast<const seh::EntryRecord*>(seh::innermost())->rip; }

template <class T> T read(const volatile T* at) {
    std::uint64_t physical;
    if (!mm::device_page(reinterpret_cast<ULONG_PTR>(at), false, physical)) return *at;
    return static_cast<T>(hardware::device_memory().read(physical, sizeof(T), caller()));
}

template <class T> void write(volatile T* at, T value) {
    std::uint64_t physical;
    if (!mm::device_page(reinterpret_cast<ULONG_PTR>(at), true, physical))
        *at = value;
    else
        hardware::device_memory().write(physical, sizeof(T), value, caller());
}

} // namespace

// The buffer functions use successive registers, unlike those of ports.
#define REGISTER_GATES(NAME, T)                                                                              \
    extern "C" T READ_REGISTER_##NAME(const volatile T* at) { return read(at); }                             \
    GATE(READ_REGISTER_##NAME);                                                                              \
    extern "C" void WRITE_REGISTER_##NAME(volatile T* at, T value) { write(at, value); }                     \
    GATE(WRITE_REGISTER_##NAME);                                                                             \
    extern "C" void READ_REGISTER_BUFFER_##NAME(const volatile T* at, T* buffer, ULONG count) {              \
        for (ULONG i = 0; i < count; i++)                                                                    \
            buffer[i] = read(at + i);                                                                        \
    }                                                                                                        \
    GATE(READ_REGISTER_BUFFER_##NAME);                                                                       \
    extern "C" void WRITE_REGISTER_BUFFER_##NAME(volatile T* at, const T* buffer, ULONG count) {             \
        for (ULONG i = 0; i < count; i++)                                                                    \
            write(at + i, buffer[i]);                                                                        \
    }                                                                                                        \
    GATE(WRITE_REGISTER_BUFFER_##NAME)

REGISTER_GATES(UCHAR, UCHAR);
REGISTER_GATES(USHORT, USHORT);
REGISTER_GATES(ULONG, ULONG);
REGISTER_GATES(ULONG64, ULONG64);
