// Ports: pages nf-wudfddi_hwaccess-… and "READ_PORT_UCHAR" of the wdm reference.
#include "hardware/bus.h"
#include "kernel/exports/gate.h"

using namespace nt;

namespace {

ULONG_PTR caller() { return static_cast<const seh::EntryRecord*>(seh::innermost())->rip; }

template <class T> T read(const T* port) {
    return static_cast<T>(
        hardware::ports().read(static_cast<USHORT>(reinterpret_cast<ULONG_PTR>(port)), sizeof(T), caller()));
}
template <class T> void write(T* port, T value) {
    hardware::ports().write(static_cast<USHORT>(reinterpret_cast<ULONG_PTR>(port)), sizeof(T), value,
                            caller());
}

} // namespace

// The buffer functions use one port over and over.
#define PORT_GATES(T)                                                                                        \
    extern "C" T READ_PORT_##T(T* port) { return read(port); }                                               \
    GATE(READ_PORT_##T);                                                                                     \
    extern "C" void WRITE_PORT_##T(T* port, T value) { write(port, value); }                                 \
    GATE(WRITE_PORT_##T);                                                                                    \
    extern "C" void READ_PORT_BUFFER_##T(T* port, T* buffer, ULONG count) {                                  \
        for (ULONG i = 0; i < count; i++)                                                                    \
            buffer[i] = read(port);                                                                          \
    }                                                                                                        \
    GATE(READ_PORT_BUFFER_##T);                                                                              \
    extern "C" void WRITE_PORT_BUFFER_##T(T* port, const T* buffer, ULONG count) {                           \
        for (ULONG i = 0; i < count; i++)                                                                    \
            write(port, buffer[i]);                                                                          \
    }                                                                                                        \
    GATE(WRITE_PORT_BUFFER_##T)

PORT_GATES(UCHAR);
PORT_GATES(USHORT);
PORT_GATES(ULONG);

// Devices see each write at once: nothing is buffered.
extern "C" void KeFlushWriteBuffer() {}
GATE(KeFlushWriteBuffer);
