// Which interrupts a PCI function gets when it starts, and on which processors: messages if its hardware key
// says so, otherwise its line.
// https://learn.microsoft.com/windows-hardware/drivers/kernel/enabling-message-signaled-interrupts-in-the-registry
// https://learn.microsoft.com/windows-hardware/drivers/kernel/interrupt-affinity-and-priority
#include "kernel/cm/registry.h"
#include "kernel/io/device_node.h"
#include "kernel/ke/interrupt.h"
#include "kernel/ke/processor.h"
#include "kernel/pool/pool.h"
#include <algorithm>
#include <bit>
#include <cstring>

namespace nt::io {

namespace pci = hardware::pci;

namespace {

constexpr ULONG message_tag = pool::tag("DevI");
constexpr ULONGLONG local_apics = 0xFEE0'0000;
constexpr ULONG one_close_processor = 2, specified_processors = 4; // IRQ_DEVICE_POLICY

// A REG_DWORD, or for sets of processors also the bytes of a REG_QWORD or REG_BINARY.
ULONGLONG setting(const DeviceNode& node, const char16_t* key, const char16_t* name, ULONGLONG otherwise) {
    const cm::Value* value = cm::value_at(hardware_key(node) + u"\\Interrupt Management\\" + key, name);
    if (!value || value->data.size() > sizeof otherwise) return otherwise;
    ULONGLONG number = 0;
    std::memcpy(&number, value->data.data(), value->data.size());
    return number;
}

// assumed: without a policy, and with those that leave the choice to the system, all processors.
KAFFINITY processors_of(const DeviceNode& node) {
    const auto policy = setting(node, u"Affinity Policy", u"DevicePolicy", 0);
    const KAFFINITY all = ke::all_processors();
    if (policy == one_close_processor) return 1;
    if (policy != specified_processors) return all;
    const KAFFINITY wanted = setting(node, u"Affinity Policy", u"AssignmentSetOverride", all) & all;
    return wanted ? wanted : all;
}

ULONG nth(KAFFINITY set, ULONG n) {
    for (n %= static_cast<ULONG>(std::popcount(set)); n; --n)
        set &= set - 1;
    return static_cast<ULONG>(std::countr_zero(set));
}

InterruptResource message(ULONG vector, ULONG processor) {
    return {.message = true,
            .vector = vector,
            .irql = static_cast<KIRQL>(vector / 16),
            .mode = Latched,
            .shared = false,
            .processors = KAFFINITY{1} << processor,
            .message_address = local_apics | processor << 12,
            .message_data = vector};
}

// MSI-X: a vector each. assumed: the messages go round the processors.
std::vector<InterruptResource> separate_messages(pci::Function& f, ULONG count, KAFFINITY processors) {
    std::vector<InterruptResource> all;
    while (all.size() < count) {
        const ULONG vector = ke::allocate_message_vectors(1);
        if (!vector) break;
        all.push_back(message(vector, nth(processors, static_cast<ULONG>(all.size()))));
    }
    // All or one: "Introduction to message-signaled interrupts".
    while (all.size() < count && all.size() > 1) {
        ke::free_message_vectors(all.back().vector, 1);
        all.pop_back();
    }
    if (all.empty()) return all;
    for (ULONG n = 0; n < f.msix_messages(); ++n) {
        const InterruptResource& m = all[n < all.size() ? n : 0]; // the rest of the table has message 0
        f.set_msix_entry(n, m.message_address, m.message_data);
    }
    f.enable_msix();
    return all;
}

// MSI: one address, consecutive values.
std::vector<InterruptResource> joint_messages(pci::Function& f, ULONG count, KAFFINITY processors) {
    std::vector<InterruptResource> all;
    ULONG first = ke::allocate_message_vectors(count);
    if (!first) first = ke::allocate_message_vectors(count = 1);
    if (!first) return all;
    for (ULONG n = 0; n < count; ++n)
        all.push_back(message(first + n, nth(processors, 0)));
    f.enable_msi(count, all[0].message_address, first);
    return all;
}

std::vector<InterruptResource> new_messages(const DeviceNode& node, KAFFINITY processors) {
    const char16_t* key = u"MessageSignaledInterruptProperties";
    if (!setting(node, key, u"MSISupported", 0)) return {};
    const auto limit =
        static_cast<ULONG>(std::clamp<ULONGLONG>(setting(node, key, u"MessageNumberLimit", 2048), 1, 2048));
    pci::Function& f = *node.function();
    if (f.msix_messages()) return separate_messages(f, std::min(f.msix_messages(), limit), processors);
    if (!f.msi_messages()) return {};
    return joint_messages(f, std::bit_floor(std::min({f.msi_messages(), limit, 16u})), processors);
}

void take_messages_back(DeviceNode& node) {
    if (!node.message_count) return;
    node.function()->disable_messages();
    for (ULONG n = 0; n < node.message_count; ++n)
        ke::free_message_vectors(node.messages[n].vector, 1);
    pool::release(node.messages, message_tag);
    node.messages = nullptr;
    node.message_count = 0;
}

} // namespace

void start_pci_node(DeviceNode& node) {
    if (node.reported_by) return; // it has started
    take_messages_back(node);
    const KAFFINITY processors = processors_of(node);
    for (ULONG n = 0; n < node.interrupt_count; ++n)
        node.interrupts[n].processors = processors;
    const std::vector<InterruptResource> all = new_messages(node, processors);
    if (all.empty()) return; // the line stays
    auto* copy = static_cast<InterruptResource*>(
        pool::allocate(pool::Kind::nonpaged, all.size() * sizeof all[0], message_tag));
    if (!copy) return node.function()->disable_messages();
    std::copy(all.begin(), all.end(), copy);
    node.messages = copy;
    node.message_count = static_cast<ULONG>(all.size());
}

} // namespace nt::io
