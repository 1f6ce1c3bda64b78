#pragma once

namespace app {

// After the I/O manager and processes stand.
void write_data_exports();

} // namespace app
