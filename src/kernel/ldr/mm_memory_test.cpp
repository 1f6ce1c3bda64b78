#include "abi/status.h"
#include "kernel/ldr/load.h"
#include "kernel/ldr/mm_memory.h"
#include "kernel/ldr/test_pe.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/kernel_memory.h"
#include "kernel/mm/test_sink.h"
#include "kernel/mm/windows.h"
#include <gtest/gtest.h>

namespace nt::ldr {
namespace {

using host::ram::Protection;
using test::TestPe;

std::shared_ptr<const ImageFile> image() {
    TestPe pe;
    pe.add(".data", {1, 2, 3, 4, 5, 6, 7, 8}, TestPe::write, 0x1800);
    pe.add("INIT", {0xC3}, TestPe::code | IMAGE_SCN_MEM_DISCARDABLE);
    auto parsed = ImageFile::parse(pe.bytes(), Use::driver);
    if (!parsed) std::abort();
    return std::make_shared<const ImageFile>(std::move(*parsed));
}

struct MmMemory : testing::Test {
    static void SetUpTestSuite() { mm::prepare_test(); }
};

TEST_F(MmMemory, KernelImagesLieInTheWindow) {
    KernelImageMemory memory;
    LoadOptions options;
    options.file_name = "a.sys";
    auto loaded = load_image(image(), memory, nullptr, options);
    ASSERT_TRUE(loaded.has_value()) << loaded.error().text;
    auto& module = *loaded->module;
    EXPECT_GE(module.base, host::places::images);
    EXPECT_LT(module.base, host::places::images_end);
    EXPECT_EQ(mm::kernel_protection(module.base), Protection::read);
    EXPECT_EQ(mm::kernel_protection(module.base + 0x1000), Protection::read_execute);
    EXPECT_EQ(mm::kernel_protection(module.base + 0x2000), Protection::read_write);
    EXPECT_EQ(*reinterpret_cast<const std::uint8_t*>(module.base + 0x2004), 5);
    // The code runs where it lies: it is one `ret`.
    reinterpret_cast<void (*)()>(module.entry)();
    mm::Pfn pfn = 0;
    EXPECT_TRUE(mm::kernel_page(module.base + 0x4000, pfn));
    release_discardable(module, memory);
    EXPECT_EQ(mm::kernel_protection(module.base + 0x4000), Protection::none);
    EXPECT_EQ(mm::kernel_protection(module.base + 0x2000), Protection::read_write);
    EXPECT_FALSE(mm::kernel_page(module.base + 0x4000, pfn));
    unload_image(module, memory);
    EXPECT_EQ(mm::kernel_protection(module.base + 0x1000), Protection::none);
}

// AddressSanitizer's shadow lies where fixed low bases are: such programs are refused by name there.
constexpr bool low_bases_are_taken =
#if defined(__SANITIZE_ADDRESS__)
    true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
    true;
#else
    false;
#endif
#else
    false;
#endif

TEST_F(MmMemory, ProgramsLieInTheirProcess) {
    if (low_bases_are_taken) GTEST_SKIP() << "no fixed low base under AddressSanitizer";
    auto* space = mm::AddressSpace::create();
    UserImageMemory memory(*space);
    LoadOptions options;
    options.file_name = "a.exe";
    options.kernel = false;
    options.wished_base = 0x1'4000'0000;
    auto loaded = load_image(image(), memory, nullptr, options);
    ASSERT_TRUE(loaded.has_value()) << loaded.error().text;
    EXPECT_EQ(loaded->module->base, 0x1'4000'0000u);
    auto again = load_image(image(), memory, nullptr, options);
    EXPECT_FALSE(again.has_value());
    EXPECT_FALSE(again.error().text.empty());
    EXPECT_EQ(*static_cast<const std::uint8_t*>(space->pointer(0x1'4000'2004)), 5);
    MEMORY_BASIC_INFORMATION info;
    ASSERT_EQ(space->query(0x1'4000'1000, info), STATUS_SUCCESS);
    EXPECT_EQ(info.Protect, PAGE_EXECUTE_READ);
    EXPECT_EQ(info.Type, MEM_IMAGE);
    unload_image(*loaded->module, memory);
    EXPECT_EQ(space->find_vad(0x1'4000'1000), nullptr);
    mm::AddressSpace::destroy(space);
}

} // namespace
} // namespace nt::ldr
