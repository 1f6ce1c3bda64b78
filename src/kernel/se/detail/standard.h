// Descriptors of what exists before anybody runs.
#pragma once

namespace nt::se::detail {

void make_standard_descriptors();
void protect_standard_objects();

} // namespace nt::se::detail
