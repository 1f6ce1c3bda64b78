// Recorder, reader, text and JSON form: what is emitted is what is read, and damage is named.
#include "abi/status.h"
#include "trace/detail/text_rows.h"
#include "trace/format.h"
#include "trace/json.h"
#include "trace/recorder.h"
#include "trace/text.h"
#include "trace/trace.h"
#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {

class TraceTest : public testing::Test {
  protected:
    void SetUp() override {
        path_ = testing::TempDir() + "drvlab_trace_" + std::to_string(getpid()) + ".trace";
        trace::current = {};
    }
    void TearDown() override {
        trace::stop();
        unlink(path_.c_str());
    }
    std::vector<std::byte> bytes() const {
        std::ifstream in(path_, std::ios::binary);
        const std::string text{std::istreambuf_iterator<char>(in), {}};
        const auto* p = reinterpret_cast<const std::byte*>(text.data());
        return {p, p + text.size()};
    }
    static std::size_t count(trace::Reader& reader) {
        trace::Record record;
        std::size_t rows = 0;
        while (reader.next(record))
            ++rows;
        return rows;
    }
    // The file's text without its heading and column prefixes.
    std::string text() const {
        trace::Reader reader;
        EXPECT_TRUE(reader.open(path_)) << reader.error();
        trace::TextFormatter formatter;
        trace::Record record;
        std::string out;
        while (reader.next(record))
            formatter.append(record, out);
        EXPECT_FALSE(reader.damaged()) << reader.error();
        return out;
    }
    std::string path_;
};

TEST_F(TraceTest, NothingIsRecordedWhenOff) {
    EXPECT_FALSE(trace::on);
    trace::emit_irp_freed(1); // even if the caller forgets to ask
    EXPECT_EQ(trace::bytes_recorded(), 0u);
}

TEST_F(TraceTest, RowComesBackAsItWasEmitted) {
    const std::uint64_t time = 123456789;
    const std::uint8_t irql = 2;
    ASSERT_TRUE(trace::start(path_));
    EXPECT_TRUE(trace::on);
    trace::current = {&time, &irql, 1004, 8, 3};
    const std::uint64_t args[] = {0x44, 0, 0xffffffffffffffff};
    trace::emit_syscall_enter(8, 0x110000001234, args);
    trace::emit_symlink_created(u"\\??\\N\u00fcl\U0001F600", u"");
    trace::emit_irp_complete(0x310000001000, 1, nt::STATUS_DISK_FULL, 7, nullptr);
    trace::stop();
    EXPECT_FALSE(trace::on);
    EXPECT_EQ(trace::recorder_status().state, trace::RecorderState::closed);
    EXPECT_EQ(trace::bytes_recorded(), bytes().size());

    trace::Reader reader;
    ASSERT_TRUE(reader.open(path_)) << reader.error();
    trace::Record r;
    ASSERT_TRUE(reader.next(r));
    EXPECT_TRUE(r.is("syscall_enter"));
    EXPECT_EQ(r.head.time, time);
    EXPECT_EQ(r.head.irql, 2);
    EXPECT_EQ(r.head.pid, 1004u);
    EXPECT_EQ(r.head.tid, 8u);
    EXPECT_EQ(r.head.cpu, 3);
    EXPECT_EQ(r.number("number"), 8u);
    EXPECT_EQ(r.number("caller"), 0x110000001234u);
    EXPECT_EQ(r.array("args"), (std::vector<std::uint64_t>{0x44, 0, 0xffffffffffffffff}));
    ASSERT_TRUE(reader.next(r));
    EXPECT_EQ(r.text("name"), "\\??\\N\xc3\xbcl\xf0\x9f\x98\x80");
    EXPECT_EQ(r.text("target"), "");
    ASSERT_TRUE(reader.next(r));
    EXPECT_EQ(r.number("status"), 0xc000007fu);
    EXPECT_FALSE(reader.next(r));
    EXPECT_FALSE(reader.damaged()) << reader.error();
}

TEST_F(TraceTest, RowsGoOnOverManyChunks) {
    ASSERT_TRUE(trace::start(path_));
    constexpr std::size_t rows = 300'000;
    for (std::size_t i = 0; i < rows; ++i)
        trace::emit_debug_print(0, 0, std::string_view("0123456789abcdef", i % 16));
    trace::stop();
    EXPECT_GT(bytes().size(), 3u * trace::chunk_bytes);
    trace::Reader reader;
    ASSERT_TRUE(reader.open(path_));
    trace::Record r;
    std::size_t i = 0;
    for (; reader.next(r); ++i)
        ASSERT_EQ(r.text("text").size(), i % 16);
    EXPECT_EQ(i, rows);
    EXPECT_FALSE(reader.damaged()) << reader.error();
}

TEST_F(TraceTest, HelperThreadChangesNothing) {
    const auto record = [&] {
        EXPECT_TRUE(trace::start(path_));
        for (std::size_t i = 0; i < 300'000; ++i)
            trace::emit_irp_freed(i);
        trace::stop();
        return bytes();
    };
    const auto alone = record();
    static std::thread thread;
    trace::use_helper_thread({[](void (*body)(void*), void* argument) {
                                  thread = std::thread(body, argument);
                                  return true;
                              },
                              [] { thread.join(); }});
    const auto helped = record();
    trace::use_helper_thread({});
    EXPECT_GT(alone.size(), 2u * trace::chunk_bytes);
    EXPECT_TRUE(alone == helped);
}

TEST_F(TraceTest, VeryLongStringIsCutNotLost) {
    ASSERT_TRUE(trace::start(path_));
    trace::emit_debug_print(0, 0, std::string(200'000, 'x'));
    trace::emit_irp_freed(1);
    trace::stop();
    trace::Reader reader;
    ASSERT_TRUE(reader.open(path_));
    trace::Record r;
    ASSERT_TRUE(reader.next(r));
    EXPECT_EQ(r.text("text").size(), trace::detail::max_variable);
    EXPECT_TRUE(reader.next(r));
}

TEST_F(TraceTest, KilledProcessLeavesItsRows) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        trace::start(path_);
        for (int i = 0; i < 1000; ++i)
            trace::emit_irp_freed(i);
        kill(getpid(), SIGKILL);
    }
    int status;
    waitpid(child, &status, 0);
    trace::Reader reader;
    ASSERT_TRUE(reader.open(path_)) << reader.error();
    EXPECT_EQ(count(reader), 1000u);
    EXPECT_FALSE(reader.damaged()) << reader.error();
}

TEST_F(TraceTest, FullDiskStopsRecordingWithAStatus) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        const rlimit limit{2 * trace::chunk_bytes + 4096, 2 * trace::chunk_bytes + 4096};
        setrlimit(RLIMIT_FSIZE, &limit);
        bool good = trace::start(path_);
        for (int i = 0; i < 1'000'000; ++i)
            if (trace::on) trace::emit_irp_freed(i);
        const auto status = trace::recorder_status();
        good = good && status.state == trace::RecorderState::full && status.status == nt::STATUS_DISK_FULL;
        good = good && !trace::on && trace::describe(status).contains("STATUS_DISK_FULL");
        trace::stop(); // must keep the reason
        good = good && trace::recorder_status().state == trace::RecorderState::full;
        _exit(good ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
    trace::Reader reader;
    ASSERT_TRUE(reader.open(path_)) << reader.error();
    const auto rows = static_cast<double>(count(reader));
    EXPECT_GT(rows, 2.0 * trace::chunk_bytes / 12 - 2000);
    EXPECT_LT(rows, 2.0 * trace::chunk_bytes / 7);
    EXPECT_FALSE(reader.damaged()) << reader.error();
}

TEST_F(TraceTest, UnwritablePlaceIsNamed) {
    EXPECT_FALSE(trace::start("/nonexistent/x.trace"));
    EXPECT_FALSE(trace::on);
    EXPECT_EQ(trace::recorder_status().status, nt::STATUS_OBJECT_PATH_NOT_FOUND);
}

TEST_F(TraceTest, CutFileDeliversWholeRowsAndNamesThePlace) {
    ASSERT_TRUE(trace::start(path_));
    for (int i = 0; i < 10; ++i)
        trace::emit_irp_freed(i);
    trace::stop();
    auto file = bytes();
    const std::size_t whole = file.size();
    file.resize(whole - 4);
    trace::Reader reader;
    ASSERT_TRUE(reader.open(std::span<const std::byte>(file)));
    EXPECT_EQ(count(reader), 9u);
    EXPECT_TRUE(reader.damaged());
    char place[32];
    std::snprintf(place, sizeof place, "0x%zx", whole - 8);
    EXPECT_NE(reader.error().find(place), std::string::npos) << reader.error();
}

TEST_F(TraceTest, EveryDamagedByteIsSurvived) {
    ASSERT_TRUE(trace::start(path_));
    const std::uint64_t args[] = {1, 2};
    trace::emit_syscall_enter(1, 0, args);
    trace::emit_debug_print(1, 2, "text");
    trace::stop();
    const auto file = bytes();
    for (std::size_t i = 0; i < file.size(); ++i)
        for (const int value : {0, 0xff, 0x7f}) {
            auto bad = file;
            bad[i] = static_cast<std::byte>(value);
            trace::Reader reader;
            if (reader.open(std::span<const std::byte>(bad)))
                EXPECT_LE(count(reader), 3u);
            else
                EXPECT_FALSE(reader.error().empty());
        }
}

TEST_F(TraceTest, OtherFilesAreRefused) {
    const auto refuse = [](std::string_view text) {
        trace::Reader reader;
        EXPECT_FALSE(reader.open(std::as_bytes(std::span(text))));
        return reader.error();
    };
    EXPECT_NE(refuse("MZ").find("not a Drvlab trace"), std::string::npos);
    EXPECT_NE(refuse(std::string("DRVTRACE\x09\0\0\0", 12) + std::string(100, 0)).find("version 9"),
              std::string::npos);
}

// A reader of another version knows only the file's own schema.
TEST_F(TraceTest, UnknownEventIsShownByItsSchema) {
    const std::string_view schema = "77 new_thing what:str8 count:u32\n";
    std::vector<std::byte> file;
    const auto add = [&file](const void* data, std::size_t size) {
        const auto* p = static_cast<const std::byte*>(data);
        file.insert(file.end(), p, p + size);
    };
    const trace::FileHead head{
        {'D', 'R', 'V', 'T', 'R', 'A', 'C', 'E'}, trace::format_version, 60, trace::chunk_bytes, 33};
    add(&head, sizeof head);
    add(schema.data(), schema.size());
    file.resize(60);
    const trace::ContextRecord context{trace::record_head(trace::context_id, 24), 4, 8, 0, 0, 0};
    add(&context, sizeof context);
    const std::uint32_t word = trace::record_head(77, 12);
    add(&word, sizeof word);
    // Time 0 and IRQL 0 in no bytes, length 2 and count 5 in one each, the text.
    const char body[] = {0x00, 0x11, 2, 5, 'h', 'i', 0, 0};
    add(body, sizeof body);
    trace::Reader reader;
    ASSERT_TRUE(reader.open(std::span<const std::byte>(file))) << reader.error();
    trace::Record record;
    ASSERT_TRUE(reader.next(record)) << reader.error();
    std::string out;
    trace::TextFormatter().append(record, out);
    EXPECT_EQ(out, "    0.000      4.8 0/0 new_thing what=hi count=0x5\n");
}

// A row of events.txt without one would be shown by its schema, as an event of a newer version.
TEST(TraceText, EveryEventHasItsWording) {
    std::istringstream lines{std::string(trace::schema)};
    unsigned id = 0, count = 0;
    for (std::string name, rest; lines >> id >> name && std::getline(lines, rest); ++count)
        EXPECT_TRUE(trace::has_wording(name)) << name;
    EXPECT_GT(count, 60u);
}

// The nine steps of a request, one row each, as a pass-through filter above Null sees it.
void emit_request() {
    trace::emit_name(0, 8, "NtWriteFile");
    trace::emit_module_loaded(0x300000100000, 0x5000, 0, 0, u"null.sys");
    trace::emit_driver_loaded(0x310000000100, 0x300000100000, u"\\Driver\\Null");
    trace::emit_driver_loaded(0x310000000200, 0x300000100000, u"\\Driver\\passthru");
    trace::emit_device_created(0x310000000300, 0x310000000100, 0x15, u"\\Device\\Null");
    trace::emit_device_created(0x310000000400, 0x310000000200, 0x15, u"");
    trace::emit_file_opened(0x310000000500, 0x310000000300, u"\\Device\\Null");
    const std::uint64_t api[] = {0x44, 0x14fe00, 3, 0x14fdf0, 0};
    const std::uint64_t args[] = {0x44, 0, 0, 0, 0x14fdd0, 0x14fe00, 3, 0, 0};
    trace::emit_api_call("WriteFile", u"", api);
    trace::emit_syscall_enter(8, 0x110000001000, args);
    trace::emit_irp_created(0x310000001000, 2, 4, 0, 1, 0, 0x310000000500, 0x310000000400);
    trace::emit_irp_buffer(0x310000001000, 0, 0x310000002000, nullptr, 0x14fe00, 3, 0);
    trace::emit_irp_dispatch(0x310000001000, 2, 4, 0, 0, 0, 0x310000000400, 0x310000000200, 0x310000000500, 3,
                             0, 0, 0, 0x300000101000);
    trace::emit_irp_dispatch(0x310000001000, 1, 4, 0, 0, 0xe0, 0x310000000300, 0x310000000100, 0x310000000500,
                             3, 0, 0, 0, 0x300000101100);
    trace::emit_irp_complete(0x310000001000, 1, 0, 3, 0x300000101110);
    trace::emit_completion_called(0x310000001000, 2, 0x310000000400, 0x300000101200, 0, 0xe0, 0);
    trace::emit_completion_returned(0x310000001000, 2, 0x300000101200, 0);
    trace::emit_irp_finished(0x310000001000, 0, 3);
    trace::emit_irp_returned(0x310000001000, 1, 0x310000000300, 0x310000000100, 0);
    trace::emit_irp_returned(0x310000001000, 2, 0x310000000400, 0x310000000200, 0);
    trace::emit_irp_freed(0x310000001000);
    trace::emit_syscall_exit(8, 0);
    trace::emit_api_return("WriteFile", 1, 0);
}

TEST_F(TraceTest, RequestReadsAtAGlance) {
    const std::uint64_t time = 15'000;
    ASSERT_TRUE(trace::start(path_));
    trace::current = {&time, &trace::no_irql, 1004, 8, 0};
    emit_request();
    trace::stop();
    const std::string out = text();
    EXPECT_EQ(out.substr(out.rfind('\n', out.find("WriteFile(0x44, 0x14")) + 1),
              R"(    1.500   1004.8 0/0 WriteFile(0x44, 0x14fe00, 0x3, 0x14fdf0, 0x0)
    1.500   1004.8 0/0   NtWriteFile(0x44, 0x0, 0x0, 0x0, 0x14fdd0, 0x14fe00,
                           0x3, 0x0, 0x0)
    1.500   1004.8 0/0     IRP 0x310000001000 created: IRP_MJ_WRITE, 2 stack
                             locations, user mode, file \Device\Null
    1.500   1004.8 0/0     buffers: buffered, system buffer 0x310000002000, user
                             buffer 0x14fe00, in 3, out 0
    1.500   1004.8 0/0       2 -> \Driver\passthru IRP_MJ_WRITE, device
                               0x310000000400, Length=0x3 ByteOffset=0x0
    1.500   1004.8 0/0         1 -> \Driver\Null IRP_MJ_WRITE, \Device\Null,
                                 Length=0x3 ByteOffset=0x0
    1.500   1004.8 0/0         1 completed: STATUS_SUCCESS, information 0x3 from
                                 null+0x1110
    1.500   1004.8 0/0       2 completion routine null+0x1200 of device
                               0x310000000400: STATUS_SUCCESS
    1.500   1004.8 0/0       2 it answers STATUS_SUCCESS: completion goes on
    1.500   1004.8 0/0     IRP 0x310000001000 finished: STATUS_SUCCESS,
                             information 0x3
    1.500   1004.8 0/0         1 <- \Driver\Null returns STATUS_SUCCESS
    1.500   1004.8 0/0       2 <- \Driver\passthru returns STATUS_SUCCESS
    1.500   1004.8 0/0     IRP 0x310000001000 freed
    1.500   1004.8 0/0   NtWriteFile = STATUS_SUCCESS
    1.500   1004.8 0/0 WriteFile = 0x1
)");
}

TEST_F(TraceTest, OnlyWhatHappensWithinACall) {
    ASSERT_TRUE(trace::start(path_));
    emit_request();
    trace::emit_debug_print(0, 0, "after");
    trace::stop();
    const auto lines = [&](const trace::TextOptions& options) {
        trace::Reader reader;
        EXPECT_TRUE(reader.open(path_));
        const std::string out_path = path_ + ".txt";
        const int out = open(out_path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
        EXPECT_TRUE(trace::print_text(reader, out, options));
        close(out);
        std::ifstream in(out_path);
        unlink(out_path.c_str());
        std::vector<std::string> all;
        for (std::string line; std::getline(in, line);)
            all.push_back(line);
        return all;
    };
    const auto within = lines({.everything = false, .call = "NtWriteFile"});
    ASSERT_GT(within.size(), 4u);
    EXPECT_NE(within[2].find("NtWriteFile("), std::string::npos);
    EXPECT_NE(within.back().find("NtWriteFile = STATUS_SUCCESS"), std::string::npos);
    EXPECT_EQ(lines({.everything = false, .call = "NtReadFile"}).size(), 2u); // the heading
    EXPECT_NE(lines({}).back().find("after"), std::string::npos);
}

TEST_F(TraceTest, SystemStartIsLeftOutUnlessAskedFor) {
    ASSERT_TRUE(trace::start(path_));
    trace::emit_object_created(0x310000000010, u"Directory", u"Device");
    trace::emit_machine_start("test", 1, 1);
    trace::emit_object_created(0x310000000020, u"File", u"");
    trace::emit_object_created(0x310000000030, u"Event", u"");
    trace::stop();
    const auto count_lines = [&](const trace::TextOptions& options) {
        trace::Reader reader;
        EXPECT_TRUE(reader.open(path_));
        int ends[2];
        EXPECT_EQ(pipe(ends), 0);
        EXPECT_TRUE(trace::print_text(reader, ends[1], options));
        close(ends[1]);
        char text[4096];
        const ssize_t size = ::read(ends[0], text, sizeof text);
        close(ends[0]);
        return std::count(text, text + size, '\n');
    };
    EXPECT_EQ(count_lines({}), 4);
    EXPECT_EQ(count_lines({.everything = true, .call = ""}), 6);
}

TEST_F(TraceTest, JsonRowsCarryNames) {
    ASSERT_TRUE(trace::start(path_));
    emit_request();
    trace::emit_debug_print(0, 3, std::string_view("a\"\\\n\xff\x01", 6));
    trace::stop();
    trace::Reader reader;
    ASSERT_TRUE(reader.open(path_));
    trace::JsonFormatter formatter;
    trace::Record record;
    std::string last, completed;
    while (reader.next(record)) {
        last.clear();
        formatter.append(record, last);
        if (record.is("irp_returned") && completed.empty()) completed = last;
    }
    EXPECT_EQ(
        completed,
        R"({"ns":0,"event":"irp_returned","pid":0,"tid":0,"cpu":0,"irql":0,"irp":"0x310000001000","level":1,)"
        R"("device":"0x310000000300","device_name":"\\Device\\Null","driver":"0x310000000100",)"
        R"("driver_name":"\\Driver\\Null","status":"0x0","status_name":"STATUS_SUCCESS"})"
        "\n");
    EXPECT_NE(last.find(R"("text":"a\"\\\n\ufffd\u0001")"), std::string::npos) << last;
}

TEST(TraceNames, ControlCode) {
    EXPECT_EQ(trace::control_code_text(0x222004),
              "0x222004 CTL_CODE(0x22, 0x801, METHOD_BUFFERED, FILE_ANY_ACCESS)");
    EXPECT_EQ(trace::irp_major_name(0x1b), "IRP_MJ_PNP");
    EXPECT_EQ(trace::irp_major_name(0x1c), "IRP_MJ_0x1c");
    EXPECT_EQ(trace::irp_minor_name(0x16, 2), "IRP_MN_SET_POWER");
    EXPECT_EQ(trace::irp_minor_name(4, 0), "");
}

} // namespace
