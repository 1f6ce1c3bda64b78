#include "abi/bugcheck.h"
#include "abi/status.h"
#include "abi/win32_error.h"
#include "rtl/status.h"
#include <gtest/gtest.h>

namespace nt::rtl {
namespace {

TEST(StatusToDosError, FollowsTheTable) {
    EXPECT_EQ(status_to_dos_error(STATUS_SUCCESS), ERROR_SUCCESS);
    EXPECT_EQ(status_to_dos_error(STATUS_PENDING), ERROR_IO_PENDING);
    EXPECT_EQ(status_to_dos_error(STATUS_TIMEOUT), 1460u);
    EXPECT_EQ(status_to_dos_error(STATUS_BUFFER_OVERFLOW), ERROR_MORE_DATA);
    EXPECT_EQ(status_to_dos_error(STATUS_INVALID_DEVICE_REQUEST), ERROR_INVALID_FUNCTION);
    EXPECT_EQ(status_to_dos_error(STATUS_CANCELLED), ERROR_OPERATION_ABORTED);
    EXPECT_EQ(status_to_dos_error(STATUS_DEVICE_REMOVED), 1617u);
    EXPECT_EQ(status_to_dos_error(STATUS_INVALID_VIEW_SIZE), ERROR_ACCESS_DENIED);
    EXPECT_EQ(status_to_dos_error(STATUS_INVALID_IMAGE_HASH), 577u);
    EXPECT_EQ(status_to_dos_error(STATUS_INVALID_PARAMETER_12), ERROR_INVALID_PARAMETER);
}

TEST(StatusToDosError, TakesNamesThatAgree) {
    EXPECT_EQ(status_to_dos_error(STATUS_OBJECT_NAME_EXISTS), ERROR_OBJECT_NAME_EXISTS);
    EXPECT_EQ(status_to_dos_error(STATUS_DEVICE_ALREADY_ATTACHED), ERROR_DEVICE_ALREADY_ATTACHED);
    EXPECT_EQ(status_to_dos_error(STATUS_CANT_WAIT), 554u);
    EXPECT_EQ(status_to_dos_error(STATUS_ASSERTION_FAILURE), 668u);
    EXPECT_EQ(status_to_dos_error(STATUS_PNP_REBOOT_REQUIRED), 638u);
    EXPECT_EQ(status_to_dos_error(STATUS_VIRUS_INFECTED), 225u);
    EXPECT_EQ(status_to_dos_error(DBG_CONTROL_C), ERROR_DBG_CONTROL_C);
    EXPECT_EQ(status_to_dos_error(RPC_NT_NULL_REF_POINTER), 1780u);
}

TEST(StatusToDosError, HasRulesForWhatIsInNoTable) {
    EXPECT_EQ(status_to_dos_error(NTSTATUS(0xc0fffff0)), ERROR_MR_MID_NOT_FOUND);
    EXPECT_EQ(status_to_dos_error(NTSTATUS(0x12345)), ERROR_MR_MID_NOT_FOUND);
    EXPECT_EQ(status_to_dos_error(NTSTATUS(0xe0001234)), 0xe0001234u) << "customer bit";
    EXPECT_EQ(status_to_dos_error(NTSTATUS(0x80070005)), ERROR_ACCESS_DENIED);
    EXPECT_EQ(status_to_dos_error(NTSTATUS(0xc0010077)), 0x77u);
}

TEST(StatusName, GivesTheUsualNameOfSeveral) {
    EXPECT_STREQ(status_name(STATUS_SUCCESS), "STATUS_SUCCESS");
    EXPECT_STREQ(status_name(STATUS_WAIT_0), "STATUS_SUCCESS");
    EXPECT_STREQ(status_name(STATUS_OBJECT_NAME_NOT_FOUND), "STATUS_OBJECT_NAME_NOT_FOUND");
    EXPECT_EQ(status_name(NTSTATUS(0xc0fffff0)), nullptr);
    EXPECT_STREQ(status_text(STATUS_OBJECT_NAME_NOT_FOUND), "The object name was not found.");
}

TEST(FindStatus, KnowsAllNames) {
    NTSTATUS status = -1;
    EXPECT_TRUE(find_status("STATUS_WAIT_0", &status));
    EXPECT_EQ(status, 0);
    EXPECT_TRUE(find_status("STATUS_ACCESS_VIOLATION", &status));
    EXPECT_EQ(status, STATUS_ACCESS_VIOLATION);
    EXPECT_FALSE(find_status("STATUS_ACCESS_VIOLATIO", &status));
    EXPECT_FALSE(find_status("", &status));
}

TEST(Win32Error, HasNameAndMessage) {
    EXPECT_STREQ(win32_error_name(2), "ERROR_FILE_NOT_FOUND");
    EXPECT_STREQ(win32_error_text(2), "The system cannot find the file specified.");
    EXPECT_EQ(win32_error_name(65000), nullptr);
}

TEST(Bugcheck, HasNameAndParameters) {
    EXPECT_STREQ(bugcheck_name(DRIVER_IRQL_NOT_LESS_OR_EQUAL), "DRIVER_IRQL_NOT_LESS_OR_EQUAL");
    EXPECT_STREQ(bugcheck_parameter(0xd1, 1), "memory referenced");
    EXPECT_STREQ(bugcheck_parameter(0xd1, 4), "address which referenced memory");
    EXPECT_STREQ(bugcheck_parameter(0xd1, 5), "");
    EXPECT_EQ(bugcheck_name(0xfffffff), nullptr);
}

} // namespace
} // namespace nt::rtl
