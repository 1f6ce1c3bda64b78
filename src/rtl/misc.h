// Small things of the run-time library: memory comparison, checksums, random numbers, GUIDs.
#pragma once
#include "abi/types.h"

namespace nt {
struct GUID;
struct UNICODE_STRING;
} // namespace nt

namespace nt::rtl {

// Number of bytes that match before the first difference.
SIZE_T compare_memory(const void* a, const void* b, SIZE_T length);
// Bytes up to the first ULONG that is not `pattern`; 0 for an unaligned source.
SIZE_T compare_memory_ulong(const void* source, SIZE_T length, ULONG pattern);
// CRC-32 (IEEE 802.3, reflected), continuing from `initial`.
ULONG crc32(const void* data, SIZE_T length, ULONG initial);
ULONGLONG crc64(const void* data, SIZE_T length, ULONGLONG initial);
// The generators behind RtlUniform, RtlRandom and RtlRandomEx: 0 … MAXLONG-1, and *seed moves on.
// Deterministic in the seed.
ULONG uniform(ULONG* seed);
ULONG random(ULONG* seed);
ULONG random_ex(ULONG* seed);

inline constexpr ULONG guid_characters = 38; // "{xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}"
void guid_to_string(const GUID& guid, WCHAR (&text)[guid_characters]); // lower-case digits
NTSTATUS guid_from_string(const UNICODE_STRING& text, GUID& guid);

} // namespace nt::rtl
