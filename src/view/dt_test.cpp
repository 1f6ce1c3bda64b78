#include "abi/irp.h"
#include "abi/mm.h"
#include "abi/thread.h"
#include "view/dt.h"
#include "view/type_table.h"
#include <cstring>
#include <gtest/gtest.h>
#include <map>
#include <vector>

namespace view {
namespace {

constexpr std::uint64_t IRP_AT = 0xffffb588785fcd70;
constexpr std::uint64_t DRIVER_AT = 0xffff960c40734e10;
constexpr std::uint64_t TEXT_AT = 0xffffc00b00001000;
constexpr std::uint64_t LIST_AT = 0xffffc00b00002000;

// Guest memory made by hand.
class Memory {
  public:
    template <class T> void put(std::uint64_t at, const T& object) {
        auto& block = blocks_[at];
        block.resize(sizeof object);
        std::memcpy(block.data(), &object, sizeof object);
    }
    bool read(std::uint64_t from, void* to, std::size_t bytes) const {
        for (const auto& [at, block] : blocks_)
            if (from >= at && from + bytes <= at + block.size())
                return std::memcpy(to, block.data() + (from - at), bytes);
        return false;
    }

  private:
    std::map<std::uint64_t, std::vector<unsigned char>> blocks_;
};

template <class T> T* at(std::uint64_t address) { return reinterpret_cast<T*>(address); }

class Dt : public testing::Test {
  protected:
    Dt() {
        nt::IRP irp{};
        irp.Type = nt::IO_TYPE_IRP;
        irp.Size = 0x118;
        irp.Flags = 0x60070;
        irp.AssociatedIrp.SystemBuffer = at<void>(0xffffb58872568ec0);
        irp.ThreadListEntry = {at<nt::LIST_ENTRY>(0xffffb58878a37530),
                               at<nt::LIST_ENTRY>(0xffffb58878a37530)};
        irp.IoStatus.Status = -1073741536;
        irp.RequestorMode = nt::UserMode;
        irp.StackCount = 1;
        irp.CurrentLocation = 1;
        irp.AllocationFlags = 0x4;
        irp.UserIosb = at<nt::IO_STATUS_BLOCK>(0x1dabfef8c0);
        irp.CancelRoutine = reinterpret_cast<nt::PDRIVER_CANCEL>(0xfffff80644291390);
        irp.Tail.Overlay.Thread = at<nt::ETHREAD>(0xffffb58878a37080);
        memory_.put(IRP_AT, irp);

        nt::DRIVER_OBJECT driver{};
        driver.Type = nt::IO_TYPE_DRIVER;
        driver.Size = sizeof driver;
        driver.DriverName = {24, 26, at<nt::WCHAR>(TEXT_AT)};
        for (auto& f : driver.MajorFunction)
            f = reinterpret_cast<nt::PDRIVER_DISPATCH>(0xfffff80644291390);
        driver.MajorFunction[3] = reinterpret_cast<nt::PDRIVER_DISPATCH>(0x300000401010);
        memory_.put(DRIVER_AT, driver);
        memory_.put(TEXT_AT, std::to_array(u"\\Driver\\Null"));

        source_.read = [this](std::uint64_t from, void* to, std::size_t bytes) {
            return memory_.read(from, to, bytes);
        };
        source_.name_of = [](std::uint64_t a) -> std::string {
            return a == 0xfffff80644291390 ? "nt!IopInvalidDeviceRequest"
                   : a == 0x300000401010   ? "null!NullRead+0x10"
                                           : "";
        };
        source_.find = [](std::string_view name, std::uint64_t& value) {
            return name == "@$irp" && (value = IRP_AT);
        };
    }
    std::string dt(std::string_view arguments) { return display_type(arguments, source_, &failed_); }

    Memory memory_;
    Source source_;
    bool failed_ = false;
};

// Order, offsets, padding and values as the sample of `dt nt!_IRP <addr>` in the reference of native commands
// has them.
TEST_F(Dt, Instance) {
    EXPECT_EQ(dt("nt!_IRP ffffb588785fcd70"), R"(   +0x000 Type             : 0n6
   +0x002 Size             : 0x118
   +0x004 AllocationProcessorNumber : 0
   +0x006 Reserved         : 0
   +0x008 MdlAddress       : (null) 
   +0x010 Flags            : 0x60070
   +0x018 AssociatedIrp    : <anonymous-tag>
   +0x020 ThreadListEntry  : _LIST_ENTRY [ 0xffffb588`78a37530 - 0xffffb588`78a37530 ]
   +0x030 IoStatus         : _IO_STATUS_BLOCK
   +0x040 RequestorMode    : 1 ''
   +0x041 PendingReturned  : 0 ''
   +0x042 StackCount       : 1 ''
   +0x043 CurrentLocation  : 1 ''
   +0x044 Cancel           : 0 ''
   +0x045 CancelIrql       : 0 ''
   +0x046 ApcEnvironment   : 0 ''
   +0x047 AllocationFlags  : 0x4 ''
   +0x048 UserIosb         : 0x0000001d`abfef8c0 _IO_STATUS_BLOCK
   +0x050 UserEvent        : (null) 
   +0x058 Overlay          : <anonymous-tag>
   +0x068 CancelRoutine    : 0xfffff806`44291390     void  nt!IopInvalidDeviceRequest+0
   +0x070 UserBuffer       : (null) 
   +0x078 Tail             : <anonymous-tag>
)");
    EXPECT_FALSE(failed_);
    EXPECT_EQ(dt("_IRP @$irp"), dt("nt!_IRP ffffb588`785fcd70"));
    EXPECT_EQ(dt("ffffb588785fcd70 IRP"), dt("nt!_IRP @$irp"));
}

TEST_F(Dt, Type) {
    EXPECT_EQ(dt("nt!_LIST_ENTRY"), "   +0x000 Flink            : Ptr64 _LIST_ENTRY\n"
                                    "   +0x008 Blink            : Ptr64 _LIST_ENTRY\n");
    EXPECT_EQ(dt("_LIST_ENTRY").substr(0, 16), "nt!_LIST_ENTRY\n ");
    const std::string driver = dt("nt!_DRIVER_OBJECT");
    EXPECT_NE(driver.find("   +0x038 DriverName       : _UNICODE_STRING\n"), std::string::npos) << driver;
    EXPECT_NE(driver.find("   +0x068 DriverUnload     : Ptr64     void \n"), std::string::npos) << driver;
    EXPECT_NE(driver.find("   +0x070 MajorFunction    : [28] Ptr64     long \n"), std::string::npos)
        << driver;
    EXPECT_EQ(dt("nt!_OWNER_ENTRY"), "   +0x000 OwnerThread      : Uint8B\n"
                                     "   +0x008 IoPriorityBoosted : Pos 0, 1 Bit\n"
                                     "   +0x008 OwnerReferenced  : Pos 1, 1 Bit\n"
                                     "   +0x008 IoQoSPriorityBoosted : Pos 2, 1 Bit\n"
                                     "   +0x008 OwnerCount       : Pos 3, 29 Bits\n"
                                     "   +0x008 TableSize        : Uint4B\n");
}

TEST_F(Dt, Verbose) {
    const std::string text = dt("-v nt!_IRP");
    EXPECT_EQ(text.substr(0, text.find('\n')), "struct _IRP, 23 elements, 0xd0 bytes");
    EXPECT_NE(text.find("   +0x020 ThreadListEntry  : struct _LIST_ENTRY, 2 elements, 0x10 bytes\n"),
              std::string::npos);
    EXPECT_NE(text.find(" MdlAddress       : Ptr64 to struct _MDL, "), std::string::npos) << text;
}

TEST_F(Dt, StringsFunctionsAndArrays) {
    const std::string text = dt("nt!_DRIVER_OBJECT ffff960c40734e10");
    EXPECT_NE(text.find("   +0x038 DriverName       : _UNICODE_STRING \"\\Driver\\Null\"\n"),
              std::string::npos)
        << text;
    EXPECT_NE(
        text.find(
            "   +0x070 MajorFunction    : [28] 0xfffff806`44291390     long  nt!IopInvalidDeviceRequest+0\n"),
        std::string::npos)
        << text;
    EXPECT_EQ(dt("nt!_DRIVER_OBJECT ffff960c40734e10 MajorFunction[3]"),
              "   +0x070 MajorFunction : \n"
              "    [03] 0x00003000`00401010     long  null!NullRead+10\n");
    EXPECT_EQ(dt("nt!_DRIVER_OBJECT ffff960c40734e10 -a2 MajorFunction"),
              "   +0x070 MajorFunction : \n"
              "    [00] 0xfffff806`44291390     long  nt!IopInvalidDeviceRequest+0\n"
              "    [01] 0xfffff806`44291390     long  nt!IopInvalidDeviceRequest+0\n");
}

TEST_F(Dt, Fields) {
    EXPECT_EQ(dt("nt!_IRP Flags Size ffffb588785fcd70"), "   +0x002 Size  : 0x118\n"
                                                         "   +0x010 Flags : 0x60070\n");
    EXPECT_EQ(dt("nt!_IRP ffffb588785fcd70 -y Cancel"),
              "   +0x044 Cancel        : 0 ''\n"
              "   +0x045 CancelIrql    : 0 ''\n"
              "   +0x068 CancelRoutine : 0xfffff806`44291390     void  "
              "nt!IopInvalidDeviceRequest+0\n");
    EXPECT_EQ(dt("nt!_IRP Tail.Overlay.Thread ffffb588785fcd70"),
              "   +0x078 Tail : \n"
              "      +0x000 Overlay : \n"
              "         +0x020 Thread : 0xffffb588`78a37080 _ETHREAD\n");
    EXPECT_EQ(dt("nt!_IRP AssociatedIrp. ffffb588785fcd70"),
              "   +0x018 AssociatedIrp : \n"
              "      +0x000 MasterIrp        : 0xffffb588`72568ec0 _IRP\n"
              "      +0x000 IrpCount         : 0n1918275264\n"
              "      +0x000 SystemBuffer     : 0xffffb588`72568ec0 Void\n");
    EXPECT_EQ(dt("nt!_IRP IoStatus. ffffb588785fcd70"),
              "   +0x030 IoStatus : \n"
              "      +0x000 Status           : 0n-1073741536\n"
              "      +0x000 Pointer          : 0x00000000`c0000120 Void\n"
              "      +0x008 Information      : 0\n");
    EXPECT_EQ(dt("-o nt!_IRP Size ffffb588785fcd70"), "Size : 0x118\n");
}

TEST_F(Dt, Recursion) {
    nt::KMUTANT mutant{};
    mutant.Header.Type = nt::MutantObject;
    mutant.MutantListEntry = {at<nt::LIST_ENTRY>(LIST_AT + 0x18), at<nt::LIST_ENTRY>(LIST_AT + 0x18)};
    memory_.put(LIST_AT, mutant);
    const std::string blocks = dt("-b nt!_KMUTANT ffffc00b`00002000 MutantListEntry");
    EXPECT_EQ(blocks,
              "   +0x018 MutantListEntry : _LIST_ENTRY [ 0xffffc00b`00002018 - 0xffffc00b`00002018 ]\n"
              "      +0x000 Flink            : 0xffffc00b`00002018 _LIST_ENTRY\n"
              "      +0x008 Blink            : 0xffffc00b`00002018 _LIST_ENTRY\n");
    const std::string pointers = dt("-r2 nt!_KMUTANT ffffc00b`00002000 MutantListEntry");
    EXPECT_EQ(pointers,
              "   +0x018 MutantListEntry : _LIST_ENTRY [ 0xffffc00b`00002018 - 0xffffc00b`00002018 ]\n"
              "      +0x000 Flink            : 0xffffc00b`00002018 _LIST_ENTRY\n"
              "         +0x000 Flink            : 0xffffc00b`00002018 _LIST_ENTRY\n"
              "         +0x008 Blink            : 0xffffc00b`00002018 _LIST_ENTRY\n"
              "      +0x008 Blink            : 0xffffc00b`00002018 _LIST_ENTRY\n")
        << "each object once";
    EXPECT_LT(dt("-r nt!_EPROCESS").size(), 1100000u) << "ends";
    EXPECT_EQ(dt("-b nt!_SCOPE_TABLE"), "   +0x000 Count            : Uint4B\n"
                                        "   +0x004 ScopeRecord      : \n"
                                        "    [00] \n"
                                        "      +0x000 BeginAddress     : Uint4B\n"
                                        "      +0x004 EndAddress       : Uint4B\n"
                                        "      +0x008 HandlerAddress   : Uint4B\n"
                                        "      +0x00c JumpTarget       : Uint4B\n");
}

TEST_F(Dt, List) {
    nt::EPROCESS a{}, b{};
    a.UniqueProcessId = at<void>(4);
    std::memcpy(a.ImageFileName, "System", 7);
    std::memcpy(b.ImageFileName, "client.exe", 11);
    const std::uint64_t first = 0xffffc38e2c0dc080, second = 0xffffc38e2c0ed080;
    const auto link = [](std::uint64_t p) {
        return at<nt::LIST_ENTRY>(p + offsetof(nt::EPROCESS, ActiveProcessLinks));
    };
    a.ActiveProcessLinks = {link(second), link(second)};
    b.ActiveProcessLinks = {link(first), link(first)};
    memory_.put(first, a);
    memory_.put(second, b);
    EXPECT_EQ(dt("nt!_EPROCESS -l ActiveProcessLinks.Flink -y Ima -yoi Uni ffffc38e2c0dc080"),
              "ActiveProcessLinks.Flink at 0xffffc38e`2c0dc080\n"
              "---------------------------------------------\n"
              "UniqueProcessId : 0x00000000`00000004 Void\n"
              "ImageFilePointer : (null) \n"
              "ImageFileName : [15] \"System\"\n"
              "\n"
              "ActiveProcessLinks.Flink at 0xffffc38e`2c0ed080\n"
              "---------------------------------------------\n"
              "UniqueProcessId : (null) \n"
              "ImageFilePointer : (null) \n"
              "ImageFileName : [15] \"client.exe\"\n"
              "\n");
}

TEST_F(Dt, EnumerationsAndBasicTypes) {
    EXPECT_EQ(dt("nt!_EVENT_TYPE"), "   NotificationEvent = 0n0\n   SynchronizationEvent = 0n1\n");
    nt::IO_STACK_LOCATION location{};
    location.Parameters.QueryFile.FileInformationClass = nt::FileStandardInformation;
    memory_.put(LIST_AT, location);
    EXPECT_EQ(dt("nt!_IO_STACK_LOCATION ffffc00b00002000 Parameters.QueryFile.FileInformationClass"),
              "   +0x008 Parameters : \n"
              "      +0x000 QueryFile : \n"
              "         +0x008 FileInformationClass : 5 ( FileStandardInformation )\n");
    EXPECT_EQ(dt("-ca3 ULONG ffffc00b00002010"), "[0] 0x5\n[1] 0\n[2] 0\n");
    EXPECT_EQ(dt("WCHAR[12] ffffc00b00001000"), "[12] \"\\Driver\\Null\"\n");
}

TEST_F(Dt, BitFields) {
    nt::OWNER_ENTRY owner{};
    owner.IoPriorityBoosted = 1;
    owner.OwnerCount = 5;
    memory_.put(LIST_AT, owner);
    EXPECT_EQ(dt("nt!_OWNER_ENTRY ffffc00b00002000 IoPriorityBoosted OwnerCount"),
              "   +0x008 IoPriorityBoosted : 0y1\n"
              "   +0x008 OwnerCount        : 0y00000000000000000000000000101 (0x5)\n");
}

TEST_F(Dt, WhatGoesWrong) {
    EXPECT_EQ(dt("nt!_NOSUCH"), "Symbol nt!_NOSUCH not found.\n");
    EXPECT_TRUE(failed_);
    EXPECT_EQ(dt("nt!_LIST_ENTRY 10"), "   +0x000 Flink            : ??\n"
                                       "   +0x008 Blink            : ??\n"
                                       "Memory read error 0000000000000010\n");
    EXPECT_TRUE(failed_);
    EXPECT_EQ(dt("nt!_IRP nosuch"), "Couldn't resolve error at 'nosuch'\n");
    EXPECT_EQ(dt("1234"), "Symbol  not found at address 0000000000001234.\n");
    dt("");
    EXPECT_TRUE(failed_);
    dt("-z nt!_IRP");
    EXPECT_TRUE(failed_);
}

// The forms of the page's samples.
TEST_F(Dt, ListsTypes) {
    EXPECT_EQ(dt("nt!_KEV*"), "          nt!_KEVENT\n");
    EXPECT_EQ(dt("-v nt!_KEV*"), "Enumerating symbols matching nt!_KEV*\n"
                                 "Address           Size Symbol\n"
                                 "                    018 nt!_KEVENT\n");
    EXPECT_EQ(dt("-s 28 -v nt!_KT*"), "Symbol _KT* not found.\n") << "none of this size";
    EXPECT_EQ(dt("-s 40 nt!_KT*"), "          nt!_KTIMER\n");
    EXPECT_EQ(dt("-d nt!_LIST_EN*"),
              "          nt!_LIST_ENTRY\n"
              "struct _LIST_ENTRY, 2 elements, 0x10 bytes\n"
              "   +0x000 Flink            : Ptr64 to struct _LIST_ENTRY, 2 elements, 0x10 bytes\n"
              "   +0x008 Blink            : Ptr64 to struct _LIST_ENTRY, 2 elements, 0x10 bytes\n");
    EXPECT_EQ(dt("-y nt!_LIST_EN"), "          nt!_LIST_ENTRY\n"
                                    "   +0x000 Flink            : Ptr64 _LIST_ENTRY\n"
                                    "   +0x008 Blink            : Ptr64 _LIST_ENTRY\n");
    EXPECT_EQ(dt("nt!_XYZ*"), "Symbol _XYZ* not found.\n");
}

TEST_F(Dt, PointRepeatsTheName) {
    std::string last;
    const auto run = [&](const char* arguments) { return display_type(arguments, Source{}, nullptr, &last); };
    run("nt!_LIST_ENTRY");
    EXPECT_EQ(run(". Blink"), "Using sym _LIST_ENTRY\n   +0x008 Blink : Ptr64 _LIST_ENTRY\n");
    EXPECT_EQ(run("-h").substr(0, 3), "dt ");
}

TEST_F(Dt, PhysicalAddresses) {
    const nt::LIST_ENTRY entry{at<nt::LIST_ENTRY>(0x4711), nullptr};
    Source source;
    source.read_physical = [&](std::uint64_t from, void* to, std::size_t bytes) {
        if (from < 0x1000 || from + bytes > 0x1000 + sizeof entry) return false;
        std::memcpy(to, reinterpret_cast<const char*>(&entry) + (from - 0x1000), bytes);
        return true;
    };
    EXPECT_EQ(display_type("-p nt!_LIST_ENTRY 1000", source),
              "   +0x000 Flink            : 0x00000000`00004711 _LIST_ENTRY\n"
              "   +0x008 Blink            : (null) \n");
}

TEST(TypeTable, EveryTypeDisplays) {
    for (const TypeRow& type : all_types()) {
        bool failed = false;
        EXPECT_FALSE(display_type(std::string("nt!") + type.name, Source{}, &failed).empty()) << type.name;
        EXPECT_FALSE(failed) << type.name;
        EXPECT_EQ(find_type(type.name), &type) << "sorted";
        for (const FieldRow& f : fields_of(type))
            EXPECT_LE(f.offset + f.size, type.size) << type.name << "." << f.name;
    }
    EXPECT_EQ(find_type("IRP"), find_type("nt!_IRP"));
    EXPECT_EQ(find_type("_NOSUCH"), nullptr);
}

} // namespace
} // namespace view
