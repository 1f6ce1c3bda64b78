#include "app/wiring.h"
#include "abi/bugcheck.h"
#include "abi/processor.h"
#include "abi/status.h"
#include "app/console.h"
#include "app/kernel_images.h"
#include "app/privileged.h"
#include "app/rules.h"
#include "host/guest.h"
#include "kernel/ex/lock_ends.h"
#include "kernel/ex/processor_state.h"
#include "kernel/ex/trap.h"
#include "kernel/exports/dbg_print.h"
#include "kernel/exports/modules_hook.h"
#include "kernel/exports/runtime.h"
#include "kernel/exports/system_modules.h"
#include "kernel/io/driver.h"
#include "kernel/io/verifier.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/clock.h"
#include "kernel/ke/memory_hooks.h"
#include "kernel/ke/spin_use.h"
#include "kernel/ke/spinning.h"
#include "kernel/ke/switch_point.h"
#include "kernel/ke/thread.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/fault.h"
#include "kernel/mm/kernel_memory.h"
#include "kernel/mm/mapping_window.h"
#include "kernel/pool/pool.h"
#include "kernel/ps/process.h"
#include "kernel/ps/thread.h"
#include "kernel/ps/user_context.h"
#include "kernel/seh/dispatch.h"
#include "trace/trace.h"
#include <cstring>

namespace app {

using namespace nt;

namespace {

ldr::ModuleList* all_modules;

// Kernel code from the kernel's images, user code from those of the process whose memory is there.
class Functions final : public seh::FunctionTables {
  public:
    Entry lookup(ULONG_PTR pc) const override {
        if (!host::places::is_user(pc)) return all_modules->lookup(pc);
        const mm::AddressSpace* space = mm::current_space();
        auto* process = static_cast<EPROCESS*>(space ? space->owner : ke::current_thread().process);
        const ldr::ModuleList* modules = process ? ps::body(process).modules : nullptr;
        return modules ? modules->lookup(pc) : Entry{};
    }
} function_tables;

class Unhandled final : public seh::UnhandledSink {
  public:
    // assumed: which of 0x1E, 0x3B and 0x7E Windows chooses follows the thread: a system thread's exception
    // is SYSTEM_THREAD_EXCEPTION_NOT_HANDLED, one below a system call SYSTEM_SERVICE_EXCEPTION, the rest
    // KMODE_EXCEPTION_NOT_HANDLED.
    [[noreturn]] void unhandled(const EXCEPTION_RECORD& record, const CONTEXT& context) override {
        if (trace::on) trace::emit_exception_unhandled(record.ExceptionCode, record.ExceptionAddress, false);
        const ULONG_PTR code = static_cast<ULONG>(record.ExceptionCode);
        const auto address = reinterpret_cast<ULONG_PTR>(record.ExceptionAddress);
        if (ke::current_irql() >= DISPATCH_LEVEL)
            ke::bug_check_exception(KMODE_EXCEPTION_NOT_HANDLED, code, address,
                                    record.ExceptionInformation[0], record.ExceptionInformation[1], &record,
                                    &context);
        if (ke::current_thread().teb)
            ke::bug_check_exception(SYSTEM_SERVICE_EXCEPTION, code, address, guest_address(&context), 0,
                                    &record, &context);
        ke::bug_check_exception(SYSTEM_THREAD_EXCEPTION_NOT_HANDLED, code, address, guest_address(&record),
                                guest_address(&context), &record, &context);
    }
    [[noreturn]] void double_fault(const EXCEPTION_RECORD& record, const CONTEXT& context) override {
        ke::bug_check_exception(UNEXPECTED_KERNEL_MODE_TRAP, 8, ke::pcr_address, 0, 0, &record, &context);
    }

  private:
    // A parameter may show a guest address only.
    static ULONG_PTR guest_address(const void* p) {
        const auto address = reinterpret_cast<ULONG_PTR>(p);
        return host::places::is_guest(address) ? address : 0;
    }
} unhandled_sink;

class Bounds final : public seh::StackBounds {
  public:
    void get(ULONG_PTR& limit, ULONG_PTR& base) const override { ke::current_stack(limit, base); }
} stack_bounds;

class Observer final : public seh::DispatchObserver {
  public:
    void raised(const EXCEPTION_RECORD& r, const CONTEXT&) override {
        if (trace::on)
            trace::emit_exception(r.ExceptionCode, r.ExceptionAddress, r.ExceptionFlags, false,
                                  r.ExceptionInformation[0], r.ExceptionInformation[1]);
    }
    void handled(ULONG code, ULONG_PTR target, ULONG_PTR) override {
        if (trace::on) trace::emit_exception_handled(static_cast<NTSTATUS>(code), 0, target);
    }
} dispatch_observer;

ULONG_PTR raw_system_call(seh::EntryRecord& entry) { return seh::nt_crossing_hooks.system_call(entry); }

bool is_driver(ULONG_PTR address) {
    const ldr::Module* module = all_modules->find(address);
    return module && module->name != "nt" && module->name != "hal";
}

bool is_unloaded(ULONG_PTR address) { return all_modules->unloaded_at(address) != nullptr; }

bool allocate_stack(ULONG_PTR& base, ULONG_PTR& limit) {
    auto stack = mm::allocate_kernel_stack();
    if (!stack) return false;
    base = stack->base;
    limit = stack->limit;
    return true;
}

void pool_bug(const mm::BugCheck& bug) {
    ke::bug_check(bug.code, bug.parameters[0], bug.parameters[1], bug.parameters[2], bug.parameters[3]);
}

} // namespace

void wire_rooms(ldr::ModuleList& modules) {
    all_modules = &modules;
    exports::kernel_modules = &modules;
    ke::memory_hooks = {allocate_stack,
                        [](ULONG_PTR base, ULONG_PTR limit) { mm::free_kernel_stack({base, limit}); }};
    seh::set_dispatch_hooks({&function_tables, &unhandled_sink, &stack_bounds, &dispatch_observer});
    ex::set_trap_hooks(
        {&privileged_ops(), ps::deliver_user_exception,
         [](const EXCEPTION_RECORD& r, const CONTEXT& c) { ps::unhandled_user_exception(r, c); },
         raw_system_call, is_driver, ps::settle_for_user_mode, is_unloaded, routine_that_returned});
    mm::stack_limit_changed = [](std::uint64_t limit) {
        if (const ULONG_PTR teb = ke::current_thread().teb)
            (void)guest::write(teb + offsetof(NT_TIB, StackLimit), limit);
    };
    seh::nt_crossing_hooks.state_changed = ex::state_changed;
    pool::set_bug_check_hook(pool_bug);
    plug_report_sink();
    ke::before_hang = io::report_endless_waits;
    ex::initialize_lock_rules();
    exports::find_export = [](const char* name) -> ULONG_PTR {
        const exports::Row* row = exports::find_row(name);
        const bool there =
            row && row->status != exports::Status::stub && row->kind != exports::Kind::internal;
        return there ? all_modules->symbol_address(row->image == exports::Image::hal ? "hal" : "nt", name)
                     : 0;
    };
    exports::debug_output = [](const char* text, std::size_t length) {
        console_host()->write(2, text, length);
    };
    exports::before_user_mode = ps::before_user_mode;
    io::set_addresses({[](const char* name) -> ULONG_PTR { return kernel_symbol(name); }});
}

// What Windows 10 22H2 shows of itself; times follow with the clock.
void initialize_shared_data() {
    KUSER_SHARED_DATA& d = *ke::shared_data;
    d.TickCountMultiplier = 0x0FA00000;
    d.ImageNumberLow = d.ImageNumberHigh = 0x8664;
    const char16_t root[] = u"C:\\Windows";
    std::memcpy(d.NtSystemRoot, root, sizeof root);
    d.LargePageMinimum = 0x200000;
    d.NtBuildNumber = 19045;
    d.NtProductType = static_cast<NT_PRODUCT_TYPE>(1);
    d.ProductTypeIsValid = 1;
    d.NativeProcessorArchitecture = 9;
    d.NtMajorVersion = 10;
    d.NtMinorVersion = 0;
    // PF_COMPARE_EXCHANGE_DOUBLE 2, MMX 3, XMMI 6, RDTSC 8, PAE 9, XMMI64 10, SSE3 13, CMPXCHG16B 14, NX 12,
    // RDRAND 28: what x64 code may expect.
    for (int feature : {2, 3, 6, 8, 9, 10, 12, 13, 14})
        d.ProcessorFeatures[feature] = 1;
    d.QpcFrequency = static_cast<LONGLONG>(ke::performance_frequency);
    d.ActiveProcessorCount = ke::processor_count();
    d.ActiveGroupCount = 1;
    d.Cookie = 0x6d2e4f1b;
    d.NumberOfPhysicalPages = 0x200000;
    ke::update_shared_time();
}

} // namespace app
