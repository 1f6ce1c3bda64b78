#include "app/program_imports.h"
#include "app/options.h"
#include "app/text.h"
#include "host/file.h"
#include "rtl/api_sets.h"
#include <algorithm>
#include <filesystem>

namespace app {

using namespace nt;
namespace fs = std::filesystem;

namespace {

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return out;
}

// The file of that name, whatever its case.
std::string file_in(const std::string& folder, const std::string& name) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error))
        if (lower(entry.path().filename().string()) == name) return entry.path().string();
    return "";
}

} // namespace

ProgramImports::ProgramImports(const std::string& folder) {
    for (const char* part : {"guest/ntdll.dll", "runtimes/msvcrt.dll"})
        if (const std::string file = installed_file(part); !file.empty())
            folders_.push_back(fs::path(file).parent_path().string());
    folders_.push_back(folder.empty() ? "." : folder);
}

const ldr::ImageFile* ProgramImports::find(std::string_view dll) {
    std::string name = lower(dll);
    if (const char16_t* behind = rtl::behind_api_set(name.data(), name.size())) {
        name.clear();
        while (*behind)
            name += static_cast<char>(*behind++);
    }
    const auto [at, is_new] = files_.try_emplace(name);
    if (!is_new) return at->second.get();
    for (const std::string& folder : folders_) {
        const std::string path = file_in(folder, name);
        if (path.empty()) continue;
        auto bytes = host::read_file(path);
        if (!bytes) continue;
        auto file = ldr::ImageFile::parse(std::move(*bytes), ldr::Use::any);
        if (!file) continue;
        at->second = std::make_unique<ldr::ImageFile>(std::move(*file));
        break;
    }
    return at->second.get();
}

std::string ProgramImports::status(std::string_view dll, const ldr::SymbolRef& symbol, std::string& note) {
    const ldr::ImageFile* file = find(dll);
    if (file && file->find_export(symbol)) return "found";
    if (!file) note = "no such DLL";
    return "missing";
}

} // namespace app
