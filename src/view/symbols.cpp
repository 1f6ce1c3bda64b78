#include "view/symbols.h"
#include "view/symbols/interface.h"
#include <dlfcn.h>
#include <filesystem>

namespace view {
namespace {

struct Library {
    DrvlabSymbolize symbolize = nullptr;
    DrvlabTypes types = nullptr;
    std::string error;
};

// Beside the program, so that a build tree and an installed one both work.
std::string library_path() {
    std::error_code error;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
    return error ? std::string(symbols_library_name)
                 : (program.parent_path() / symbols_library_name).string();
}

const Library& library() {
    static const Library loaded = [] {
        Library made;
        void* handle = dlopen(library_path().c_str(), RTLD_NOW | RTLD_LOCAL);
        if (!handle) {
            made.error = dlerror();
            return made;
        }
        made.symbolize = reinterpret_cast<DrvlabSymbolize>(dlsym(handle, "drvlab_symbolize"));
        if (!made.symbolize) made.error = dlerror();
        made.types = reinterpret_cast<DrvlabTypes>(dlsym(handle, "drvlab_types"));
        return made;
    }();
    return loaded;
}

} // namespace

std::vector<SourceLine> symbolize(const std::string& host_image_path, std::uint64_t rva) {
    std::vector<SourceLine> lines;
    if (!library().symbolize || host_image_path.empty()) return lines;
    library().symbolize(
        host_image_path.c_str(), rva,
        [](void* context, const char* function, const char* file, unsigned line) {
            static_cast<std::vector<SourceLine>*>(context)->push_back({function, file, line});
        },
        &lines);
    return lines;
}

void read_types(const std::string& host_image_path, const DrvlabTypeSink& sink) {
    if (library().types && !host_image_path.empty()) library().types(host_image_path.c_str(), &sink);
}

bool symbolizer_available(std::string* why) {
    if (why) *why = library().error;
    return library().symbolize != nullptr;
}

} // namespace view
