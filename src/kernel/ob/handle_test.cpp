#include "abi/status.h"
#include "kernel/ob/test_boot.h"
#include <vector>

using namespace nt;

namespace {

int removed, closed, last_left;

OBJECT_TYPE* thing_type() {
    static OBJECT_TYPE* type = *ob::create_type(
        {.name = u"Thing", .tag = pool::tag("Thng"), .mapping = {1, 2, 4, 7}, .valid_access = 0x1f0007},
        {.close =
             [](PVOID, EPROCESS*, ACCESS_MASK, LONG64 left) {
                 ++closed;
                 last_left = static_cast<int>(left);
             },
         .remove = [](PVOID) { ++removed; }});
    return type;
}
void boot() {
    test::boot_base();
    thing_type();
    removed = closed = 0;
}
PVOID thing() { return *ob::create_object({.type = thing_type(), .body_size = 64}); }

KERNEL_TEST(Handle, AreCountedByProcess) {
    static OBJECT_TYPE* type =
        *ob::create_type({.name = u"Counted", .tag = pool::tag("Cntd"), .maintain_handle_info = true}, {});
    PVOID object = *ob::create_object({.type = type, .body_size = 16});
    constexpr int processes = 300;
    const auto process = [](int i) { return reinterpret_cast<EPROCESS*>(0x3100'0000'0000 + i * 0xc80L); };
    std::vector<ob::HandleTable*> tables;
    std::vector<HANDLE> handles;
    for (int i = 0; i < processes; ++i) {
        tables.push_back(ob::HandleTable::create(process(i)));
        for (int n = 0; n <= i % 3; ++n)
            handles.push_back(*ob::create_handle_in(*tables.back(), object, 1, 0));
        EXPECT_EQ(ob::handles_of(object, process(i)), i % 3 + 1u);
    }
    EXPECT_EQ(ob::header_of(object)->HandleCount, processes * 2);
    // Every second process closes all, in another order than they came.
    for (int i = processes - 2; i >= 0; i -= 2)
        tables[i]->close_all();
    for (int i = 0; i < processes; ++i)
        EXPECT_EQ(ob::handles_of(object, process(i)), i % 2 ? i % 3 + 1u : 0u) << i;
    for (ob::HandleTable* table : tables)
        ob::HandleTable::destroy(table);
    for (int i = 0; i < processes; ++i)
        EXPECT_EQ(ob::handles_of(object, process(i)), 0u);
    EXPECT_EQ(ob::header_of(object)->HandleCount, 0);
    ob::dereference(object);
}

KERNEL_TEST(Handle, LivesAndDies) {
    PVOID object = thing();
    const HANDLE handle = *ob::create_handle(object, 1, 0);
    EXPECT_EQ(reinterpret_cast<ULONG_PTR>(handle) & 3, 0u);
    ob::dereference(object);
    EXPECT_EQ(removed, 0);
    PVOID again;
    OBJECT_HANDLE_INFORMATION info;
    EXPECT_EQ(ob::reference_by_handle(handle, 1, thing_type(), KernelMode, &again, &info), STATUS_SUCCESS);
    EXPECT_EQ(again, object);
    EXPECT_EQ(info.GrantedAccess, 1u);
    EXPECT_EQ(ob::close_handle(handle, KernelMode), STATUS_SUCCESS);
    EXPECT_EQ(closed, 1);
    EXPECT_EQ(last_left, 0);
    EXPECT_EQ(removed, 0);
    ob::dereference(again);
    EXPECT_EQ(removed, 1);
    EXPECT_EQ(ob::close_handle(handle, KernelMode), STATUS_INVALID_HANDLE);
}

KERNEL_TEST(Handle, ChecksTypeAccessAndMode) {
    ob::HandleTable* table = ob::HandleTable::create(nullptr);
    PVOID object = thing();
    const HANDLE kernel = *ob::create_handle(object, 1, OBJ_KERNEL_HANDLE);
    EXPECT_GE(reinterpret_cast<ULONG_PTR>(kernel), ob::kernel_handle_bits);
    PVOID found;
    EXPECT_EQ(ob::reference_by_handle(kernel, 0, ob::directory_type, KernelMode, &found, nullptr),
              STATUS_OBJECT_TYPE_MISMATCH);
    EXPECT_EQ(ob::reference_by_handle(kernel, 0, nullptr, UserMode, &found, nullptr), STATUS_INVALID_HANDLE);
    EXPECT_EQ(
        ob::reference_by_handle(reinterpret_cast<HANDLE>(0x7770), 0, nullptr, KernelMode, &found, nullptr),
        STATUS_INVALID_HANDLE);
    EXPECT_EQ(ob::reference_by_handle(nullptr, 0, nullptr, KernelMode, &found, nullptr),
              STATUS_INVALID_HANDLE);
    // In kernel mode the rights of the handle are not asked.
    EXPECT_EQ(ob::reference_by_handle(kernel, 4, thing_type(), KernelMode, &found, nullptr), STATUS_SUCCESS);
    ob::dereference(found);
    // A "process" handle: the current table is the kernel's here, so its low value means the same.
    const HANDLE low = reinterpret_cast<HANDLE>(reinterpret_cast<ULONG_PTR>(kernel) & 0x7fffffff);
    EXPECT_EQ(ob::reference_by_handle(low, 4, thing_type(), UserMode, &found, nullptr), STATUS_ACCESS_DENIED);
    EXPECT_EQ(ob::reference_by_handle(low, 1, thing_type(), UserMode, &found, nullptr), STATUS_SUCCESS);
    ob::dereference(found);
    ob::close_handle(kernel, KernelMode);
    ob::dereference(object);
    ob::HandleTable::destroy(table);
}

KERNEL_TEST(Handle, ProtectedFromClose) {
    PVOID object = thing();
    const HANDLE handle = *ob::create_handle(object, 1, 0);
    ob::find_handle(handle, KernelMode)->attributes |= ob::handle_protected;
    EXPECT_EQ(ob::close_handle(handle, KernelMode), STATUS_HANDLE_NOT_CLOSABLE);
    ob::find_handle(handle, KernelMode)->attributes = 0;
    EXPECT_EQ(ob::close_handle(handle, KernelMode), STATUS_SUCCESS);
    ob::dereference(object);
}

KERNEL_TEST(Handle, DuplicateAndInherit) {
    ob::HandleTable* a = ob::HandleTable::create(nullptr);
    ob::HandleTable* b = ob::HandleTable::create(nullptr);
    PVOID object = thing();
    const HANDLE first = *ob::create_handle_in(*a, object, 3, OBJ_INHERIT);
    const HANDLE hidden = *ob::create_handle_in(*a, object, 3, 0);
    EXPECT_EQ(ob::inherit_handles(*a, *b), STATUS_SUCCESS);
    EXPECT_EQ(b->count(), 1u);
    ASSERT_NE(b->find(reinterpret_cast<ULONG_PTR>(first)), nullptr);
    EXPECT_EQ(b->find(reinterpret_cast<ULONG_PTR>(hidden)), nullptr);
    const auto same = ob::duplicate_handle({a, first, b, 0, 0, DUPLICATE_SAME_ACCESS, KernelMode});
    ASSERT_TRUE(same);
    EXPECT_EQ(b->find(reinterpret_cast<ULONG_PTR>(*same))->access, 3u);
    const auto less = ob::duplicate_handle({a, first, b, 1, 0, 0, UserMode});
    ASSERT_TRUE(less);
    EXPECT_EQ(b->find(reinterpret_cast<ULONG_PTR>(*less))->access, 1u);
    EXPECT_EQ(ob::header_of(object)->HandleCount, 5);
    ob::duplicate_handle({a, first, nullptr, 0, 0, DUPLICATE_CLOSE_SOURCE, KernelMode});
    EXPECT_EQ(a->find(reinterpret_cast<ULONG_PTR>(first)), nullptr);
    ob::HandleTable::destroy(a);
    EXPECT_EQ(ob::header_of(object)->HandleCount, 3);
    ob::HandleTable::destroy(b);
    EXPECT_EQ(ob::header_of(object)->PointerCount, 1);
    ob::dereference(object);
    EXPECT_EQ(removed, 1);
}

// Procedures of drivers' types let others run, who may close the very handle.
KERNEL_TEST(Handle, ClosedWhileItsTypeIsAsked) {
    static int asked;
    static bool answer;
    static OBJECT_TYPE* type =
        *ob::create_type({.name = u"Asked", .tag = pool::tag("Askd")},
                         {.remove = [](PVOID) { ++removed; },
                          .okay_to_close =
                              [](PVOID, EPROCESS*, HANDLE handle, KPROCESSOR_MODE mode) {
                                  if (asked++ == 0) (void)ob::close_handle(handle, mode);
                                  return answer;
                              }});
    asked = 0;
    answer = true;
    PVOID object = *ob::create_object({.type = type, .body_size = 16});
    const HANDLE handle = *ob::create_handle(object, 1, 0);
    ob::dereference(object);
    EXPECT_EQ(ob::close_handle(handle, KernelMode), STATUS_INVALID_HANDLE);
    EXPECT_EQ(asked, 2);
    EXPECT_EQ(removed, 1);
    EXPECT_EQ(type->TotalNumberOfHandles, 0u);
    // When the process ends its handles go, whatever the type says.
    ob::HandleTable* table = ob::HandleTable::create(nullptr);
    answer = false;
    object = *ob::create_object({.type = type, .body_size = 16});
    const HANDLE kept = *ob::create_handle_in(*table, object, 1, 0);
    ob::dereference(object);
    EXPECT_EQ(ob::close_handle_in(*table, reinterpret_cast<ULONG_PTR>(kept), KernelMode),
              STATUS_HANDLE_NOT_CLOSABLE);
    EXPECT_EQ(removed, 1);
    ob::HandleTable::destroy(table);
    EXPECT_EQ(asked, 4);
    EXPECT_EQ(removed, 2);
}

KERNEL_TEST(Handle, ClosedWhileItIsInherited) {
    static ob::HandleTable* parent;
    static ULONG_PTR value;
    static OBJECT_TYPE* type = *ob::create_type({.name = u"Passing", .tag = pool::tag("Pass")},
                                                {.open =
                                                     [](PVOID, const ob::Opening& how) {
                                                         if (how.reason == ObInheritHandle)
                                                             ob::close_handle_in(*parent, value, KernelMode);
                                                         return STATUS_SUCCESS;
                                                     },
                                                 .remove = [](PVOID) { ++removed; }});
    parent = ob::HandleTable::create(nullptr);
    ob::HandleTable* child = ob::HandleTable::create(nullptr);
    PVOID object = *ob::create_object({.type = type, .body_size = 16});
    value = reinterpret_cast<ULONG_PTR>(*ob::create_handle_in(*parent, object, 1, OBJ_INHERIT));
    ob::dereference(object);
    EXPECT_EQ(ob::inherit_handles(*parent, *child), STATUS_SUCCESS);
    EXPECT_EQ(removed, 0);
    EXPECT_EQ(parent->count(), 0u);
    EXPECT_EQ(child->count(), 1u);
    ob::HandleTable::destroy(child);
    EXPECT_EQ(removed, 1);
    ob::HandleTable::destroy(parent);
}

KERNEL_TEST(Handle, AMillionOfThem) {
    ob::HandleTable* table = ob::HandleTable::create(nullptr);
    PVOID object = thing();
    OBJECT_HEADER* header = ob::header_of(object);
    constexpr int many = 1'000'000;
    ULONG_PTR last = 0;
    for (int i = 0; i < many; ++i) {
        const ULONG_PTR value = table->allocate(header, 1, 0);
        ASSERT_GT(value, last);
        last = value;
    }
    EXPECT_EQ(table->count(), static_cast<ULONG>(many));
    // What was freed last is given first.
    table->free(last);
    table->free(0x40);
    EXPECT_EQ(table->find(0x40), nullptr);
    EXPECT_EQ(table->allocate(header, 1, 0), 0x40u);
    EXPECT_EQ(table->allocate(header, 1, 0), last);
    EXPECT_EQ(table->find(0x400), nullptr); // the first entry of a page is not used
    for (ULONG_PTR v = 4; v <= last; v += 4)
        if (table->find(v)) table->free(v);
    EXPECT_EQ(table->count(), 0u);
    ob::HandleTable::destroy(table);
    ob::dereference(object);
}

KERNEL_TEST(Handle, DeferredDelete) {
    static int requests;
    requests = 0;
    ob::set_deferred_delete_hook([] { ++requests; });
    PVOID first = thing();
    PVOID second = thing();
    ob::dereference_defer_delete(first);
    ke::raise_irql(DISPATCH_LEVEL);
    ob::dereference(second);
    EXPECT_EQ(removed, 0);
    EXPECT_EQ(requests, 1);
    ke::irql_byte() = PASSIVE_LEVEL;
    ob::run_deferred_deletes();
    EXPECT_EQ(removed, 2);
    ob::set_deferred_delete_hook(nullptr);
}

TEST(HandleBugCheck, TooManyDereferences) {
    boot();
    const ke::Stop stop = test::run([] {
        PVOID object = thing();
        ob::header_of(object)->PointerCount = 0;
        ob::dereference(object);
    });
    EXPECT_EQ(stop.kind, ke::StopKind::bug_check);
    EXPECT_EQ(stop.code, 0x18u);
}

} // namespace
