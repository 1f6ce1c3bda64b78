// PCI: one bus, configuration mechanism 1 (ports 0xCF8 and 0xCFC), a host bridge at 00.0. The layout and the
// rules are those of the PCI Local Bus Specification 3.0; numbers in comments are its sections.
//
// A function answers in its base address registers' ranges while its command register enables them; it keeps
// its MSI and MSI-X registers itself, and sends a device's interrupts the way that software has chosen.
#pragma once
#include "hardware/bus.h"
#include "hardware/interrupts.h"
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace nt::hardware::pci {

inline constexpr ULONG devices = 32, functions = 8, config_size = 256;
inline constexpr USHORT command_io = 1, command_memory = 2, command_bus_master = 4, command_no_line = 0x400;

// What a function is.
struct Identity {
    USHORT vendor = 0, device = 0, subsystem_vendor = 0, subsystem = 0;
    UCHAR revision = 0, interface = 0, subclass = 0, base_class = 0;
    UCHAR pin = 0; // 1 to 4: INTA# to INTD#
};

enum class BarKind : UCHAR { memory32, memory64, ports };

class Function {
  public:
    Function(std::string name, const Identity& identity);
    ~Function();
    Function(const Function&) = delete;
    Function& operator=(const Function&) = delete;

    // Before the function is on the bus. False: no such register, or it is taken; a size that is none.
    bool add_bar(ULONG index, BarKind kind, ULONGLONG size, RangeHandler* handler, ULONG widest = 8);
    // The offset of the new capability; 0: no room. `bytes` follow the id and the next pointer.
    UCHAR add_capability(UCHAR id, const UCHAR* bytes, const UCHAR* writable, ULONG count);
    bool add_msi(ULONG messages);
    bool add_msix(ULONG messages, ULONG bar, ULONG offset);
    // Gives the base address registers addresses and enables the function, as firmware does. `line`: where
    // its pin leads. False: no room.
    bool configure(ULONGLONG& next_memory, ULONGLONG& next_port, ULONG line);
    void set_multifunction() { config_[0x0E] |= 0x80; }

    ULONG read(ULONG offset, ULONG bytes) const;
    void write(ULONG offset, ULONG bytes, ULONG value);

    void set_line(bool asserted);
    // False: software has enabled neither MSI nor MSI-X, or there is no such message.
    bool send(ULONG message);
    bool bus_master() const { return word(0x04) & command_bus_master; }
    const std::string& name() const { return name_; }
    ULONGLONG bar_address(ULONG index) const;
    ULONGLONG bar_size(ULONG index) const { return bars_[index].size; } // 0: there is no such register
    BarKind bar_kind(ULONG index) const { return bars_[index].kind; }

    // What the operating system does with the message registers (6.8). 0 messages: it has none of the kind.
    ULONG msi_messages() const { return msi_ ? 1u << (word(msi_ + 2u) >> 1 & 7) : 0; }
    ULONG msix_messages() const { return static_cast<ULONG>(table_.size()); }
    void enable_msi(ULONG messages, ULONGLONG address, ULONG data);
    void set_msix_entry(ULONG entry, ULONGLONG address, ULONG data); // and unmasks it
    void mask_msix_entry(ULONG entry, bool masked);
    void enable_msix();
    void disable_messages();

  private:
    class BarHandler final : public RangeHandler {
      public:
        ULONGLONG read(ULONGLONG offset, ULONG bytes) override;
        void write(ULONGLONG offset, ULONG bytes, ULONGLONG value) override;
        Function* function = nullptr;
        RangeHandler* device = nullptr;
        BarKind kind = BarKind::memory32;
        ULONG index = 0, widest = 8;
        ULONGLONG size = 0;   // 0: there is no such register
        ULONGLONG mapped = 0; // where it answers now; 0: nowhere
    };
    struct Message {
        ULONGLONG address = 0;
        ULONG data = 0;
        ULONG control = 1; // bit 0: masked
        bool pending = false;
    };

    USHORT word(ULONG at) const { return static_cast<USHORT>(config_[at] | config_[at + 1] << 8); }
    ULONG dword(ULONG at) const { return word(at) | static_cast<ULONG>(word(at + 2)) << 16; }
    void put(ULONG at, ULONG value, ULONG bytes);
    void map_bars();
    bool in_table(ULONG bar, ULONGLONG offset) const;
    ULONGLONG read_table(ULONGLONG offset, ULONG bytes) const;
    void write_table(ULONGLONG offset, ULONG bytes, ULONGLONG value);
    void release_pending();
    bool msix_enabled() const { return msix_ && word(msix_ + 2u) & 0x8000; }
    bool msi_enabled() const { return msi_ && word(msi_ + 2u) & 1; }

    std::string name_;
    std::array<UCHAR, config_size> config_{}, writable_{},
        clearable_{}; // clearable: writing 1 clears the bit
    std::array<BarHandler, 6> bars_;
    ULONG last_capability_ = 0x34; // where the pointer to the next one goes
    ULONG free_ = 0x40;
    std::unique_ptr<InterruptLine> line_;
    bool line_wanted_ = false;
    UCHAR msi_ = 0, msix_ = 0; // offsets of the capabilities
    ULONG msix_bar_ = 0, msix_offset_ = 0;
    std::vector<Message> table_; // MSI-X
};

// Puts the ports of mechanism 1 and the host bridge in place. Once.
void initialize();
// Puts a function on the bus as number `function` of `device`; device 0 is the host bridge. The bus does not
// own it.
void insert(Function& function, ULONG device, ULONG number);
void remove(const Function& function);
Function* find(ULONG device, ULONG number);

// Configuration space of a function of bus 0; all ones where none is. `caller` for traces.
ULONG read_config(ULONG device, ULONG function, ULONG offset, ULONG bytes, ULONG_PTR caller);
void write_config(ULONG device, ULONG function, ULONG offset, ULONG bytes, ULONG value, ULONG_PTR caller);

// The same for any length, in the largest aligned pieces: nothing outside the range is accessed.
void read_config_range(ULONG device, ULONG function, ULONG offset, void* to, ULONG bytes, ULONG_PTR caller);
void write_config_range(ULONG device, ULONG function, ULONG offset, const void* from, ULONG bytes,
                        ULONG_PTR caller);

// The interrupt line that a pin (1 to 4) of a device leads to, as the firmware's _PRT says.
constexpr ULONG line_of_pin(ULONG device, ULONG pin) { return 16 + ((device + pin - 1) & 7); }

} // namespace nt::hardware::pci
