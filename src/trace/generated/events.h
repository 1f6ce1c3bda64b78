// Made by tools/gen_trace.py from src/trace/events.txt: do not edit.
// clang-format off
#pragma once
#include "trace/writer.h"

namespace trace {

enum class Id : std::uint16_t {
    machine_start = 1,
    name = 2,
    machine_end = 3,
    report = 4,
    stub_called = 5,
    bug_check = 6,
    process_created = 10,
    process_exited = 11,
    thread_created = 12,
    thread_exited = 13,
    thread_switch = 14,
    wait_begin = 15,
    wait_satisfied = 16,
    module_loaded = 17,
    module_unloaded = 18,
    symbol = 19,
    syscall_enter = 20,
    syscall_exit = 21,
    zw_enter = 22,
    zw_exit = 23,
    gate = 24,
    api_call = 25,
    api_return = 26,
    raw_syscall = 27,
    irql_changed = 28,
    irp_created = 30,
    irp_buffer = 31,
    irp_dispatch = 32,
    irp_returned = 33,
    irp_pending = 34,
    irp_complete = 35,
    completion_called = 36,
    completion_returned = 37,
    irp_finished = 38,
    irp_freed = 39,
    irp_cancel = 40,
    fast_io = 41,
    object_created = 50,
    handle_created = 51,
    handle_closed = 52,
    object_deleted = 53,
    symlink_created = 54,
    symlink_deleted = 55,
    handle_watched = 57,
    object_referenced = 58,
    access_denied = 130,
    file_opened = 56,
    driver_loaded = 60,
    driver_entry = 61,
    driver_entry_returned = 62,
    driver_unload = 63,
    driver_unloaded = 64,
    service_load = 170,
    service_loaded = 171,
    service_unload = 172,
    service_unloaded = 173,
    device_created = 65,
    device_deleted = 66,
    device_attached = 67,
    device_detached = 68,
    device_detected = 59,
    debug_print = 69,
    exception = 70,
    exception_handled = 71,
    exception_unhandled = 72,
    pool_allocated = 80,
    pool_freed = 81,
    cancel_routine_called = 110,
    cancel_routine_returned = 111,
    completion_queued = 112,
    completion_removed = 113,
    io_apc_queued = 114,
    work_item_queued = 120,
    work_item_started = 121,
    work_item_finished = 122,
    callback_notified = 123,
    device_queue_insert = 124,
    device_queue_remove = 125,
    start_io = 126,
    hard_error = 138,
    activity_transferred = 174,
    error_logged = 139,
    dma_map = 127,
    dma_flush = 128,
    lock_contended = 100,
    timer_set = 140,
    timer_cancelled = 141,
    timer_expired = 142,
    dpc_queued = 143,
    dpc_called = 144,
    dpc_returned = 145,
    interrupt = 146,
    interrupt_over = 160,
    isr_called = 147,
    isr_returned = 148,
    apc_delivered = 149,
    thread_ready = 150,
    quantum_end = 151,
    thread_preempted = 152,
    interrupt_connected = 155,
    interrupt_disconnected = 156,
    spin_interrupted = 154,
    polls = 159,
    priority_changed = 153,
    port_read = 90,
    port_write = 91,
    register_read = 92,
    register_write = 93,
    config_read = 94,
    config_write = 95,
    interrupt_line = 96,
    interrupt_message = 97,
    dma = 98,
    device_message = 99,
};

// Goes into every file, so that readers of other versions can decode it.
inline constexpr std::string_view schema =
    "1 machine_start version:str8 seed:u64 processors:u8\n"
    "2 name kind:u8 id:u32 text:str8\n"
    "3 machine_end exit_code:x32 reason:str8\n"
    "4 report rule:str8 text:str8 caller:ptr\n"
    "5 stub_called name:str8 caller:ptr\n"
    "6 bug_check code:x32 p1:x64 p2:x64 p3:x64 p4:x64 caller:ptr\n"
    "10 process_created process:ptr new_pid:u32 parent_pid:u32 image:str16\n"
    "11 process_exited process:ptr old_pid:u32 status:status\n"
    "12 thread_created thread:ptr owner_pid:u32 new_tid:u32 start:ptr\n"
    "13 thread_exited thread:ptr status:status\n"
    "14 thread_switch thread:ptr new_pid:u32 new_tid:u32\n"
    "15 wait_begin objects:u64s all:bool reason:u8 mode:u8 alertable:bool timed:bool timeout:x64\n"
    "16 wait_satisfied status:status\n"
    "17 module_loaded base:ptr size:x32 kind:u8 hash:x64 name:str16\n"
    "18 module_unloaded base:ptr name:str16\n"
    "19 symbol address:ptr name:str8\n"
    "20 syscall_enter number:x32 caller:ptr args:u64s\n"
    "21 syscall_exit number:x32 status:status\n"
    "22 zw_enter number:x32 caller:ptr args:u64s\n"
    "23 zw_exit number:x32 status:status\n"
    "24 gate id:u32 caller:ptr\n"
    "25 api_call name:str8 text:str16 args:u64s\n"
    "26 api_return name:str8 result:x64 error:u32\n"
    "27 raw_syscall number:x32 caller:ptr kernel:bool\n"
    "28 irql_changed from:u8 to:u8 caller:ptr\n"
    "30 irp_created irp:ptr stack_count:u8 major:u8 minor:u8 requestor:u8 flags:x32 file:ptr device:ptr\n"
    "31 irp_buffer irp:ptr method:u8 system_buffer:ptr mdl:ptr user_buffer:ptr in_length:u32 out_length:u32\n"
    "32 irp_dispatch irp:ptr level:u8 major:u8 minor:u8 flags:x32 control:x32 device:ptr driver:ptr file:ptr p1:x64 p2:x64 p3:x64 p4:x64 routine:ptr\n"
    "33 irp_returned irp:ptr level:u8 device:ptr driver:ptr status:status\n"
    "34 irp_pending irp:ptr level:u8\n"
    "35 irp_complete irp:ptr level:u8 status:status information:x64 caller:ptr\n"
    "36 completion_called irp:ptr level:u8 device:ptr routine:ptr context:x64 control:x32 status:status\n"
    "37 completion_returned irp:ptr level:u8 routine:ptr status:status\n"
    "38 irp_finished irp:ptr status:status information:x64\n"
    "39 irp_freed irp:ptr\n"
    "40 irp_cancel irp:ptr routine:ptr\n"
    "41 fast_io device:ptr driver:ptr routine:ptr name:str8 handled:bool status:status\n"
    "50 object_created object:ptr type:str16 name:str16\n"
    "51 handle_created handle:ptr object:ptr access:x32 type:str16 name:str16\n"
    "52 handle_closed handle:ptr object:ptr\n"
    "53 object_deleted object:ptr type:str16 name:str16\n"
    "54 symlink_created name:str16 target:str16\n"
    "55 symlink_deleted name:str16\n"
    "57 handle_watched routine:ptr object:ptr operation:u8 desired:x32 left:x32\n"
    "58 object_referenced object:ptr change:u8 tag:x32 caller:ptr\n"
    "130 access_denied object:ptr type:str16 name:str16 user:str16 desired:x32 allowed:x32 status:status\n"
    "56 file_opened file:ptr device:ptr name:str16\n"
    "60 driver_loaded driver:ptr base:ptr name:str16\n"
    "61 driver_entry driver:ptr routine:ptr registry_path:str16\n"
    "62 driver_entry_returned driver:ptr status:status\n"
    "63 driver_unload driver:ptr routine:ptr\n"
    "64 driver_unloaded driver:ptr\n"
    "170 service_load key:str16\n"
    "171 service_loaded key:str16 status:status\n"
    "172 service_unload key:str16\n"
    "173 service_unloaded key:str16 status:status\n"
    "65 device_created device:ptr driver:ptr type:x32 name:str16\n"
    "66 device_deleted device:ptr\n"
    "67 device_attached upper:ptr lower:ptr\n"
    "68 device_detached lower:ptr upper:ptr\n"
    "59 device_detected pdo:ptr driver:ptr bus:u32 slot:x32 lines:u32 messages:u32\n"
    "69 debug_print component:u32 level:u32 text:str8\n"
    "70 exception code:status address:ptr flags:x32 user:bool p1:x64 p2:x64\n"
    "71 exception_handled code:status address:ptr target:ptr\n"
    "72 exception_unhandled code:status address:ptr user:bool\n"
    "80 pool_allocated address:ptr size:x64 tag:x32 type:x32 caller:ptr\n"
    "81 pool_freed address:ptr tag:x32 caller:ptr\n"
    "110 cancel_routine_called irp:ptr level:u8 device:ptr routine:ptr cancel_irql:u8\n"
    "111 cancel_routine_returned irp:ptr level:u8 routine:ptr\n"
    "112 completion_queued port:ptr irp:ptr key:x64 context:x64 status:status information:x64\n"
    "113 completion_removed port:ptr irp:ptr key:x64 context:x64 status:status information:x64\n"
    "114 io_apc_queued irp:ptr apc:ptr thread:ptr routine:ptr context:x64\n"
    "120 work_item_queued item:ptr routine:ptr parameter:x64 priority:u8\n"
    "121 work_item_started item:ptr routine:ptr parameter:x64\n"
    "122 work_item_finished item:ptr routine:ptr\n"
    "123 callback_notified callback:ptr routine:ptr argument1:x64 argument2:x64\n"
    "124 device_queue_insert queue:ptr entry:ptr key:x32 by_key:bool inserted:bool\n"
    "125 device_queue_remove queue:ptr entry:ptr\n"
    "126 start_io device:ptr irp:ptr routine:ptr\n"
    "138 hard_error status:status text:str8\n"
    "174 activity_transferred from:str16 to:str16\n"
    "139 error_logged device:ptr driver:ptr code:status text:str8\n"
    "127 dma_map adapter:ptr va:ptr length:x32 logical:x64 write:bool bounced:bool\n"
    "128 dma_flush adapter:ptr va:ptr length:x32 write:bool bounced:bool\n"
    "100 lock_contended lock:ptr kind:u8 holder:ptr\n"
    "140 timer_set timer:ptr due:u64 period:u32 dpc:ptr\n"
    "141 timer_cancelled timer:ptr\n"
    "142 timer_expired timer:ptr due:u64 dpc:ptr\n"
    "143 dpc_queued dpc:ptr routine:ptr processor:u8 importance:u8\n"
    "144 dpc_called dpc:ptr routine:ptr context:ptr\n"
    "145 dpc_returned dpc:ptr time:u64\n"
    "146 interrupt vector:x32 interrupted_irql:u8 interrupted:ptr stack:ptr\n"
    "160 interrupt_over vector:x32 quantum:u64\n"
    "147 isr_called interrupt:ptr routine:ptr vector:x32\n"
    "148 isr_returned interrupt:ptr claimed:bool\n"
    "149 apc_delivered apc:ptr mode:u8 kernel_routine:ptr normal_routine:ptr\n"
    "150 thread_ready thread:ptr ready_pid:u32 ready_tid:u32 priority:u8\n"
    "151 quantum_end thread:ptr priority:u8\n"
    "152 thread_preempted thread:ptr by_pid:u32 by_tid:u32\n"
    "155 interrupt_connected interrupt:ptr routine:ptr vector:x32 irql:u8 processor:u8\n"
    "156 interrupt_disconnected interrupt:ptr vector:x32\n"
    "154 spin_interrupted address:ptr user:bool\n"
    "159 polls address:ptr user:bool memory:ptr\n"
    "153 priority_changed thread:ptr from:u8 to:u8\n"
    "90 port_read port:x32 size:u8 value:x32 model:str8 caller:ptr\n"
    "91 port_write port:x32 size:u8 value:x32 model:str8 caller:ptr\n"
    "92 register_read physical:x64 size:u8 value:x64 model:str8 offset:x64 caller:ptr\n"
    "93 register_write physical:x64 size:u8 value:x64 model:str8 offset:x64 caller:ptr\n"
    "94 config_read device_number:u8 function_number:u8 offset:x32 size:u8 value:x32 model:str8 caller:ptr\n"
    "95 config_write device_number:u8 function_number:u8 offset:x32 size:u8 value:x32 model:str8 caller:ptr\n"
    "96 interrupt_line line:u32 asserted:bool model:str8\n"
    "97 interrupt_message address:x64 data:x32 model:str8\n"
    "98 dma physical:x64 length:x64 write:bool done:bool model:str8\n"
    "99 device_message model:str8 text:str8\n";

// the machine starts
inline void emit_machine_start(std::string_view version, std::uint64_t seed, std::uint8_t processors) {
    const std::size_t version_bytes = detail::cut(version.size());
    detail::Writer<5> w(1, version_bytes);
    if (!w) [[unlikely]] return;
    w.put(version_bytes);
    w.put(seed);
    w.put(processors);
    w.put_data(version.data(), version_bytes);
    w.commit();
}

// names id in rows of a kind: 0 system service, 1 gate; stands before the first such row
inline void emit_name(std::uint8_t kind, std::uint32_t id, std::string_view text) {
    const std::size_t text_bytes = detail::cut(text.size());
    detail::Writer<5> w(2, text_bytes);
    if (!w) [[unlikely]] return;
    w.put(kind);
    w.put(id);
    w.put(text_bytes);
    w.put_data(text.data(), text_bytes);
    w.commit();
}

// the machine stops in good order
inline void emit_machine_end(std::uint32_t exit_code, std::string_view reason) {
    const std::size_t reason_bytes = detail::cut(reason.size());
    detail::Writer<4> w(3, reason_bytes);
    if (!w) [[unlikely]] return;
    w.put(exit_code);
    w.put(reason_bytes);
    w.put_data(reason.data(), reason_bytes);
    w.commit();
}

// a rule was broken
inline void emit_report(std::string_view rule, std::string_view text, Ptr caller) {
    const std::size_t rule_bytes = detail::cut(rule.size());
    const std::size_t text_bytes = detail::cut(text.size());
    detail::Writer<5> w(4, rule_bytes + text_bytes);
    if (!w) [[unlikely]] return;
    w.put(rule_bytes);
    w.put(text_bytes);
    w.put(caller.value);
    w.put_data(rule.data(), rule_bytes);
    w.put_data(text.data(), text_bytes);
    w.commit();
}

// a function that is not implemented was called; the machine stops
inline void emit_stub_called(std::string_view name, Ptr caller) {
    const std::size_t name_bytes = detail::cut(name.size());
    detail::Writer<4> w(5, name_bytes);
    if (!w) [[unlikely]] return;
    w.put(name_bytes);
    w.put(caller.value);
    w.put_data(name.data(), name_bytes);
    w.commit();
}

// KeBugCheckEx
inline void emit_bug_check(std::uint32_t code, std::uint64_t p1, std::uint64_t p2, std::uint64_t p3, std::uint64_t p4, Ptr caller) {
    detail::Writer<8> w(6, 0);
    if (!w) [[unlikely]] return;
    w.put(code);
    w.put(p1);
    w.put(p2);
    w.put(p3);
    w.put(p4);
    w.put(caller.value);
    w.commit();
}

// a process was created
inline void emit_process_created(Ptr process, std::uint32_t new_pid, std::uint32_t parent_pid, Str16 image) {
    const std::size_t image_bytes = detail::cut(image.bytes);
    detail::Writer<6> w(10, image_bytes);
    if (!w) [[unlikely]] return;
    w.put(process.value);
    w.put(new_pid);
    w.put(parent_pid);
    w.put(image_bytes);
    w.put_data(image.data, image_bytes);
    w.commit();
}

// a process ended
inline void emit_process_exited(Ptr process, std::uint32_t old_pid, std::int32_t status) {
    detail::Writer<5> w(11, 0);
    if (!w) [[unlikely]] return;
    w.put(process.value);
    w.put(old_pid);
    w.put(static_cast<std::uint32_t>(status));
    w.commit();
}

// a thread was created
inline void emit_thread_created(Ptr thread, std::uint32_t owner_pid, std::uint32_t new_tid, Ptr start) {
    detail::Writer<6> w(12, 0);
    if (!w) [[unlikely]] return;
    w.put(thread.value);
    w.put(owner_pid);
    w.put(new_tid);
    w.put(start.value);
    w.commit();
}

// this row's thread ends
inline void emit_thread_exited(Ptr thread, std::int32_t status) {
    detail::Writer<4> w(13, 0);
    if (!w) [[unlikely]] return;
    w.put(thread.value);
    w.put(static_cast<std::uint32_t>(status));
    w.commit();
}

// this row's processor switches to another thread
inline void emit_thread_switch(Ptr thread, std::uint32_t new_pid, std::uint32_t new_tid) {
    detail::Writer<5> w(14, 0);
    if (!w) [[unlikely]] return;
    w.put(thread.value);
    w.put(new_pid);
    w.put(new_tid);
    w.commit();
}

// the thread waits; it was not satisfied at once
inline void emit_wait_begin(std::span<const std::uint64_t> objects, bool all, std::uint8_t reason, std::uint8_t mode, bool alertable, bool timed, std::uint64_t timeout) {
    objects = objects.first(detail::cut(objects.size_bytes()) / 8);
    detail::Writer<9> w(15, detail::array_bytes(objects.size()));
    if (!w) [[unlikely]] return;
    w.put(objects.size());
    w.put(all);
    w.put(reason);
    w.put(mode);
    w.put(alertable);
    w.put(timed);
    w.put(timeout);
    w.put_array(objects);
    w.commit();
}

// the wait is over
inline void emit_wait_satisfied(std::int32_t status) {
    detail::Writer<3> w(16, 0);
    if (!w) [[unlikely]] return;
    w.put(static_cast<std::uint32_t>(status));
    w.commit();
}

// an image is mapped; kind 0 kernel or driver, 1 user; hash: FNV-1a of its file
inline void emit_module_loaded(Ptr base, std::uint32_t size, std::uint8_t kind, std::uint64_t hash, Str16 name) {
    const std::size_t name_bytes = detail::cut(name.bytes);
    detail::Writer<7> w(17, name_bytes);
    if (!w) [[unlikely]] return;
    w.put(base.value);
    w.put(size);
    w.put(kind);
    w.put(hash);
    w.put(name_bytes);
    w.put_data(name.data, name_bytes);
    w.commit();
}

// an image is unmapped
inline void emit_module_unloaded(Ptr base, Str16 name) {
    const std::size_t name_bytes = detail::cut(name.bytes);
    detail::Writer<4> w(18, name_bytes);
    if (!w) [[unlikely]] return;
    w.put(base.value);
    w.put(name_bytes);
    w.put_data(name.data, name_bytes);
    w.commit();
}

// a function of an image has a name; stands after the image's row
inline void emit_symbol(Ptr address, std::string_view name) {
    const std::size_t name_bytes = detail::cut(name.size());
    detail::Writer<4> w(19, name_bytes);
    if (!w) [[unlikely]] return;
    w.put(address.value);
    w.put(name_bytes);
    w.put_data(name.data(), name_bytes);
    w.commit();
}

// a program calls a system service; name by row name, kind 0
inline void emit_syscall_enter(std::uint32_t number, Ptr caller, std::span<const std::uint64_t> args) {
    args = args.first(detail::cut(args.size_bytes()) / 8);
    detail::Writer<5> w(20, detail::array_bytes(args.size()));
    if (!w) [[unlikely]] return;
    w.put(number);
    w.put(caller.value);
    w.put(args.size());
    w.put_array(args);
    w.commit();
}

// the service returns to the program
inline void emit_syscall_exit(std::uint32_t number, std::int32_t status) {
    detail::Writer<4> w(21, 0);
    if (!w) [[unlikely]] return;
    w.put(number);
    w.put(static_cast<std::uint32_t>(status));
    w.commit();
}

// kernel-mode code calls a Zw routine
inline void emit_zw_enter(std::uint32_t number, Ptr caller, std::span<const std::uint64_t> args) {
    args = args.first(detail::cut(args.size_bytes()) / 8);
    detail::Writer<5> w(22, detail::array_bytes(args.size()));
    if (!w) [[unlikely]] return;
    w.put(number);
    w.put(caller.value);
    w.put(args.size());
    w.put_array(args);
    w.commit();
}

// it returns
inline void emit_zw_exit(std::uint32_t number, std::int32_t status) {
    detail::Writer<4> w(23, 0);
    if (!w) [[unlikely]] return;
    w.put(number);
    w.put(static_cast<std::uint32_t>(status));
    w.commit();
}

// verbose: kernel-mode code calls an export
inline void emit_gate(std::uint32_t id, Ptr caller) {
    detail::Writer<4> w(24, 0);
    if (!w) [[unlikely]] return;
    w.put(id);
    w.put(caller.value);
    w.commit();
}

// a program calls a function of our DLLs; text: its string argument, if any
inline void emit_api_call(std::string_view name, Str16 text, std::span<const std::uint64_t> args) {
    const std::size_t name_bytes = detail::cut(name.size());
    const std::size_t text_bytes = detail::cut(text.bytes);
    args = args.first(detail::cut(args.size_bytes()) / 8);
    detail::Writer<5> w(25, name_bytes + text_bytes + detail::array_bytes(args.size()));
    if (!w) [[unlikely]] return;
    w.put(name_bytes);
    w.put(text_bytes);
    w.put(args.size());
    w.put_data(name.data(), name_bytes);
    w.put_data(text.data, text_bytes);
    w.put_array(args);
    w.commit();
}

// that function returns; error: GetLastError
inline void emit_api_return(std::string_view name, std::uint64_t result, std::uint32_t error) {
    const std::size_t name_bytes = detail::cut(name.size());
    detail::Writer<5> w(26, name_bytes);
    if (!w) [[unlikely]] return;
    w.put(name_bytes);
    w.put(result);
    w.put(error);
    w.put_data(name.data(), name_bytes);
    w.commit();
}

// code issued a syscall instruction itself
inline void emit_raw_syscall(std::uint32_t number, Ptr caller, bool kernel) {
    detail::Writer<5> w(27, 0);
    if (!w) [[unlikely]] return;
    w.put(number);
    w.put(caller.value);
    w.put(kernel);
    w.commit();
}

// verbose: the processor's IRQL was raised or lowered
inline void emit_irql_changed(std::uint8_t from, std::uint8_t to, Ptr caller) {
    detail::Writer<5> w(28, 0);
    if (!w) [[unlikely]] return;
    w.put(from);
    w.put(to);
    w.put(caller.value);
    w.commit();
}

// a request is made; requestor 0 kernel, 1 user
inline void emit_irp_created(Ptr irp, std::uint8_t stack_count, std::uint8_t major, std::uint8_t minor, std::uint8_t requestor, std::uint32_t flags, Ptr file, Ptr device) {
    detail::Writer<10> w(30, 0);
    if (!w) [[unlikely]] return;
    w.put(irp.value);
    w.put(stack_count);
    w.put(major);
    w.put(minor);
    w.put(requestor);
    w.put(flags);
    w.put(file.value);
    w.put(device.value);
    w.commit();
}

// its buffers; method 0 buffered, 1 in direct, 2 out direct, 3 neither
inline void emit_irp_buffer(Ptr irp, std::uint8_t method, Ptr system_buffer, Ptr mdl, Ptr user_buffer, std::uint32_t in_length, std::uint32_t out_length) {
    detail::Writer<9> w(31, 0);
    if (!w) [[unlikely]] return;
    w.put(irp.value);
    w.put(method);
    w.put(system_buffer.value);
    w.put(mdl.value);
    w.put(user_buffer.value);
    w.put(in_length);
    w.put(out_length);
    w.commit();
}

// IoCallDriver: the dispatch routine gets the request; level is the stack location's number
inline void emit_irp_dispatch(Ptr irp, std::uint8_t level, std::uint8_t major, std::uint8_t minor, std::uint32_t flags, std::uint32_t control, Ptr device, Ptr driver, Ptr file, std::uint64_t p1, std::uint64_t p2, std::uint64_t p3, std::uint64_t p4, Ptr routine) {
    detail::Writer<16> w(32, 0);
    if (!w) [[unlikely]] return;
    w.put(irp.value);
    w.put(level);
    w.put(major);
    w.put(minor);
    w.put(flags);
    w.put(control);
    w.put(device.value);
    w.put(driver.value);
    w.put(file.value);
    w.put(p1);
    w.put(p2);
    w.put(p3);
    w.put(p4);
    w.put(routine.value);
    w.commit();
}

// the dispatch routine returned
inline void emit_irp_returned(Ptr irp, std::uint8_t level, Ptr device, Ptr driver, std::int32_t status) {
    detail::Writer<7> w(33, 0);
    if (!w) [[unlikely]] return;
    w.put(irp.value);
    w.put(level);
    w.put(device.value);
    w.put(driver.value);
    w.put(static_cast<std::uint32_t>(status));
    w.commit();
}

// IoMarkIrpPending
inline void emit_irp_pending(Ptr irp, std::uint8_t level) {
    detail::Writer<4> w(34, 0);
    if (!w) [[unlikely]] return;
    w.put(irp.value);
    w.put(level);
    w.commit();
}

// IoCompleteRequest was called by the driver at level
inline void emit_irp_complete(Ptr irp, std::uint8_t level, std::int32_t status, std::uint64_t information, Ptr caller) {
    detail::Writer<7> w(35, 0);
    if (!w) [[unlikely]] return;
    w.put(irp.value);
    w.put(level);
    w.put(static_cast<std::uint32_t>(status));
    w.put(information);
    w.put(caller.value);
    w.commit();
}

// a completion routine is called; level: the location whose driver set it; control: SL_INVOKE_* and SL_PENDING_RETURNED
inline void emit_completion_called(Ptr irp, std::uint8_t level, Ptr device, Ptr routine, std::uint64_t context, std::uint32_t control, std::int32_t status) {
    detail::Writer<9> w(36, 0);
    if (!w) [[unlikely]] return;
    w.put(irp.value);
    w.put(level);
    w.put(device.value);
    w.put(routine.value);
    w.put(context);
    w.put(control);
    w.put(static_cast<std::uint32_t>(status));
    w.commit();
}

// its answer
inline void emit_completion_returned(Ptr irp, std::uint8_t level, Ptr routine, std::int32_t status) {
    detail::Writer<6> w(37, 0);
    if (!w) [[unlikely]] return;
    w.put(irp.value);
    w.put(level);
    w.put(routine.value);
    w.put(static_cast<std::uint32_t>(status));
    w.commit();
}

// the I/O manager has given the result to the requestor
inline void emit_irp_finished(Ptr irp, std::int32_t status, std::uint64_t information) {
    detail::Writer<5> w(38, 0);
    if (!w) [[unlikely]] return;
    w.put(irp.value);
    w.put(static_cast<std::uint32_t>(status));
    w.put(information);
    w.commit();
}

// the request's memory is released
inline void emit_irp_freed(Ptr irp) {
    detail::Writer<3> w(39, 0);
    if (!w) [[unlikely]] return;
    w.put(irp.value);
    w.commit();
}

// IoCancelIrp
inline void emit_irp_cancel(Ptr irp, Ptr routine) {
    detail::Writer<4> w(40, 0);
    if (!w) [[unlikely]] return;
    w.put(irp.value);
    w.put(routine.value);
    w.commit();
}

// a fast I/O routine was tried
inline void emit_fast_io(Ptr device, Ptr driver, Ptr routine, std::string_view name, bool handled, std::int32_t status) {
    const std::size_t name_bytes = detail::cut(name.size());
    detail::Writer<8> w(41, name_bytes);
    if (!w) [[unlikely]] return;
    w.put(device.value);
    w.put(driver.value);
    w.put(routine.value);
    w.put(name_bytes);
    w.put(handled);
    w.put(static_cast<std::uint32_t>(status));
    w.put_data(name.data(), name_bytes);
    w.commit();
}

// an object was created
inline void emit_object_created(Ptr object, Str16 type, Str16 name) {
    const std::size_t type_bytes = detail::cut(type.bytes);
    const std::size_t name_bytes = detail::cut(name.bytes);
    detail::Writer<5> w(50, type_bytes + name_bytes);
    if (!w) [[unlikely]] return;
    w.put(object.value);
    w.put(type_bytes);
    w.put(name_bytes);
    w.put_data(type.data, type_bytes);
    w.put_data(name.data, name_bytes);
    w.commit();
}

// a handle was opened
inline void emit_handle_created(Ptr handle, Ptr object, std::uint32_t access, Str16 type, Str16 name) {
    const std::size_t type_bytes = detail::cut(type.bytes);
    const std::size_t name_bytes = detail::cut(name.bytes);
    detail::Writer<7> w(51, type_bytes + name_bytes);
    if (!w) [[unlikely]] return;
    w.put(handle.value);
    w.put(object.value);
    w.put(access);
    w.put(type_bytes);
    w.put(name_bytes);
    w.put_data(type.data, type_bytes);
    w.put_data(name.data, name_bytes);
    w.commit();
}

// a handle was closed
inline void emit_handle_closed(Ptr handle, Ptr object) {
    detail::Writer<4> w(52, 0);
    if (!w) [[unlikely]] return;
    w.put(handle.value);
    w.put(object.value);
    w.commit();
}

// the last reference is gone
inline void emit_object_deleted(Ptr object, Str16 type, Str16 name) {
    const std::size_t type_bytes = detail::cut(type.bytes);
    const std::size_t name_bytes = detail::cut(name.bytes);
    detail::Writer<5> w(53, type_bytes + name_bytes);
    if (!w) [[unlikely]] return;
    w.put(object.value);
    w.put(type_bytes);
    w.put(name_bytes);
    w.put_data(type.data, type_bytes);
    w.put_data(name.data, name_bytes);
    w.commit();
}

// a symbolic link was created
inline void emit_symlink_created(Str16 name, Str16 target) {
    const std::size_t name_bytes = detail::cut(name.bytes);
    const std::size_t target_bytes = detail::cut(target.bytes);
    detail::Writer<4> w(54, name_bytes + target_bytes);
    if (!w) [[unlikely]] return;
    w.put(name_bytes);
    w.put(target_bytes);
    w.put_data(name.data, name_bytes);
    w.put_data(target.data, target_bytes);
    w.commit();
}

// it was deleted
inline void emit_symlink_deleted(Str16 name) {
    const std::size_t name_bytes = detail::cut(name.bytes);
    detail::Writer<3> w(55, name_bytes);
    if (!w) [[unlikely]] return;
    w.put(name_bytes);
    w.put_data(name.data, name_bytes);
    w.commit();
}

// a pre-operation routine of ObRegisterCallbacks was called; operation 1 create, 2 duplicate; left: of the access that was desired
inline void emit_handle_watched(Ptr routine, Ptr object, std::uint8_t operation, std::uint32_t desired, std::uint32_t left) {
    detail::Writer<7> w(57, 0);
    if (!w) [[unlikely]] return;
    w.put(routine.value);
    w.put(object.value);
    w.put(operation);
    w.put(desired);
    w.put(left);
    w.commit();
}

// a driver takes or gives back a reference; change 0: takes, 1: gives back, 2: gives back, the object to be deleted later
inline void emit_object_referenced(Ptr object, std::uint8_t change, std::uint32_t tag, Ptr caller) {
    detail::Writer<6> w(58, 0);
    if (!w) [[unlikely]] return;
    w.put(object.value);
    w.put(change);
    w.put(tag);
    w.put(caller.value);
    w.commit();
}

// an access check failed; allowed: what the descriptor gives this user at most
inline void emit_access_denied(Ptr object, Str16 type, Str16 name, Str16 user, std::uint32_t desired, std::uint32_t allowed, std::int32_t status) {
    const std::size_t type_bytes = detail::cut(type.bytes);
    const std::size_t name_bytes = detail::cut(name.bytes);
    const std::size_t user_bytes = detail::cut(user.bytes);
    detail::Writer<9> w(130, type_bytes + name_bytes + user_bytes);
    if (!w) [[unlikely]] return;
    w.put(object.value);
    w.put(type_bytes);
    w.put(name_bytes);
    w.put(user_bytes);
    w.put(desired);
    w.put(allowed);
    w.put(static_cast<std::uint32_t>(status));
    w.put_data(type.data, type_bytes);
    w.put_data(name.data, name_bytes);
    w.put_data(user.data, user_bytes);
    w.commit();
}

// a file object was opened on a device; name: full path
inline void emit_file_opened(Ptr file, Ptr device, Str16 name) {
    const std::size_t name_bytes = detail::cut(name.bytes);
    detail::Writer<5> w(56, name_bytes);
    if (!w) [[unlikely]] return;
    w.put(file.value);
    w.put(device.value);
    w.put(name_bytes);
    w.put_data(name.data, name_bytes);
    w.commit();
}

// a driver object was created for an image; name: full path
inline void emit_driver_loaded(Ptr driver, Ptr base, Str16 name) {
    const std::size_t name_bytes = detail::cut(name.bytes);
    detail::Writer<5> w(60, name_bytes);
    if (!w) [[unlikely]] return;
    w.put(driver.value);
    w.put(base.value);
    w.put(name_bytes);
    w.put_data(name.data, name_bytes);
    w.commit();
}

// DriverEntry is called
inline void emit_driver_entry(Ptr driver, Ptr routine, Str16 registry_path) {
    const std::size_t registry_path_bytes = detail::cut(registry_path.bytes);
    detail::Writer<5> w(61, registry_path_bytes);
    if (!w) [[unlikely]] return;
    w.put(driver.value);
    w.put(routine.value);
    w.put(registry_path_bytes);
    w.put_data(registry_path.data, registry_path_bytes);
    w.commit();
}

// it returned
inline void emit_driver_entry_returned(Ptr driver, std::int32_t status) {
    detail::Writer<4> w(62, 0);
    if (!w) [[unlikely]] return;
    w.put(driver.value);
    w.put(static_cast<std::uint32_t>(status));
    w.commit();
}

// DriverUnload is called
inline void emit_driver_unload(Ptr driver, Ptr routine) {
    detail::Writer<4> w(63, 0);
    if (!w) [[unlikely]] return;
    w.put(driver.value);
    w.put(routine.value);
    w.commit();
}

// the driver object is gone
inline void emit_driver_unloaded(Ptr driver) {
    detail::Writer<3> w(64, 0);
    if (!w) [[unlikely]] return;
    w.put(driver.value);
    w.commit();
}

// NtLoadDriver asks for the driver of a service
inline void emit_service_load(Str16 key) {
    const std::size_t key_bytes = detail::cut(key.bytes);
    detail::Writer<3> w(170, key_bytes);
    if (!w) [[unlikely]] return;
    w.put(key_bytes);
    w.put_data(key.data, key_bytes);
    w.commit();
}

// the driver is loaded, or it failed
inline void emit_service_loaded(Str16 key, std::int32_t status) {
    const std::size_t key_bytes = detail::cut(key.bytes);
    detail::Writer<4> w(171, key_bytes);
    if (!w) [[unlikely]] return;
    w.put(key_bytes);
    w.put(static_cast<std::uint32_t>(status));
    w.put_data(key.data, key_bytes);
    w.commit();
}

// NtUnloadDriver asks for a driver's end
inline void emit_service_unload(Str16 key) {
    const std::size_t key_bytes = detail::cut(key.bytes);
    detail::Writer<3> w(172, key_bytes);
    if (!w) [[unlikely]] return;
    w.put(key_bytes);
    w.put_data(key.data, key_bytes);
    w.commit();
}

// the driver is gone; STATUS_PENDING: once nobody uses its devices
inline void emit_service_unloaded(Str16 key, std::int32_t status) {
    const std::size_t key_bytes = detail::cut(key.bytes);
    detail::Writer<4> w(173, key_bytes);
    if (!w) [[unlikely]] return;
    w.put(key_bytes);
    w.put(static_cast<std::uint32_t>(status));
    w.put_data(key.data, key_bytes);
    w.commit();
}

// a device object was created; name: full path, empty if unnamed
inline void emit_device_created(Ptr device, Ptr driver, std::uint32_t type, Str16 name) {
    const std::size_t name_bytes = detail::cut(name.bytes);
    detail::Writer<6> w(65, name_bytes);
    if (!w) [[unlikely]] return;
    w.put(device.value);
    w.put(driver.value);
    w.put(type);
    w.put(name_bytes);
    w.put_data(name.data, name_bytes);
    w.commit();
}

// IoDeleteDevice
inline void emit_device_deleted(Ptr device) {
    detail::Writer<3> w(66, 0);
    if (!w) [[unlikely]] return;
    w.put(device.value);
    w.commit();
}

// upper is attached above lower
inline void emit_device_attached(Ptr upper, Ptr lower) {
    detail::Writer<4> w(67, 0);
    if (!w) [[unlikely]] return;
    w.put(upper.value);
    w.put(lower.value);
    w.commit();
}

// upper is detached
inline void emit_device_detached(Ptr lower, Ptr upper) {
    detail::Writer<4> w(68, 0);
    if (!w) [[unlikely]] return;
    w.put(lower.value);
    w.put(upper.value);
    w.commit();
}

// IoReportDetectedDevice gives a physical device object, with so many interrupt lines and messages
inline void emit_device_detected(Ptr pdo, Ptr driver, std::uint32_t bus, std::uint32_t slot, std::uint32_t lines, std::uint32_t messages) {
    detail::Writer<8> w(59, 0);
    if (!w) [[unlikely]] return;
    w.put(pdo.value);
    w.put(driver.value);
    w.put(bus);
    w.put(slot);
    w.put(lines);
    w.put(messages);
    w.commit();
}

// DbgPrint and its kin
inline void emit_debug_print(std::uint32_t component, std::uint32_t level, std::string_view text) {
    const std::size_t text_bytes = detail::cut(text.size());
    detail::Writer<5> w(69, text_bytes);
    if (!w) [[unlikely]] return;
    w.put(component);
    w.put(level);
    w.put(text_bytes);
    w.put_data(text.data(), text_bytes);
    w.commit();
}

// an exception is dispatched; p1, p2: ExceptionInformation
inline void emit_exception(std::int32_t code, Ptr address, std::uint32_t flags, bool user, std::uint64_t p1, std::uint64_t p2) {
    detail::Writer<8> w(70, 0);
    if (!w) [[unlikely]] return;
    w.put(static_cast<std::uint32_t>(code));
    w.put(address.value);
    w.put(flags);
    w.put(user);
    w.put(p1);
    w.put(p2);
    w.commit();
}

// a handler took it; execution continues at target
inline void emit_exception_handled(std::int32_t code, Ptr address, Ptr target) {
    detail::Writer<5> w(71, 0);
    if (!w) [[unlikely]] return;
    w.put(static_cast<std::uint32_t>(code));
    w.put(address.value);
    w.put(target.value);
    w.commit();
}

// nobody did
inline void emit_exception_unhandled(std::int32_t code, Ptr address, bool user) {
    detail::Writer<5> w(72, 0);
    if (!w) [[unlikely]] return;
    w.put(static_cast<std::uint32_t>(code));
    w.put(address.value);
    w.put(user);
    w.commit();
}

// verbose
inline void emit_pool_allocated(Ptr address, std::uint64_t size, std::uint32_t tag, std::uint32_t type, Ptr caller) {
    detail::Writer<7> w(80, 0);
    if (!w) [[unlikely]] return;
    w.put(address.value);
    w.put(size);
    w.put(tag);
    w.put(type);
    w.put(caller.value);
    w.commit();
}

// verbose
inline void emit_pool_freed(Ptr address, std::uint32_t tag, Ptr caller) {
    detail::Writer<5> w(81, 0);
    if (!w) [[unlikely]] return;
    w.put(address.value);
    w.put(tag);
    w.put(caller.value);
    w.commit();
}

// the driver's cancel routine is called with the cancel spin lock held
inline void emit_cancel_routine_called(Ptr irp, std::uint8_t level, Ptr device, Ptr routine, std::uint8_t cancel_irql) {
    detail::Writer<7> w(110, 0);
    if (!w) [[unlikely]] return;
    w.put(irp.value);
    w.put(level);
    w.put(device.value);
    w.put(routine.value);
    w.put(cancel_irql);
    w.commit();
}

// it returned
inline void emit_cancel_routine_returned(Ptr irp, std::uint8_t level, Ptr routine) {
    detail::Writer<5> w(111, 0);
    if (!w) [[unlikely]] return;
    w.put(irp.value);
    w.put(level);
    w.put(routine.value);
    w.commit();
}

// a packet comes to a completion port; irp 0: it was posted
inline void emit_completion_queued(Ptr port, Ptr irp, std::uint64_t key, std::uint64_t context, std::int32_t status, std::uint64_t information) {
    detail::Writer<8> w(112, 0);
    if (!w) [[unlikely]] return;
    w.put(port.value);
    w.put(irp.value);
    w.put(key);
    w.put(context);
    w.put(static_cast<std::uint32_t>(status));
    w.put(information);
    w.commit();
}

// a thread takes it; irp as when it was queued
inline void emit_completion_removed(Ptr port, Ptr irp, std::uint64_t key, std::uint64_t context, std::int32_t status, std::uint64_t information) {
    detail::Writer<8> w(113, 0);
    if (!w) [[unlikely]] return;
    w.put(port.value);
    w.put(irp.value);
    w.put(key);
    w.put(context);
    w.put(static_cast<std::uint32_t>(status));
    w.put(information);
    w.commit();
}

// the requestor's APC routine is queued to its thread
inline void emit_io_apc_queued(Ptr irp, Ptr apc, Ptr thread, Ptr routine, std::uint64_t context) {
    detail::Writer<7> w(114, 0);
    if (!w) [[unlikely]] return;
    w.put(irp.value);
    w.put(apc.value);
    w.put(thread.value);
    w.put(routine.value);
    w.put(context);
    w.commit();
}

// a work item waits for a system worker thread
inline void emit_work_item_queued(Ptr item, Ptr routine, std::uint64_t parameter, std::uint8_t priority) {
    detail::Writer<6> w(120, 0);
    if (!w) [[unlikely]] return;
    w.put(item.value);
    w.put(routine.value);
    w.put(parameter);
    w.put(priority);
    w.commit();
}

// a worker calls its routine
inline void emit_work_item_started(Ptr item, Ptr routine, std::uint64_t parameter) {
    detail::Writer<5> w(121, 0);
    if (!w) [[unlikely]] return;
    w.put(item.value);
    w.put(routine.value);
    w.put(parameter);
    w.commit();
}

// the routine returned
inline void emit_work_item_finished(Ptr item, Ptr routine) {
    detail::Writer<4> w(122, 0);
    if (!w) [[unlikely]] return;
    w.put(item.value);
    w.put(routine.value);
    w.commit();
}

// ExNotifyCallback: a registered routine is called
inline void emit_callback_notified(Ptr callback, Ptr routine, std::uint64_t argument1, std::uint64_t argument2) {
    detail::Writer<6> w(123, 0);
    if (!w) [[unlikely]] return;
    w.put(callback.value);
    w.put(routine.value);
    w.put(argument1);
    w.put(argument2);
    w.commit();
}

// an entry comes to a device queue; not inserted: the device was idle and is busy now
inline void emit_device_queue_insert(Ptr queue, Ptr entry, std::uint32_t key, bool by_key, bool inserted) {
    detail::Writer<7> w(124, 0);
    if (!w) [[unlikely]] return;
    w.put(queue.value);
    w.put(entry.value);
    w.put(key);
    w.put(by_key);
    w.put(inserted);
    w.commit();
}

// the next entry leaves a device queue; entry 0: there was none, the device is idle now
inline void emit_device_queue_remove(Ptr queue, Ptr entry) {
    detail::Writer<4> w(125, 0);
    if (!w) [[unlikely]] return;
    w.put(queue.value);
    w.put(entry.value);
    w.commit();
}

// the StartIo routine gets an IRP
inline void emit_start_io(Ptr device, Ptr irp, Ptr routine) {
    detail::Writer<5> w(126, 0);
    if (!w) [[unlikely]] return;
    w.put(device.value);
    w.put(irp.value);
    w.put(routine.value);
    w.commit();
}

// a user would see a dialog box
inline void emit_hard_error(std::int32_t status, std::string_view text) {
    const std::size_t text_bytes = detail::cut(text.size());
    detail::Writer<4> w(138, text_bytes);
    if (!w) [[unlikely]] return;
    w.put(static_cast<std::uint32_t>(status));
    w.put(text_bytes);
    w.put_data(text.data(), text_bytes);
    w.commit();
}

// a driver says that one activity (its GUID) goes on as another
inline void emit_activity_transferred(Str16 from, Str16 to) {
    const std::size_t from_bytes = detail::cut(from.bytes);
    const std::size_t to_bytes = detail::cut(to.bytes);
    detail::Writer<4> w(174, from_bytes + to_bytes);
    if (!w) [[unlikely]] return;
    w.put(from_bytes);
    w.put(to_bytes);
    w.put_data(from.data, from_bytes);
    w.put_data(to.data, to_bytes);
    w.commit();
}

// IoWriteErrorLogEntry; device 0: the driver itself
inline void emit_error_logged(Ptr device, Ptr driver, std::int32_t code, std::string_view text) {
    const std::size_t text_bytes = detail::cut(text.size());
    detail::Writer<6> w(139, text_bytes);
    if (!w) [[unlikely]] return;
    w.put(device.value);
    w.put(driver.value);
    w.put(static_cast<std::uint32_t>(code));
    w.put(text_bytes);
    w.put_data(text.data(), text_bytes);
    w.commit();
}

// a part of a buffer gets an address for the device; bounced: through map registers
inline void emit_dma_map(Ptr adapter, Ptr va, std::uint32_t length, std::uint64_t logical, bool write, bool bounced) {
    detail::Writer<8> w(127, 0);
    if (!w) [[unlikely]] return;
    w.put(adapter.value);
    w.put(va.value);
    w.put(length);
    w.put(logical);
    w.put(write);
    w.put(bounced);
    w.commit();
}

// its transfer is over; bounced: map registers were emptied
inline void emit_dma_flush(Ptr adapter, Ptr va, std::uint32_t length, bool write, bool bounced) {
    detail::Writer<7> w(128, 0);
    if (!w) [[unlikely]] return;
    w.put(adapter.value);
    w.put(va.value);
    w.put(length);
    w.put(write);
    w.put(bounced);
    w.commit();
}

// the thread must wait for a lock; kind: ke::LockKind; holder: a thread that has it, if known
inline void emit_lock_contended(Ptr lock, std::uint8_t kind, Ptr holder) {
    detail::Writer<5> w(100, 0);
    if (!w) [[unlikely]] return;
    w.put(lock.value);
    w.put(kind);
    w.put(holder.value);
    w.commit();
}

// a timer is set; due: interrupt time, 100 ns units; period in ms
inline void emit_timer_set(Ptr timer, std::uint64_t due, std::uint32_t period, Ptr dpc) {
    detail::Writer<6> w(140, 0);
    if (!w) [[unlikely]] return;
    w.put(timer.value);
    w.put(due);
    w.put(period);
    w.put(dpc.value);
    w.commit();
}

// it was cancelled while it was set
inline void emit_timer_cancelled(Ptr timer) {
    detail::Writer<3> w(141, 0);
    if (!w) [[unlikely]] return;
    w.put(timer.value);
    w.commit();
}

// it is due: signalled, its DPC is queued
inline void emit_timer_expired(Ptr timer, std::uint64_t due, Ptr dpc) {
    detail::Writer<5> w(142, 0);
    if (!w) [[unlikely]] return;
    w.put(timer.value);
    w.put(due);
    w.put(dpc.value);
    w.commit();
}

// a DPC is put into a processor's queue; importance 0 low, 1 medium, 2 high, 3 medium high
inline void emit_dpc_queued(Ptr dpc, Ptr routine, std::uint8_t processor, std::uint8_t importance) {
    detail::Writer<6> w(143, 0);
    if (!w) [[unlikely]] return;
    w.put(dpc.value);
    w.put(routine.value);
    w.put(processor);
    w.put(importance);
    w.commit();
}

// its routine is called
inline void emit_dpc_called(Ptr dpc, Ptr routine, Ptr context) {
    detail::Writer<5> w(144, 0);
    if (!w) [[unlikely]] return;
    w.put(dpc.value);
    w.put(routine.value);
    w.put(context.value);
    w.commit();
}

// it has returned; time: in 100 ns units
inline void emit_dpc_returned(Ptr dpc, std::uint64_t time) {
    detail::Writer<4> w(145, 0);
    if (!w) [[unlikely]] return;
    w.put(dpc.value);
    w.put(time);
    w.commit();
}

// an interrupt is taken; this row's IRQL is its own; interrupted: where the thread goes on afterwards (0: it is an idle thread), its stack pointer there
inline void emit_interrupt(std::uint32_t vector, std::uint8_t interrupted_irql, Ptr interrupted, Ptr stack) {
    detail::Writer<6> w(146, 0);
    if (!w) [[unlikely]] return;
    w.put(vector);
    w.put(interrupted_irql);
    w.put(interrupted.value);
    w.put(stack.value);
    w.commit();
}

// the interrupted thread goes on; quantum: what it has used up, 100 ns units
inline void emit_interrupt_over(std::uint32_t vector, std::uint64_t quantum) {
    detail::Writer<4> w(160, 0);
    if (!w) [[unlikely]] return;
    w.put(vector);
    w.put(quantum);
    w.commit();
}

// an interrupt service routine is called, at its SynchronizeIrql with its lock held
inline void emit_isr_called(Ptr interrupt, Ptr routine, std::uint32_t vector) {
    detail::Writer<5> w(147, 0);
    if (!w) [[unlikely]] return;
    w.put(interrupt.value);
    w.put(routine.value);
    w.put(vector);
    w.commit();
}

// it has returned; claimed: its device did interrupt
inline void emit_isr_returned(Ptr interrupt, bool claimed) {
    detail::Writer<4> w(148, 0);
    if (!w) [[unlikely]] return;
    w.put(interrupt.value);
    w.put(claimed);
    w.commit();
}

// an APC's routines are called in its thread; mode 0 kernel, 1 user
inline void emit_apc_delivered(Ptr apc, std::uint8_t mode, Ptr kernel_routine, Ptr normal_routine) {
    detail::Writer<6> w(149, 0);
    if (!w) [[unlikely]] return;
    w.put(apc.value);
    w.put(mode);
    w.put(kernel_routine.value);
    w.put(normal_routine.value);
    w.commit();
}

// a wait is over: the thread is ready, at this priority
inline void emit_thread_ready(Ptr thread, std::uint32_t ready_pid, std::uint32_t ready_tid, std::uint8_t priority) {
    detail::Writer<6> w(150, 0);
    if (!w) [[unlikely]] return;
    w.put(thread.value);
    w.put(ready_pid);
    w.put(ready_tid);
    w.put(priority);
    w.commit();
}

// the running thread's quantum is used up; its priority now
inline void emit_quantum_end(Ptr thread, std::uint8_t priority) {
    detail::Writer<4> w(151, 0);
    if (!w) [[unlikely]] return;
    w.put(thread.value);
    w.put(priority);
    w.commit();
}

// the running thread makes place for one of higher priority
inline void emit_thread_preempted(Ptr thread, std::uint32_t by_pid, std::uint32_t by_tid) {
    detail::Writer<5> w(152, 0);
    if (!w) [[unlikely]] return;
    w.put(thread.value);
    w.put(by_pid);
    w.put(by_tid);
    w.commit();
}

// an interrupt object is connected to a vector; irql: that its service routine runs at
inline void emit_interrupt_connected(Ptr interrupt, Ptr routine, std::uint32_t vector, std::uint8_t irql, std::uint8_t processor) {
    detail::Writer<7> w(155, 0);
    if (!w) [[unlikely]] return;
    w.put(interrupt.value);
    w.put(routine.value);
    w.put(vector);
    w.put(irql);
    w.put(processor);
    w.commit();
}

// it is taken away
inline void emit_interrupt_disconnected(Ptr interrupt, std::uint32_t vector) {
    detail::Writer<4> w(156, 0);
    if (!w) [[unlikely]] return;
    w.put(interrupt.value);
    w.put(vector);
    w.commit();
}

// the host's clock has interrupted code that calls nothing; from here on the run is not repeatable
inline void emit_spin_interrupted(Ptr address, bool user) {
    detail::Writer<4> w(154, 0);
    if (!w) [[unlikely]] return;
    w.put(address.value);
    w.put(user);
    w.commit();
}

// code that calls nothing goes around for ever until a word of memory changes; memory: the first that it reads, 0: none
inline void emit_polls(Ptr address, bool user, Ptr memory) {
    detail::Writer<5> w(159, 0);
    if (!w) [[unlikely]] return;
    w.put(address.value);
    w.put(user);
    w.put(memory.value);
    w.commit();
}

// a thread's priority was set, boosted, or decayed
inline void emit_priority_changed(Ptr thread, std::uint8_t from, std::uint8_t to) {
    detail::Writer<5> w(153, 0);
    if (!w) [[unlikely]] return;
    w.put(thread.value);
    w.put(from);
    w.put(to);
    w.commit();
}

// in
inline void emit_port_read(std::uint32_t port, std::uint8_t size, std::uint32_t value, std::string_view model, Ptr caller) {
    const std::size_t model_bytes = detail::cut(model.size());
    detail::Writer<7> w(90, model_bytes);
    if (!w) [[unlikely]] return;
    w.put(port);
    w.put(size);
    w.put(value);
    w.put(model_bytes);
    w.put(caller.value);
    w.put_data(model.data(), model_bytes);
    w.commit();
}

// out
inline void emit_port_write(std::uint32_t port, std::uint8_t size, std::uint32_t value, std::string_view model, Ptr caller) {
    const std::size_t model_bytes = detail::cut(model.size());
    detail::Writer<7> w(91, model_bytes);
    if (!w) [[unlikely]] return;
    w.put(port);
    w.put(size);
    w.put(value);
    w.put(model_bytes);
    w.put(caller.value);
    w.put_data(model.data(), model_bytes);
    w.commit();
}

// device memory is read; offset into the device's range
inline void emit_register_read(std::uint64_t physical, std::uint8_t size, std::uint64_t value, std::string_view model, std::uint64_t offset, Ptr caller) {
    const std::size_t model_bytes = detail::cut(model.size());
    detail::Writer<8> w(92, model_bytes);
    if (!w) [[unlikely]] return;
    w.put(physical);
    w.put(size);
    w.put(value);
    w.put(model_bytes);
    w.put(offset);
    w.put(caller.value);
    w.put_data(model.data(), model_bytes);
    w.commit();
}

// it is written
inline void emit_register_write(std::uint64_t physical, std::uint8_t size, std::uint64_t value, std::string_view model, std::uint64_t offset, Ptr caller) {
    const std::size_t model_bytes = detail::cut(model.size());
    detail::Writer<8> w(93, model_bytes);
    if (!w) [[unlikely]] return;
    w.put(physical);
    w.put(size);
    w.put(value);
    w.put(model_bytes);
    w.put(offset);
    w.put(caller.value);
    w.put_data(model.data(), model_bytes);
    w.commit();
}

// PCI configuration space; caller 0: through the ports
inline void emit_config_read(std::uint8_t device_number, std::uint8_t function_number, std::uint32_t offset, std::uint8_t size, std::uint32_t value, std::string_view model, Ptr caller) {
    const std::size_t model_bytes = detail::cut(model.size());
    detail::Writer<9> w(94, model_bytes);
    if (!w) [[unlikely]] return;
    w.put(device_number);
    w.put(function_number);
    w.put(offset);
    w.put(size);
    w.put(value);
    w.put(model_bytes);
    w.put(caller.value);
    w.put_data(model.data(), model_bytes);
    w.commit();
}

// it is written
inline void emit_config_write(std::uint8_t device_number, std::uint8_t function_number, std::uint32_t offset, std::uint8_t size, std::uint32_t value, std::string_view model, Ptr caller) {
    const std::size_t model_bytes = detail::cut(model.size());
    detail::Writer<9> w(95, model_bytes);
    if (!w) [[unlikely]] return;
    w.put(device_number);
    w.put(function_number);
    w.put(offset);
    w.put(size);
    w.put(value);
    w.put(model_bytes);
    w.put(caller.value);
    w.put_data(model.data(), model_bytes);
    w.commit();
}

// a device asserts its interrupt line, or takes it back
inline void emit_interrupt_line(std::uint32_t line, bool asserted, std::string_view model) {
    const std::size_t model_bytes = detail::cut(model.size());
    detail::Writer<5> w(96, model_bytes);
    if (!w) [[unlikely]] return;
    w.put(line);
    w.put(asserted);
    w.put(model_bytes);
    w.put_data(model.data(), model_bytes);
    w.commit();
}

// a device sends a message-signalled interrupt
inline void emit_interrupt_message(std::uint64_t address, std::uint32_t data, std::string_view model) {
    const std::size_t model_bytes = detail::cut(model.size());
    detail::Writer<5> w(97, model_bytes);
    if (!w) [[unlikely]] return;
    w.put(address);
    w.put(data);
    w.put(model_bytes);
    w.put_data(model.data(), model_bytes);
    w.commit();
}

// a device reads or writes physical memory
inline void emit_dma(std::uint64_t physical, std::uint64_t length, bool write, bool done, std::string_view model) {
    const std::size_t model_bytes = detail::cut(model.size());
    detail::Writer<7> w(98, model_bytes);
    if (!w) [[unlikely]] return;
    w.put(physical);
    w.put(length);
    w.put(write);
    w.put(done);
    w.put(model_bytes);
    w.put_data(model.data(), model_bytes);
    w.commit();
}

// what a hardware model says about itself
inline void emit_device_message(std::string_view model, std::string_view text) {
    const std::size_t model_bytes = detail::cut(model.size());
    const std::size_t text_bytes = detail::cut(text.size());
    detail::Writer<4> w(99, model_bytes + text_bytes);
    if (!w) [[unlikely]] return;
    w.put(model_bytes);
    w.put(text_bytes);
    w.put_data(model.data(), model_bytes);
    w.put_data(text.data(), text_bytes);
    w.commit();
}

} // namespace trace
// clang-format on
