// The user half of one process: a list of reservations (address, size, protection) over extents of RAM pages.
//
// A Vad is one reservation (VirtualAlloc, image, stack, mapped view). Its committed pages are Extents:
// maximal runs with consecutive page numbers and one protection. An extent is one host mapping, made when the
// space is active; so few and large extents are few and large host mappings. A switch of spaces walks over
// the extents of both and changes the mappings that differ: what processes share at one place, which is most
// of their images, stays, and small pieces of data at one place trade their frames' contents, so that the
// mapping stays too. Hence the page behind an address is its own only while it is locked. Extents live in a
// sorted array (binary search, no node allocation), Vads in another; both on the machine heap.
//
// Only the active space is mapped. `activate(nullptr)` makes the user half inaccessible with the mappings
// kept. KUSER_SHARED_DATA is mapped for ever, read only. An idle thread mostly gives way to the thread that
// waited, so it leaves the space (`leave_space`) without taking the rights away, and does so only before a
// driver's routine runs on it.
//
// Sizes and errors follow the pages of NtAllocateVirtualMemory, NtFreeVirtualMemory, VirtualProtect and
// VirtualQuery.
#pragma once
#include "abi/mm.h"
#include "base/result.h"
#include "host/machine_heap.h"
#include "kernel/mm/physical.h"
#include <vector>

namespace nt::mm {

struct Extent {
    std::uint64_t address;
    std::uint32_t pages;
    std::uint32_t first;  // page number
    ULONG protection;     // PAGE_*, with PAGE_GUARD
    bool present = false; // its host mapping exists
    bool wanted = true;   // is mapped with the space, and not at the first access
    bool kept = false;    // of a switch: the other space has the same
    std::uint64_t end() const { return address + (std::uint64_t(pages) << page_shift); }
};

// locked_pages: pages of an MDL mapped for user mode; only their driver may change or remove them.
enum class VadKind : std::uint8_t { private_memory, image, mapped, locked_pages };

struct Vad {
    std::uint64_t address;
    std::uint64_t size;
    ULONG protection; // of the reservation (AllocationProtect)
    VadKind kind;
    bool stack; // the guard page grows it
    std::uint64_t end() const { return address + size; }
};

struct UserStack {
    std::uint64_t allocation; // TEB.DeallocationStack
    std::uint64_t limit;      // TEB.NtTib.StackLimit
    std::uint64_t base;       // TEB.NtTib.StackBase
};

struct ImagePages;

// What a fault on a user address means; see resolve_fault.
enum class Resolution : std::uint8_t { retry, guard_page, stack_overflow, access_violation };

class AddressSpace {
  public:
    static AddressSpace* create();
    // Unmaps everything and releases all pages (locked ones live on). Deactivates if active.
    static void destroy(AddressSpace* space);

    // NtAllocateVirtualMemory. base 0: anywhere, from places::user_heap up. type: MEM_COMMIT, MEM_RESERVE,
    // MEM_RESET, MEM_TOP_DOWN (ignored). On success base and size are what was done.
    NTSTATUS allocate(std::uint64_t& base, std::uint64_t& size, ULONG type, ULONG protection,
                      ULONG_PTR zero_bits = 0);
    // NtFreeVirtualMemory: MEM_RELEASE or MEM_DECOMMIT.
    NTSTATUS free(std::uint64_t& base, std::uint64_t& size, ULONG type);
    // NtProtectVirtualMemory; old is the first page's.
    NTSTATUS protect(std::uint64_t& base, std::uint64_t& size, ULONG protection, ULONG& old);
    // NtQueryVirtualMemory(MemoryBasicInformation). STATUS_INVALID_PARAMETER above the user half.
    NTSTATUS query(std::uint64_t address, MEMORY_BASIC_INFORMATION& info) const;

    // An image view: committed, zeroed, PAGE_READWRITE for now, AllocationProtect PAGE_EXECUTE_WRITECOPY,
    // MEM_IMAGE. `base` 0: the next free place from places::user_images. The loader fills it through
    // pointer() and sets rights with set_protection().
    NTSTATUS map_image(std::uint64_t& base, std::uint64_t size);
    // The same image in another process, at the same place (image_pages.h). STATUS_CONFLICTING_ADDRESSES.
    NTSTATUS share_image(std::uint64_t base, ImagePages& pages) const;
    NTSTATUS map_image(const ImagePages& pages);
    NTSTATUS set_protection(std::uint64_t base, std::uint64_t size, ULONG protection);
    NTSTATUS unmap_view(std::uint64_t address); // image or mapped view that contains the address
    // Pages that somebody else owns (sections, MDLs in user mode): each gets a reference.
    NTSTATUS map_pages(std::uint64_t& base, const Pfn* pages, std::uint64_t count, ULONG protection,
                       VadKind kind = VadKind::mapped);
    NTSTATUS unmap_locked_pages(std::uint64_t address);
    // A thread's stack: reserve and commit as in the image header, one guard page below the committed part.
    NTSTATUS create_stack(std::uint64_t reserve, std::uint64_t commit, UserStack& stack);

    // Extent of a committed user address, or null.
    const Extent* find(std::uint64_t address) const {
        if (address - hint_address_ < hint_size_) [[likely]]
            return &extents_[hint_];
        return find_slow(address);
    }
    const Vad* find_vad(std::uint64_t address) const;
    // The lowest free place of `size` bytes from `from` up, on a granularity boundary; 0: none.
    std::uint64_t free_place(std::uint64_t size, std::uint64_t from) const {
        return find_free(page_ceil(size), from);
    }
    // Kernel (direct-map) pointer to a committed user address, whatever its protection, active or not; null
    // if not committed. `contiguous` gets the bytes that may be used from it.
    void* pointer(std::uint64_t address, std::uint64_t* contiguous = nullptr) const;

    // Decides a fault on a user address: grows a stack or clears PAGE_GUARD. `new_limit` is the stack's new
    // limit when it grew (0 otherwise): the caller stores it in the TEB.
    Resolution resolve_fault(std::uint64_t address, bool write, bool execute, std::uint64_t& new_limit);

    void* owner = nullptr; // EPROCESS
    std::uint64_t committed_pages() const;
    const std::vector<Extent, host::HeapAllocator<Extent>>& extents() const { return extents_; }
    const std::vector<Vad, host::HeapAllocator<Vad>>& vads() const { return vads_; }

    AddressSpace() = default; // use create()

  private:
    friend struct AddressSpaceSwitch;
    friend bool bring_in(std::uint64_t address);
    using Extents = std::vector<Extent, host::HeapAllocator<Extent>>;
    using Vads = std::vector<Vad, host::HeapAllocator<Vad>>;

    const Extent* find_slow(std::uint64_t address) const;
    std::size_t first_at_or_after(std::uint64_t address) const; // first extent that ends above the address
    Vad* vad_at(std::uint64_t address);
    std::uint64_t find_free(std::uint64_t size, std::uint64_t from) const;
    bool is_free(std::uint64_t base, std::uint64_t size) const;
    void insert_vad(const Vad& vad);
    NTSTATUS commit(std::uint64_t base, std::uint64_t size, ULONG protection);
    void decommit(std::uint64_t base, std::uint64_t size);
    static bool reference(const Extent& extent, VadKind kind); // false: a page has too many mappings
    void release(const Extent& extent);
    void split_at(std::uint64_t address);
    void merge_around(std::uint64_t base, std::uint64_t end);
    void insert_extent(const Extent& extent);
    NTSTATUS make_private(Extent& extent); // of an image, before it becomes writable
    bool accessible() const;
    bool show(Extent& extent, bool replace = false);
    void hide(std::uint64_t address, std::uint64_t size);
    bool reserve_failed_on_host(std::uint64_t base, std::uint64_t size);
    void forget_hint() const { hint_size_ = 0; }

    Extents extents_;
    Vads vads_;
    mutable std::uint64_t hint_address_ = 0, hint_size_ = 0;
    mutable std::size_t hint_ = 0;
    bool mapped_ = false; // its host mappings may exist (accessible or not)
    ULONG switches_ = 0;  // to it, from another space
};

// The space whose user half is accessible now; null while a processor idles.
extern AddressSpace* active_space;
inline AddressSpace* current_space() { return active_space; }
extern AddressSpace* left_space; // accessible still; null: none
void switch_space(AddressSpace* space);
// Makes `space` the accessible user half (null: none). Call at every thread switch: costs one compare when
// nothing changes.
inline void activate(AddressSpace* space) {
    if (space != active_space || left_space) [[unlikely]]
        switch_space(space);
}
inline void leave_space() {
    if (!active_space) return;
    left_space = active_space;
    active_space = nullptr;
}
void finish_leaving();
// A fault at a user address of the active space whose mapping does not exist yet: makes it. Called in the
// signal handler.
bool bring_in(std::uint64_t address);

// PAGE_* (without modifiers) to host rights. PAGE_GUARD and PAGE_NOACCESS give none.
host::ram::Protection host_protection(ULONG protection);
bool is_valid_protection(ULONG protection);
bool is_writable(ULONG protection);

// Called with a stack's new limit whenever a guard page was hit; ps stores it in the current TEB.
extern void (*stack_limit_changed)(std::uint64_t limit);
// Bytes that the running thread wants to have left in a stack overflow (SetThreadStackGuarantee); plugged by
// ps.
extern std::uint64_t (*stack_guarantee)();

// The writable page behind KUSER_SHARED_DATA (zeroed at start).
void* shared_user_data();

} // namespace nt::mm
