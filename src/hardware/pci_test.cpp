#include "hardware/pci.h"
#include <gtest/gtest.h>
#include <vector>

namespace nt::hardware::pci {
namespace {

struct Memory final : RangeHandler {
    ULONGLONG last = 0;
    ULONGLONG read(ULONGLONG offset, ULONG) override { return 0x1000 + offset; }
    void write(ULONGLONG, ULONG, ULONGLONG value) override { last = value; }
};

struct Listener final : InterruptSink {
    std::vector<std::pair<ULONG, bool>> lines;
    std::vector<std::pair<ULONGLONG, ULONG>> messages;
    void line_changed(ULONG line, bool asserted) override { lines.push_back({line, asserted}); }
    void message(ULONGLONG address, ULONG data) override { messages.push_back({address, data}); }
};

struct Pci : testing::Test {
    Memory registers, ioports;
    Listener listener;
    std::unique_ptr<Function> f;
    ULONGLONG memory = 0xE000'0000;
    ULONGLONG port = 0xC000;

    void SetUp() override {
        ports().clear(), device_memory().clear();
        set_interrupt_sink(&listener);
        Identity id;
        id.vendor = 0x1234, id.device = 0x5678, id.base_class = 1, id.subclass = 8, id.revision = 3,
        id.pin = 1;
        f = std::make_unique<Function>("test", id);
        ASSERT_TRUE(f->add_bar(0, BarKind::memory64, 0x2000, &registers));
        ASSERT_TRUE(f->add_bar(2, BarKind::ports, 32, &ioports));
    }
    void TearDown() override {
        f.reset();
        set_interrupt_sink(nullptr);
        ports().clear(), device_memory().clear();
    }
    void place() {
        ASSERT_TRUE(f->configure(memory, port, 17));
        insert(*f, 3, 0);
    }
    ULONG read(ULONG offset, ULONG bytes = 4) { return read_config(3, 0, offset, bytes, 0); }
    void write(ULONG offset, ULONG value, ULONG bytes = 4) { write_config(3, 0, offset, bytes, value, 0); }
};

TEST_F(Pci, HeaderAndWhatIsReadOnlyInIt) {
    place();
    EXPECT_EQ(read(0), 0x56781234u);
    EXPECT_EQ(read(8), 0x01080003u);
    write(0, 0xFFFFFFFF), write(8, 0xFFFFFFFF);
    EXPECT_EQ(read(0), 0x56781234u);
    EXPECT_EQ(read(8), 0x01080003u);
    EXPECT_EQ(read(0x3C, 2), 0x0111u) << "line 17, INTA#";
    write(0x3C, 5, 1);
    EXPECT_EQ(read(0x3C, 1), 5u) << "a scratch register for software";
    EXPECT_EQ(read(4, 2), 7u) << "firmware has enabled it";
    EXPECT_EQ(read_config(4, 0, 0, 4, 0), 0xFFFFFFFFu) << "an absent device";
    EXPECT_EQ(read_config(3, 1, 0, 2, 0), 0xFFFFu) << "an absent function";
}

TEST_F(Pci, SizingABaseAddressRegister) {
    place();
    EXPECT_EQ(read(0x10), 0xE0000004u) << "64 bit memory";
    EXPECT_EQ(read(0x18), 0xC001u) << "ports";
    write(0x10, 0xFFFFFFFF), write(0x14, 0xFFFFFFFF), write(0x18, 0xFFFFFFFF), write(0x1C, 0xFFFFFFFF);
    EXPECT_EQ(read(0x10), 0xFFFFE004u);
    EXPECT_EQ(read(0x14), 0xFFFFFFFFu);
    EXPECT_EQ(read(0x18), 0xFFFFFFE1u);
    EXPECT_EQ(read(0x1C), 0u) << "there is no such register";
    EXPECT_EQ(device_memory().find(0xE0000000), nullptr);
    write(0x10, 0xE0100000), write(0x14, 0), write(0x18, 0xD000);
    EXPECT_EQ(device_memory().read(0xE0100010, 4, 0), 0x1010u);
    EXPECT_EQ(ports().read(0xD004, 4, 0), 0x1004u);
    write(4, 0, 2);
    EXPECT_EQ(device_memory().read(0xE0100010, 4, 0), 0xFFFFFFFFu) << "decoding is off";
    EXPECT_EQ(ports().read(0xD004, 4, 0), 0xFFFFFFFFu);
}

TEST_F(Pci, Mechanism1) {
    place();
    initialize();
    ports().clear();
    // initialize() puts the ports in place once; here they are needed again.
    EXPECT_EQ(ports().read(0xCF8, 4, 0), 0xFFFFFFFFu);
}

TEST_F(Pci, TheLineFollowsStatusDisableAndMessages) {
    ASSERT_TRUE(f->add_msi(4));
    place();
    f->set_line(true);
    EXPECT_EQ(listener.lines.back(), (std::pair<ULONG, bool>{17, true}));
    EXPECT_EQ(read(6, 2) & 8, 8u);
    write(4, 0x407, 2);
    EXPECT_EQ(listener.lines.back(), (std::pair<ULONG, bool>{17, false}));
    EXPECT_EQ(read(6, 2) & 8, 8u) << "the status shows it all the same";
    write(4, 7, 2);
    EXPECT_EQ(listener.lines.back(), (std::pair<ULONG, bool>{17, true}));
    const ULONG msi = read(0x34, 1);
    EXPECT_EQ(read(msi, 1), 5u);
    EXPECT_EQ(read(msi + 2, 2), 0x84u) << "four messages wanted, 64-bit address";
    EXPECT_FALSE(f->send(0));
    write(msi + 4, 0xFEE01000), write(msi + 8, 0), write(msi + 12, 0x61, 2);
    write(msi + 2, 0x11, 2); // two messages granted, on
    EXPECT_EQ(listener.lines.back(), (std::pair<ULONG, bool>{17, false})) << "no pin with messages on";
    EXPECT_TRUE(f->send(3));
    EXPECT_EQ(listener.messages.back(), (std::pair<ULONGLONG, ULONG>{0xFEE01000, 0x61}));
    EXPECT_TRUE(f->send(0));
    EXPECT_EQ(listener.messages.back().second, 0x60u);
}

TEST_F(Pci, MsixMasksAndPends) {
    ASSERT_TRUE(f->add_msix(3, 0, 0x1000));
    EXPECT_FALSE(f->add_msix(3, 0, 0x1000)) << "once";
    place();
    const ULONG msix = read(0x34, 1);
    EXPECT_EQ(read(msix, 1), 0x11u);
    EXPECT_EQ(read(msix + 2, 2), 2u) << "the size minus 1";
    EXPECT_EQ(read(msix + 4), 0x1000u);
    EXPECT_EQ(read(msix + 8), 0x1030u);
    auto& bus = device_memory();
    EXPECT_EQ(bus.read(0xE000100C, 4, 0), 1u) << "entries begin masked";
    bus.write(0xE0001010, 8, 0xFEE02000, 0);
    bus.write(0xE0001018, 4, 0x71, 0);
    EXPECT_FALSE(f->send(1));
    write(msix + 2, 0x8000, 2);
    EXPECT_TRUE(f->send(1));
    EXPECT_TRUE(listener.messages.empty());
    EXPECT_EQ(bus.read(0xE0001030, 8, 0), 2u) << "pending";
    bus.write(0xE000101C, 4, 0, 0);
    EXPECT_EQ(listener.messages, (std::vector<std::pair<ULONGLONG, ULONG>>{{0xFEE02000, 0x71}}));
    EXPECT_EQ(bus.read(0xE0001030, 8, 0), 0u);
    write(msix + 2, 0xC000, 2); // the function's mask
    EXPECT_TRUE(f->send(1));
    EXPECT_EQ(listener.messages.size(), 1u);
    write(msix + 2, 0x8000, 2);
    EXPECT_EQ(listener.messages.size(), 2u);
    EXPECT_FALSE(f->send(3)) << "there are three";
    EXPECT_EQ(bus.read(0xE0000FF0, 4, 0), 0x1FF0u) << "the rest is the device's";
}

TEST_F(Pci, CapabilitiesAreAList) {
    const UCHAR bytes[] = {3, 0, 8, 0, 0, 0}, writable[] = {0, 0, 3, 0, 0, 0};
    EXPECT_TRUE(f->add_capability(1, bytes, writable, 6));
    ASSERT_TRUE(f->add_msi(1));
    place();
    EXPECT_TRUE(read(6, 2) & 0x10);
    const ULONG first = read(0x34, 1), second = read(first + 1, 1);
    EXPECT_EQ(read(first, 1), 1u);
    EXPECT_EQ(read(second, 1), 5u);
    EXPECT_EQ(read(second + 1, 1), 0u);
    write(first + 4, 0xFFFF, 2);
    EXPECT_EQ(read(first + 4, 2), 0xBu);
}

TEST_F(Pci, FirmwareGoesAroundWhatIsThere) {
    Memory fixed;
    device_memory().add({0xE0002000, 4, &fixed, "fixed"});
    ports().add({0xC008, 1, &fixed, "fixed"});
    ASSERT_TRUE(f->add_bar(3, BarKind::memory32, 16, &registers));
    place();
    EXPECT_EQ(f->bar_address(0), 0xE0000000u);
    EXPECT_EQ(f->bar_address(3), 0xE0003000u);
    EXPECT_EQ(f->bar_address(2), 0xC020u);
    EXPECT_EQ(device_memory().read(0xE0003004, 4, 0), 0x1004u);
}

TEST_F(Pci, WrongDeclarations) {
    EXPECT_FALSE(f->add_bar(1, BarKind::memory32, 0x1000, &registers)) << "the upper half of another";
    EXPECT_FALSE(f->add_bar(2, BarKind::ports, 32, &ioports));
    EXPECT_FALSE(f->add_bar(5, BarKind::memory64, 0x1000, &registers)) << "needs two";
    EXPECT_FALSE(f->add_bar(3, BarKind::memory32, 0x1001, &registers));
    EXPECT_FALSE(f->add_bar(3, BarKind::ports, 512, &registers));
    EXPECT_FALSE(f->add_msi(3));
    EXPECT_FALSE(f->add_msix(512, 0, 0x1000)) << "beyond the register's end";
    EXPECT_FALSE(f->add_msix(1, 2, 0)) << "not memory";
}

TEST_F(Pci, WhatTheSystemProgramsIntoMessageRegisters) {
    ASSERT_TRUE(f->add_msi(8));
    place();
    EXPECT_EQ(f->msi_messages(), 8u);
    EXPECT_EQ(f->msix_messages(), 0u);
    f->enable_msi(4, 0xFEE0'0000, 0xB0);
    EXPECT_TRUE(f->send(3));
    EXPECT_TRUE(f->send(5)) << "5 is 1 of the 4 that were granted";
    ASSERT_EQ(listener.messages.size(), 2u);
    EXPECT_EQ(listener.messages[0], (std::pair<ULONGLONG, ULONG>{0xFEE0'0000, 0xB3}));
    EXPECT_EQ(listener.messages[1].second, 0xB1u);
}

} // namespace
} // namespace nt::hardware::pci
