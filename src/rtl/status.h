// Names, texts and translations of status values, Win32 errors and bug checks. Tables: src/abi/*.txt.
// Freestanding: callable at any IRQL, never allocates, never fails. All strings are constants.
#pragma once
#include "abi/types.h"

namespace nt::rtl {

// RtlNtStatusToDosError. What is in no table gives ERROR_MR_MID_NOT_FOUND (317); codes with the customer bit
// pass through; 0xC001xxxx and 0x8007xxxx carry a Win32 error in their low word. Alone in status_to_dos.cpp,
// so that ntdll need not carry the names.
ULONG status_to_dos_error(NTSTATUS status);

// "STATUS_SUCCESS"; null when the value has no name. Of several names of one value, the usual one.
const char* status_name(NTSTATUS status);
// One sentence; null when the value has no name.
const char* status_text(NTSTATUS status);
// Finds a value by its exact name (any of its names); false when there is none.
bool find_status(const char* name, NTSTATUS* status);

// "ERROR_FILE_NOT_FOUND"; null when the code has no name.
const char* win32_error_name(ULONG code);
// The message FormatMessage gives for it; null when the code has no name.
const char* win32_error_text(ULONG code);

// "IRQL_NOT_LESS_OR_EQUAL"; null when the code has no name.
const char* bugcheck_name(ULONG code);
// What parameter 1 … 4 means; "" when that is not known.
const char* bugcheck_parameter(ULONG code, unsigned parameter);

} // namespace nt::rtl
