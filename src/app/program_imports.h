// Whether what a program imports is there: in the DLLs that it would find, which are looked at as files.
#pragma once
#include "kernel/ldr/image_file.h"
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace app {

class ProgramImports {
  public:
    // `folder`: the program's own.
    explicit ProgramImports(const std::string& folder);
    // "found", or "missing", with "no such DLL" as the note where that is so.
    std::string status(std::string_view dll, const nt::ldr::SymbolRef& symbol, std::string& note);

  private:
    const nt::ldr::ImageFile* find(std::string_view dll);
    std::vector<std::string> folders_;
    std::map<std::string, std::unique_ptr<nt::ldr::ImageFile>> files_; // by name in lower case; null: absent
};

} // namespace app
