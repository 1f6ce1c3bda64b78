#include "abi/mm.h"
#include "abi/status.h"
#include "host/file.h"
#include "kernel/ke/processor.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/kernel_memory.h"
#include "kernel/mm/test_sink.h"
#include "kernel/ob/namespace.h"
#include "kernel/pool/pool.h"
#include "kernel/section/section.h"
#include <cstdlib>
#include <gtest/gtest.h>

using namespace nt;

namespace {

struct Sections : testing::Test {
    mm::AddressSpace* space = nullptr;
    static void SetUpTestSuite() {
        mm::prepare_test();
        ke::initialize_processor(mm::processor_area(0, 0x4000));
        pool::initialize();
        ASSERT_EQ(ob::initialize(), STATUS_SUCCESS);
        ASSERT_EQ(section::initialize(), STATUS_SUCCESS);
    }
    void SetUp() override { space = mm::AddressSpace::create(); }
    void TearDown() override { mm::AddressSpace::destroy(space); }
};

PVOID find(std::u16string_view path) {
    const UNICODE_STRING name{static_cast<USHORT>(path.size() * 2), static_cast<USHORT>(path.size() * 2),
                              const_cast<WCHAR*>(path.data())};
    PVOID found = nullptr;
    const NTSTATUS status =
        ob::reference_by_name(name, OBJ_CASE_INSENSITIVE, section::section_type, KernelMode, nullptr, &found);
    return NT_SUCCESS(status) ? found : nullptr;
}

TEST_F(Sections, ViewsOfMemoryArePartsOfOneThing) {
    auto made = section::create_memory(0x30000, PAGE_READWRITE, SEC_COMMIT);
    ASSERT_TRUE(made);
    section::View whole{.protection = PAGE_READWRITE}, part{.offset = 0x10000, .protection = PAGE_READONLY};
    ASSERT_EQ(section::map_view(**made, *space, whole, nullptr), STATUS_SUCCESS);
    ASSERT_EQ(section::map_view(**made, *space, part, nullptr), STATUS_SUCCESS);
    EXPECT_EQ(whole.size, 0x30000u);
    EXPECT_EQ(part.size, 0x20000u);
    *static_cast<int*>(space->pointer(whole.base + 0x10004)) = 77;
    EXPECT_EQ(*static_cast<int*>(space->pointer(part.base + 4)), 77);
    EXPECT_EQ(space->unmap_view(part.base), STATUS_SUCCESS);
    EXPECT_EQ(space->pointer(part.base), nullptr);
    ob::dereference(*made); // the view keeps the pages
    EXPECT_EQ(*static_cast<int*>(space->pointer(whole.base + 0x10004)), 77);
}

TEST_F(Sections, MemoryComesBack) {
    const auto before = mm::free_pages(mm::Zone::general);
    auto made = section::create_memory(0x100001, PAGE_READWRITE, SEC_COMMIT);
    ASSERT_TRUE(made);
    EXPECT_EQ((*made)->size, 0x101000u);
    EXPECT_EQ(mm::free_pages(mm::Zone::general), before - 0x101);
    ob::dereference(*made);
    EXPECT_EQ(mm::free_pages(mm::Zone::general), before);
    EXPECT_EQ(section::create_memory(ULONGLONG{1} << 50, PAGE_READWRITE, SEC_COMMIT).error(),
              STATUS_SECTION_TOO_BIG);
}

TEST_F(Sections, OffsetsAndSizesAreChecked) {
    auto made = section::create_memory(0x20000, PAGE_READWRITE, SEC_COMMIT);
    section::View odd{.offset = 0x1000, .protection = PAGE_READWRITE};
    EXPECT_EQ(section::map_view(**made, *space, odd, nullptr), STATUS_MAPPED_ALIGNMENT);
    section::View beyond{.offset = 0x20000, .protection = PAGE_READWRITE};
    EXPECT_EQ(section::map_view(**made, *space, beyond, nullptr), STATUS_INVALID_VIEW_SIZE);
    section::View large{.size = 0x20001, .protection = PAGE_READWRITE};
    EXPECT_EQ(section::map_view(**made, *space, large, nullptr), STATUS_INVALID_VIEW_SIZE);
    ob::dereference(*made);
}

TEST_F(Sections, ImagesAreNamedWithoutCaseAndReadWhenMapped) {
    char directory[] = "/tmp/section_test.XXXXXX";
    ASSERT_NE(mkdtemp(directory), nullptr);
    const std::string path = directory;
    ASSERT_TRUE(host::write_file(path + "/Some.DLL", "no image"));
    ASSERT_TRUE(host::write_file(path + "/readme.txt", "no DLL"));
    EXPECT_EQ(section::add_images_of(u"\\KnownDlls", path, "C:\\Windows\\System32\\"), 1u);
    EXPECT_EQ(section::add_image(u"\\KnownDlls", "some.dll", "elsewhere", "/elsewhere"), STATUS_SUCCESS)
        << "the first stays";
    EXPECT_EQ(find(u"\\KnownDlls\\readme.txt"), nullptr);
    auto* some = static_cast<section::Section*>(find(u"\\knowndlls\\SOME.dll"));
    ASSERT_NE(some, nullptr);
    EXPECT_EQ(*some->path, "C:\\Windows\\System32\\Some.DLL");
    std::string text;
    EXPECT_EQ(section::image_of(*some, text).error(), STATUS_INVALID_IMAGE_FORMAT);
    EXPECT_NE(text.find("Some.DLL: "), std::string::npos) << text;
    section::View view;
    EXPECT_EQ(section::map_view(*some, *space, view, nullptr), STATUS_INVALID_IMAGE_FORMAT);
    ob::dereference(some);
    std::remove((path + "/Some.DLL").c_str());
    std::remove((path + "/readme.txt").c_str());
    std::remove(directory);
}

} // namespace
