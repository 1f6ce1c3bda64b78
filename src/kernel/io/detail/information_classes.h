// What the services that query and set information know about each class: the least length, the right of the
// handle, and who answers.
#pragma once
#include "abi/file.h"

namespace nt::io::detail {

struct Request;

struct ClassFacts {
    ULONG length = 0;       // 0: not a class of this operation
    ACCESS_MASK access = 0; // one of these rights is needed; 0: none
    ULONG alignment = 4;
    bool kernel_only = false;
    bool checks_kernel = false; // the access of kernel-mode callers as well
};
ClassFacts query_facts(ULONG information_class);
ClassFacts set_facts(ULONG information_class);
ClassFacts query_volume_facts(ULONG information_class);
ClassFacts set_volume_facts(ULONG information_class);
// Of directory entries: the structure without a name.
ULONG directory_entry_length(ULONG information_class);

// IoCheckQuerySetFileInformation and IoCheckQuerySetVolumeInformation. STATUS_INVALID_INFO_CLASS,
// STATUS_INFO_LENGTH_MISMATCH.
NTSTATUS check_length(const ClassFacts& facts, ULONG length);
// Whether the length is right and the handle may. Probes the buffer.
NTSTATUS check_query(const Request& request, const ClassFacts& facts, PVOID buffer, ULONG length);
NTSTATUS check_set(const Request& request, const ClassFacts& facts, PVOID buffer, ULONG length);

} // namespace nt::io::detail
