// NtQuerySystemInformation about processes and handles: SystemProcessInformation (the page
// nf-winternl-ntqueryinformation names what it documents; the rest of the structure is known from its use),
// SystemHandleInformation, SystemExtendedHandleInformation.
#pragma once
#include "abi/types.h"

namespace nt::exports {

NTSTATUS query_processes(PVOID information, ULONG length, ULONG* needed);
NTSTATUS query_handles(PVOID information, ULONG length, ULONG* needed);
NTSTATUS query_handles_extended(PVOID information, ULONG length, ULONG* needed);

} // namespace nt::exports
