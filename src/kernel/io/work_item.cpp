#include "kernel/io/work_item.h"
#include "abi/bugcheck.h"
#include "kernel/ex/work.h"
#include "kernel/io/driver.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ob/object.h"
#include "kernel/pool/pool.h"
#include "kernel/seh/crossing.h"

namespace nt::io {

namespace {

constexpr ULONG work_item_tag = pool::tag("Iowi");

ULONG_PTR address(const void* p) { return reinterpret_cast<ULONG_PTR>(p); }

} // namespace

void initialize_work_item(IO_WORKITEM* item, PVOID object) {
    const CSHORT type = object ? *static_cast<CSHORT*>(object) : CSHORT(0);
    if (type != IO_TYPE_DEVICE && type != IO_TYPE_DRIVER)
        ke::bug_check(WORKER_INVALID, 3, address(item), address(object));
    *item = {};
    item->WorkItem.WorkerRoutine =
        reinterpret_cast<PWORKER_THREAD_ROUTINE>(internal_address("IopProcessWorkItem"));
    item->WorkItem.Parameter = item;
    item->IoObject = object;
}

IO_WORKITEM* allocate_work_item(PVOID object, ULONG_PTR caller) {
    auto* item = static_cast<IO_WORKITEM*>(
        pool::allocate(pool::Kind::nonpaged, sizeof(IO_WORKITEM), work_item_tag, caller));
    if (item) initialize_work_item(item, object);
    return item;
}

void uninitialize_work_item(IO_WORKITEM* item) {
    if (ex::is_queued(item->WorkItem))
        ke::bug_check(WORKER_INVALID, 2, address(item), address(item->Routine));
}

void free_work_item(IO_WORKITEM* item) {
    uninitialize_work_item(item);
    pool::release(item, work_item_tag);
}

void queue_work_item(IO_WORKITEM* item, PVOID routine, bool extended, ULONG queue, PVOID context) {
    if (ex::is_queued(item->WorkItem)) ke::bug_check(WORKER_INVALID, 1, address(&item->WorkItem), queue);
    item->Routine = routine;
    item->Context = context;
    item->Type = extended;
    ob::reference(item->IoObject);
    ex::queue_work_item(item->WorkItem, queue);
}

void process_work_item(IO_WORKITEM* item) {
    PVOID object = item->IoObject; // the routine may free the item
    if (item->Type)
        seh::call_out(reinterpret_cast<PIO_WORKITEM_ROUTINE_EX>(item->Routine), object, item->Context, item);
    else
        seh::call_out(reinterpret_cast<PIO_WORKITEM_ROUTINE>(item->Routine),
                      static_cast<DEVICE_OBJECT*>(object), item->Context);
    ob::dereference(object);
}

} // namespace nt::io
