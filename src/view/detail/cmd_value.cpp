// ?, .formats, !error, !ioctldecode, dt
#include "view/detail/session.h"

namespace view {

std::span<const Command> value_commands() { return {}; }

} // namespace view
