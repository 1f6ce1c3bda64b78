// What the object manager needs only while it comes into being.
#pragma once
#include "kernel/ob/object.h"

namespace nt::ob::detail {

// The type "Type": its header refers to the index it is about to get.
Result<PVOID> create_first_type(const NewObject& what, UCHAR index);
// Types made before \ObjectTypes existed are put there, later ones go there at once.
void publish_types(OBJECT_DIRECTORY* directory);
// Tests start over with an empty namespace.
void forget_types();
void forget_descriptors();

void create_root_directories();
void create_dos_devices();
void create_sessions();

// Registers Directory and SymbolicLink.
void create_directory_type();
void create_symbolic_link_type();
Result<OBJECT_DIRECTORY*> new_directory(std::u16string_view name, ULONG attributes);

} // namespace nt::ob::detail
