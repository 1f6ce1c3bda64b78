// What the drivers of physical device objects answer.
#pragma once
#include "kernel/io/driver.h"

namespace nt::io {

inline constexpr InternalDispatch pdo_dispatch[] = {{IRP_MJ_PNP, "IopPdoRequest"},
                                                    {IRP_MJ_POWER, "IopPdoRequest"}};

} // namespace nt::io
