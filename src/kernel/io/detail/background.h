// What io does behind the scenes in threads: deferred deletes, and the end of a thread's requests.
#pragma once

namespace nt::io::detail {

// Needs ps (threads). After the types.
void start_background();

} // namespace nt::io::detail
