#include "hardware/dma_controller.h"
#include <gtest/gtest.h>

namespace nt::hardware {
namespace {

namespace dma = dma_controller;

TEST(DmaController, AChannelBelongsToOneDevice) {
    EXPECT_TRUE(dma::wire(1, "one"));
    EXPECT_TRUE(dma::wire(1, "one"));
    EXPECT_FALSE(dma::wire(1, "two"));
    dma::unwire("one");
    EXPECT_TRUE(dma::wire(1, "two"));
    dma::unwire("two");
    EXPECT_FALSE(dma::exists(4)) << "joins the two controllers";
    EXPECT_FALSE(dma::exists(8));
}

TEST(DmaController, ServesADeviceAsItWasSetUp) { // where no memory is, which the controller does not notice
    UCHAR bytes[8] = {};
    bool end = true;
    EXPECT_EQ(dma::serve(2, bytes, 8, true, end, "d"), 0u) << "not set up";
    EXPECT_FALSE(end);
    dma::start(2, 0xF000'0000, 12, false, false);
    EXPECT_EQ(dma::serve(2, bytes, 8, false, end, "d"), 0u) << "the other direction";
    EXPECT_EQ(dma::serve(2, bytes, 8, true, end, "d"), 8u);
    EXPECT_FALSE(end);
    EXPECT_EQ(dma::remaining(2), 4u);
    EXPECT_EQ(dma::serve(2, bytes, 8, true, end, "d"), 4u);
    EXPECT_TRUE(end);
    EXPECT_EQ(dma::serve(2, bytes, 8, true, end, "d"), 0u) << "it is over";
    dma::start(2, 0xF000'0000, 8, false, true);
    EXPECT_EQ(dma::serve(2, bytes, 8, true, end, "d"), 8u);
    EXPECT_TRUE(end);
    EXPECT_EQ(dma::remaining(2), 8u) << "it begins again";
    dma::stop(2);
    EXPECT_EQ(dma::serve(2, bytes, 8, true, end, "d"), 0u);
}

} // namespace
} // namespace nt::hardware
