#include "kernel/ldr/test_pe.h"
#include "view/inspect.h"
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace view {
namespace {

using namespace nt;
using ldr::test::Bytes;
using ldr::test::TestPe;

ldr::ImageFile image() {
    // rdmsr; cpuid; mov rax, 0xFFFF800000000000; ret
    TestPe pe(Bytes{0x0F, 0x32, 0x0F, 0xA2, 0x48, 0xB8, 0, 0, 0, 0, 0, 0x80, 0xFF, 0xFF, 0xC3});
    pe.imports({{"ntoskrnl.exe", {"IoCreateDevice", "DbgPrint", "KeNothing"}}, {"hal.dll", {"#5"}}});
    pe.exports("in.sys", {{"DriverEntry", 0x1000, ""}, {"Stall", 0, "hal.KeStallExecutionProcessor"}});
    pe.functions({{0x1000, 0x100F, {1, 0, 0, 0}}});
    pe.add("rwx", {0xC3}, TestPe::code | IMAGE_SCN_MEM_WRITE);
    auto parsed = ldr::ImageFile::parse(pe.bytes(), ldr::Use::any);
    if (!parsed) std::abort();
    return std::move(*parsed);
}

InspectOptions options() {
    InspectOptions o;
    o.file_name = "in.sys";
    o.status = [](std::string_view, const ldr::SymbolRef& symbol, std::string& note) -> std::string {
        if (symbol.name == "KeNothing") return "unknown";
        if (symbol.name == "DbgPrint") {
            note = "a note that is long enough to need more than one line of eighty columns to be told";
            return "partial";
        }
        return "full";
    };
    return o;
}

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

TEST(Inspect, TextTellsWhatIsInTheImage) {
    const auto text = inspect_text(image(), options());
    for (const char* part :
         {"in.sys\n", "x64 driver", "0x1000 DriverEntry", "  .text              0x1000        0xf  r-x\n",
          "rwx", "  no-execute data (NX)          yes\n",
          "HVCI-compatible               no (section rwx is writable and executable)",
          "      1  rdmsr             traps     DriverEntry\n",
          "      1  cpuid             replaced  DriverEntry\n", "DriverEntry+0x4: here",
          "1 import is not known here", "  ntoskrnl.exe\n    full     IoCreateDevice\n",
          "    partial  DbgPrint: a note", "    unknown  KeNothing\n", "  hal.dll\n    full     #5\n",
          "      2  Stall -> hal.KeStallExecutionProcessor\n"})
        EXPECT_TRUE(contains(text, part)) << part << "\nis not in\n" << text;
}

TEST(Inspect, TextKeepsToEightyColumns) {
    const auto text = inspect_text(image(), options());
    for (std::size_t at = 0; at < text.size();) {
        const auto end = text.find('\n', at);
        ASSERT_NE(end, std::string::npos);
        EXPECT_LE(end - at, 80u) << text.substr(at, end - at);
        EXPECT_TRUE(end == at || text[end - 1] != ' ') << text.substr(at, end - at);
        at = end + 1;
    }
}

TEST(Inspect, JsonHasTheSame) {
    const auto j = nlohmann::json::parse(inspect_json(image(), options()));
    EXPECT_EQ(j["kind"], "driver");
    EXPECT_EQ(j["entry"], 0x1000);
    EXPECT_EQ(j["sections"][0]["rights"], "r-x");
    EXPECT_EQ(j["mitigations"]["nx"], true);
    EXPECT_EQ(j["mitigations"]["hvci"], false);
    EXPECT_EQ(j["imports"].size(), 4u);
    EXPECT_EQ(j["imports"][2]["status"], "unknown");
    EXPECT_EQ(j["instructions"][0]["mnemonic"], "cpuid");
    EXPECT_EQ(j["exports"][1]["forwarder"], "hal.KeStallExecutionProcessor");
    EXPECT_GE(j["warnings"].size(), 3u);
}

} // namespace
} // namespace view
