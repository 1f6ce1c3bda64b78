// The insides of DMA adapters and map registers.
#pragma once
#include "kernel/io/dma.h"
#include "kernel/io/dma_v3.h"
#include "kernel/mm/physical.h"

namespace nt::io {

namespace dma {

inline constexpr ULONG adapter_signature = 'D' | 'm' << 8 | 'a' << 16 | 'A' << 24;
[[noreturn]] void dma_violation(ULONG_PTR what, ULONG_PTR p2 = 0, ULONG_PTR p3 = 0, ULONG_PTR p4 = 0);

struct TransferContext;

// Who gets the channel, and what is called then; no routine: nothing.
struct ChannelCall {
    DEVICE_OBJECT* device;
    IRP* irp;
    PDRIVER_CONTROL routine;
    PVOID context;
};

// A part of a transfer that goes through map registers.
struct Bounce {
    MDL* mdl;
    ULONG_PTR va;
    ULONG length;
    ULONG at; // byte position from the first register on
};

// What a driver knows as MapRegisterBase: the registers of one transfer. In pool.
struct Registers {
    DmaAdapter* adapter;
    LIST_ENTRY link; // while it waits
    void (*ready)(Registers& registers);
    void (*granted)(Registers& registers); // what has the channel, instead of `call`; or null
    PVOID context;                         // of `ready`
    ChannelCall call;
    TransferContext* transfer;             // that can cancel the wait, or null
    void (*abandon)(Registers& registers); // what a cancelled wait leaves, or null
    bool in_channel, in_bank;              // it waits there
    TransferContext* started;              // the context of a subordinate device's transfer, or null
    PDMA_COMPLETION_ROUTINE completion;    // for when that is cancelled
    PVOID completion_context;
    ULONG count;         // that the driver asked for
    ULONG used, bounces; // registers, mappings
    ULONG wanted;        // pages to reserve; 0: the device reaches all memory
    mm::Pfn first;       // of the pages; 0: not reserved (yet)
    Bounce bounce[1];    // `count` of them
};

// What one transfer at a time may have. `waiting` are Registers whose devices queue for it.
struct Channel {
    Registers* owner;
    LIST_ENTRY waiting;
    bool pumping;
};

// What a driver keeps in DMA_TRANSFER_CONTEXT_SIZE_V1 bytes.
struct TransferContext {
    ULONG signature;
    bool used, cancelled; // cancelled: before anything was asked for
    Registers* waiting;   // what CancelAdapterChannel takes back
    Registers* registers; // of a subordinate device's transfer
};
static_assert(sizeof(TransferContext) <= DMA_TRANSFER_CONTEXT_SIZE_V1);
inline constexpr ULONG transfer_signature = 'D' | 'm' << 8 | 'a' << 16 | 'T' << 24;

Registers* new_registers(DmaAdapter& adapter, ULONG count, ULONG wanted); // null: no memory
// Reserves the pages. False: it waits, and `ready` is called when they are there.
bool reserve(Registers& registers, void (*ready)(Registers&), PVOID context);
// Gives everything back; who waits may go on.
void release(Registers& registers);
bool reserve_now(Registers& registers); // without waiting
// Waits for the adapter's channel, too: `granted` or the routine of `call` is called when both are there.
void queue_for_channel(Registers& registers);
// False: it is in use, or there are too few registers. `granted` and `call` are the caller's matter.
bool take_channel_now(Registers& registers);
// Gives registers and channel back; who waits may go on.
void leave_channel(Registers& registers);
// False: it waits neither for the channel nor for registers.
bool take_back(Registers& registers);
Registers& registers_of(DmaAdapter& adapter, PVOID base);

// Copies through the registers from byte position `at`; the address for the device.
ULONGLONG bounce(Registers& registers, MDL* mdl, PVOID va, ULONG length, ULONG at, bool write);
// Ends the mappings in the range; data that came from the device goes to its place.
void end_bounces(Registers& registers, const MDL* mdl, PVOID va, ULONGLONG length, bool write);

// The same for a transfer along a chain of MDLs.
void end_transfer(Registers& registers, const Transfer& transfer);

// Walks the bytes of a chain of MDLs page by page. DRIVER_VERIFIER_DMA_VIOLATION 0x0E for an MDL whose pages
// are not locked, 0x1B for an address outside the first.
class Pages {
  public:
    Pages(MDL* mdl, const void* va);
    mm::Pfn pfn() const;
    ULONG offset() const { return static_cast<ULONG>(va_ & (mm::page_size - 1)); }
    ULONGLONG physical() const { return (pfn() << mm::page_shift) + offset(); }
    ULONG left() const; // bytes to the end of this page or MDL
    MDL* mdl() const { return mdl_; }
    PVOID va() const { return reinterpret_cast<PVOID>(va_); }
    void advance(ULONG bytes); // at most left()

  private:
    void enter(MDL* mdl);
    MDL* mdl_;
    ULONG_PTR va_;
};
// Bytes from va to the end of the chain; 0 for an address outside the first MDL.
ULONGLONG bytes_from(const MDL* mdl, const void* va);

} // namespace dma

struct DmaAdapter : DMA_ADAPTER {
    ULONG signature;
    bool scatter_gather;
    ULONGLONG highest;     // last address that the device reaches
    ULONG limit;           // map registers for one transfer
    dma::Channel own;      // a bus master's
    dma::Channel* channel; // `own`, or that of the system DMA controller, which others use as well
    LIST_ENTRY common_buffers;
    // A subordinate device's.
    bool subordinate, auto_initialize;
    ULONG number;   // of the controller's channel
    ULONG boundary; // in pages, which a transfer must not cross; 0: none

    bool reaches(mm::Pfn pfn) const { return (pfn << mm::page_shift) + mm::page_size - 1 <= highest; }
    bool crosses(ULONGLONG physical, ULONG length) const {
        const ULONGLONG window = boundary * mm::page_size;
        return boundary && physical / window != (physical + length - 1) / window;
    }
    bool needs_registers() const { return !scatter_gather || highest != ~0ull; }
};

} // namespace nt::io
