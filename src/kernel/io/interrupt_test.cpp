// Connecting a device's own interrupts, with resources as a Plug and Play manager would give them: kernel
// pages "Using the CONNECT_LINE_BASED Version of IoConnectInterruptEx", "… CONNECT_MESSAGE_BASED …".
#include "kernel/io/interrupt.h"
#include "kernel/io/test_machine.h"

using namespace nt;

namespace {

io::InterruptResource given[3];
ULONG given_count;

DEVICE_OBJECT* boot(std::initializer_list<io::InterruptResource> resources) {
    test::boot_io();
    given_count = 0;
    for (const auto& r : resources)
        given[given_count++] = r;
    io::interrupt_resources = [](DEVICE_OBJECT*) {
        return std::span<const io::InterruptResource>(given, given_count);
    };
    static DEVICE_OBJECT* device = test::make_device(test::make_driver(u"interrupts", test::invalid_request));
    return device;
}

io::InterruptResource line(ULONG vector) {
    return {.message = false,
            .vector = vector,
            .irql = static_cast<KIRQL>(vector / 16),
            .mode = LevelSensitive,
            .shared = true,
            .processors = 1,
            .message_address = 0,
            .message_data = 0};
}
io::InterruptResource message(ULONG vector) {
    return {.message = true,
            .vector = vector,
            .irql = static_cast<KIRQL>(vector / 16),
            .mode = Latched,
            .shared = false,
            .processors = 1,
            .message_address = 0xfee0'0000,
            .message_data = vector};
}

NTAPI BOOLEAN service(KINTERRUPT*, PVOID) { return 0; }
NTAPI BOOLEAN message_service(KINTERRUPT*, PVOID, ULONG) { return 0; }

IO_CONNECT_INTERRUPT_PARAMETERS line_based(DEVICE_OBJECT* device, KINTERRUPT** to) {
    IO_CONNECT_INTERRUPT_PARAMETERS p{};
    p.Version = CONNECT_LINE_BASED;
    p.LineBased = {device, to, service, nullptr, nullptr, 0, 0};
    return p;
}
IO_CONNECT_INTERRUPT_PARAMETERS message_based(DEVICE_OBJECT* device, PVOID* to, PKSERVICE_ROUTINE fallback) {
    IO_CONNECT_INTERRUPT_PARAMETERS p{};
    p.Version = CONNECT_MESSAGE_BASED;
    p.MessageBased.PhysicalDeviceObject = device;
    p.MessageBased.ConnectionContext.Generic = to;
    p.MessageBased.MessageServiceRoutine = message_service;
    p.MessageBased.FallBackServiceRoutine = fallback;
    return p;
}

} // namespace

TEST(Interrupts, LineBasedTakesTheDevicesLine) {
    DEVICE_OBJECT* device = boot({line(0x73)});
    KINTERRUPT* interrupt = nullptr;
    auto p = line_based(device, &interrupt);
    ASSERT_EQ(io::connect_interrupt_ex(p), STATUS_SUCCESS);
    EXPECT_EQ(interrupt->Vector, 0x73u);
    EXPECT_EQ(interrupt->SynchronizeIrql, 7);
    EXPECT_TRUE(interrupt->ShareVector);
    io::disconnect_interrupt_ex({CONNECT_LINE_BASED, {interrupt}});
}

TEST(Interrupts, LineBasedRunsAtTheLevelAskedForWhenThatIsHigher) {
    DEVICE_OBJECT* device = boot({line(0x73)});
    KINTERRUPT* interrupt = nullptr;
    auto p = line_based(device, &interrupt);
    p.LineBased.SynchronizeIrql = 9;
    ASSERT_EQ(io::connect_interrupt_ex(p), STATUS_SUCCESS);
    EXPECT_EQ(interrupt->SynchronizeIrql, 9);
    io::disconnect_interrupt_ex({CONNECT_LINE_BASED, {interrupt}});
}

TEST(Interrupts, LineBasedRefusesADeviceWithMessagesOrWithNothing) {
    KINTERRUPT* interrupt = nullptr;
    auto p = line_based(boot({message(0x83), message(0x84)}), &interrupt);
    EXPECT_EQ(io::connect_interrupt_ex(p), STATUS_INVALID_DEVICE_REQUEST);
    p = line_based(boot({}), &interrupt);
    EXPECT_EQ(io::connect_interrupt_ex(p), STATUS_NOT_FOUND);
    p = line_based(nullptr, &interrupt);
    EXPECT_EQ(io::connect_interrupt_ex(p), STATUS_INVALID_PARAMETER);
}

TEST(Interrupts, MessageBasedGivesATableOfMessages) {
    PVOID context = nullptr;
    auto p = message_based(boot({message(0x83), message(0x94)}), &context, nullptr);
    ASSERT_EQ(io::connect_interrupt_ex(p), STATUS_SUCCESS);
    EXPECT_EQ(p.Version, CONNECT_MESSAGE_BASED);
    auto* table = static_cast<IO_INTERRUPT_MESSAGE_INFO*>(context);
    ASSERT_EQ(table->MessageCount, 2u);
    EXPECT_EQ(table->UnifiedIrql, 9);
    EXPECT_EQ(table->MessageInfo[1].Vector, 0x94u);
    EXPECT_EQ(table->MessageInfo[1].MessageData, 0x94u);
    EXPECT_EQ(table->MessageInfo[1].MessageAddress.QuadPart, 0xfee0'0000);
    EXPECT_EQ(table->MessageInfo[1].InterruptObject->MessageIndex, 1u);
    EXPECT_EQ(table->MessageInfo[0].InterruptObject->SynchronizeIrql, 9);
    // A second driver does not get them.
    PVOID second;
    auto again = message_based(boot({message(0x83)}), &second, nullptr);
    EXPECT_EQ(io::connect_interrupt_ex(again), STATUS_INVALID_PARAMETER);
    io::set_interrupt_active({CONNECT_MESSAGE_BASED, {context}}, false);
    EXPECT_FALSE(table->MessageInfo[0].InterruptObject->Connected);
    io::set_interrupt_active({CONNECT_MESSAGE_BASED, {context}}, true);
    EXPECT_TRUE(table->MessageInfo[0].InterruptObject->Connected);
    io::disconnect_interrupt_ex({CONNECT_MESSAGE_BASED, {context}});
    ASSERT_EQ(io::connect_interrupt_ex(again), STATUS_SUCCESS);
    io::disconnect_interrupt_ex({CONNECT_MESSAGE_BASED, {second}});
}

TEST(Interrupts, MessageBasedFallsBackToTheLine) {
    PVOID context = nullptr;
    auto p = message_based(boot({line(0x73)}), &context, service);
    ASSERT_EQ(io::connect_interrupt_ex(p), STATUS_SUCCESS);
    EXPECT_EQ(p.Version, CONNECT_LINE_BASED);
    EXPECT_EQ(static_cast<KINTERRUPT*>(context)->ServiceRoutine, &service);
    io::disconnect_interrupt_ex({CONNECT_LINE_BASED, {context}});
    p = message_based(boot({line(0x73)}), &context, nullptr);
    EXPECT_EQ(io::connect_interrupt_ex(p), STATUS_NOT_FOUND);
}
