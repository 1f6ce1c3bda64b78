// Extra create parameters: what a driver tells the drivers below (or above) about one open beside the
// documented parameters. A list travels with the IRP_MJ_CREATE; its entries are told apart by GUID.
// ifs pages introduction-to-extra-create-parameters and those linked there; ntifs pages nf-ntifs-fsrtl*ecp*.
//
// Both structures are opaque to drivers; they get the address behind an entry's header. A list that a driver
// gives to IoCreateFileEx comes back as it was: what others have put into it during the open is released when
// that ends, as is a list that one of them attached.
#pragma once
#include "abi/irp.h"
#include "abi/mm.h"

namespace nt::io {

// assumed: the layouts, which nobody but these functions looks into.
struct EcpList {
    ULONG signature;
    ULONG flags;
    LIST_ENTRY entries;
};
struct EcpHeader {
    ULONG signature;
    ULONG flags;
    LIST_ENTRY link; // empty: in no list
    GUID type;
    PVOID cleanup; // PFSRTL_EXTRA_CREATE_PARAMETER_CLEANUP_CALLBACK
    GENERAL_LOOKASIDE* lookaside;
    ULONG size; // with the header
    ULONG unused;
};
static_assert(sizeof(EcpHeader) % 16 == 0); // what follows is aligned like a pool block

inline constexpr ULONG ecp_charge_quota = 1, ecp_nonpaged = 2; // FSRTL_ALLOCATE_ECP_FLAG_…

struct NewEcp {
    const GUID* type;
    ULONG size;
    ULONG flags;
    PVOID cleanup;
    ULONG tag;
    GENERAL_LOOKASIDE* lookaside = nullptr;
};
// Null: no memory.
EcpList* allocate_ecp_list(bool quota, ULONG_PTR caller);
PVOID allocate_ecp(const NewEcp& what, ULONG_PTR caller);
void free_ecp_list(EcpList* list); // with its entries
void free_ecp(PVOID context);
void initialize_ecp_lookaside(GENERAL_LOOKASIDE* list, ULONG flags, SIZE_T size, ULONG tag);
void delete_ecp_lookaside(GENERAL_LOOKASIDE* list);

EcpHeader& header_of_ecp(PVOID context); // a bad one is bug check 0x10C
PVOID find_ecp(EcpList* list, const GUID& type);
PVOID next_ecp(EcpList* list, PVOID context);  // null: the first; gives null at the end
bool insert_ecp(EcpList* list, PVOID context); // false: there is one of the type
PVOID remove_ecp(EcpList* list, const GUID& type);
void acknowledge_ecp(PVOID context, bool acknowledged);
bool is_ecp_acknowledged(PVOID context);

// STATUS_INVALID_PARAMETER: no IRP_MJ_CREATE.
NTSTATUS get_ecp_list(IRP* irp, EcpList** list); // null: it has none
// STATUS_INVALID_PARAMETER_2; STATUS_INVALID_PARAMETER_3: it has one.
NTSTATUS set_ecp_list(IRP* irp, EcpList* list);

namespace detail {

// Around an open whose caller gave a list, or null.
void begin_ecps(EcpList* given);
void end_ecps(EcpList* given, EcpList* attached);

} // namespace detail

} // namespace nt::io
