// The parser of SDDL behind the library (sddl.cpp).
#pragma once

// STATUS_BUFFER_TOO_SMALL with the size; STATUS_INVALID_PARAMETER, STATUS_INVALID_ACL, STATUS_INVALID_SID.
NTSTATUS WdmlibSddlToDescriptor(const WCHAR* text, ULONG count, void* descriptor, ULONG* size);
