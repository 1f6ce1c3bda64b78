// Debugger commands over a hand-made machine: the Null driver with a filter above its device, one request in
// flight. The expected output of each group stands in golden/*.txt with its source; DRVLAB_UPDATE_GOLDENS=1
// writes them anew.
#include "abi/device.h"
#include "abi/dispatcher.h"
#include "abi/irp.h"
#include "abi/misc.h"
#include "abi/peb.h"
#include "abi/processor.h"
#include "abi/thread.h"
#include "view/debugger.h"
#include "view/top.h"
#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

namespace {

using namespace view;

constexpr Address null_base = 0x300000100000, filter_base = 0x300000110000, nt_base = 0x300000010000;
constexpr Address null_driver = 0x310000001000, filter_driver = 0x310000002000;
constexpr Address null_device = 0x310000003000, filter_device = 0x310000004000;
constexpr Address file = 0x310000005000, irp = 0x310000006000, names = 0x310000007000,
                  thread = 0x310000008000;
constexpr Address process = 0x310000009000, device_directory = 0x32000000a000, link = 0x32000000b000,
                  text = 0x31000000c000, pcr_at = 0x310000020000, dpc = 0x310000022000,
                  timer = 0x310000022100, interrupt = 0x310000022400, list = 0x310000030000;
constexpr Address invalid_request = nt_base + 0x1230;
constexpr Address device_type = 0x310000000100, directory_type = 0x310000000200, link_type = 0x310000000300,
                  driver_type = 0x310000000400, file_type = 0x310000000500;

template <class T> T* at(Address address) { return reinterpret_cast<T*>(address); }

class FakeMachine : public Machine {
  public:
    FakeMachine() {
        place_names();
        place_drivers();
        place_devices();
        place_request();
        for (unsigned i = 0; i < 0x40; ++i)
            memory_[text + i] = static_cast<unsigned char>(0x20 + i);
        put(text + 0x100, *reinterpret_cast<const char(*)[12]>("Hello,\nkd!\0"));
        place_resources();
        place_processor();
        const Address pointers[] = {null_base + 0x1040, 0x1234};
        put(text + 0x200, pointers);
        place_lists();
    }

    bool read(Address from, void* to, std::size_t bytes) override {
        for (std::size_t i = 0; i < bytes; ++i) {
            const auto found = memory_.find(from + i);
            if (found == memory_.end()) return false;
            static_cast<unsigned char*>(to)[i] = found->second;
        }
        return true;
    }
    std::vector<Module> modules() override {
        Module nt{"nt",  "ntoskrnl.exe", "\\SystemRoot\\system32\\ntoskrnl.exe", "", nt_base, 0x20000, 0, 0,
                  false, false};
        Module null{"null",     "null.sys", "\\SystemRoot\\System32\\drivers\\null.sys",
                    "",         null_base,  0x7000,
                    0x5d1b4bb0, 0x12730,    false,
                    true};
        Module filter{"passthru",
                      "passthru.sys",
                      "\\SystemRoot\\System32\\drivers\\passthru.sys",
                      "",
                      filter_base,
                      0x8000,
                      0,
                      0,
                      false,
                      false};
        return {nt, null, filter};
    }
    std::vector<Module> unloaded_modules() override {
        Module gone;
        gone.file_name = "echo.sys";
        gone.base = 0x300000120000;
        gone.size = 0x6000;
        return {gone};
    }
    std::vector<Symbol> symbols(const Module& module) override {
        if (module.name == "nt")
            return {{"nt", "IoCreateDevice", nt_base + 0x1000, 0x10},
                    {"nt", "IopInvalidDeviceRequest", invalid_request, 0x10}};
        if (module.name == "null")
            return {{"null", "null_create", null_base + 0x1000, 0x20},
                    {"null", "null_write", null_base + 0x1040, 0x20},
                    {"null", "DriverEntry", null_base + 0x10a0, 0}};
        return {};
    }
    unsigned processors() override { return 1; }
    unsigned current_processor() override { return 0; }
    unsigned irql(unsigned) override { return 2; }
    Address pcr(unsigned) override { return pcr_at; }
    Address current_thread() override { return thread; }
    Address current_process() override { return process; }
    Registers registers() override {
        Registers r;
        r.rcx = null_device;
        r.rip = null_base + 0x1044;
        r.rsp = 0x31000000c200, r.r10 = 0x8765432112345678, r.eflags = 0x10287;
        return r;
    }
    std::vector<Process> processes() override {
        Process system{0x310000009800, 4, 0, 0, 0x1ad000, 0x320000001000, 12, "System"};
        Process client{process, 0x8fc, 4, 0x7ff000, 0x1bc32000, 0x320000002000, 2, "client.exe"};
        client.session = 1, client.elapsed = 51'230'000, client.user_time = 10'460'000;
        client.paged_quota = 51160, client.nonpaged_quota = 5088;
        return {system, client};
    }
    std::uint64_t tick_count() override { return 42; }
    std::vector<Thread> threads() override {
        Thread one;
        one.body = thread;
        one.pid = 0x8fc;
        one.tid = 0xa6c;
        one.process = process;
        one.teb = 0x7fe000;
        one.state = ThreadState::waiting;
        one.wait_reason = "Executive";
        one.wait_objects = {file + offsetof(nt::FILE_OBJECT, Event)};
        one.irps = {irp};
        one.wait_lock = resources()[1];
        one.wait_exclusive = true;
        one.wait_start_tick = 40;
        one.ideal_processor = 3;
        one.priority = 10;
        one.priority_decrement = 2;
        one.user_time = 10'460'000, one.kernel_time = 2'960'000;
        Thread two;
        two.body = 0x310000008800;
        two.pid = 4;
        two.tid = 0x20;
        two.process = 0x310000009800;
        two.state = ThreadState::ready;
        two.priority = 12;
        return {two, one};
    }
    std::vector<Address> dpcs(unsigned) override { return {dpc, dpc + 0x40}; }
    std::vector<Timer> timers() override {
        return {{timer, 0, true}, {timer + 0x40, 0, false}, {timer + 0x80, thread, false}};
    }
    std::vector<Address> interrupts() override { return {interrupt, interrupt + 0x100, interrupt + 0x200}; }
    ProcessorTimes processor_times(unsigned) override {
        ProcessorTimes t;
        t.idle = 156'250 * 100;
        t.thread = 156'250 * 40;
        t.user = 156'250 * 30;
        t.dpc = 156'250 * 3;
        t.interrupt = 156'250 * 2;
        t.at_dispatch = 156'250 * 6;
        t.switches = 77;
        t.dpcs = 9;
        t.interrupts = 145;
        return t;
    }
    std::vector<ThreadTimes> thread_times() override {
        return {{4, 8, "System", 0, 0, 156'250, 3, false},
                {0x8fc, 0xa6c, "client.exe", null_base + 0x1040, 156'250 * 30, 156'250 * 8, 20, true},
                {0x8fc, 0xa70, "client.exe", null_base + 0x1000, 0, 156'250, 1, false}};
    }
    std::uint64_t interrupt_time() override { return 156'250 * 145; }
    std::int64_t boot_time() override { return 134'116'992'000'000'000; }
    std::vector<Address> resources() override {
        return {text + 0x400, text + 0x480, null_base + 0x3000, text + 0x500};
    }
    bool owns_cancel_lock(unsigned) override { return true; }
    std::vector<Address> irps() override { return {irp, irp + 0x400}; }
    ReferenceTrace reference_trace(Address object) override {
        if (object == null_device) return {"References are traced with --trace FILE", {}, {}};
        const auto tag = [](const char(&text)[5]) {
            std::uint32_t value;
            std::memcpy(&value, text, 4);
            return value;
        };
        return {"",
                "leakyapp.exe",
                {{0x36, 1, tag("Dflt"), null_base + 0x1010},
                 {0x39, 1, tag("Lky8"), null_base + 0x1044},
                 {0x3a, -1, tag("Dflt"), null_base + 0x1050},
                 {0x3b, -1, tag("Undr"), 0x4711}}};
    }
    Range pool_range(unsigned type) override {
        return type == 0 ? Range{0x310000000000, 0x320000000000} : Range{0x320000000000, 0x330000000000};
    }
    std::vector<FreeHandle> free_handles(Address) override {
        return {{0, 0x320000002000, 0}, {8, 0x320000002020, 0xc}, {0xac, 0x3200000022b0, 0xb0}};
    }
    bool read_physical(Address from, void* to, std::size_t bytes) override {
        return read(from + 0x310000000000, to, bytes);
    }
    std::vector<Frame> walk(Address, std::size_t) override {
        Frame top{0x340000005f00, null_base + 0x1052, null_base + 0x1044, {1, 2, 3, 4}, ""};
        Frame gate{0x340000005f40, filter_base + 0x1100, 0, {}, "nt!IofCallDriver"};
        Frame user{0x14fd00, 0, 0x110000001234, {}, ""};
        return {top, gate, user};
    }
    std::optional<Object> object_at(Address body) override {
        for (const Object& one : objects())
            if (one.body == body) return one;
        return {};
    }
    std::optional<Object> find_object(const std::string& path) override {
        for (const Object& one : objects())
            if (!one.path.empty() && one.path == path) return one;
        return {};
    }
    std::vector<DirectoryEntry> directory(Address) override {
        Object other = *find_object("\\Device\\Null");
        other.body = 0x31000000d000;
        other.name = "00000030";
        return {{0, *find_object("\\Device\\Null")}, {0, other}, {36, other}};
    }
    std::vector<Object> objects_of_type(const std::string& type) override {
        std::vector<Object> all;
        for (const Object& one : objects())
            if (one.type_name == type) all.push_back(one);
        return all;
    }
    std::vector<Handle> handles(Address) override {
        return {{4, file, 0x12019f, 0x320000002010, false, false, false},
                {0xa4, link, 0x1, 0, true, true, true}};
    }
    Address handle_table(Address of) override { return of ? 0x320000002000 : 0x320000001000; }

    template <class T> void put(Address address, const T& value) {
        const auto* bytes = reinterpret_cast<const unsigned char*>(&value);
        for (std::size_t i = 0; i < sizeof value; ++i)
            memory_[address + i] = bytes[i];
    }

  private:
    static std::vector<Object> objects() {
        const auto named = [](Address body, Address type, const char* type_name, const char* name,
                              const char* path, Address directory) {
            Object o;
            o.body = body;
            o.header = body - 0x30;
            o.type = type;
            o.type_name = type_name;
            o.name = name;
            o.path = path;
            o.directory = directory;
            o.name_info = *name ? body - 0x50 : 0;
            o.handle_count = 0;
            o.pointer_count = 3;
            return o;
        };
        Object symbolic = named(link, link_type, "SymbolicLink", "NUL", "\\GLOBAL??\\NUL", 0x32000000c000);
        symbolic.symlink_target = "\\Device\\Null";
        Object opened = named(file, file_type, "File", "", "", 0);
        opened.handle_count = 1;
        return {named(null_driver, driver_type, "Driver", "Null", "\\Driver\\Null", 0x32000000d000),
                named(filter_driver, driver_type, "Driver", "passthru", "\\Driver\\passthru", 0x32000000d000),
                named(null_device, device_type, "Device", "Null", "\\Device\\Null", device_directory),
                named(filter_device, device_type, "Device", "", "", 0),
                named(device_directory, directory_type, "Directory", "Device", "\\Device", 0x320000000100),
                symbolic,
                opened,
                named(thread, 0x310000000600, "Thread", "", "", 0),
                named(process, 0x310000000700, "Process", "", "", 0)};
    }
    nt::UNICODE_STRING name(Address address, std::u16string_view value) {
        for (std::size_t i = 0; i < value.size(); ++i)
            put(address + 2 * i, value[i]);
        const auto bytes = static_cast<nt::USHORT>(2 * value.size());
        nt::UNICODE_STRING s{};
        s.Length = bytes;
        s.MaximumLength = bytes;
        s.Buffer = at<char16_t>(address);
        return s;
    }
    // Free, exclusive with a waiter, shared by two of which one is an owner pointer, free.
    void place_resources() {
        nt::ERESOURCE free{}, exclusive{}, shared{};
        exclusive.OwnerEntry.OwnerThread = thread + 0x800;
        exclusive.OwnerEntry.OwnerCount = 2;
        exclusive.ActiveEntries = 1;
        exclusive.Flag = 0x80;
        exclusive.ContentionCount = 5;
        exclusive.NumberOfExclusiveWaiters = 1;
        nt::OWNER_ENTRY table[4]{};
        table[0].TableSize = 4;
        table[2].OwnerThread = text | 3;
        table[2].OwnerCount = 1;
        shared.OwnerEntry.OwnerThread = thread;
        shared.OwnerEntry.OwnerCount = 1;
        shared.OwnerTable = at<nt::OWNER_ENTRY>(text + 0x600);
        shared.ActiveEntries = 2;
        put(resources()[0], free);
        put(resources()[1], exclusive);
        put(resources()[2], shared);
        put(resources()[3], free);
        put(text + 0x600, table);
    }
    // Two DPCs, two timers and a wait's timeout, two interrupts on one vector and one with messages.
    void place_processor() {
        nt::KPCR pcr{};
        pcr.MajorVersion = pcr.MinorVersion = 1;
        pcr.Self = at<nt::KPCR>(pcr_at);
        pcr.Prcb.CurrentThread = at<nt::KTHREAD>(thread);
        pcr.Prcb.IdleThread = at<nt::KTHREAD>(thread + 0x700);
        put(pcr_at, pcr);
        nt::KDPC d{};
        d.Type = nt::DpcObject;
        d.DeferredRoutine = at<nt::KDEFERRED_ROUTINE>(null_base + 0x1040);
        put(dpc, d);
        d.Type = nt::ThreadedDpcObject;
        d.DeferredRoutine = at<nt::KDEFERRED_ROUTINE>(null_base + 0x1000);
        put(dpc + 0x40, d);
        nt::KTIMER t{};
        t.DueTime.QuadPart = 156'250 * 145 + 10'000;
        t.Dpc = at<nt::KDPC>(dpc);
        t.Period = 10;
        put(timer, t);
        t.DueTime.QuadPart = 156'250ull * 64 * 3600 * 24 * 59; // 1 March 2026
        t.Dpc = nullptr;
        t.Period = 0;
        put(timer + 0x40, t);
        t.DueTime.QuadPart = 156'250ull * 64 * 3600 * 24 * 59 - 1;
        put(timer + 0x80, t);
        nt::KINTERRUPT i{};
        i.Vector = 0x90;
        i.ServiceRoutine = at<nt::KSERVICE_ROUTINE>(null_base + 0x1000);
        put(interrupt, i);
        i.ServiceRoutine = at<nt::KSERVICE_ROUTINE>(filter_base + 0x20);
        put(interrupt + 0x100, i);
        i.Vector = 0xb2;
        i.ServiceRoutine = nullptr;
        i.MessageServiceRoutine = at<nt::KMESSAGE_SERVICE_ROUTINE>(null_base + 0x1040);
        put(interrupt + 0x200, i);
    }
    // A ring of three entries with something behind each, a chain of pointers to texts, a volume, a TEB.
    void place_lists() {
        const Address ring[3] = {list, list + 0x100, list + 0x200};
        for (unsigned i = 0; i < 3; ++i) {
            const Address entry[4] = {ring[(i + 1) % 3], ring[(i + 2) % 3], 0x1111 * (i + 1),
                                      null_base + 0x1000};
            put(ring[i], entry);
        }
        const Address texts[] = {text + 0x100, text + 0x200, 0x4711};
        put(list + 0x300, texts);
        const float reals[] = {1.5f, -0.25f, 1e10f, 0.f, 42.f};
        put(list + 0x340, reals);
        const double doubles[] = {3.25, -1e100};
        put(list + 0x360, doubles);
        nt::VPB v{};
        v.Type = nt::IO_TYPE_VPB;
        v.Flags = nt::VPB_MOUNTED | nt::VPB_PERSISTENT;
        v.DeviceObject = at<nt::DEVICE_OBJECT>(filter_device);
        v.RealDevice = at<nt::DEVICE_OBJECT>(null_device);
        v.ReferenceCount = 14;
        std::memcpy(v.VolumeLabel, u"MY-DISK-C", 18);
        v.VolumeLabelLength = 18;
        put(list + 0x400, v);
        put(0x7fe000 + offsetof(nt::TEB, LastErrorValue), nt::ULONG{2});
        put(0x7fe000 + offsetof(nt::TEB, LastStatusValue), nt::NTSTATUS{static_cast<int>(0xc0000034)});
    }
    void place_names() {
        null_name_ = name(names, u"\\Driver\\Null");
        filter_name_ = name(names + 0x100, u"\\Driver\\passthru");
        file_name_ = name(names + 0x200, u"\\x\\file.txt");
    }
    void place_drivers() {
        nt::DRIVER_OBJECT d{};
        d.Type = nt::IO_TYPE_DRIVER;
        d.Size = sizeof d;
        d.DeviceObject = at<nt::DEVICE_OBJECT>(null_device);
        d.DriverExtension = at<nt::DRIVER_EXTENSION>(null_driver + sizeof d);
        d.DriverName = null_name_;
        d.DriverInit = at<nt::DRIVER_INITIALIZE>(null_base + 0x10a0);
        for (auto& routine : d.MajorFunction)
            routine = at<nt::DRIVER_DISPATCH>(invalid_request);
        d.MajorFunction[0] = d.MajorFunction[2] = at<nt::DRIVER_DISPATCH>(null_base + 0x1000);
        d.MajorFunction[4] = at<nt::DRIVER_DISPATCH>(null_base + 0x1040);
        d.FastIoDispatch = at<nt::FAST_IO_DISPATCH>(null_driver + 0x400);
        put(null_driver, d);
        put(null_driver + sizeof d, nt::DRIVER_EXTENSION{});
        struct {
            std::uint64_t size;
            Address routines[27];
        } fast{sizeof fast, {}};
        fast.routines[1] = null_base + 0x1060;
        put(null_driver + 0x400, fast);

        d.DeviceObject = at<nt::DEVICE_OBJECT>(filter_device);
        d.DriverExtension = at<nt::DRIVER_EXTENSION>(filter_driver + sizeof d);
        d.DriverName = filter_name_;
        d.DriverInit = at<nt::DRIVER_INITIALIZE>(filter_base + 0x1000);
        d.FastIoDispatch = nullptr;
        put(filter_driver, d);
        nt::DRIVER_EXTENSION e{};
        e.ClientDriverExtension = at<nt::IO_CLIENT_EXTENSION>(filter_driver + 0x800);
        put(filter_driver + sizeof d, e);
        nt::IO_CLIENT_EXTENSION client{};
        client.ClientIdentificationAddress = at<void>(0x4711);
        put(filter_driver + 0x800, client);
    }
    void place_devices() {
        nt::DEVICE_OBJECT d{};
        d.Type = nt::IO_TYPE_DEVICE;
        d.Size = sizeof d;
        d.ReferenceCount = 2;
        d.DriverObject = at<nt::DRIVER_OBJECT>(null_driver);
        d.AttachedDevice = at<nt::DEVICE_OBJECT>(filter_device);
        d.Flags = nt::DO_DEVICE_HAS_NAME;
        d.Characteristics = nt::FILE_DEVICE_SECURE_OPEN | nt::FILE_DEVICE_ALLOW_APPCONTAINER_TRAVERSAL;
        d.DeviceType = 0x15;
        d.StackSize = 1;
        d.DeviceObjectExtension = at<nt::DEVOBJ_EXTENSION>(null_device + 0x150);
        put(null_device, d);
        nt::DEVOBJ_EXTENSION e{};
        e.Dope = at<void>(0x310000003400);
        e.ExtensionFlags = nt::DOE_DEFAULT_SD_PRESENT;
        put(null_device + 0x150, e);

        d.ReferenceCount = 0;
        d.DriverObject = at<nt::DRIVER_OBJECT>(filter_driver);
        d.AttachedDevice = nullptr;
        d.Flags = 0;
        d.Characteristics = 0;
        d.StackSize = 2;
        d.DeviceExtension = at<void>(filter_device + 0x150);
        d.DeviceObjectExtension = at<nt::DEVOBJ_EXTENSION>(filter_device + 0x160);
        d.SecurityDescriptor = at<void>(0x320000004000);
        put(filter_device, d);
        e = {};
        e.AttachedTo = at<nt::DEVICE_OBJECT>(null_device);
        put(filter_device + 0x160, e);
    }
    void place_request() {
        nt::IRP i{};
        i.Type = nt::IO_TYPE_IRP;
        i.Size = sizeof i + 2 * sizeof(nt::IO_STACK_LOCATION);
        i.Flags = 0x60070;
        i.AssociatedIrp.SystemBuffer = at<void>(0x310000009100);
        i.StackCount = 2;
        i.CurrentLocation = 1;
        i.Tail.Overlay.Thread = at<nt::ETHREAD>(thread);
        i.Tail.Overlay.CurrentStackLocation = at<nt::IO_STACK_LOCATION>(irp + sizeof i);
        const Address links = file + offsetof(nt::FILE_OBJECT, IrpList);
        i.ThreadListEntry = {at<nt::LIST_ENTRY>(links), at<nt::LIST_ENTRY>(links)};
        put(irp, i);

        nt::IO_STACK_LOCATION l{};
        l.MajorFunction = nt::IRP_MJ_DEVICE_CONTROL;
        l.Flags = 5;
        l.Control = 0xe1;
        l.Parameters.Others = {at<void>(0x10c), nullptr, at<void>(0x226000), at<void>(0x123456789a)};
        l.DeviceObject = at<nt::DEVICE_OBJECT>(null_device);
        l.FileObject = at<nt::FILE_OBJECT>(file);
        l.CompletionRoutine = at<nt::IO_COMPLETION_ROUTINE>(filter_base + 0x1200);
        l.Context = at<void>(0x4711);
        put(irp + sizeof i, l);
        l.Control = 0;
        l.DeviceObject = at<nt::DEVICE_OBJECT>(filter_device);
        l.CompletionRoutine = nullptr;
        l.Context = nullptr;
        put(irp + sizeof i + sizeof l, l);
        put(irp + 0x400, [] {
            nt::IRP fresh{};
            fresh.Type = nt::IO_TYPE_IRP;
            fresh.StackCount = 1;
            fresh.CurrentLocation = 2;
            return fresh;
        }());
        put(irp + 0x400 + sizeof i, nt::IO_STACK_LOCATION{});

        nt::FILE_OBJECT f{};
        f.Type = nt::IO_TYPE_FILE;
        f.DeviceObject = at<nt::DEVICE_OBJECT>(null_device);
        f.ReadAccess = f.SharedRead = 1;
        f.Flags = nt::FO_SYNCHRONOUS_IO | nt::FO_HANDLE_CREATED;
        f.FileName = file_name_;
        f.CurrentByteOffset.QuadPart = 0x45000;
        f.IrpList = {at<nt::LIST_ENTRY>(irp + offsetof(nt::IRP, ThreadListEntry)),
                     at<nt::LIST_ENTRY>(irp + offsetof(nt::IRP, ThreadListEntry))};
        put(file, f);
    }

    std::map<Address, unsigned char> memory_;
    nt::UNICODE_STRING null_name_{}, filter_name_{}, file_name_{};
};

// Runs the commands of a golden file ("0: kd> …" lines) and compares with what stands under them.
void check_golden(const std::string& name) {
    const auto path = std::filesystem::path(__FILE__).parent_path() / "golden" / (name + ".txt");
    std::ifstream in(path);
    ASSERT_TRUE(in) << path;
    std::stringstream content;
    content << in.rdbuf();
    FakeMachine machine;
    Debugger debugger(machine);
    const std::string prompt = debugger.prompt();
    std::string made, line;
    bool any = false;
    while (std::getline(content, line)) {
        if (line.starts_with(prompt)) {
            made += line + "\n" + debugger.execute(std::string_view(line).substr(prompt.size()));
            any = true;
        } else if (!any) {
            made += line + "\n"; // the head names the source
        }
    }
    ASSERT_TRUE(any) << "no commands in " << path;
    if (std::getenv("DRVLAB_UPDATE_GOLDENS")) std::ofstream(path) << made;
    EXPECT_EQ(content.str(), made) << path;
}

class Golden : public testing::TestWithParam<const char*> {};
TEST_P(Golden, PrintsAsDocumented) { check_golden(GetParam()); }
INSTANTIATE_TEST_SUITE_P(Commands, Golden,
                         testing::Values("drvobj", "devobj", "devstack", "object", "irp", "fileobj", "handle",
                                         "memory", "modules", "stack", "process", "values", "locks",
                                         "processor", "scheduling", "lists", "search", "registers", "irpfind",
                                         "volume"),
                         [](const auto& info) { return std::string(info.param); });

class DebuggerTest : public testing::Test {
  protected:
    FakeMachine machine_;
    Debugger debugger_{machine_};
};

// Whatever an address points to: each command ends, with something to say.
TEST_F(DebuggerTest, AnythingGoesIntoEveryCommand) {
    std::vector<std::string> arguments{
        "",   "-1", "0 0 0 0", "zz", "((",       "\"",         "poi(0)",
        "-t", "-x", "L",       "-[", "\\Device", "@$thread 7", "ffffffffffffffff"};
    for (const Address address :
         {null_driver, null_device, file, irp, names, thread, process, device_directory, link, text, pcr_at,
          dpc, timer, interrupt, list, list + 0x400, null_base})
        for (const char* more : {"", " 1", " L2 20", " ffffffffffffffff", " 0 fileobject 1"}) {
            char argument[64];
            std::snprintf(argument, sizeof argument, "%llx%s", static_cast<unsigned long long>(address),
                          more);
            arguments.push_back(argument);
        }
    for (const std::string& name : debugger_.command_names()) {
        bool said = false;
        for (const std::string& argument : arguments)
            said |= !debugger_.execute(name + " " + argument).empty();
        EXPECT_TRUE(said || name == "q" || name == "qq") << name;
    }
}

TEST_F(DebuggerTest, UnknownCommandsAreNamed) {
    EXPECT_EQ(debugger_.execute("frobnicate 1"), "Couldn't resolve error at 'frobnicate'\n");
    EXPECT_TRUE(debugger_.failed());
    for (const char* text : {"g", "bp null!DriverEntry", "eb 0 1"}) {
        EXPECT_NE(debugger_.execute(text).find(": no command runs or changes the machine\n"),
                  std::string::npos);
        EXPECT_TRUE(debugger_.failed()) << text;
    }
    EXPECT_EQ(debugger_.execute("!locks -x"), "Unknown option '-x'\n");
    EXPECT_EQ(debugger_.execute("!frobnicate"), "No export frobnicate found\n");
    EXPECT_EQ(debugger_.execute("!irp nosuchthing"), "Couldn't resolve error at 'nosuchthing'\n");
    EXPECT_EQ(debugger_.execute("!irp poi(0)"), "Memory access error at ')'\n");
}

TEST_F(DebuggerTest, LineOfSeveralCommands) {
    EXPECT_EQ(debugger_.execute(".echo a; ;.echo \"b;c\" ; * comment"), "a\nb;c\n");
    // debuggercmds/-----comment-specifier-.md, ----comment-line-specifier-.md, -echo--echo-comment-.md
    EXPECT_EQ(debugger_.execute(".echo  a   'b'  \"c\" d ; $$ some text; .echo e; * more text; .echo f"),
              "a   'b'  \"c\" d\ne\n");
    EXPECT_EQ(debugger_.execute("$$>a<script 1"), "Couldn't resolve error at '$$>a<script'\n");
    EXPECT_EQ(debugger_.execute("? 2*3; *;.echo g"), "Evaluate expression: 6 = 00000000`00000006\n");
    EXPECT_FALSE(debugger_.failed());
    debugger_.execute("q; .echo never");
    EXPECT_TRUE(debugger_.quit_requested());
}

TEST_F(DebuggerTest, ExpressionsAsArguments) {
    const std::string expected = debugger_.execute("ln 300000101044");
    for (const char* same : {"ln 0x3000`00101044", "ln null!null_write+4", "ln null_write + 4", "ln @rip",
                             "ln (300000101000+44)", "ln null+0n4164", "ln poi(31000000c200)+4"})
        EXPECT_EQ(debugger_.execute(std::string_view(same).find(" + ") == std::string_view::npos
                                        ? same
                                        : "ln \"null_write + 4\""),
                  expected)
            << same;
}

TEST_F(DebuggerTest, DamagedObjectsAreRefused) {
    EXPECT_EQ(debugger_.execute("!drvobj 31000000c000"), "Could not read driver object 000031000000c000\n");
    EXPECT_EQ(debugger_.execute("!devobj 310000006000"), "0000310000006000: is not a device object\n");
    EXPECT_EQ(debugger_.execute("!irp 310000003000"), "IRP signature does not match, probably not an IRP\n");
    EXPECT_EQ(debugger_.execute("!devobj \\Driver\\Null"),
              "\\Driver\\Null is a Driver object, not a Device object\n");
    EXPECT_EQ(debugger_.execute("!object \\Nowhere"), "Object \\Nowhere not found\n");
}

TEST_F(DebuggerTest, ArgumentsThatMeanNothingAreRefused) {
    const std::pair<const char*, const char*> refused[] = {
        {"!drvobj 0", "00000000: is not a driver object\n"},
        {"!devstack 0", "00000000: is not a device object\n"},
        {"!object 0 Foo", "No objects of type 'Foo'\n"},
        {"!idt 1000", "0000000000001000 is no processor's interrupt table\n"},
        {"!timer zz", "usage: !timer\n"},
        {"lm m", "usage: lm [u|k|v|l|e|c|o|i|f|n|p|t|1m|sm] [a address] [m|M pattern]\n"},
        {"lmx", "lm: no option 'x'\n"},
        {"db nt Lffffffff", "^ Range error in 'Lffffffff'\n"},
        {"!ioctldecode 1ffffffff", "1ffffffff has more than 32 bits\n"},
        {"!error 1c0000005", "1c0000005 has more than 32 bits\n"},
        {"u nt!IofCallDriver", "u: this debugger has no such command\n"},
        {"!analyze -v", "!analyze: this debugger has no such command\n"},
        {"!ndiskd.oid", "!ndiskd.oid: this debugger has no such command\n"},
        {".reload", ".reload: this debugger has no such command\n"},
        {"!process 0 0 NoSuch", "**** NT ACTIVE PROCESS DUMP ****\nNo process with the image 'NoSuch'\n"}};
    for (const auto& [command, message] : refused) {
        EXPECT_EQ(debugger_.execute(command), message) << command;
        EXPECT_TRUE(debugger_.failed()) << command;
    }
    EXPECT_EQ(debugger_.execute("!error ffffffffc0000005"), debugger_.execute("!error c0000005"));
    debugger_.execute("lm m foo");
    EXPECT_TRUE(debugger_.failed());
    EXPECT_EQ(debugger_.execute("!timer zz; !error 5"), "usage: !timer\n" + debugger_.execute("!error 5"));
    debugger_.execute("!timer zz; !error 5");
    EXPECT_TRUE(debugger_.failed()) << "one of the line's commands did";
}

TEST_F(DebuggerTest, ModulesAreListedByPattern) {
    const std::string null = debugger_.execute("lm m null");
    EXPECT_EQ(std::count(null.begin(), null.end(), '\n'), 2);
    for (const char* same : {"lm mnull", "lmm null", "lm null", "lm m nul*", "lm k m null"})
        EXPECT_EQ(debugger_.execute(same), null) << same;
    EXPECT_EQ(debugger_.execute("lm 1m m null"), "null\n");
    EXPECT_EQ(debugger_.execute("lm 1m sm"), "nt\nnull\npassthru\n");
    EXPECT_EQ(debugger_.execute("lm1m mnull"), "null\n");
}

TEST_F(DebuggerTest, TopAddsUp) {
    EXPECT_EQ(top_text(machine_),
              "2265.6250 ms of virtual time, 1 processor\n\n"
              "  PID   TID  Process or thread                User ms  Kernel ms     % Switches\n"
              "    0        System Idle Process                       1562.5000  69.0         \n"
              "             System interrupts                           78.1250   3.4         \n"
              "    4        System                            0.0000    15.6250   0.7        3\n"
              "          8                                    0.0000    15.6250   0.7        3\n"
              " 2300        client.exe                      468.7500   140.6250  26.9       21\n"
              "       2668    null!null_write               468.7500   125.0000  26.2       20\n"
              "       2672    null!null_create                0.0000    15.6250   0.7        1\n"
              "\n"
              "CPU    Idle ms Thread ms    DPC ms Interr. ms IRQL>=2 ms   DPCs Interr. Switches\n"
              "  0  1562.5000  625.0000   46.8750    31.2500    93.7500      9     145       77\n");
}

// A thread that impersonates, and is attached to another process.
TEST_F(DebuggerTest, ThreadInOthersContexts) {
    machine_.put(thread + offsetof(nt::ETHREAD, ClientSecurity), Address{0x31000000d002});
    machine_.put(thread + offsetof(nt::ETHREAD, Tcb.ApcState.Process), Address{0x310000009800});
    const std::string shown = debugger_.execute("!thread -p");
    EXPECT_NE(shown.find("\nImpersonation token:  000031000000d000 (Level Impersonation)\n"
                         "Owning Process            0000310000009000       Image:         client.exe\n"
                         "Attached Process          0000310000009800       Image:         System\n"),
              std::string::npos)
        << shown;
    EXPECT_TRUE(shown.starts_with("PROCESS 0000310000009000\n    SessionId: 1  Cid: 08fc")) << shown;
}

// debuggercmds/-ready.md, bit 4: "only the return address"; -token.md and -idt.md: -? displays help.
TEST_F(DebuggerTest, ShortStacksAndHelp) {
    EXPECT_NE(debugger_.execute("!ready 16").find("\n    RetAddr           Call Site\n"), std::string::npos);
    EXPECT_TRUE(debugger_.execute("!token -?").starts_with("usage: !token"));
    EXPECT_TRUE(debugger_.execute("!idt -?").starts_with("usage: !idt"));
    EXPECT_FALSE(debugger_.failed());
}

TEST_F(DebuggerTest, ProcessesBySessionAndModule) {
    const auto has = [&](const char* command, const char* image) {
        return debugger_.execute(command).find(image) != std::string::npos;
    };
    EXPECT_TRUE(has("!process /s 1 0 0", "client.exe") && !has("!process /s 1 0 0", "System"));
    EXPECT_TRUE(has("!process /m Client 0 0", "client.exe") && has("!process /m system 0 0", "System"));
    EXPECT_EQ(debugger_.execute("!process /s 7 0 0"),
              "**** NT ACTIVE PROCESS DUMP ****\nNo process of that session and module\n");
    EXPECT_TRUE(debugger_.execute("!process /x 0 0").starts_with("usage: !process [/s session]"));
    EXPECT_TRUE(debugger_.execute("!process /s").starts_with("usage: !process [/s session]"));
}

// debuggercmds/string-wildcard-syntax.md, and no pattern that takes for ever.
TEST_F(DebuggerTest, WildcardsInEveryPattern) {
    EXPECT_NE(debugger_.execute("x null!null_[a-w]ri#te").find("null!null_write"), std::string::npos);
    EXPECT_NE(debugger_.execute("lm m n[tu]l+").find("null"), std::string::npos);
    EXPECT_NE(debugger_.execute("dt nt!_IR+P").find("nt!_IRP"), std::string::npos);
    EXPECT_EQ(debugger_.execute("dt nt!*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*z").substr(0, 7), "Symbol ");
}

// docs/windbg-commands.md names each.
TEST_F(DebuggerTest, EveryCommandStandsInTheDocuments) {
    const auto path = std::filesystem::path(__FILE__).parent_path() / "../../docs/windbg-commands.md";
    std::stringstream page;
    page << std::ifstream(path).rdbuf();
    const std::string text = page.str();
    const auto in_a_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
    for (const std::string& name : debugger_.command_names()) {
        bool found = false;
        for (auto at = text.find("`" + name); at != text.npos && !found; at = text.find("`" + name, at + 1))
            found = !in_a_word(text[at + 1 + name.size()]);
        EXPECT_TRUE(found) << name;
    }
}

TEST_F(DebuggerTest, EveryCommandHasALineOfHelp) {
    const std::string all = debugger_.execute("help");
    EXPECT_GE(std::count(all.begin(), all.end(), '\n'), 18);
    std::istringstream lines(all);
    for (std::string line; std::getline(lines, line);)
        EXPECT_LE(line.size(), 80u) << line;
    EXPECT_EQ(debugger_.execute("help kv").substr(0, 2), "k[");
    EXPECT_EQ(debugger_.execute("help foo"), "No command 'foo'\n");
}

} // namespace
