// Buffered writing to a file descriptor, for the printers.
#pragma once
#include <string>

namespace trace {

class Output {
  public:
    explicit Output(int descriptor) : descriptor_(descriptor) {}
    std::string text;
    bool good() const { return good_; }
    void flush_if_large() {
        if (text.size() > 1 << 18) flush();
    }
    bool flush();

  private:
    int descriptor_;
    bool good_ = true;
};

} // namespace trace
