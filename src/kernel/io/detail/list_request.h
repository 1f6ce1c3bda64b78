// Requests that give a driver a list: the extended attributes or quotas to set, or the names to query.
#pragma once
#include "kernel/io/detail/lists.h"

namespace nt::io::detail {

struct SetList {
    UCHAR major; // IRP_MJ_SET_EA, IRP_MJ_SET_QUOTA
    ACCESS_MASK access;
    NTSTATUS inconsistent; // of a bad list
    NTSTATUS (*check)(const void* list, ULONG length, ULONG* offset);
};
// NtSetEaFile, NtSetQuotaInformationFile: checks what is sent; of buffers that a driver reads in place a
// copy. Those may change behind the check, so it has to look again.
NTSTATUS set_list(const Caller& caller, const SetList& what, const void* buffer, ULONG length);

// Ends a request whose list is bad, with the place of the first bad entry in the status block.
NTSTATUS refuse_list(Request& request, NTSTATUS status, ULONG offset);

} // namespace nt::io::detail
