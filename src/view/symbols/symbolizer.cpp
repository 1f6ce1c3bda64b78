// libdrvlab-symbols.so: LLVM's symbolizer behind one C function. See view/symbols.h.
#include "view/symbols/interface.h"
#include <llvm/DebugInfo/Symbolize/Symbolize.h>

namespace {

llvm::symbolize::LLVMSymbolizer& symbolizer() {
    static llvm::symbolize::LLVMSymbolizer one([] {
        llvm::symbolize::LLVMSymbolizer::Options options;
        options.Demangle = true;
        options.UseSymbolTable = false; // exact names or none: nearest names are known from the image
        options.RelativeAddresses = true;
        return options;
    }());
    return one;
}

const char* known(const std::string& text) { return text == llvm::DILineInfo::BadString ? "" : text.c_str(); }

} // namespace

extern "C" [[gnu::visibility("default")]] void drvlab_symbolize(const char* image_path, std::uint64_t rva,
                                                                DrvlabSymbolFound found, void* context) {
    auto frames = symbolizer().symbolizeInlinedCode(std::string(image_path),
                                                    {rva, llvm::object::SectionedAddress::UndefSection});
    if (!frames) return llvm::consumeError(frames.takeError());
    for (std::uint32_t i = 0; i < frames->getNumberOfFrames(); ++i) {
        const llvm::DILineInfo& frame = frames->getFrame(i);
        if (*known(frame.FunctionName) || *known(frame.FileName))
            found(context, known(frame.FunctionName), known(frame.FileName), frame.Line);
    }
}
