// The two address spaces in which devices answer: ports (64 KiB) and physical memory outside RAM and ROM.
//
// A range belongs to one device. An access that is naturally aligned, lies within one range and is not too
// wide for it reaches the device as it was made; any other is split into halves until it does, as a bus
// splits it, lower addresses first. Where no device answers, reads give all ones and writes are lost.
//
// Each access takes virtual time, and what is due by then happens first: a driver that polls a register sees
// the device go on.
#pragma once
#include "abi/types.h"
#include <string>
#include <vector>

namespace nt::hardware {

// A device's side of a range. `offset` counts from the beginning of the range; `bytes` is 1, 2, 4 or 8
// (ports: at most 4). Bits of a value above `bytes` are zero.
class RangeHandler {
  public:
    virtual ULONGLONG read(ULONGLONG offset, ULONG bytes) = 0;
    virtual void write(ULONGLONG offset, ULONG bytes, ULONGLONG value) = 0;

  protected:
    ~RangeHandler() = default;
};

struct Range {
    ULONGLONG first, length;
    RangeHandler* handler;
    std::string device; // for reports and traces
    ULONG widest = 8;   // the device's widest access; wider ones are split
    bool contains(ULONGLONG address, ULONGLONG bytes) const {
        return address >= first && bytes <= length && address - first <= length - bytes;
    }
    bool touches(ULONGLONG address, ULONGLONG bytes) const {
        return address < first + length && first < address + bytes;
    }
};

class AddressSpace {
  public:
    enum class Kind : UCHAR { ports, memory };
    explicit AddressSpace(Kind kind) : kind_(kind) {}

    // Null: done. Otherwise the range that is in the way.
    const Range* add(Range range);
    void remove(ULONGLONG first);
    const Range* find(ULONGLONG address) const;
    // The first range that has a part of [first, first + length), or null.
    const Range* overlapping(ULONGLONG first, ULONGLONG length) const;
    void clear() { ranges_.clear(); }

    // `caller`: the guest code that does it, for traces.
    ULONGLONG read(ULONGLONG address, ULONG bytes, ULONG_PTR caller);
    void write(ULONGLONG address, ULONG bytes, ULONGLONG value, ULONG_PTR caller);

  private:
    const Range* whole(ULONGLONG address, ULONG bytes, bool& untouched) const;
    void pass_time() const;
    ULONGLONG read_piece(ULONGLONG address, ULONG bytes, ULONG_PTR caller);
    void write_piece(ULONGLONG address, ULONG bytes, ULONGLONG value, ULONG_PTR caller);
    void trace_read(ULONGLONG, ULONG, ULONGLONG, const Range*, ULONG_PTR) const;
    void trace_write(ULONGLONG, ULONG, ULONGLONG, const Range*, ULONG_PTR) const;

    void watch(ULONGLONG address, ULONG bytes, ULONGLONG value, ULONG_PTR caller);

    // The last read, and how often it was made in a row with the same answer.
    struct Poll {
        ULONGLONG address = 0, value = 0;
        ULONG_PTR caller = 0;
        ULONG bytes = 0, count = 0;
    } poll_;
    const Kind kind_;
    std::vector<Range> ranges_; // by address
};

AddressSpace& ports();
AddressSpace& device_memory();

// Virtual time, plugged by the kernel. Until then it stands at 0.
struct Clock {
    ULONGLONG (*now)() = nullptr;
    void (*charge)(ULONGLONG units) = nullptr;
};
void set_clock(const Clock& clock);
// Called with a text when one place has read a register so often in a row, always with the same answer, that
// it will do so for ever. Does not return.
void set_stall_hook(void (*stalled)(const char* text, ULONG_PTR caller));
// In a callback of an event: the time it was scheduled for.
ULONGLONG now();

} // namespace nt::hardware
