// The system DMA controller of a PC: seven channels that move data between memory and devices that cannot do
// it themselves. Channels 0 to 3 move bytes, 5 to 7 words; 4 joins the two halves. An address has 24 bits,
// and a transfer stays within 64 KiB (words: 128 KiB). The HAL's calls are here instead of the registers at
// ports 0x00 to 0x0F, 0x80 to 0x8F and 0xC0 to 0xDF.
#pragma once
#include "abi/types.h"
#include <string>
#include <string_view>

namespace nt::hardware::dma_controller {

inline constexpr ULONG channels = 8;
constexpr bool exists(ULONG channel) { return channel < channels && channel != 4; }
constexpr ULONG boundary_of(ULONG channel) { return channel < 4 ? 0x1'0000 : 0x2'0000; }

// Who is wired to the channel. False: somebody else is.
bool wire(ULONG channel, const std::string& device);
void unwire(const std::string& device);

// Sets the channel up. `again`: at the end it begins anew (autoinitialize).
void start(ULONG channel, ULONGLONG address, ULONG length, bool to_device, bool again);
void stop(ULONG channel);
ULONG remaining(ULONG channel); // bytes

// The device asks: what was moved; 0: nobody has set the channel up for this direction. `end`: the last byte
// of the transfer was among them.
ULONG serve(ULONG channel, void* buffer, ULONG bytes, bool to_memory, bool& end, std::string_view device);

} // namespace nt::hardware::dma_controller
