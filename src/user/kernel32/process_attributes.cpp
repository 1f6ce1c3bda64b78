// PROC_THREAD_ATTRIBUTE_LIST: nf-processthreadsapi-initializeprocthreadattributelist,
// -updateprocthreadattribute, -deleteprocthreadattributelist.
#include "process_start.h"

namespace nt {
using namespace k32;

namespace {

constexpr DWORD ERROR_OBJECT_NAME_EXISTS = 698, ERROR_GEN_FAILURE = 31;
constexpr SIZE_T head_size = offsetof(AttributeList, entries);
static_assert(head_size == 24 && sizeof(AttributeList::Entry) == 24);

// Attributes that Windows has and that do nothing here: using one stops the machine with its name.
struct Missing {
    ULONG_PTR attribute;
    const char* name;
};
constexpr Missing missing[] = {
    {0x30003, "UpdateProcThreadAttribute (PROC_THREAD_ATTRIBUTE_GROUP_AFFINITY)"},
    {0x20004, "UpdateProcThreadAttribute (PROC_THREAD_ATTRIBUTE_PREFERRED_NODE)"},
    {0x30005, "UpdateProcThreadAttribute (PROC_THREAD_ATTRIBUTE_IDEAL_PROCESSOR)"},
    {0x30006, "UpdateProcThreadAttribute (PROC_THREAD_ATTRIBUTE_UMS_THREAD)"},
    {0x20007, "UpdateProcThreadAttribute (PROC_THREAD_ATTRIBUTE_MITIGATION_POLICY)"},
    {0x20009, "UpdateProcThreadAttribute (PROC_THREAD_ATTRIBUTE_SECURITY_CAPABILITIES)"},
    {0x2000b, "UpdateProcThreadAttribute (PROC_THREAD_ATTRIBUTE_PROTECTION_LEVEL)"},
    {0x2000d, "UpdateProcThreadAttribute (PROC_THREAD_ATTRIBUTE_JOB_LIST)"},
    {0x2000e, "UpdateProcThreadAttribute (PROC_THREAD_ATTRIBUTE_CHILD_PROCESS_POLICY)"},
    {0x2000f, "UpdateProcThreadAttribute (PROC_THREAD_ATTRIBUTE_ALL_APPLICATION_PACKAGES_POLICY)"},
    {0x20010, "UpdateProcThreadAttribute (PROC_THREAD_ATTRIBUTE_WIN32K_FILTER)"},
    {0x20012, "UpdateProcThreadAttribute (PROC_THREAD_ATTRIBUTE_DESKTOP_APP_POLICY)"},
    {0x20016, "UpdateProcThreadAttribute (PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE)"},
};

} // namespace

extern "C" {

BOOL InitializeProcThreadAttributeList(AttributeList* list, DWORD count, DWORD flags, SIZE_T* size) {
    if (flags || !size) return fail_with(ERROR_INVALID_PARAMETER);
    const SIZE_T needed = head_size + count * sizeof(AttributeList::Entry), given = *size;
    *size = needed;
    if (!list || given < needed) return fail_with(ERROR_INSUFFICIENT_BUFFER);
    *list = {};
    list->Room = count;
    return TRUE;
}

// The value is only pointed to: it must last as long as the list.
BOOL UpdateProcThreadAttribute(AttributeList* list, DWORD flags, ULONG_PTR attribute, PVOID value,
                               SIZE_T size, PVOID previous, SIZE_T* returned) {
    if (flags || previous || returned) return fail_with(ERROR_INVALID_PARAMETER);
    for (const Missing& m : missing)
        if (m.attribute == attribute) stop(m.name);
    if (attribute == PROC_THREAD_ATTRIBUTE_PARENT_PROCESS) {
        if (size != sizeof(HANDLE)) return fail_with(ERROR_BAD_LENGTH);
    } else if (attribute == PROC_THREAD_ATTRIBUTE_HANDLE_LIST) {
        if (!size || size % sizeof(HANDLE)) return fail_with(ERROR_BAD_LENGTH);
    } else {
        return fail_with(ERROR_NOT_SUPPORTED);
    }
    if (list->find(attribute)) return fail_with(ERROR_OBJECT_NAME_EXISTS);
    if (list->Count == list->Room) return fail_with(ERROR_GEN_FAILURE);
    list->entries[list->Count++] = {attribute, size, value};
    return TRUE;
}

void DeleteProcThreadAttributeList(AttributeList* list) { list->Count = list->Room = 0; }

} // extern "C"
} // namespace nt
