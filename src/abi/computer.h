// What the machine calls itself: the NetBIOS name of the computer.
#pragma once
#include "abi/types.h"

namespace nt {

inline constexpr WCHAR computer_name[] = u"DRVLAB";

} // namespace nt
