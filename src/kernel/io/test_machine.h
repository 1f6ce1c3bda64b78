// Drivers inside unit tests: dispatch routines are functions of the test with the guest's convention, called
// through real crossings (a trampoline and a gate thunk of the test's own), so host code runs on the host
// stack and "driver" code on the kernel stack.
#pragma once
#include "abi/ioctl.h"
#include "abi/status.h"
#include "kernel/io/device.h"
#include "kernel/io/driver.h"
#include "kernel/io/file.h"
#include "kernel/io/irp.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/switch_point.h"
#include "kernel/ob/test_boot.h"
#include "kernel/ps/thread.h"
#include "kernel/se/access.h"
#include "kernel/seh/crossing.h"
#include <string>
#include <vector>

asm(R"(
    .pushsection .text
    .weak drvlab_test_gate
drvlab_test_gate:
    xorl %eax, %eax
    jmp nt_gate_entry
    .weak drvlab_test_trampoline
drvlab_test_trampoline:
    call *%rax
    jmp nt_call_out_return
    .popsection
)");

extern "C" nt::ULONG_PTR NTAPI drvlab_test_gate(void* work);
extern "C" void drvlab_test_trampoline();

namespace nt::test {

// Leaves "driver" code for the kernel, as calling an export does.
template <class Work> auto in_kernel(Work work) {
    using R = decltype(work());
    struct Call {
        Work& work;
        std::conditional_t<std::is_void_v<R>, int, R> result{};
    } call{work};
    struct Packet {
        void (*run)(void*);
        void* call;
    } packet{[](void* p) {
                 auto& c = *static_cast<Call*>(p);
                 if constexpr (std::is_void_v<R>)
                     c.work();
                 else
                     c.result = c.work();
             },
             &call};
    drvlab_test_gate(&packet);
    if constexpr (!std::is_void_v<R>) return call.result;
}

inline ULONG_PTR run_packet(const ULONG_PTR* args) {
    auto* packet = reinterpret_cast<void**>(args[0]);
    reinterpret_cast<void (*)(void*)>(packet[0])(packet[1]);
    return 0;
}

NTAPI inline NTSTATUS invalid_request(DEVICE_OBJECT*, IRP* irp) {
    irp->IoStatus.Status = STATUS_INVALID_DEVICE_REQUEST;
    irp->IoStatus.Information = 0;
    in_kernel([=] { io::complete_request(irp, 0, 0); });
    return STATUS_INVALID_DEVICE_REQUEST;
}

inline void boot_io() {
    static bool done;
    if (done) return;
    done = true;
    boot_base();
    static const seh::GateEntry gates[] = {{run_packet, 15, 0}};
    seh::nt_crossing_hooks.gates = gates;
    seh::nt_crossing_hooks.gate_slow = [](seh::EntryRecord& entry) {
        ke::switch_point();
        return run_packet(entry.args);
    };
    seh::nt_trampoline.call = reinterpret_cast<ULONG_PTR>(&drvlab_test_trampoline);
    seh::nt_trampoline.return_site = seh::nt_trampoline.call + 2;
    se::initialize();
    ASSERT_EQ(ps::initialize_threads(), STATUS_SUCCESS);
    ASSERT_EQ(io::initialize(), STATUS_SUCCESS);
    io::set_addresses({[](const char*) { return reinterpret_cast<ULONG_PTR>(&invalid_request); }});
    ob::create_type(
        {.name = u"Event", .tag = pool::tag("Even"), .valid_access = EVENT_ALL_ACCESS, .wait_offset = 0}, {});
}

// What a driver was asked, in order.
inline std::vector<std::string> journal;
inline void note(std::string entry) {
    in_kernel([&] { journal.push_back(std::move(entry)); });
}

inline DRIVER_OBJECT* make_driver(std::u16string_view name, PDRIVER_DISPATCH dispatch) {
    io::NewDriver what;
    what.name = name;
    what.service_key = u"\\Registry\\Machine\\x";
    what.image.section = reinterpret_cast<PVOID>(1);
    DRIVER_OBJECT* driver = *io::create_driver(what);
    for (PDRIVER_DISPATCH& routine : driver->MajorFunction)
        routine = dispatch;
    return driver;
}
inline DEVICE_OBJECT* make_device(DRIVER_OBJECT* driver, std::u16string_view name = {},
                                  ULONG flags = DO_BUFFERED_IO, ULONG characteristics = 0,
                                  bool exclusive = false) {
    const UNICODE_STRING n = text(name);
    DEVICE_OBJECT* device = *io::create_device({.driver = driver,
                                                .extension_size = 16,
                                                .name = &n,
                                                .type = FILE_DEVICE_UNKNOWN,
                                                .characteristics = characteristics,
                                                .exclusive = exclusive});
    device->Flags |= flags;
    device->Flags &= ~DO_DEVICE_INITIALIZING;
    return device;
}

// Guest memory for what services write to.
template <class T> T* guest_new() {
    return static_cast<T*>(pool::allocate(pool::Kind::nonpaged, sizeof(T), pool::tag("Test"), 0, true));
}

} // namespace nt::test
