// What the rules must know of an IRP beside its fields: who made it, and from where it is under way. It
// stands in IRP.Reserved, so it costs nothing to keep and goes with the IRP.
#pragma once
#include "kernel/io/irp.h"

namespace nt::io::detail {

using Maker = IrpMaker;

inline constexpr USHORT note_level = 0x00ff, note_maker = 0x0f00, note_sent = 0x1000;

inline Maker maker_of(const IRP* irp) { return static_cast<Maker>((irp->Reserved & note_maker) >> 8); }
inline void set_maker(IRP* irp, Maker maker) {
    irp->Reserved = static_cast<USHORT>(static_cast<unsigned>(maker) << 8);
}
// The location that it had when its owner sent it, and until it has come back there; 0: its owner has it.
// Kept while verifying only.
inline UCHAR sent_from(const IRP* irp) { return static_cast<UCHAR>(irp->Reserved & note_level); }
inline bool was_sent(const IRP* irp) { return irp->Reserved & note_sent; }
inline void note_sent_from(IRP* irp, CHAR level) {
    irp->Reserved =
        static_cast<USHORT>((irp->Reserved & ~note_level) | note_sent | static_cast<UCHAR>(level));
}
inline void note_back(IRP* irp) { irp->Reserved = static_cast<USHORT>(irp->Reserved & ~note_level); }

} // namespace nt::io::detail
