// A machine for unit tests of this room and those above: memory, one processor, pool, namespace. Test bodies
// run on a kernel thread.
#pragma once
#include "abi/processor.h"
#include "base/list.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/idle.h"
#include "kernel/ke/memory_hooks.h"
#include "kernel/ke/scheduler.h"
#include "kernel/mm/kernel_memory.h"
#include "kernel/mm/test_sink.h"
#include "kernel/ob/handle.h"
#include "kernel/ob/namespace.h"
#include "kernel/pool/pool.h"
#include <cstring>
#include <functional>
#include <gtest/gtest.h>

namespace nt::test {

inline UNICODE_STRING text(std::u16string_view v) {
    return {static_cast<USHORT>(v.size() * 2), static_cast<USHORT>(v.size() * 2),
            const_cast<WCHAR*>(v.data())};
}

inline void boot_base() {
    static bool done;
    if (done) return;
    done = true;
    mm::prepare_test();
    ke::initialize_processor(mm::processor_area(0, 0x4000));
    ke::memory_hooks = {[](ULONG_PTR& base, ULONG_PTR& limit) {
                            const auto stack = mm::allocate_kernel_stack();
                            if (!stack) return false;
                            base = stack->base;
                            limit = stack->limit;
                            return true;
                        },
                        [](ULONG_PTR base, ULONG_PTR limit) { mm::free_kernel_stack({base, limit}); }};
    ke::create_idle_threads();
    pool::initialize();
    ASSERT_EQ(ob::initialize(), 0);
}

// Runs the body on a fresh kernel thread and gives what stopped the machine (none: the body ended).
struct Body {
    std::function<void()> run;
    bool finished = false;
};
inline ke::Stop run(std::function<void()> function) {
    static Body* current;
    Body body{std::move(function)};
    current = &body;
    auto* thread = new (host::heap_allocate(sizeof(ke::Thread))) ke::Thread{};
    const NTSTATUS status = ke::initialize_thread(*thread, [](ke::Thread&) {
        current->run();
        current->finished = true;
        ke::Stop stop;
        stop.kind = ke::StopKind::client_exited;
        ke::stop_machine(stop);
    });
    EXPECT_EQ(status, 0);
    ke::the_stop = {};
    ke::create_idle_threads();
    ke::ready_thread(*thread);
    ke::run_machine();
    const ke::Stop stop = ke::the_stop;
    ke::the_stop = {};
    ke::irql_byte() = 0;
    return body.finished ? ke::Stop{} : stop;
}

} // namespace nt::test

// A test whose body runs on a kernel thread.
#define KERNEL_TEST(suite, name)                                                                             \
    static void suite##name##_body();                                                                        \
    TEST(suite, name) {                                                                                      \
        boot();                                                                                              \
        const nt::ke::Stop stop = nt::test::run(suite##name##_body);                                         \
        EXPECT_EQ(stop.kind, nt::ke::StopKind::none) << std::hex << stop.code << " " << stop.text;           \
    }                                                                                                        \
    static void suite##name##_body()
