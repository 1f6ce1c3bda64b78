#include "hardware/bus.h"
#include "hardware/events.h"
#include <gtest/gtest.h>

namespace nt::hardware {
namespace {

struct Recorder final : RangeHandler {
    std::string seen;
    bool quiet = false;
    ULONGLONG read(ULONGLONG offset, ULONG bytes) override {
        if (!quiet) seen += "r" + std::to_string(offset) + ":" + std::to_string(bytes) + " ";
        return 0x8877665544332211 + offset;
    }
    void write(ULONGLONG offset, ULONG bytes, ULONGLONG value) override {
        seen +=
            "w" + std::to_string(offset) + ":" + std::to_string(bytes) + "=" + std::to_string(value) + " ";
    }
};

struct Bus : testing::Test {
    AddressSpace space{AddressSpace::Kind::memory};
    Recorder device;
    Bus() { space.add({0x1000, 0x13, &device, "device"}); }
    std::string take() { return std::exchange(device.seen, ""); }
};

TEST_F(Bus, AlignedAccessesArriveWhole) {
    EXPECT_EQ(space.read(0x1000, 8, 0), 0x8877665544332211u);
    EXPECT_EQ(space.read(0x1004, 4, 0), 0x44332215u) << "bits above the access are cut";
    space.write(0x1002, 2, 0x12345678, 0);
    EXPECT_EQ(take(), "r0:8 r4:4 w2:2=22136 ");
}

TEST_F(Bus, OthersAreSplitAscending) {
    (void)space.read(0x1001, 4, 0);
    EXPECT_EQ(take(), "r1:1 r2:1 r3:1 r4:1 ");
    space.write(0x1006, 4, 0x44332211, 0);
    EXPECT_EQ(take(), "w6:2=8721 w8:2=17459 ");
    EXPECT_EQ(space.read(0x1010, 4, 0), 0xFF232221u) << "the last byte has no device";
}

TEST_F(Bus, ADeviceOfOneByte) {
    Recorder narrow;
    space.add({0x1020, 8, &narrow, "narrow", 1});
    space.write(0x1020, 4, 0x04030201, 0);
    EXPECT_EQ(narrow.seen, "w0:1=1 w1:1=2 w2:1=3 w3:1=4 ");
}

TEST_F(Bus, NobodyAnswersAllOnes) {
    EXPECT_EQ(space.read(0x2000, 8, 0), ~0ull);
    EXPECT_EQ(space.read(0x2001, 2, 0), 0xFFFFu);
    EXPECT_EQ(space.read(0xFFC, 4, 0), 0xFFFFFFFFu);
    space.write(0x2000, 4, 1, 0);
    EXPECT_EQ(take(), "");
}

TEST_F(Bus, RangesDoNotOverlap) {
    Recorder other;
    const Range* there = space.add({0x1012, 1, &other, "other"});
    ASSERT_TRUE(there);
    EXPECT_EQ(there->device, "device");
    EXPECT_TRUE(space.add({0xFF0, 0x11, &other, "other"}));
    EXPECT_FALSE(space.add({0xFF0, 0x10, &other, "other"}));
    EXPECT_FALSE(space.add({0x1013, 1, &other, "other"}));
    space.remove(0x1000);
    EXPECT_EQ(space.find(0x1000), nullptr);
    EXPECT_FALSE(space.add({0x1000, 0x13, &other, "other"}));
}

std::string stalled;

TEST_F(Bus, PollingForEverIsNoticed) {
    device.quiet = true;
    set_stall_hook([](const char* text, ULONG_PTR) { stalled = text; });
    for (int i = 0; i < 4'999'999; i++)
        (void)space.read(0x1004, 4, 7);
    (void)space.read(0x1004, 4, 8); // another place: it begins anew
    for (int i = 0; i < 4'999'999; i++)
        (void)space.read(0x1004, 4, 7);
    EXPECT_EQ(stalled, "");
    (void)space.read(0x1004, 4, 7);
    EXPECT_EQ(stalled, "register 0x1004 (device) was read 5000000 times in a row, and always is 0x44332215");
    set_stall_hook(nullptr);
}

ULONGLONG virtual_now;

TEST_F(Bus, AnAccessTakesTimeAndWhatIsDueHappensFirst) {
    virtual_now = 100;
    set_clock({[] { return virtual_now; }, [](ULONGLONG units) { virtual_now += units; }});
    static std::string* seen;
    seen = &device.seen;
    events::schedule(101, [](void*) { *seen += "event "; }, nullptr);
    (void)space.read(0x1000, 4, 0);
    EXPECT_GT(virtual_now, 100u);
    EXPECT_EQ(take(), "event r0:4 ");
    set_clock({});
}

} // namespace
} // namespace nt::hardware
