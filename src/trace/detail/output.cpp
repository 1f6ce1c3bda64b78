#include "trace/detail/output.h"
#include <cerrno>
#include <unistd.h>

namespace trace {

bool Output::flush() {
    std::size_t done = 0;
    while (good_ && done < text.size()) {
        const ssize_t written = write(descriptor_, text.data() + done, text.size() - done);
        if (written > 0)
            done += static_cast<std::size_t>(written);
        else if (errno != EINTR)
            good_ = false;
    }
    text.clear();
    return good_;
}

} // namespace trace
