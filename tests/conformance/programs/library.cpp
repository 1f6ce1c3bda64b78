// Threads, clocks and paths of the C++ library: what <thread>, <future>, <chrono> and <filesystem> ask of
// Windows.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <future>
#include <iostream>
#include <mutex>
#include <random>
#include <shared_mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "../common/program.h"

namespace fs = std::filesystem;
using namespace std::chrono_literals;

static thread_local int mine = 7;

static void threads() {
    std::mutex lock;
    std::condition_variable ready;
    bool go = false;
    int sum = 0;
    std::vector<std::thread> all;
    for (int i = 0; i < 4; i++)
        all.emplace_back([&, i] {
            std::unique_lock held(lock);
            ready.wait(held, [&] { return go; });
            mine = i;
            sum += i;
        });
    {
        std::lock_guard held(lock);
        go = true;
    }
    ready.notify_all();
    for (auto& t : all)
        t.join();
    CHECK(sum == 6 && mine == 7, "threads wait on a condition; each has its own thread-local object");

    CHECK(std::async(std::launch::async, [] { return 6 * 7; }).get() == 42, "async");
    std::promise<int> promise;
    auto future = promise.get_future();
    std::thread([&] {
        std::this_thread::sleep_for(20ms);
        promise.set_exception(std::make_exception_ptr(std::runtime_error("from a thread")));
    }).detach();
    std::string what;
    try {
        future.get();
    } catch (const std::exception& e) {
        what = e.what();
    }
    CHECK(what == "from a thread", "an exception crosses threads");

    std::unique_lock held(lock);
    CHECK(ready.wait_for(held, 10ms) == std::cv_status::timeout, "a wait that times out");
    const auto start = std::chrono::steady_clock::now();
    std::this_thread::sleep_for(100ms);
    const auto slept = std::chrono::steady_clock::now() - start;
    CHECK(slept >= 100ms && slept < 150ms, "sleep_for sleeps");
    CHECK(std::thread::hardware_concurrency() >= 1, "hardware_concurrency");
    std::shared_mutex many;
    {
        std::shared_lock one(many), two(many);
        CHECK(!many.try_lock(), "a shared lock keeps writers out");
    }
    CHECK(many.try_lock(), "and lets them in when it is gone");
    many.unlock();
    std::random_device random;
    CHECK(random() != random() || random() != random(), "random_device");
}

template <class F> static int error_of(F f) {
    std::error_code error;
    f(error);
    return error.value();
}

static void filesystem() {
    const fs::path path = "C:\\a\\b.tar.gz";
    CHECK(path.root_name() == "C:" && path.is_absolute() && path.filename() == "b.tar.gz" &&
              path.extension() == ".gz",
          "parts of a path");
    CHECK(fs::path("rel/x/../y").lexically_normal() == "rel\\y", "lexically_normal");
    CHECK(fs::path("C:rel").is_relative() && fs::path("\\rel").is_relative(),
          "relative to a drive is relative");
    CHECK(fs::current_path() == "C:\\" && fs::absolute("a\\b") == "C:\\a\\b", "the current path");
    CHECK(error_of([](auto& e) { fs::current_path("C:\\Windows", e); }) == 0 &&
              fs::current_path() == "C:\\Windows",
          "it can be changed");
    CHECK(error_of([](auto& e) { fs::current_path("C:\\NoSuch", e); }) != 0, "to a directory that is there");
    fs::current_path("C:\\");
    CHECK(!fs::exists("C:\\NoSuch") && !fs::exists("Z:\\x\\y"), "what is not there does not exist");
    CHECK(error_of([](auto& e) { (void)fs::file_size("NoSuch", e); }) != 0, "file_size");
    CHECK(error_of([](auto& e) { fs::directory_iterator("NoSuch", e); }) != 0, "directory_iterator");
    CHECK(error_of([](auto& e) { fs::rename("NoSuch", "other", e); }) != 0, "rename");
    CHECK(error_of([](auto& e) { fs::create_hard_link("NoSuch", "other", e); }) != 0, "create_hard_link");
    CHECK(!fs::remove("NoSuch"), "remove of what is not there");
    CHECK(fs::path("NoSuch").string() == "NoSuch" && fs::path(L"\x20ac").u8string().size() == 3, "encodings");
    std::string what;
    try {
        throw std::system_error(2, std::system_category(), "open");
    } catch (const std::system_error& e) {
        what = e.what();
    }
    CHECK(what == "open: The system cannot find the file specified", "the text of a system error");
}

int main() {
    threads();
    filesystem();
    return finish();
}
