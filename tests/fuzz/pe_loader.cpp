// Fuzz target: the PE loader. Parse, map, relocate, bind, rewrite, look things up, unload. Any input must
// be refused with a named field or handled; AddressSanitizer and UndefinedBehaviorSanitizer watch, and the
// checks below abort on broken promises.
#include "kernel/ldr/modules.h"
#include "kernel/ldr/test_memory.h"
#include "view/inspect.h"
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

using namespace nt;
using namespace nt::ldr;

namespace {

void promise(bool kept, const char* what) {
    if (kept) return;
    std::fprintf(stderr, "broken promise: %s\n", what);
    std::abort();
}

// Knows every second symbol; the others get a stub.
class HalfResolver final : public Resolver {
  public:
    explicit HalfResolver(const ModuleList& modules) : modules_(modules) {}
    std::uint64_t resolve(std::string_view dll, const SymbolRef& symbol, std::string& reason) override {
        if (const auto found = modules_.resolve(dll, symbol, reason)) return found;
        return ++count_ % 2 ? 0x3000'0001'0000 + count_ * 16 : 0;
    }
    std::uint64_t missing_stub(std::string_view, std::string_view, const SymbolRef&) override {
        return 0x3000'0002'0000;
    }

  private:
    const ModuleList& modules_;
    std::uint64_t count_ = 0;
};

void load(const std::shared_ptr<const ImageFile>& file, bool kernel) {
    test::FakeMemory memory;
    ModuleList modules;
    HalfResolver resolver(modules);
    LoadOptions options;
    options.file_name = "fuzz.sys";
    options.kernel = kernel;
    options.map_debug = kernel;
    options.guard_check = options.guard_dispatch = 0x3000'0001'0000;
    // Twice: the second image may forward to and import from the first.
    for (int round = 0; round < 2; ++round) {
        auto loaded = load_image(file, memory, &resolver, options);
        if (!loaded) {
            promise(!loaded.error().text.empty() && !NT_SUCCESS(loaded.error().status), "a refusal says why");
            break;
        }
        auto& module = modules.add(std::move(loaded->module));
        promise(modules.find(module.base) == &module, "a module is found by its base");
        for (ULONG at = 0; at < module.size; at += 0x333) {
            (void)module.describe(module.base + at);
            std::uint8_t bytes[16] = {};
            (void)modules.original_bytes(module.base + at, bytes);
            (void)modules.patch_at(module.base + at);
        }
        std::string reason;
        for (const auto& entry : file->exports)
            (void)modules.resolve(
                "fuzz", {entry.name, static_cast<USHORT>(entry.ordinal), entry.name.empty()}, reason);
        options.file_name = "other.sys";
        if (!file->has_relocations) break;
    }
    while (!modules.in_load_order().empty()) {
        auto& module = *modules.in_load_order().back();
        release_discardable(module, memory);
        unload_image(module, memory);
        modules.remove(module);
    }
    promise(memory.pages.empty(), "unloading gives all memory back");
    promise(memory.violations == 0, "memory is used as its interface says");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 0x4'0000) return 0;
    for (Use use : {Use::driver, Use::program, Use::library, Use::any}) {
        auto parsed = ImageFile::parse({data, data + size}, use);
        if (!parsed) {
            promise(!parsed.error().field.empty() && !parsed.error().text.empty(),
                    "a problem names its field");
            continue;
        }
        if (parsed->image_size > 0x100'0000) continue; // slow, and nothing new
        const auto file = std::make_shared<const ImageFile>(std::move(*parsed));
        if (use == Use::any) {
            (void)view::inspect_text(*file, {"fuzz.sys", {}});
            (void)view::inspect_json(*file, {"fuzz.sys", {}});
            load(file, true);
        } else if (use != Use::driver)
            load(file, false);
    }
    return 0;
}

#ifndef DRVLAB_LIBFUZZER
// Replay: files and folders named on the command line, in order.
int main(int argc, char** argv) {
    std::vector<std::filesystem::path> files;
    for (int i = 1; i < argc; ++i) {
        if (!std::filesystem::is_directory(argv[i])) {
            files.emplace_back(argv[i]);
            continue;
        }
        for (const auto& entry : std::filesystem::directory_iterator(argv[i]))
            if (entry.is_regular_file()) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    for (const auto& path : files) {
        std::ifstream stream(path, std::ios::binary);
        const std::vector<std::uint8_t> bytes((std::istreambuf_iterator<char>(stream)), {});
        if (!stream.good() && bytes.empty()) {
            std::fprintf(stderr, "%s: cannot be read\n", path.c_str());
            return 1;
        }
        LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    }
    std::printf("%zu inputs\n", files.size());
    return files.empty();
}
#endif
