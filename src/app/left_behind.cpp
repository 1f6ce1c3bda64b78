// What a driver that is unloaded leaves: handles and objects that its code made, system threads that run its
// code, pool, physical memory and mappings of it. Each is reported with the place that made it.
#include "abi/bugcheck.h"
#include "app/machine.h"
#include "app/target.h"
#include "app/text.h"
#include "base/list.h"
#include "kernel/ex/callback.h"
#include "kernel/io/device.h"
#include "kernel/io/driver.h"
#include "kernel/io/irp.h"
#include "kernel/ke/bugcheck_callbacks.h"
#include "kernel/ke/dpc.h"
#include "kernel/ke/interrupt.h"
#include "kernel/ke/report.h"
#include "kernel/ke/thread.h"
#include "kernel/ke/timer.h"
#include "kernel/mm/contiguous.h"
#include "kernel/mm/io_space.h"
#include "kernel/mm/mdl.h"
#include "kernel/mm/reserved_mapping.h"
#include "kernel/ob/callbacks.h"
#include "kernel/ob/handle.h"
#include "kernel/ob/namespace.h"
#include "kernel/pool/pool.h"
#include "kernel/ps/image_notify.h"
#include "kernel/ps/process.h"
#include "kernel/ps/process_notify.h"
#include "kernel/ps/thread.h"
#include "kernel/ps/thread_notify.h"
#include <map>
#include <set>

namespace app {

using namespace nt;

namespace {

using Blocks = std::set<std::uint64_t>;

// The kernel's own, as in pooltag.txt.
constexpr ULONG irp_tag = pool::tag("Irp "), mdl_tag = pool::tag("Mdl ");

std::string text_of(const UNICODE_STRING& s) {
    return s.Buffer ? to_utf8({s.Buffer, s.Length / sizeof(WCHAR)}) : std::string();
}

// "Key '\REGISTRY\MACHINE\SOFTWARE'"
std::string described(PVOID body) {
    std::string text = text_of(ob::type_of(body)->Name);
    WCHAR buffer[512];
    UNICODE_STRING name{0, sizeof buffer, buffer};
    if (NT_SUCCESS(ob::query_name_quietly(body, name)) && name.Length && name.Length <= sizeof buffer)
        text += " '" + text_of(name) + "'";
    return text;
}

std::string tag_text(ULONG tag) {
    std::string name;
    for (int i = 0; i < 4; i++) {
        const char c = static_cast<char>(tag >> (8 * i));
        name += c >= ' ' && c < 0x7f ? c : '.';
    }
    return name;
}

std::string hex(std::uint64_t value) {
    char text[24];
    std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
    return text;
}

// What the system makes for itself when a driver reports a device: a physical device object and its driver.
bool belongs_to_system(PVOID body) {
    OBJECT_TYPE* type = ob::type_of(body);
    const DRIVER_OBJECT* owner = type == io::device_type   ? static_cast<DEVICE_OBJECT*>(body)->DriverObject
                                 : type == io::driver_type ? static_cast<DRIVER_OBJECT*>(body)
                                                           : nullptr;
    return owner && (owner->Flags & DRVO_BUILTIN_DRIVER) && !owner->DriverInit;
}

struct Left {
    Machine& machine;
    const LoadedDriver& driver;
    Blocks held; // bodies of objects that a reported handle keeps
    bool clean = true;

    bool made_here(ULONG_PTR address) const { return address && driver.module->contains(address); }
    void say(const char* rule, const std::string& what, ULONG_PTR address) {
        clean = false;
        ke::report_at(address, rule, {}, "%s left behind: %s", driver.spec.name.c_str(), what.c_str());
    }

    void handles(const ob::HandleTable* table, ULONG_PTR bits) {
        struct Call {
            Left& left;
            ULONG_PTR bits;
        } call{*this, bits};
        if (!table) return;
        table->for_each(
            [](void* context, ULONG_PTR value, const ob::HandleEntry& entry) {
                auto& [left, upper] = *static_cast<Call*>(context);
                if (!left.made_here(entry.opener)) return;
                PVOID body = ob::body_of(entry.object);
                left.held.insert(reinterpret_cast<std::uint64_t>(body));
                left.say("HandleLeft",
                         "handle " + hex(value | upper) + " to " + described(body) + ", opened here",
                         entry.opener);
            },
            &call);
    }

    void object(PVOID body) {
        OBJECT_TYPE* type = ob::type_of(body);
        if (held.contains(reinterpret_cast<std::uint64_t>(body))) return;
        if (type == ps::thread_type) return; // threads() knows better
        if (belongs_to_system(body)) return;
        const ULONG_PTR creator = ob::creator_of(body);
        if (made_here(creator)) say("ObjectLeft", described(body) + ", made here", creator);
    }

    void objects() {
        for (OBJECT_TYPE* type : ob::types_by_index)
            if (type)
                ob::for_each_object(
                    type, [](void* context, PVOID body) { static_cast<Left*>(context)->object(body); }, this);
    }

    void threads() {
        for (LIST_ENTRY* e = ke::all_threads.Flink; e != &ke::all_threads; e = e->Flink) {
            auto* t = NT_CONTAINER(e, ke::Thread, all_link);
            if (t->Tcb.State == static_cast<UCHAR>(ke::ThreadState::terminated) ||
                !made_here(t->start_address))
                continue;
            char cid[40];
            std::snprintf(cid, sizeof cid, "%04llx.%04llx", static_cast<unsigned long long>(t->pid),
                          static_cast<unsigned long long>(t->tid));
            say("ThreadLeft",
                std::string("system thread ") + cid + " (" + describe_address(machine, t->start_address) +
                    "), created here, still runs",
                ob::creator_of(t));
        }
    }

    void interrupts() {
        ke::for_each_interrupt(
            [](KINTERRUPT& interrupt, void* context) {
                auto& left = *static_cast<Left*>(context);
                const auto routine = interrupt.MessageServiceRoutine
                                         ? reinterpret_cast<ULONG_PTR>(interrupt.MessageServiceRoutine)
                                         : reinterpret_cast<ULONG_PTR>(interrupt.ServiceRoutine);
                if (left.made_here(routine))
                    left.say("InterruptLeft",
                             "interrupt " + hex(reinterpret_cast<std::uint64_t>(&interrupt)) +
                                 " still connected, its service routine is here",
                             routine);
            },
            this);
    }

    // Routines of the image that the kernel still knows.
    void routine(const char* rule, ULONG_PTR object, ULONG_PTR address, const std::string& what) {
        if (made_here(address) || made_here(object)) say(rule, what, made_here(address) ? address : 0);
    }
    static std::string at(const void* object) { return hex(reinterpret_cast<std::uint64_t>(object)); }
    template <class F> static ULONG_PTR number(F* f) { return reinterpret_cast<ULONG_PTR>(f); }

    void dpcs() {
        const auto visit = [](KDPC& dpc, void* context) {
            const auto address = number(dpc.DeferredRoutine);
            auto& left = *static_cast<Left*>(context);
            if (!left.made_here(address) && !left.made_here(number(&dpc))) return;
            left.clean = false;
            ke::report_at(left.made_here(address) ? address : 0, "DpcLeft",
                          {DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS, {address, 0, 0, 0}},
                          "%s left behind: DPC %s still queued, its routine is here",
                          left.driver.spec.name.c_str(), at(&dpc).c_str());
        };
        for (ULONG i = 0; i < ke::processor_count(); i++)
            ke::for_each_dpc(i, visit, this);
        ke::for_each_timer(
            [](KTIMER& timer, void* context) {
                auto& left = *static_cast<Left*>(context);
                const ULONG_PTR address = timer.Dpc ? number(timer.Dpc->DeferredRoutine) : 0;
                if (!left.made_here(address) || left.made_here(number(&timer)))
                    return; // memory_freed() tells
                left.say("TimerLeft", "KTIMER " + at(&timer) + " still set, the routine of its DPC is here",
                         address);
            },
            this);
    }

    void apcs() {
        for (LIST_ENTRY* t = ke::all_threads.Flink; t != &ke::all_threads; t = t->Flink)
            for (LIST_ENTRY& head : NT_CONTAINER(t, ke::Thread, all_link)->Tcb.ApcState.ApcListHead)
                for (LIST_ENTRY* e = head.Flink; e && e != &head; e = e->Flink) {
                    const KAPC& apc = *NT_CONTAINER(e, KAPC, ApcListEntry);
                    const auto address =
                        apc.NormalRoutine ? number(apc.NormalRoutine) : number(apc.KernelRoutine);
                    routine("ApcLeft", number(&apc), address,
                            "APC " + at(&apc) + " still queued, its routine is here");
                }
    }

    void callbacks() {
        ob::for_each_object(
            ex::callback_type,
            [](void* context, PVOID object) {
                LIST_ENTRY& head = static_cast<CALLBACK_OBJECT*>(object)->RegisteredCallbacks;
                for (LIST_ENTRY* e = head.Flink; e != &head; e = e->Flink) {
                    const auto& r = *NT_CONTAINER(e, CALLBACK_REGISTRATION, Link);
                    static_cast<Left*>(context)->routine("CallbackLeft", 0, number(r.CallbackFunction),
                                                         "a routine here still registered with " +
                                                             described(object));
                }
            },
            this);
        ob::for_each_callback(
            [](void* context, const CALLBACK_ENTRY_ITEM& item) {
                for (const ULONG_PTR address : {number(item.PreOperation), number(item.PostOperation)})
                    static_cast<Left*>(context)->routine("ObCallbackLeft", 0, address,
                                                         "a routine here still registered to watch handles");
            },
            this);
        ps::for_each_thread_notify_routine(
            [](void* context, ULONG_PTR address) {
                static_cast<Left*>(context)->routine("NotifyRoutineLeft", 0, address,
                                                     "a routine here still registered to hear of threads");
            },
            this);
        ps::for_each_process_notify_routine(
            [](void* context, ULONG_PTR address) {
                static_cast<Left*>(context)->routine("NotifyRoutineLeft", 0, address,
                                                     "a routine here still registered to hear of processes");
            },
            this);
        ps::for_each_image_notify_routine(
            [](void* context, ULONG_PTR address) {
                static_cast<Left*>(context)->routine("NotifyRoutineLeft", 0, address,
                                                     "a routine here still registered to hear of images");
            },
            this);
        ke::for_each_bugcheck_callback(
            [](void* context, ULONG_PTR record, ULONG_PTR address) {
                static_cast<Left*>(context)->routine("BugCheckCallbackLeft", record, address,
                                                     "a routine here still registered as bug check callback");
            },
            this);
    }

    // Free IRPs and MDLs wait in pool blocks for their next use.
    static bool in_use(const pool::Block& block) {
        if (block.tag == irp_tag) {
            const auto* irp = reinterpret_cast<const IRP*>(block.address);
            return irp->Type == IO_TYPE_IRP && (irp->AllocationFlags & io::irp_of_driver);
        }
        if (block.tag == mdl_tag)
            return reinterpret_cast<const MDL*>(block.address)->Reserved & mm::mdl_of_driver;
        return true;
    }

    void pool(const Blocks& of_objects) {
        struct Use {
            unsigned blocks = 0;
            std::uint64_t bytes = 0;
        };
        struct Search {
            const Left& left;
            const Blocks& of_objects;
            std::map<std::pair<ULONG, std::uint64_t>, Use> uses;
        } search{*this, of_objects, {}};
        pool::for_each_block(
            [](void* context, const pool::Block& block) {
                auto& s = *static_cast<Search*>(context);
                if (!s.left.made_here(block.caller) || s.of_objects.contains(block.address) || !in_use(block))
                    return true;
                Use& use = s.uses[{block.tag, block.caller}];
                use.blocks++;
                use.bytes += block.size;
                return true;
            },
            &search);
        for (const auto& [what, use] : search.uses)
            if (what.first == irp_tag || what.first == mdl_tag)
                say(what.first == irp_tag ? "IrpLeft" : "MdlLeft",
                    std::to_string(use.blocks) + (what.first == irp_tag ? " IRP" : " MDL") +
                        (use.blocks > 1 ? "s" : "") + ", allocated here",
                    what.second);
            else
                say("PoolLeak",
                    std::to_string(use.blocks) + " pool block" + (use.blocks > 1 ? "s" : "") + " of tag '" +
                        tag_text(what.first) + "', " + std::to_string(use.bytes) + " bytes, allocated here",
                    what.second);
    }

    void memory() {
        mm::for_each_contiguous(
            [](void* context, std::uint64_t, std::uint64_t bytes, std::uint64_t owner) {
                auto& left = *static_cast<Left*>(context);
                if (left.made_here(owner))
                    left.say("ContiguousMemoryLeft",
                             "a block of contiguous memory, " + std::to_string(bytes) +
                                 " bytes, allocated here",
                             owner);
            },
            this);
        mm::for_each_reserved(
            [](void* context, const mm::ReservedMapping& range) {
                auto& left = *static_cast<Left*>(context);
                if (left.made_here(range.owner))
                    left.say("MappingAddressLeft",
                             std::string("a range of mapping addresses of tag '") + tag_text(range.tag) +
                                 "', " + std::to_string(range.pages) + " pages, reserved here",
                             range.owner);
            },
            this);
        mm::for_each_io_space(
            [](void* context, std::uint64_t physical, std::uint64_t pages, std::uint64_t owner) {
                auto& left = *static_cast<Left*>(context);
                if (left.made_here(owner))
                    left.say("IoSpaceLeft",
                             "a mapping of physical memory at " + hex(physical) + ", " +
                                 std::to_string(pages) + " page" + (pages > 1 ? "s" : "") + ", made here",
                             owner);
            },
            this);
    }
};

} // namespace

bool Machine::report_left(const LoadedDriver& driver) {
    Left left{*this, driver, {}};
    left.handles(ob::kernel_table, ob::kernel_handle_bits);
    for (LIST_ENTRY* e = ps::all_processes.Flink; e != &ps::all_processes; e = e->Flink) {
        const auto* process = NT_CONTAINER(e, ps::Process, all_link);
        const auto* table = static_cast<const ob::HandleTable*>(static_cast<PVOID>(process->ObjectTable));
        if (table != ob::kernel_table) left.handles(table, 0);
    }
    left.threads();
    left.interrupts();
    left.dpcs();
    left.apcs();
    left.callbacks();
    left.objects();
    Blocks of_objects;
    for (OBJECT_TYPE* type : ob::types_by_index)
        if (type)
            ob::for_each_object(
                type,
                [](void* context, PVOID body) { static_cast<Blocks*>(context)->insert(ob::block_of(body)); },
                &of_objects);
    left.pool(of_objects);
    left.memory();
    return left.clean;
}

} // namespace app
