#include "view/error_text.h"
#include <gtest/gtest.h>

namespace view {
namespace {

// The first two are the examples of debuggercmds/-error.md.
TEST(ErrorText, DocumentedExamples) {
    EXPECT_EQ(error_text(2, 0), "Error code: (Win32) 0x2 (2) - The system cannot find the file specified.\n");
    EXPECT_EQ(error_text(2, 1), "Error code: (NTSTATUS) 0x2 - STATUS_WAIT_2\n");
}

TEST(ErrorText, FindsTheFamily) {
    EXPECT_EQ(error_text(0xc0000034, 1),
              "Error code: (NTSTATUS) 0xc0000034 - The object name was not found.\n");
    EXPECT_EQ(error_text(0xc0000034, 0), error_text(0xc0000034, 1));
    EXPECT_EQ(error_text(0x80070005, 0),
              "Error code: (HRESULT) 0x80070005 (2147942405) - Access is denied.\n");
    EXPECT_EQ(error_text(0xfffff, 0),
              "Error code: (Win32) 0xfffff (1048575) - <Unable to get error code text>\n");
}

} // namespace
} // namespace view
