#include "kernel/exports/open_by_id.h"
#include "abi/status.h"
#include "kernel/ob/handle.h"
#include "kernel/ob/object.h"
#include "kernel/se/subject.h"

namespace nt::exports {

// "If the caller has enabled the SeDebugPrivilege privilege, the requested access is granted regardless of
// the contents of the security descriptor."
NTSTATUS open_by_id(PVOID object, OBJECT_TYPE* type, ACCESS_MASK desired, ULONG attributes, HANDLE* to) {
    const KPROCESSOR_MODE mode = previous_mode();
    const KPROCESSOR_MODE check = attributes & OBJ_FORCE_ACCESS_CHECK ? KPROCESSOR_MODE(UserMode) : mode;
    ob::reference(object);
    auto opened = check == UserMode && se::check_privilege(SE_DEBUG_PRIVILEGE, check)
                      ? ob::handle_for_creator(object, attributes, desired, mode)
                      : ob::open_by_pointer(object, attributes, nullptr, desired, type, mode);
    ob::dereference(object);
    if (!opened) return opened.error();
    if (write_parameter(to, *opened)) return STATUS_SUCCESS;
    ob::close_handle(*opened, mode);
    return STATUS_ACCESS_VIOLATION;
}

} // namespace nt::exports
