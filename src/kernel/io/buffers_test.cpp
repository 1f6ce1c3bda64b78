#include "kernel/io/detail/buffers.h"
#include "kernel/io/test_machine.h"

using namespace nt;

namespace {

void boot() { test::boot_io(); }

KERNEL_TEST(Buffers, AreReusedAndHoldWhatWasAsked) {
    for (ULONG size : {1u, 63u, 64u, 65u, 128u, 129u, 2047u, 2048u, 2049u, 2064u, 5000u}) {
        PVOID a = io::detail::take_buffer(size);
        std::memset(a, 0x55, size);
        io::detail::give_buffer(a);
        PVOID b = io::detail::take_buffer(size);
        EXPECT_TRUE(a == b || size > 2048) << size;
        io::detail::give_buffer(b);
    }
    io::detail::give_buffer(pool::allocate(pool::Kind::nonpaged, 100, pool::tag("Drvr")));
}

TEST(BuffersBugCheck, AnOverrunIsFoundAtCompletion) {
    boot();
    for (ULONG size : {10u, 64u, 100u, 2048u}) {
        const ke::Stop stop = test::run([=] {
            auto* a = static_cast<UCHAR*>(io::detail::take_buffer(size));
            a[size] = 0;
            io::detail::give_buffer(a);
        });
        EXPECT_EQ(stop.kind, ke::StopKind::bug_check);
        EXPECT_EQ(stop.code, 0x19u);
    }
}

} // namespace
