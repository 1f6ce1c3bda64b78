#include "view/ioctldecode.h"
#include <gtest/gtest.h>
#include <iterator>

namespace view {
namespace {

// Both goldens are the examples of debuggercmds/-ioctldecode.md.
TEST(IoctlDecode, KnownCode) {
    EXPECT_EQ(ioctl_decode(0x220003),
              "\n"
              "IOCTL_INTERNAL_USB_SUBMIT_URB\n"
              "\n"
              "Device Type    : 0x22 (FILE_DEVICE_WINLOAD) (FILE_DEVICE_USER_MODE_BUS) (FILE_DEVICE_USB) "
              "(FILE_DEVICE_UNKNOWN)\n"
              "Method         : 0x3 METHOD_NEITHER \n"
              "Access         : FILE_ANY_ACCESS\n"
              "Function       : 0x0\n");
}

TEST(IoctlDecode, UnknownCode) {
    EXPECT_EQ(ioctl_decode(0x1280ce), "\n"
                                      "Unknown IOCTL  : 0x1280ce \n"
                                      "\n"
                                      "Device Type    : 0x12 (FILE_DEVICE_NETWORK)\n"
                                      "Method         : 0x2 METHOD_OUT_DIRECT \n"
                                      "Access         : FILE_WRITE_ACCESS \n"
                                      "Function       : 0x33\n");
}

TEST(IoctlDecode, VendorType) {
    const std::string text = ioctl_decode(0x8000e004);
    EXPECT_NE(text.find("Device Type    : 0x8000\n"), std::string::npos) << text;
    EXPECT_NE(text.find("Access         : FILE_READ_ACCESS FILE_WRITE_ACCESS \n"), std::string::npos) << text;
    EXPECT_NE(text.find("Function       : 0x801\n"), std::string::npos) << text;
}

TEST(IoctlDecode, Names) {
    EXPECT_STREQ(ioctl_name(0x00070000), "IOCTL_DISK_GET_DRIVE_GEOMETRY");
    EXPECT_EQ(ioctl_name(0x00222004), nullptr);
    EXPECT_EQ(ioctl_name(0), nullptr);
    EXPECT_EQ(ioctl_name(0xffffffff), nullptr);
    EXPECT_STREQ(device_type_name(0x15), "FILE_DEVICE_NULL");
    EXPECT_STREQ(device_type_name(0x22), "FILE_DEVICE_UNKNOWN");
    EXPECT_EQ(device_type_name(0x3c), nullptr);
}

} // namespace
} // namespace view
