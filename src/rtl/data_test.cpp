// Bitmaps, times, GUIDs, checksums, security descriptors.
#include "abi/list.h"
#include "abi/se.h"
#include "abi/status.h"
#include "rtl/bitmap.h"
#include "rtl/misc.h"
#include "rtl/security.h"
#include "rtl/strings.h"
#include "rtl/time.h"
#include <cstring>
#include <gtest/gtest.h>
#include <string>

namespace nt::rtl {
namespace {

struct Bitmap : testing::Test {
    ULONG words[4] = {};
    RTL_BITMAP map{};
    Bitmap() { initialize_bitmap(map, words, 100); }
};

TEST_F(Bitmap, RangesAcrossWords) {
    set_bits(map, 30, 40, true);
    EXPECT_EQ(words[0], 0xC0000000);
    EXPECT_EQ(words[1], 0xFFFFFFFF);
    EXPECT_EQ(words[2], 0x3Fu);
    EXPECT_TRUE(are_bits(map, 30, 40, true));
    EXPECT_FALSE(are_bits(map, 30, 41, true));
    EXPECT_FALSE(are_bits(map, 90, 11, false)) << "beyond the end";
    EXPECT_FALSE(are_bits(map, 0, 0, false));
    EXPECT_EQ(count_bits(map, true), 40u);
    EXPECT_EQ(count_bits(map, false), 60u);
}

TEST_F(Bitmap, FindStartsAtTheHintAndWrapsAround) {
    set_bits(map, 10, 80, true);
    EXPECT_EQ(find_bits(map, 5, 50, false), 90u);
    EXPECT_EQ(find_bits(map, 10, 95, false), 0u);
    EXPECT_EQ(find_bits(map, 11, 0, false), bitmap_not_found);
    EXPECT_EQ(find_bits(map, 10, 5, false), 90u);
    EXPECT_EQ(find_bits_and_change(map, 10, 95, false), 0u);
    EXPECT_EQ(find_bits(map, 1, 0, false), 90u);
}

TEST_F(Bitmap, Runs) {
    set_bits(map, 5, 10, true);  // clear: 0-4
    set_bits(map, 40, 10, true); // clear: 15-39
    set_bits(map, 60, 40, true); // clear: 50-59
    RTL_BITMAP_RUN runs[2];
    EXPECT_EQ(find_clear_runs(map, runs, 2, true), 2u);
    EXPECT_EQ(runs[0].StartingIndex, 15u);
    EXPECT_EQ(runs[0].NumberOfBits, 25u);
    EXPECT_EQ(runs[1].StartingIndex, 50u);
    EXPECT_EQ(find_clear_runs(map, runs, 2, false), 2u);
    EXPECT_EQ(runs[0].StartingIndex, 0u);
    EXPECT_EQ(runs[1].StartingIndex, 15u);
    ULONG start;
    EXPECT_EQ(find_longest_run(map, false, &start), 25u);
    EXPECT_EQ(start, 15u);
    EXPECT_EQ(find_next_forward_run_clear(map, 20, &start), 20u);
    EXPECT_EQ(start, 20u);
    EXPECT_EQ(find_last_backward_run_clear(map, 45, &start), 25u);
    EXPECT_EQ(start, 15u);
    EXPECT_EQ(find_most_significant_bit(0x8001), 15);
    EXPECT_EQ(find_least_significant_bit(0), -1);
}

TEST(Time, KnownInstants) {
    TIME_FIELDS f;
    time_to_fields(0, f);
    EXPECT_EQ(f.Year, 1601);
    EXPECT_EQ(f.Month, 1);
    EXPECT_EQ(f.Day, 1);
    EXPECT_EQ(f.Weekday, 1) << "a Monday";
    time_to_fields(116444736000000000, f); // 1970-01-01
    EXPECT_EQ(f.Year, 1970);
    EXPECT_EQ(f.Weekday, 4);
    ULONG s;
    EXPECT_TRUE(time_to_seconds_since_1970(116444736000000000, s));
    EXPECT_EQ(s, 0u);
    EXPECT_FALSE(time_to_seconds_since_1970(116444735990000000, s));
    EXPECT_EQ(seconds_since_1980_to_time(0) - seconds_since_1970_to_time(0), 3652ll * 86400 * 10000000);
}

TEST(Time, EveryDayOfALongTimeGoesThereAndBack) {
    TIME_FIELDS previous{};
    for (LONGLONG day = 0; day < 400 * 366; day++) {
        const LONGLONG t = (day * 86400 + day % 86400) * 10000000 + (day % 1000) * 10000;
        TIME_FIELDS f;
        time_to_fields(t, f);
        LONGLONG back = -1;
        ASSERT_TRUE(fields_to_time(f, back));
        ASSERT_EQ(back, t);
        ASSERT_TRUE(f.Day == previous.Day + 1 || f.Day == 1);
        previous = f;
    }
    LONGLONG t;
    EXPECT_FALSE(fields_to_time({2023, 2, 29, 0, 0, 0, 0, 0}, t));
    EXPECT_TRUE(fields_to_time({2024, 2, 29, 0, 0, 0, 0, 0}, t));
    EXPECT_FALSE(fields_to_time({1900, 13, 1, 0, 0, 0, 0, 0}, t));
}

TEST(Guid, ThereAndBack) {
    const GUID guid{0x4D36E96B, 0xE325, 0x11CE, {0xBF, 0xC1, 0x08, 0x00, 0x2B, 0xE1, 0x03, 0x18}};
    WCHAR text[guid_characters];
    guid_to_string(guid, text);
    EXPECT_EQ(std::u16string(text, guid_characters), u"{4d36e96b-e325-11ce-bfc1-08002be10318}");
    UNICODE_STRING s{76, 76, text};
    GUID back;
    EXPECT_EQ(guid_from_string(s, back), STATUS_SUCCESS);
    EXPECT_EQ(std::memcmp(&guid, &back, sizeof guid), 0);
    text[9] = u'x';
    EXPECT_EQ(guid_from_string(s, back), STATUS_INVALID_PARAMETER);
    s.Length = 74;
    EXPECT_EQ(guid_from_string(s, back), STATUS_INVALID_PARAMETER);
}

TEST(Misc, MemoryAndChecksums) {
    char a[20] = "abcdefghijklmnop", b[20] = "abcdefghijklmnop";
    EXPECT_EQ(compare_memory(a, b, 20), 20u);
    b[13] = 'x';
    EXPECT_EQ(compare_memory(a, b, 20), 13u);
    EXPECT_EQ(crc32("123456789", 9, 0), 0xCBF43926u);
    EXPECT_EQ(crc32("6789", 4, crc32("12345", 5, 0)), 0xCBF43926u);
    ULONG seed = 1, same = 1;
    for (int i = 0; i < 100; i++) {
        EXPECT_LT(random_ex(&seed), 0x7FFFFFFFu);
        random_ex(&same);
        EXPECT_EQ(seed, same);
    }
}

TEST(Security, BuildAndFlatten) {
    alignas(8) UCHAR sid_bytes[16];
    auto& system = *reinterpret_cast<SID*>(sid_bytes);
    system = {1, 1, {{0, 0, 0, 0, 0, 5}}, {18}};
    WCHAR text[256];
    EXPECT_EQ(std::u16string(text, sid_to_string(&system, text)), u"S-1-5-18");
    alignas(8) UCHAR acl_bytes[64];
    auto* acl = reinterpret_cast<ACL*>(acl_bytes);
    EXPECT_EQ(create_acl(acl, 4, ACL_REVISION), STATUS_BUFFER_TOO_SMALL);
    EXPECT_EQ(create_acl(acl, 28, ACL_REVISION), STATUS_SUCCESS);
    EXPECT_EQ(add_ace(acl, ACL_REVISION, ACCESS_ALLOWED_ACE_TYPE, 0, 0x1F01FF, &system), STATUS_SUCCESS);
    EXPECT_EQ(add_ace(acl, ACL_REVISION, ACCESS_ALLOWED_ACE_TYPE, 0, 1, &system),
              STATUS_ALLOTTED_SPACE_EXCEEDED);
    void* ace;
    EXPECT_EQ(get_ace(acl, 1, &ace), STATUS_INVALID_PARAMETER);
    EXPECT_EQ(get_ace(acl, 0, &ace), STATUS_SUCCESS);
    EXPECT_EQ(static_cast<ACCESS_ALLOWED_ACE*>(ace)->Mask, 0x1F01FFu);

    SECURITY_DESCRIPTOR d;
    EXPECT_EQ(create_descriptor(&d, 2), STATUS_UNKNOWN_REVISION);
    EXPECT_EQ(create_descriptor(&d, 1), STATUS_SUCCESS);
    EXPECT_EQ(set_dacl(&d, true, acl, false), STATUS_SUCCESS);
    EXPECT_EQ(set_owner(&d, &system, false), STATUS_SUCCESS);
    EXPECT_TRUE(valid_descriptor(&d));
    EXPECT_EQ(length_descriptor(&d), 40u + 28 + 12);
    alignas(8) UCHAR flat[128];
    ULONG size = 8;
    EXPECT_EQ(absolute_to_relative(&d, flat, &size), STATUS_BUFFER_TOO_SMALL);
    EXPECT_EQ(size, 20u + 28 + 12);
    EXPECT_EQ(absolute_to_relative(&d, flat, &size), STATUS_SUCCESS);
    EXPECT_TRUE(
        valid_relative_descriptor(flat, size, OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION));
    EXPECT_FALSE(valid_relative_descriptor(flat, size, GROUP_SECURITY_INFORMATION));
    EXPECT_FALSE(valid_relative_descriptor(flat, size - 1, 0));
    BOOLEAN present, defaulted;
    ACL* dacl;
    SID* owner;
    EXPECT_EQ(get_dacl(flat, &present, &dacl, &defaulted), STATUS_SUCCESS);
    EXPECT_TRUE(present && valid_acl(dacl));
    EXPECT_EQ(get_owner(flat, &owner, &defaulted), STATUS_SUCCESS);
    EXPECT_TRUE(equal_sid(owner, &system));
    EXPECT_EQ(set_dacl(flat, false, nullptr, false), STATUS_INVALID_SECURITY_DESCR);
}

} // namespace
} // namespace nt::rtl
