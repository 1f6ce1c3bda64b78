#include "hardware/interrupts.h"
#include <gtest/gtest.h>
#include <vector>

namespace nt::hardware {
namespace {

struct Listener final : InterruptSink {
    std::vector<std::pair<ULONG, bool>> changes;
    std::vector<std::pair<ULONGLONG, ULONG>> messages;
    void line_changed(ULONG line, bool asserted) override { changes.push_back({line, asserted}); }
    void message(ULONGLONG address, ULONG data) override { messages.push_back({address, data}); }
    Listener() { set_interrupt_sink(this); }
    ~Listener() { set_interrupt_sink(nullptr); }
};

TEST(Interrupts, ASharedLineIsAssertedUntilTheLastHolderLets) {
    Listener listener;
    {
        InterruptLine a(16, "a"), b(16, "b");
        a.set(true);
        a.set(true);
        b.set(true);
        a.set(false);
        EXPECT_TRUE(line_asserted(16));
        EXPECT_EQ(listener.changes.size(), 1u);
    }
    EXPECT_EQ(listener.changes, (std::vector<std::pair<ULONG, bool>>{{16, true}, {16, false}}));
}

TEST(Interrupts, ANewSinkHearsOfAssertedLines) {
    InterruptLine early(7, "a");
    early.set(true);
    Listener listener;
    EXPECT_EQ(listener.changes, (std::vector<std::pair<ULONG, bool>>{{7, true}}));
}

TEST(Interrupts, MessagesAndLinesThatAreNone) {
    Listener listener;
    send_message(0xFEE00000, 0x61, "a");
    EXPECT_EQ(listener.messages, (std::vector<std::pair<ULONGLONG, ULONG>>{{0xFEE00000, 0x61}}));
    InterruptLine none(interrupt_lines, "a");
    none.set(true);
    EXPECT_TRUE(listener.changes.empty());
}

} // namespace
} // namespace nt::hardware
