#include "kernel/io/csq.h"
#include "kernel/io/test_machine.h"

using namespace nt;
using test::in_kernel;

namespace {

std::vector<IRP*> queue_;
std::vector<IRP*> cancelled;
int locks;
NTSTATUS answer;

NTAPI NTSTATUS insert(IO_CSQ*, IRP* irp, PVOID context) {
    EXPECT_EQ(context, reinterpret_cast<PVOID>(9));
    in_kernel([=] { queue_.push_back(irp); });
    return answer;
}
NTAPI void remove(IO_CSQ*, IRP* irp) {
    in_kernel([=] { std::erase(queue_, irp); });
}
NTAPI IRP* peek(IO_CSQ*, IRP* after, PVOID) {
    bool found = after == nullptr;
    for (IRP* irp : queue_) {
        if (found) return irp;
        found = irp == after;
    }
    return nullptr;
}
NTAPI void acquire(IO_CSQ*, KIRQL* irql) {
    ++locks;
    *irql = in_kernel([] { return ke::raise_irql(DISPATCH_LEVEL); });
}
NTAPI void release(IO_CSQ*, KIRQL irql) {
    --locks;
    in_kernel([=] { ke::lower_irql(irql); });
}
NTAPI void complete(IO_CSQ*, IRP* irp) {
    EXPECT_EQ(locks, 0);
    in_kernel([=] { cancelled.push_back(irp); });
}

NTAPI void cancel_entry(DEVICE_OBJECT*, IRP* irp) {
    in_kernel([=] { io::csq_cancel(irp); });
}

IO_CSQ csq;
IRP* new_irp() {
    IRP* irp = io::allocate_irp(1);
    --irp->CurrentLocation;
    --irp->Tail.Overlay.CurrentStackLocation;
    return irp;
}
void boot() {
    test::boot_io();
    io::set_addresses({[](const char* name) {
        return std::string_view(name) == "IopCsqCancelRoutine"
                   ? reinterpret_cast<ULONG_PTR>(&cancel_entry)
                   : reinterpret_cast<ULONG_PTR>(&test::invalid_request);
    }});
    csq = {IO_TYPE_CSQ_EX, reinterpret_cast<PIO_CSQ_INSERT_IRP>(reinterpret_cast<void*>(&insert)),
           remove,         peek,
           acquire,        release,
           complete,       nullptr};
    queue_.clear();
    cancelled.clear();
    answer = STATUS_SUCCESS;
}
NTSTATUS put(IRP* irp, IO_CSQ_IRP_CONTEXT* context = nullptr) {
    return io::csq_insert(&csq, irp, context, reinterpret_cast<PVOID>(9));
}

KERNEL_TEST(Csq, FirstInFirstOut) {
    IRP *a = new_irp(), *b = new_irp();
    EXPECT_EQ(put(a), STATUS_SUCCESS);
    EXPECT_EQ(put(b), STATUS_SUCCESS);
    EXPECT_TRUE(io::current_location(a)->Control & SL_PENDING_RETURNED);
    EXPECT_NE(a->CancelRoutine, nullptr);
    EXPECT_EQ(io::csq_remove_next(&csq, nullptr), a);
    EXPECT_EQ(a->CancelRoutine, nullptr);
    EXPECT_EQ(io::csq_remove_next(&csq, nullptr), b);
    EXPECT_EQ(io::csq_remove_next(&csq, nullptr), nullptr);
    io::free_irp(a);
    io::free_irp(b);
}

KERNEL_TEST(Csq, CancelTakesItOut) {
    IRP* a = new_irp();
    IO_CSQ_IRP_CONTEXT context;
    put(a, &context);
    EXPECT_TRUE(io::cancel_irp(a));
    EXPECT_EQ(cancelled, std::vector<IRP*>{a});
    EXPECT_EQ(ke::current_irql(), PASSIVE_LEVEL);
    EXPECT_EQ(io::csq_remove(&csq, &context), nullptr);
    io::free_irp(a);
}

KERNEL_TEST(Csq, ByContext) {
    IRP* a = new_irp();
    IO_CSQ_IRP_CONTEXT context;
    put(a, &context);
    EXPECT_EQ(io::csq_remove(&csq, &context), a);
    EXPECT_EQ(io::csq_remove(&csq, &context), nullptr);
    EXPECT_FALSE(io::cancel_irp(a));
    io::free_irp(a);
}

KERNEL_TEST(Csq, CancelledBeforeAndRefused) {
    IRP* a = new_irp();
    a->Cancel = TRUE;
    put(a);
    EXPECT_EQ(cancelled, std::vector<IRP*>{a});
    EXPECT_TRUE(queue_.empty());
    IRP* b = new_irp();
    answer = STATUS_DEVICE_BUSY;
    EXPECT_EQ(put(b), STATUS_DEVICE_BUSY);
    EXPECT_EQ(b->CancelRoutine, nullptr);
    io::free_irp(a);
    io::free_irp(b);
}

} // namespace
