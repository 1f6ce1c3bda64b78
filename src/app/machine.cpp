#include "app/machine.h"
#include "abi/processor.h"
#include "abi/status.h"
#include "app/console.h"
#include "app/data_exports.h"
#include "app/exit_status.h"
#include "app/hardware.h"
#include "app/kernel_images.h"
#include "app/module_entries.h"
#include "app/text.h"
#include "app/wiring.h"
#include "host/containment.h"
#include "host/file.h"
#include "host/processor.h"
#include "host/signals.h"
#include "host/watchdog.h"
#include "kernel/cm/registry.h"
#include "kernel/ex/callback.h"
#include "kernel/ex/host_hang.h"
#include "kernel/ex/lock_ends.h"
#include "kernel/ex/stall.h"
#include "kernel/ex/trap.h"
#include "kernel/ex/work.h"
#include "kernel/exports/runtime.h"
#include "kernel/exports/sync_objects.h"
#include "kernel/exports/timer_object.h"
#include "kernel/io/condrv.h"
#include "kernel/io/device_node.h"
#include "kernel/io/driver.h"
#include "kernel/io/file.h"
#include "kernel/io/shutdown.h"
#include "kernel/io/verifier.h"
#include "kernel/ke/clock.h"
#include "kernel/ke/idle.h"
#include "kernel/ke/interrupt.h"
#include "kernel/ke/scheduler.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/kernel_memory.h"
#include "kernel/mm/paging.h"
#include "kernel/ob/namespace.h"
#include "kernel/pool/pool.h"
#include "kernel/ps/process.h"
#include "kernel/ps/thread.h"
#include "kernel/se/access.h"
#include "kernel/section/section.h"
#include "trace/recorder.h"
#include "trace/trace.h"
#include <csignal>
#include <unistd.h>

namespace app {

using namespace nt;

namespace {

Machine* the_machine = nullptr;

constexpr double stall_period = 0.1; // seconds of processor time after which the watchdog looks at a spin

// The structures that hold the kernel up may hold its report up as well (run_session ends the limit).
void limit_report() {
    std::signal(SIGALRM, [](int) {
        static const char text[] = "drvlab: the kernel's lists are damaged; the report ends here\n";
        (void)!write(2, text, sizeof text - 1);
        _exit(exit_hang);
    });
    alarm(10);
}
constexpr std::uint64_t processor_area_size = 0x4000; // a KPCR with its KPRCB

void must(NTSTATUS status, const char* what) {
    if (!NT_SUCCESS(status)) host::fatal("%s failed with status 0x%08x", what, static_cast<unsigned>(status));
}

NTSTATUS spawn_system_thread(void (*routine)(PVOID), PVOID argument, KPRIORITY priority) {
    ke::Thread* thread = TRY_STATUS(ps::create_kernel_thread(routine, argument, priority));
    ob::dereference(thread);
    return STATUS_SUCCESS;
}

} // namespace

Machine& Machine::current() { return *the_machine; }

Machine::Machine(Config config) : config_(std::move(config)) {
    the_machine = this;
    for (const DriverSpec& spec : config_.drivers)
        drivers_.emplace_back().spec = spec;
    boot();
}

void Machine::report(const char* rule, const std::string& text) {
    if (trace::on) trace::emit_report(rule, text, 0);
    add_report({text, {}, {}, 0, {}, false});
    stop_if_wanted(rule, 0);
}

Machine::~Machine() {
    host::stop_watchdog();
    host::disable_containment();
    the_machine = nullptr;
}

// What must stand before a thread can run.
void Machine::boot() {
    host::require_processor_features();
    mm::initialize();
    mm::initialize_paging();
    ex::initialize_traps();
    for (unsigned i = 0; i < config_.processors; i++)
        ke::initialize_processor(mm::processor_area(i * processor_area_size, processor_area_size));
    ke::shared_data = static_cast<KUSER_SHARED_DATA*>(mm::shared_user_data());
    initialize_shared_data();
    exports::initialize();
    load_kernel_images(modules_);
    pool::initialize();
    wire_rooms(modules_);
    ke::listen_to_hardware();
    publish_modules(modules_);
    error_ = start_hardware(config_);
    must(ob::initialize(), "the object manager");
    must(se::initialize(), "security");
    must(exports::initialize_sync_types(), "synchronization objects");
    ke::create_idle_threads();
    must(ps::initialize_threads(), "thread objects");
    must(section::initialize(), "section objects");
    must(ps::initialize_processes(), "process objects");
    must(exports::initialize_timer_type(), "timer objects");
}

// The first rows: what runs, and the images that were there before. Our kernel32 sends API rows while the
// byte is set.
void Machine::trace_boot() {
    constexpr std::size_t tracing_byte = 0xff0; // an unused place of KUSER_SHARED_DATA's page
    static_cast<UCHAR*>(mm::shared_user_data())[tracing_byte] = trace::on;
    io::verifying = config_.verify_requests;
    for (unsigned i = 0; i < config_.processors; i++)
        *reinterpret_cast<UCHAR*>(ke::pcr_address_of(i) + KPCR_SLOW_CALLS) = trace::on || io::verifying;
    if (!trace::on) return;
    for (const ldr::Module* m : modules_.in_load_order()) {
        trace::emit_module_loaded(m->base, m->size, 0, 0, std::u16string_view(to_utf16(m->file_name)));
        trace_symbols(*m);
    }
}

// The rest of the kernel, on the system thread.
void Machine::start_kernel() {
    trace_boot();
    must(cm::initialize(), "the registry");
    must(io::initialize(), "the I/O manager");
    must(io::initialize_console(console_host()), "the console driver");
    must(io::enumerate_pci(), "the PCI bus");
    if (error_.empty()) error_ = write_message_settings(config_);
    must(ex::initialize_callbacks(), "callback objects");
    must(ex::start_work_queues(spawn_system_thread), "the work queues");
    ps::add_rundown(ex::check_thread_end); // the last one: the others may still release locks
    write_data_exports();
    if (trace::on)
        trace::emit_machine_start("1", config_.seed, static_cast<std::uint8_t>(config_.processors));
    trace_hardware();
    if (!host::enable_containment())
        note(std::string("raw system calls are not contained: ") + host::containment_error());
}

void Machine::system_thread(void* argument) {
    auto& self = *static_cast<Machine*>(argument);
    self.start_kernel();
    if (self.error_.empty()) self.script_(self);
    self.await_leaving_drivers();
    io::shut_down();
    ke::Stop stop;
    stop.kind = ke::StopKind::client_exited;
    ke::stop_machine(stop);
}

const ke::Stop& Machine::run(std::function<void(Machine&)> script) {
    script_ = std::move(script);
    auto thread = ps::create_kernel_thread(system_thread, this);
    must(thread ? STATUS_SUCCESS : thread.error(), "the first system thread");
    ex::set_stall_limit(static_cast<ULONG>(config_.watchdog / stall_period));
    host::start_watchdog(&trace::current.time, stall_period);
    host::set_host_hang(
        [] {
            limit_report();
            ex::host_code_hangs();
        },
        config_.watchdog);
    ke::run_machine();
    host::stop_watchdog();
    return ke::the_stop;
}

} // namespace app
