// The C++ standard library as an unmodified program gets it: exceptions through frames with destructors,
// run-time types, streams, strings, containers, static initialisation, smart pointers.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <functional>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <typeinfo>
#include <unordered_map>
#include <variant>
#include <vector>

#include "../common/program.h"

static int destroyed;
struct Guard {
    ~Guard() { ++destroyed; }
};
struct Base {
    virtual ~Base() = default;
    virtual int number() const { return 1; }
};
struct Derived : Base {
    int number() const override { return 2; }
};
struct Other : virtual Base {};

static const std::string initialized = "before main";

[[gnu::noinline]] static int thrower(int depth) {
    Guard guard;
    if (depth == 0) throw std::runtime_error("deep");
    return thrower(depth - 1) + 1;
}

static bool throws_through_noise() {
    try {
        thrower(10);
    } catch (const std::logic_error&) {
        return false;
    } catch (const std::exception& e) {
        return std::string(e.what()) == "deep";
    }
    return false;
}

int main() {
    CHECK(initialized.size() == 11, "static objects are made before main");
    CHECK(throws_through_noise() && destroyed == 11,
          "an exception finds its handler and destroys what it passes");
    bool rethrown = false;
    try {
        try {
            throw 42;
        } catch (...) {
            throw;
        }
    } catch (int n) {
        rethrown = n == 42;
    }
    CHECK(rethrown, "an exception is thrown again");
    std::exception_ptr kept;
    try {
        throw std::out_of_range("kept");
    } catch (...) {
        kept = std::current_exception();
    }
    bool kept_well = false;
    try {
        std::rethrow_exception(kept);
    } catch (const std::out_of_range& e) {
        kept_well = std::string(e.what()) == "kept";
    }
    CHECK(kept_well, "an exception is kept and thrown later");
    std::unique_ptr<Base> object = std::make_unique<Derived>();
    Other other;
    CHECK(object->number() == 2 && dynamic_cast<Derived*>(object.get()) &&
              !dynamic_cast<Other*>(object.get()),
          "dynamic_cast");
    CHECK(typeid(*object) == typeid(Derived) && typeid(other) != typeid(Derived), "typeid");
    bool bad_cast = false;
    try {
        (void)dynamic_cast<Derived&>(static_cast<Base&>(other));
    } catch (const std::bad_cast&) {
        bad_cast = true;
    }
    CHECK(bad_cast, "a bad cast of a reference throws");
    std::ostringstream text;
    text << std::hex << 255 << ' ' << std::setprecision(3) << std::fixed << 3.14159 << ' ' << std::boolalpha
         << true;
    CHECK(text.str() == "ff 3.142 true", "stream formatting");
    std::istringstream input("10 20 thirty");
    int a = 0, b = 0, c = 0;
    input >> a >> b >> c;
    CHECK(a == 10 && b == 20 && input.fail(), "stream extraction");
    std::vector<std::string> words{"pear", "apple", "fig"};
    std::sort(words.begin(), words.end());
    CHECK(words.front() == "apple" && words.back() == "pear", "sorting a vector of strings");
    std::map<std::string, int> ordered;
    std::unordered_map<int, std::string> hashed;
    std::set<int> set;
    for (int i = 0; i < 1000; ++i)
        ordered[std::to_string(i)] = i, hashed[i] = std::to_string(i), set.insert(i % 10);
    CHECK(ordered.size() == 1000 && ordered["77"] == 77 && hashed[500] == "500" && set.size() == 10,
          "containers");
    std::function<int(int)> add = [offset = 3](int n) { return n + offset; };
    std::variant<int, std::string> either = std::string("x");
    std::optional<int> nothing;
    CHECK(add(4) == 7 && std::get<std::string>(either) == "x" && !nothing, "function, variant, optional");
    bool regex_matches = std::regex_match(std::string("IRP_MJ_READ"), std::regex("IRP_MJ_[A-Z]+"));
    CHECK(regex_matches, "regular expressions");
    std::ifstream missing("Z:\\no\\such\\file");
    CHECK(!missing.is_open(), "a file stream on no drive does not open");
    bool too_long = false;
    try {
        std::string().resize(std::string().max_size() + 1);
    } catch (const std::length_error&) {
        too_long = true;
    }
    CHECK(too_long, "a string of impossible length throws");
    auto start = std::chrono::steady_clock::now();
    CHECK(std::chrono::steady_clock::now() >= start, "clocks do not go back");
    std::once_flag once;
    int calls = 0;
    for (int i = 0; i < 3; ++i)
        std::call_once(once, [&] { ++calls; });
    CHECK(calls == 1, "call_once");
    static thread_local int local = 5;
    CHECK(++local == 6, "thread-local objects");
    std::cout << "cout " << 1 << std::endl;
    std::cerr << "cerr" << std::endl;
    return finish();
}
