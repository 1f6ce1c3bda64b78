// Boundary descriptors of private namespaces, as kernel32 makes and NtCreatePrivateNamespace reads them: the
// descriptor, then its entries, each rounded up to 8 bytes with its data behind it. Publicly known.
#pragma once
#include "abi/types.h"

namespace nt {

struct OBJECT_BOUNDARY_DESCRIPTOR {
    ULONG Version; // 1
    ULONG Items;
    ULONG TotalSize;
    ULONG Flags; // BOUNDARY_ADD_APPCONTAINER_SID
};
struct OBJECT_BOUNDARY_ENTRY {
    ULONG EntryType;
    ULONG EntrySize; // with this header
};
inline constexpr ULONG BOUNDARY_ADD_APPCONTAINER_SID = 1;
inline constexpr ULONG BOUNDARY_ENTRY_NAME = 1;
inline constexpr ULONG BOUNDARY_ENTRY_SID = 2;
inline constexpr ULONG BOUNDARY_ENTRY_LABEL = 3;

} // namespace nt
