// !pcr, !prcb, !dpcs, !idt: debuggercmds/-pcr.md, -prcb.md, -dpcs.md, -idt.md; the 64-bit forms of !pcr and
// !dpcs are those of bug-check-0x133-dpc-watchdog-violation.md.
#include "abi/misc.h"
#include "abi/processor.h"
#include "view/detail/session.h"

namespace view {
namespace {

constexpr std::uint64_t tick_length = 156'250; // the PRCB counts clock ticks

// The processor that an argument names, or `otherwise`. False after a message.
bool processor_argument(Session& s, std::span<const std::string> arguments, unsigned otherwise,
                        unsigned& processor) {
    const std::uint64_t value = number_argument(s, arguments, 0, otherwise);
    if (s.failed) return false;
    processor = static_cast<unsigned>(value);
    if (value < s.machine.processors()) return true;
    s.error("Cannot get PRCB address\n");
    return false;
}

bool read_pcr(Session& s, unsigned processor, Address& address, nt::KPCR& pcr) {
    address = s.machine.pcr(processor);
    if (s.read(address, pcr)) return true;
    s.error("Could not read KPCR %s\n", extension_address(address).c_str());
    return false;
}

// "0x310000001000 0x300000101000 null!null_dpc"
std::string dpc_text(Session& s, Address address) {
    nt::KDPC dpc{};
    char text[64];
    if (!s.read(address, dpc)) {
        std::snprintf(text, sizeof text, "Failed to read DPC at 0x%016llx",
                      static_cast<unsigned long long>(address));
        return text;
    }
    const Address routine = reinterpret_cast<Address>(dpc.DeferredRoutine);
    std::snprintf(text, sizeof text, "0x%016llx 0x%016llx ", static_cast<unsigned long long>(address),
                  static_cast<unsigned long long>(routine));
    return text + s.symbol(routine);
}

void pcr_command(Session& s, std::string_view, std::span<const std::string> arguments) {
    unsigned processor = 0;
    Address address = 0;
    nt::KPCR pcr;
    if (!processor_argument(s, arguments, s.machine.current_processor(), processor) ||
        !read_pcr(s, processor, address, pcr))
        return;
    s.print("KPCR for Processor %u at %s:\n    Major %u Minor %u\n", processor,
            extension_address(address).c_str(), pcr.MajorVersion, pcr.MinorVersion);
    const auto row = [&](const char* label, std::uint64_t value) {
        s.print("\t%25s: %016llx\n", label, static_cast<unsigned long long>(value));
    };
    const auto& words = reinterpret_cast<const std::uint64_t(&)[7]>(pcr.NtTib);
    static constexpr const char* labels[] = {"NtTib.ExceptionList", "NtTib.StackBase", "NtTib.StackLimit",
                                             "NtTib.SubSystemTib",  "NtTib.Version",   "NtTib.UserPointer",
                                             "NtTib.SelfTib"};
    for (std::size_t i = 0; i < std::size(labels); ++i)
        row(labels[i], words[i]);
    s.print("\n");
    row("SelfPcr", address);
    row("Prcb", address + offsetof(nt::KPCR, Prcb));
    row("Irql", s.machine.irql(processor));
    row("IRR", 0);
    row("IDR", 0);
    row("InterruptMode", 0);
    row("IDT", s.address_of(pcr.IdtBase));
    row("GDT", words[0]);
    row("TSS", words[1]);
    s.print("\n");
    row("CurrentThread", s.address_of(pcr.Prcb.CurrentThread));
    row("NextThread", s.address_of(pcr.Prcb.NextThread));
    row("IdleThread", s.address_of(pcr.Prcb.IdleThread));
    s.print("\n\t%25s:", "DpcQueue");
    const auto queued = s.machine.dpcs(processor);
    if (queued.empty()) s.print(" \n");
    for (std::size_t i = 0; i < queued.size(); ++i)
        s.print("%*s%s\n", i ? 36 : 2, "", dpc_text(s, queued[i]).c_str());
}

// "If Processor is omitted, processor zero will be used." Kernel counts what is not user mode: threads,
// idling, DPCs and interrupts.
void prcb_command(Session& s, std::string_view, std::span<const std::string> arguments) {
    unsigned processor = 0;
    Address address = 0;
    nt::KPCR pcr;
    if (!processor_argument(s, arguments, 0, processor) || !read_pcr(s, processor, address, pcr)) return;
    const ProcessorTimes times = s.machine.processor_times(processor);
    s.print("PRCB for Processor %u at %s:\n", processor,
            extension_address(address + offsetof(nt::KPCR, Prcb)).c_str());
    s.print("Current IRQL -- %u\n", s.machine.irql(processor));
    s.print("Threads--  Current %016llx Next %016llx Idle %016llx\n",
            static_cast<unsigned long long>(s.address_of(pcr.Prcb.CurrentThread)),
            static_cast<unsigned long long>(s.address_of(pcr.Prcb.NextThread)),
            static_cast<unsigned long long>(s.address_of(pcr.Prcb.IdleThread)));
    s.print("Number %u SetMember %08llx\n", processor, 1ull << processor);
    s.print("Interrupt Count -- %08llx\n", static_cast<unsigned long long>(times.interrupts));
    const auto ticks = [](std::uint64_t units) {
        return static_cast<unsigned long long>(units / tick_length);
    };
    s.print("Times -- Dpc    %08llx Interrupt %08llx \n", ticks(times.dpc), ticks(times.interrupt));
    s.print("         Kernel %08llx User      %08llx \n",
            ticks(times.idle + times.thread - times.user + times.dpc + times.interrupt), ticks(times.user));
}

void dpcs_command(Session& s, std::string_view, std::span<const std::string> arguments) {
    unsigned first = 0, end = s.machine.processors();
    if (!arguments.empty()) {
        if (!processor_argument(s, arguments, 0, first)) return;
        end = first + 1;
    }
    s.print("CPU Type      KDPC       Function\n");
    for (unsigned processor = first; processor < end; ++processor)
        for (const Address address : s.machine.dpcs(processor)) {
            std::uint8_t type = 0;
            s.read(address, type);
            s.print("%2u: %s: %s\n", processor, type == nt::ThreadedDpcObject ? "Threaded" : "Normal  ",
                    dpc_text(s, address).c_str());
        }
}

// Only vectors that drivers have connected: the system's own have no code that runs here. Vectors are common
// to all processors; an interrupt stands in the table of the one that it goes to.
void idt_command(Session& s, std::string_view, std::span<const std::string> arguments) {
    std::uint64_t wanted = 0;
    if (!arguments.empty() && arguments[0] == "-?")
        return s.print(
            "usage: !idt [-a] [table]\nconnected interrupts of all processors, or of one by its table\n");
    if (!arguments.empty() && arguments[0] != "-a" && !s.evaluate(arguments[0], wanted)) return;
    bool found = !wanted;
    for (unsigned processor = 0; processor < s.machine.processors(); ++processor) {
        nt::KPCR pcr;
        Address address = 0;
        if (!read_pcr(s, processor, address, pcr)) return;
        const Address base = s.address_of(pcr.IdtBase);
        if (wanted && wanted != base) continue;
        found = true;
        s.print("\nDumping IDT: %016llx\n\n", static_cast<unsigned long long>(base));
        std::uint32_t last = 0;
        for (const Address one : s.machine.interrupts()) {
            nt::KINTERRUPT interrupt;
            if (!s.read(one, interrupt) || interrupt.Number != processor) continue;
            const Address routine = interrupt.MessageServiceRoutine
                                        ? reinterpret_cast<Address>(interrupt.MessageServiceRoutine)
                                        : reinterpret_cast<Address>(interrupt.ServiceRoutine);
            if (interrupt.Vector == last)
                s.print("\t                 ");
            else
                s.print("%02x:\t%016llx ", interrupt.Vector, static_cast<unsigned long long>(routine));
            last = interrupt.Vector;
            s.print("%s (KINTERRUPT %s)\n", s.symbol(routine).c_str(), extension_address(one).c_str());
        }
        s.print("\n");
    }
    if (!found) s.error("%s is no processor's interrupt table\n", extension_address(wanted).c_str());
}

constexpr Command commands[] = {
    {"!pcr", "!pcr [processor]", "processor control region", pcr_command},
    {"!prcb", "!prcb [processor]", "its control block: threads, interrupts, times in ticks", prcb_command},
    {"!dpcs", "!dpcs [processor]", "DPCs that wait to run", dpcs_command},
    {"!idt", "!idt [-a] [table]", "connected interrupts by vector", idt_command},
};

} // namespace

std::span<const Command> processor_commands() { return commands; }

} // namespace view
