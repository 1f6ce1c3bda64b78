#include "kernel/io/kept_blocks.h"
#include "kernel/io/detail/irp_lists.h"
#include "kernel/mm/mdl.h"

namespace nt::io {

void for_each_kept_block(const KeptBlocks& kept) {
    for (const IRP* irp : detail::free_irps)
        for (; irp; irp = reinterpret_cast<const IRP*>(irp->ThreadListEntry.Flink))
            kept(irp);
    for (const MDL* mdl = mm::kept_mdls(); mdl; mdl = mdl->Next)
        kept(mdl);
    detail::for_each_kept_buffer(kept);
    detail::for_each_kept_open_block(kept);
    detail::for_each_kept_packet(kept);
}

} // namespace nt::io
