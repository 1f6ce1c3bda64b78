// What there is when the machine stands still: objects by type, pool by tag. For --result, where a test can
// see that a long run leaves no more than a short one. Main stack.
#pragma once
#include <nlohmann/json.hpp>

namespace app {

// {"objects": {"Event": {"count": 3, "handles": 1, "references": 4}, …}, "pool": {"Irp ": {"blocks": 2, …}}}
nlohmann::json census();

} // namespace app
