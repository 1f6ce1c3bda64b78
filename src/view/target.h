// What debugger commands need from a machine. `app` implements it over the running machine, tests over
// hand-made memory. Bodies of objects (IRP, DEVICE_OBJECT, DRIVER_OBJECT, FILE_OBJECT) are read from guest
// memory with the structures of src/abi; what drivers cannot see (names, handle tables, thread states) comes
// through functions here. Every function only looks: the machine is stopped, and is left as it was.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace view {

using Address = std::uint64_t;

// A mapped image. Names are UTF-8.
struct Module {
    std::string name;      // as in mod!symbol: "nt", "hal", "null" (file name without extension)
    std::string file_name; // "null.sys"
    std::string path;      // as the guest sees it: "\SystemRoot\System32\drivers\null.sys"
    std::string host_path; // the file on the host that debug information is read from; "" if synthesised
    Address base = 0;
    std::uint64_t size = 0; // SizeOfImage
    std::uint32_t timestamp = 0;
    std::uint32_t checksum = 0;
    bool user = false;        // mapped in the current process's user half
    bool has_symbols = false; // COFF symbols or debug information, not just exports
};

struct Symbol {
    std::string module; // Module::name
    std::string name;
    Address address = 0;
    std::uint64_t size = 0; // 0: unknown
};

struct Object {
    Address body = 0;
    Address header = 0;
    Address type = 0;           // body of the type object
    std::string type_name;      // "Device", "Directory" …
    std::string name;           // last part of the name; "" if unnamed. For the root directory "\"
    std::string path;           // whole path; "" if unnamed
    Address directory = 0;      // directory that holds it; 0 if unnamed
    std::string symlink_target; // for SymbolicLink
    Address name_info = 0;      // address of the name's optional header, or 0
    std::uint64_t handle_count = 0;
    std::uint64_t pointer_count = 0;
};

struct DirectoryEntry {
    unsigned bucket = 0; // hash bucket, 0 to 36; entries come in bucket order
    Object object;
};

struct Handle {
    std::uint64_t value = 0;
    Address object = 0;
    std::uint32_t access = 0;
    Address entry = 0; // address of the table entry; 0 if the table does not live in guest memory
    bool protect_from_close = false;
    bool inherit = false;
    bool audit = false;
};

// A table entry that no handle uses.
struct FreeHandle {
    std::uint64_t value = 0;
    Address entry = 0;
    std::uint64_t next = 0; // value of the entry that is used after it
};

struct Process {
    Address body = 0; // EPROCESS
    std::uint64_t pid = 0;
    std::uint64_t parent_pid = 0;
    Address peb = 0;
    Address directory_base = 0;
    Address handle_table = 0;
    std::uint64_t handle_count = 0;
    std::string image;                                 // "client.exe"; "System"
    int session = -1;                                  // -1: none
    std::uint64_t elapsed = 0;                         // since its start, 100 ns
    std::uint64_t user_time = 0, kernel_time = 0;      // 100 ns
    std::uint64_t paged_quota = 0, nonpaged_quota = 0; // bytes of pool that it is charged for
    int base_priority = 8;
};

enum class ThreadState { initialized, ready, running, standby, waiting, terminated };

struct Thread {
    Address body = 0; // ETHREAD
    std::uint64_t pid = 0;
    std::uint64_t tid = 0;
    Address process = 0;
    Address teb = 0;
    Address start = 0;
    Address stack_base = 0; // kernel stack
    Address stack_limit = 0;
    Address stack_pointer = 0; // saved, when not running
    ThreadState state = ThreadState::running;
    unsigned processor = 0; // where it runs, ran last, or waits to run
    unsigned ideal_processor = 0;
    std::string wait_reason; // "Executive", "UserRequest" …
    bool user_wait = false;  // wait mode
    bool alertable = false;
    std::vector<Address> wait_objects; // dispatcher headers
    Address wait_lock = 0;             // the lock whose part that is; 0: none
    bool wait_exclusive = false;       // of a lock that may be shared
    int priority = 8;
    int base_priority = 8;
    int priority_decrement = 0; // what of the priority is a boost
    std::uint64_t context_switches = 0;
    std::uint64_t wait_start_tick = 0;
    std::uint64_t user_time = 0, kernel_time = 0; // 100 ns
    std::vector<Address> irps;                    // queued to the thread
};

// A timer that is set.
struct Timer {
    Address body = 0;     // KTIMER
    Address thread = 0;   // whose wait it ends; 0: a timer of its own
    bool precise = false; // expires at its instant, not at a clock tick
};

// Where a processor's time has gone, 100 ns units.
struct ProcessorTimes {
    std::uint64_t idle = 0, thread = 0, dpc = 0, interrupt = 0;
    std::uint64_t user = 0;                               // the part of `thread` in user mode
    std::uint64_t at_dispatch = 0;                        // all time at DISPATCH_LEVEL and above
    std::uint64_t switches = 0, dpcs = 0, interrupts = 0; // counts
};

// What a thread has used, 100 ns units. Of ended ones, too.
struct ThreadTimes {
    std::uint64_t pid = 0, tid = 0;
    std::string image; // of its process
    Address start = 0;
    std::uint64_t user = 0, kernel = 0, switches = 0;
    bool ended = false;
};

// One frame of a walk, innermost first.
struct Frame {
    Address child_sp = 0; // stack pointer of the frame's own code
    Address return_address = 0;
    Address address = 0;             // code address in this frame; what Call Site names
    std::uint64_t arguments[4] = {}; // home area, as kb prints them
    std::string call_site; // shown instead of the symbol of `address` where there is no guest code (gates)
};

struct Registers {
    std::uint64_t rax = 0, rbx = 0, rcx = 0, rdx = 0, rsi = 0, rdi = 0, rbp = 0, rsp = 0;
    std::uint64_t r8 = 0, r9 = 0, r10 = 0, r11 = 0, r12 = 0, r13 = 0, r14 = 0, r15 = 0;
    std::uint64_t rip = 0;
    std::uint32_t eflags = 0;
    bool whole = true; // false: only rip, rsp and the non-volatile ones are known
};

struct Range {
    Address first = 0, end = 0;
};

// What a driver did to the reference count of an object.
struct Reference {
    std::uint64_t sequence = 0; // among all objects
    int change = 0;             // +1 or -1
    std::uint32_t tag = 0;
    Address caller = 0;
};

struct ReferenceTrace {
    std::string problem; // "": none
    std::string image;   // of the process that made the object, as far as known
    std::vector<Reference> references;
};

class Machine {
  public:
    virtual ~Machine() = default;

    // Copies guest memory; false (and nothing promised about `to`) if any byte is not readable.
    virtual bool read(Address from, void* to, std::size_t bytes) = 0;

    // As a process sees its user half, whichever runs.
    virtual bool read_in(Address /* process */, Address from, void* to, std::size_t bytes) {
        return read(from, to, bytes);
    }
    virtual bool read_physical(Address, void*, std::size_t) { return false; }

    // Loaded images, in load order: nt first. `unloaded_modules`: "name.sys" and former range, oldest first.
    virtual std::vector<Module> modules() = 0;
    virtual std::vector<Module> unloaded_modules() { return {}; }
    // Names known for an image: exports and COFF symbols, ascending by address, one per address preferred.
    virtual std::vector<Symbol> symbols(const Module& module) = 0;
    // Names for addresses that are in no image's tables (nt!IopInvalidDeviceRequest and other internal
    // routines that driver- visible slots point to) belong in symbols(nt) too.

    virtual unsigned processors() = 0;
    virtual unsigned current_processor() = 0;
    virtual unsigned irql(unsigned processor) = 0;
    virtual Address pcr(unsigned processor) = 0; // KPCR
    virtual Address current_thread() = 0;        // ETHREAD, 0 when idle
    virtual Address current_process() = 0;       // EPROCESS
    // Whose user half and images are looked at from now on; 0: the running process's. False: not a process.
    virtual bool set_process(Address process) { return process == 0; }
    virtual Registers registers() = 0;               // of the code where the machine stopped
    virtual std::uint64_t tick_count() { return 0; } // clock ticks since boot, 15.625 ms each

    // Every initialized ERESOURCE, in the order of the system's list.
    virtual std::vector<Address> resources() { return {}; }
    virtual bool owns_cancel_lock(unsigned) { return false; } // the processor

    virtual std::vector<Process> processes() = 0;
    virtual std::vector<Thread> threads() = 0;
    // Also an idle thread, which is in no list.
    virtual std::optional<Thread> thread_at(Address body) {
        for (Thread& thread : threads())
            if (thread.body == body) return std::move(thread);
        return std::nullopt;
    }
    // Allocated IRPs in nonpaged pool, ascending.
    virtual std::vector<Address> irps() { return {}; }
    // Where the pool lies: 0 nonpaged, 1 paged, 2 special.
    virtual Range pool_range(unsigned) { return {}; }
    // DPCs that wait on a processor, in order, then threaded ones.
    virtual std::vector<Address> dpcs(unsigned) { return {}; }
    virtual std::vector<Timer> timers() { return {}; }
    virtual std::vector<Address> interrupts() { return {}; } // connected KINTERRUPTs, by vector
    virtual ProcessorTimes processor_times(unsigned) { return {}; }
    virtual std::vector<ThreadTimes> thread_times() { return {}; } // by process and thread id
    virtual std::uint64_t interrupt_time() { return 0; }           // since boot, 100 ns units
    virtual std::int64_t boot_time() { return 0; }                 // FILETIME
    // Call stack of a thread by its ETHREAD; 0: the current one.
    virtual std::vector<Frame> walk(Address thread, std::size_t most) = 0;

    // The object whose body is at an address; nothing if there is none.
    virtual std::optional<Object> object_at(Address body) = 0;
    // Object by full path ("\Device\Null"); links are followed except in the last part. Case-insensitive.
    virtual std::optional<Object> find_object(const std::string& path) = 0;
    // Contents of a directory object.
    virtual std::vector<DirectoryEntry> directory(Address body) = 0;
    // Every object of a type, by type name.
    virtual std::vector<Object> objects_of_type(const std::string& type) = 0;
    // Open handles of a process (0: the kernel's table), ascending.
    virtual std::vector<Handle> handles(Address process) = 0;
    virtual Address handle_table(Address process) = 0;
    virtual ReferenceTrace reference_trace(Address) { return {"References are not traced", {}, {}}; }
    virtual std::vector<FreeHandle> free_handles(Address) { return {}; } // ascending
};

} // namespace view
