#include "abi/status.h"
#include "kernel/ob/test_boot.h"
#include <set>
#include <string>

using namespace nt;
using test::text;

namespace {

void boot() { test::boot_base(); }

NTSTATUS get(std::u16string_view path, PVOID* found, OBJECT_TYPE* type = nullptr,
             ULONG attributes = OBJ_CASE_INSENSITIVE) {
    return ob::reference_by_name(text(path), attributes, type, KernelMode, nullptr, found);
}
NTSTATUS find(std::u16string_view path, OBJECT_TYPE* type = nullptr,
              ULONG attributes = OBJ_CASE_INSENSITIVE) {
    PVOID found;
    const NTSTATUS status = get(path, &found, type, attributes);
    if (NT_SUCCESS(status)) ob::dereference(found);
    return status;
}
std::u16string name_of(PVOID object) {
    WCHAR buffer[256];
    UNICODE_STRING name{0, sizeof buffer, buffer};
    EXPECT_EQ(ob::query_name(object, name), STATUS_SUCCESS);
    return {buffer, name.Length / 2u};
}

KERNEL_TEST(Namespace, StandsAsOnWindows) {
    for (auto path :
         {u"\\", u"\\Device", u"\\Driver", u"\\GLOBAL??", u"\\ObjectTypes", u"\\KnownDlls", u"\\Sessions\\0"})
        EXPECT_EQ(find(path, ob::directory_type), STATUS_SUCCESS);
    EXPECT_EQ(find(u"\\ObjectTypes\\Directory", ob::type_type), STATUS_SUCCESS);
    EXPECT_EQ(find(u"\\ObjectTypes\\Type"), STATUS_SUCCESS);
    EXPECT_EQ(find(u"\\GLOBAL??\\NUL", ob::symbolic_link_type), STATUS_SUCCESS);
}

KERNEL_TEST(Namespace, ErrorsNameThePart) {
    EXPECT_EQ(find(u"\\Device\\Nothing"), STATUS_OBJECT_NAME_NOT_FOUND);
    EXPECT_EQ(find(u"\\Nothing\\Device"), STATUS_OBJECT_PATH_NOT_FOUND);
    EXPECT_EQ(find(u"Device"), STATUS_OBJECT_PATH_SYNTAX_BAD);
    EXPECT_EQ(find(u""), STATUS_OBJECT_PATH_SYNTAX_BAD);
    EXPECT_EQ(find(u"\\Device\\\\x"), STATUS_OBJECT_NAME_INVALID);
    EXPECT_EQ(find(u"\\Device", ob::symbolic_link_type), STATUS_OBJECT_TYPE_MISMATCH);
    EXPECT_EQ(find(u"\\ObjectTypes\\Type\\x"), STATUS_OBJECT_TYPE_MISMATCH);
}

KERNEL_TEST(Namespace, CaseMattersOnlyWhenAsked) {
    EXPECT_EQ(find(u"\\dEVICE", nullptr, OBJ_CASE_INSENSITIVE), STATUS_SUCCESS);
    EXPECT_EQ(find(u"\\dEVICE", nullptr, 0), STATUS_OBJECT_NAME_NOT_FOUND);
    EXPECT_EQ(find(u"\\Device", nullptr, 0), STATUS_SUCCESS);
}

KERNEL_TEST(Namespace, LinksLeadOn) {
    ASSERT_EQ(ob::create_symbolic_link(text(u"\\??\\One"), text(u"\\DosDevices\\Two"), OBJ_PERMANENT),
              STATUS_SUCCESS);
    ASSERT_EQ(ob::create_symbolic_link(text(u"\\DosDevices\\Two"), text(u"\\Sessions"), OBJ_PERMANENT),
              STATUS_SUCCESS);
    PVOID zero;
    ASSERT_EQ(get(u"\\??\\one\\0", &zero), STATUS_SUCCESS);
    EXPECT_EQ(name_of(zero), u"\\Sessions\\0");
    ob::dereference(zero);
    EXPECT_EQ(find(u"\\??\\GLOBALROOT\\Device"), STATUS_SUCCESS);
    EXPECT_EQ(find(u"\\??\\Global\\NUL", ob::symbolic_link_type), STATUS_SUCCESS);
    // The link itself, not where it leads.
    PVOID link;
    ASSERT_EQ(get(u"\\??\\Two", &link, nullptr, OBJ_CASE_INSENSITIVE | OBJ_OPENLINK), STATUS_SUCCESS);
    EXPECT_EQ(ob::type_of(link), ob::symbolic_link_type);
    ob::dereference(link);
    EXPECT_EQ(ob::create_symbolic_link(text(u"\\??\\ONE"), text(u"\\x"), OBJ_PERMANENT),
              STATUS_OBJECT_NAME_COLLISION);
    EXPECT_EQ(ob::delete_symbolic_link(text(u"\\??\\one")), STATUS_SUCCESS);
    EXPECT_EQ(ob::delete_symbolic_link(text(u"\\??\\one")), STATUS_OBJECT_NAME_NOT_FOUND);
    EXPECT_EQ(ob::delete_symbolic_link(text(u"\\??\\two")), STATUS_SUCCESS);
}

KERNEL_TEST(Namespace, ALinkToItselfEnds) {
    ASSERT_EQ(ob::create_symbolic_link(text(u"\\??\\Loop"), text(u"\\??\\Loop"), OBJ_PERMANENT),
              STATUS_SUCCESS);
    EXPECT_EQ(find(u"\\??\\Loop\\x"), STATUS_NAME_TOO_LONG);
    ASSERT_EQ(ob::create_symbolic_link(text(u"\\??\\Grow"),
                                       text(u"\\??\\Grow\\aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
                                       OBJ_PERMANENT),
              STATUS_SUCCESS);
    EXPECT_EQ(find(u"\\??\\Grow\\x"), STATUS_NAME_TOO_LONG);
    EXPECT_EQ(ob::delete_symbolic_link(text(u"\\??\\Loop")), STATUS_SUCCESS);
    EXPECT_EQ(ob::delete_symbolic_link(text(u"\\??\\Grow")), STATUS_SUCCESS);
}

KERNEL_TEST(Namespace, ATemporaryObjectLosesItsNameWithItsLastHandle) {
    PVOID object = *ob::create_object(
        {.type = ob::symbolic_link_type, .body_size = sizeof(ob::OBJECT_SYMBOLIC_LINK), .name = u"Short"});
    ob::Attributes where;
    where.set(u"\\BaseNamedObjects\\Short", OBJ_CASE_INSENSITIVE);
    HANDLE handle;
    ASSERT_EQ(ob::insert(object, where, KernelMode, 0, &handle), STATUS_SUCCESS);
    EXPECT_EQ(find(u"\\BaseNamedObjects\\Short", ob::symbolic_link_type), STATUS_SUCCESS);
    EXPECT_EQ(ob::close_handle(handle, KernelMode), STATUS_SUCCESS);
    EXPECT_EQ(find(u"\\BaseNamedObjects\\Short", ob::symbolic_link_type), STATUS_OBJECT_NAME_NOT_FOUND);
}

KERNEL_TEST(Namespace, OpenIfGivesWhatIsThere) {
    ob::Attributes where;
    where.set(u"\\Sessions\\Mine", OBJ_CASE_INSENSITIVE | OBJ_OPENIF);
    HANDLE first, second;
    for (HANDLE* h : {&first, &second}) {
        PVOID object = *ob::create_object(
            {.type = ob::symbolic_link_type, .body_size = sizeof(ob::OBJECT_SYMBOLIC_LINK), .name = u"Mine"});
        const NTSTATUS status = ob::insert(object, where, KernelMode, 0, h);
        EXPECT_EQ(status, h == &first ? STATUS_SUCCESS : STATUS_OBJECT_NAME_EXISTS);
    }
    PVOID a, b;
    ob::reference_by_handle(first, 0, nullptr, KernelMode, &a, nullptr);
    ob::reference_by_handle(second, 0, nullptr, KernelMode, &b, nullptr);
    EXPECT_EQ(a, b);
    ob::dereference(a);
    ob::dereference(b);
    ob::close_handle(first, KernelMode);
    ob::close_handle(second, KernelMode);
}

KERNEL_TEST(Namespace, ManyEntriesAreFoundAndListedByBucket) {
    OBJECT_DIRECTORY* directory = *ob::create_directory(u"\\Sessions\\Many");
    for (int i = 0; i < 1000; ++i) {
        const std::string n = "\\Sessions\\Many\\Entry" + std::to_string(i);
        const std::u16string path(n.begin(), n.end());
        ASSERT_EQ(ob::create_symbolic_link(text(path), text(u"\\x"), OBJ_PERMANENT), STATUS_SUCCESS);
    }
    EXPECT_EQ(ob::entry_count(directory), 1000u);
    EXPECT_EQ(find(u"\\Sessions\\Many\\entry777", ob::symbolic_link_type), STATUS_SUCCESS);
    struct Seen {
        ULONG last_bucket = 0;
        std::set<PVOID> objects;
    } seen;
    ob::for_each_entry(
        directory,
        [](void* context, ULONG bucket, PVOID object) {
            auto& s = *static_cast<Seen*>(context);
            EXPECT_GE(bucket, s.last_bucket);
            EXPECT_LT(bucket, ob::hash_buckets);
            s.last_bucket = bucket;
            s.objects.insert(object);
        },
        &seen);
    EXPECT_EQ(seen.objects.size(), 1000u);
    for (int i = 0; i < 1000; ++i) {
        const std::string n = "\\Sessions\\Many\\Entry" + std::to_string(i);
        const std::u16string path(n.begin(), n.end());
        ASSERT_EQ(ob::delete_symbolic_link(text(path)), STATUS_SUCCESS);
    }
    EXPECT_EQ(ob::entry_count(directory), 0u);
}

KERNEL_TEST(Namespace, HeadersStandWhereWindowsHasThem) {
    PVOID nul;
    ASSERT_EQ(get(u"\\GLOBAL??\\NUL", &nul, ob::symbolic_link_type), STATUS_SUCCESS);
    const OBJECT_HEADER* header = ob::header_of(nul);
    EXPECT_EQ(reinterpret_cast<const char*>(nul) - reinterpret_cast<const char*>(header), 0x30);
    EXPECT_EQ(header->InfoMask, OB_INFOMASK_CREATOR | OB_INFOMASK_NAME);
    EXPECT_EQ(reinterpret_cast<const char*>(header) - reinterpret_cast<const char*>(ob::creator_info(nul)),
              0x20);
    EXPECT_EQ(reinterpret_cast<const char*>(header) - reinterpret_cast<const char*>(ob::name_info(nul)),
              0x40);
    EXPECT_EQ(header->PointerCount, 2); // the directory's and ours
    EXPECT_EQ(ob::directory_of(nul), ob::global_dos_devices);
    EXPECT_TRUE(ob::is_object(nul));
    EXPECT_FALSE(ob::is_object(static_cast<char*>(nul) + 16));
    ob::dereference(nul);
}

} // namespace
