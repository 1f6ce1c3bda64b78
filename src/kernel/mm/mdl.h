// MDL bodies. An MDL is an array of page numbers with a header that drivers read; its flags say what was done
// with it. Locking takes one reference per page, so a locked page outlives its owner's release. A system
// address is arithmetic when the pages are contiguous in RAM (the direct map); else it is a range of the
// mapping window.
//
// IoAllocateMdl's rules about IRPs and chains belong to io; IRQL checks to the gates. Small MDLs come from a
// free list.
#pragma once
#include "abi/mm.h"
#include "kernel/mm/fault.h"
#include "kernel/mm/physical.h"

namespace nt::mm {

inline PFN_NUMBER* mdl_pages(MDL* mdl) { return reinterpret_cast<PFN_NUMBER*>(mdl + 1); }
inline const PFN_NUMBER* mdl_pages(const MDL* mdl) { return reinterpret_cast<const PFN_NUMBER*>(mdl + 1); }
inline std::uint64_t mdl_address(const MDL* mdl) {
    return reinterpret_cast<std::uint64_t>(mdl->StartVa) + mdl->ByteOffset;
}
inline std::uint64_t mdl_page_count(const MDL* mdl) { return pages_of(mdl_address(mdl), mdl->ByteCount); }
// MmSizeOfMdl: bytes of an MDL that describes the buffer.
constexpr std::uint64_t size_of_mdl(std::uint64_t address, std::uint64_t length) {
    return 0x30 + 8 * pages_of(address, length);
}

// Nonpaged memory for MDLs of more pages than the fixed size; the pool room plugs itself in (mm stands below
// it).
struct MdlMemory {
    void* (*allocate)(std::uint64_t size);
    void (*release)(void* memory);
    void (*return_quota)(void* memory); // of an MDL that is mdl_charged
};
void set_mdl_memory(const MdlMemory& memory);
void* allocate_mdl_memory(std::uint64_t size);
void release_mdl_memory(void* memory);

// Of MDL.Reserved: a driver allocated the MDL; its user pages were locked by a driver (user_locks.h); a
// process is charged for it; it is larger than its Size can say.
inline constexpr USHORT mdl_of_driver = 0x1, mdl_lock_listed = 0x2, mdl_charged = 0x4, mdl_large = 0x8;

// Pages of a fixed-size MDL (MDL_ALLOCATED_FIXED_SIZE).
inline constexpr std::uint64_t fixed_mdl_pages = 17;

// An initialised MDL (MmInitializeMdl) for the buffer; null: no memory, or longer than 4 GiB - PAGE_SIZE.
// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioallocatemdl
MDL* allocate_mdl(std::uint64_t address, std::uint64_t length);
// Frees; a window mapping of it or of its partial use is removed (MmPrepareMdlForReuse). Does not unlock: io
// decides what freeing a locked MDL means.
void free_mdl(MDL* mdl);
const MDL* kept_mdls(); // free ones of the usual size, linked through Next
void initialize_mdl(MDL* mdl, std::uint64_t address, std::uint64_t length);

// MmBuildMdlForNonPagedPool: the buffer is nonpaged kernel memory; sets MappedSystemVa. False: some page is
// not there.
bool build_for_nonpaged_pool(MDL* mdl);

enum class LockOperation : ULONG { read = 0, write = 1, modify = 2 };
// MmProbeAndLockPages: the status is the exception to raise (STATUS_ACCESS_VIOLATION,
// STATUS_INSUFFICIENT_RESOURCES); then nothing is locked. `mode` UserMode refuses addresses from
// MmUserProbeAddress up; KernelMode takes kernel and user addresses.
NTSTATUS probe_and_lock_pages(MDL* mdl, KPROCESSOR_MODE mode, LockOperation operation);
// MmProbeAndLockSelectedPages: the MDL describes the whole pages that contain `segments`, one after another;
// there are as many as the MDL has pages.
NTSTATUS probe_and_lock_selected_pages(MDL* mdl, const std::uint64_t* segments, KPROCESSOR_MODE mode,
                                       LockOperation operation);
// False: was not locked.
bool unlock_pages(MDL* mdl);

// MmMapLockedPagesSpecifyCache. KernelMode: a system address or 0. UserMode: an address of the current
// process (requested or chosen); a status instead of an address there, as Windows raises it. Flags in
// `priority`: MdlMappingNoWrite, MdlMappingNoExecute.
Result<std::uint64_t> map_locked_pages(MDL* mdl, KPROCESSOR_MODE mode, std::uint64_t requested,
                                       ULONG priority);
void unmap_locked_pages(std::uint64_t address, MDL* mdl);
// MmGetSystemAddressForMdlSafe's body: the address that is there or a new mapping; 0 when out of mappings.
inline std::uint64_t system_address(MDL* mdl, ULONG priority) {
    if (mdl->MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL))
        return reinterpret_cast<std::uint64_t>(mdl->MappedSystemVa);
    return map_locked_pages(mdl, KernelMode, 0, priority).value_or(0);
}

// IoBuildPartialMdl: target describes [address, address + length) of source; length 0: to its end. False:
// target too small (bug check TARGET_MDL_TOO_SMALL) or the range is not within source.
bool build_partial_mdl(MDL* source, MDL* target, std::uint64_t address, ULONG length);
// MmPrepareMdlForReuse.
void prepare_for_reuse(MDL* mdl);
// MmProtectMdlSystemAddress: PAGE_* rights of the system mapping. STATUS_NOT_MAPPED_VIEW when it has none of
// its own.
NTSTATUS protect_system_address(MDL* mdl, ULONG protection);
// MmAdvanceMdl: drops bytes from the front. STATUS_INVALID_PARAMETER_2 beyond the end.
NTSTATUS advance_mdl(MDL* mdl, ULONG bytes);
// MmAllocatePagesForMdlEx: zeroed pages, locked, no address. May describe fewer bytes than asked; null for
// none.
MDL* allocate_pages_for_mdl(std::uint64_t low, std::uint64_t high, std::uint64_t skip, std::uint64_t bytes,
                            ULONG flags);
void free_pages_from_mdl(MDL* mdl);

} // namespace nt::mm
