#include "host/machine_heap.h"
#include "kernel/ob/detail/calling_driver.h"
#include "kernel/ob/handle.h"
#include <cstring>

namespace nt::ob {

namespace {
constexpr SIZE_T page_bytes = handles_per_page * sizeof(HandleEntry);
}

HandleTable* HandleTable::create(EPROCESS* owner) {
    auto* table = host::make<HandleTable>();
    table->owner_ = owner;
    return table;
}

void HandleTable::destroy(HandleTable* table) {
    table->close_all();
    forget_table(table);
    for (ULONG i = 0; i < table->capacity_ / handles_per_page; ++i)
        host::heap_release(table->pages_[i], page_bytes);
    if (table->pages_) host::heap_release(table->pages_, table->page_room_ * sizeof(HandleEntry*));
    host::destroy(table);
}

// One more page; its entries join the free list in ascending order. Entry 0 of a page is never given out.
bool HandleTable::grow() {
    if (capacity_ >= max_handles) return false;
    const ULONG page = capacity_ / handles_per_page;
    if (page == page_room_) {
        const ULONG room = page_room_ ? page_room_ * 2 : 16;
        auto** pages = static_cast<HandleEntry**>(host::heap_allocate(room * sizeof(HandleEntry*)));
        if (pages_) {
            std::memcpy(pages, pages_, page_room_ * sizeof(HandleEntry*));
            host::heap_release(pages_, page_room_ * sizeof(HandleEntry*));
        }
        pages_ = pages;
        page_room_ = room;
    }
    auto* entries = static_cast<HandleEntry*>(host::heap_allocate(page_bytes));
    pages_[page] = entries;
    for (ULONG i = 1; i < handles_per_page; ++i)
        entries[i].next_free = i + 1 < handles_per_page ? capacity_ + i + 1 : first_free_;
    first_free_ = capacity_ + 1;
    capacity_ += handles_per_page;
    return true;
}

ULONG_PTR HandleTable::allocate(OBJECT_HEADER* object, ACCESS_MASK access, ULONG attributes) {
    if (!first_free_ && !grow()) return 0;
    const ULONG index = first_free_;
    HandleEntry& entry = pages_[index / handles_per_page][index % handles_per_page];
    first_free_ = entry.next_free;
    entry.object = object;
    entry.access = access;
    entry.attributes = attributes;
    entry.opener = detail::calling_driver();
    ++count_;
    return ULONG_PTR(index) << 2;
}

bool HandleTable::allocate_at(ULONG_PTR value, const HandleEntry& copy) {
    const ULONG index = static_cast<ULONG>(value >> 2);
    if (index % handles_per_page == 0 || index >= max_handles) return false;
    while (index >= capacity_)
        if (!grow()) return false;
    ULONG* link = &first_free_;
    while (*link && *link != index)
        link = &pages_[*link / handles_per_page][*link % handles_per_page].next_free;
    if (!*link) return false;
    HandleEntry& entry = pages_[index / handles_per_page][index % handles_per_page];
    *link = entry.next_free;
    entry = copy;
    ++count_;
    return true;
}

void HandleTable::free(ULONG_PTR value) {
    const ULONG index = static_cast<ULONG>(value >> 2);
    HandleEntry& entry = pages_[index / handles_per_page][index % handles_per_page];
    entry.object = nullptr;
    entry.attributes = 0;
    entry.next_free = first_free_;
    first_free_ = index;
    --count_;
}

void HandleTable::for_each(void (*visit)(void* context, ULONG_PTR value, const HandleEntry& entry),
                           void* context) const {
    for (ULONG i = 0; i < capacity_; ++i) {
        const HandleEntry& entry = pages_[i / handles_per_page][i % handles_per_page];
        if (entry.object) visit(context, ULONG_PTR(i) << 2, entry);
    }
}

void HandleTable::for_each_free(void (*visit)(void* context, ULONG_PTR value, const HandleEntry& entry),
                                void* context) const {
    for (ULONG i = 0; i < capacity_; ++i) {
        const HandleEntry& entry = pages_[i / handles_per_page][i % handles_per_page];
        if (!entry.object) visit(context, ULONG_PTR(i) << 2, entry);
    }
}

// By index, because a close procedure may run drivers, and those may open and close handles here.
void HandleTable::close_all() {
    for (ULONG i = 0; i < capacity_ && count_; ++i) {
        HandleEntry& entry = pages_[i / handles_per_page][i % handles_per_page];
        if (!entry.object) continue;
        entry.attributes &= ~handle_protected;
        close_handle_in(*this, ULONG_PTR(i) << 2, KernelMode, true);
    }
}

} // namespace nt::ob
