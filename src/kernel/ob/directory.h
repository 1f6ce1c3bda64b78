// The body of a directory object and its entries. 37 buckets in display order, and above a few dozen entries
// an index (open hash, doubled as it fills) over the same entries.
#pragma once
#include "kernel/ob/namespace.h"

namespace nt {

struct OBJECT_DIRECTORY_ENTRY {
    OBJECT_DIRECTORY_ENTRY* ChainLink; // next in the bucket, older
    PVOID Object;
    ULONG HashValue;
    OBJECT_DIRECTORY_ENTRY* Newer; // previous in the bucket
    OBJECT_DIRECTORY_ENTRY* IndexLink;
};

struct OBJECT_DIRECTORY {
    OBJECT_DIRECTORY_ENTRY* HashBuckets[ob::hash_buckets];
    DEVICE_MAP* DeviceMap;             // of a local directory of DOS devices
    OBJECT_DIRECTORY* ShadowDirectory; // where what it lacks is looked for; null: nowhere
    ULONG Count;
    ULONG IndexSize; // a power of two, 0: no index
    OBJECT_DIRECTORY_ENTRY** Index;
    // Where the last enumeration stood, while nothing is added or removed: the entry of this number.
    OBJECT_DIRECTORY_ENTRY* Cursor;
    ULONG CursorNumber;
    ULONG CursorBucket;
    BOOLEAN IsGlobal; // names of all sessions
};

namespace ob {

// Private namespaces are directories in a list that has no name. STATUS_OBJECT_NAME_COLLISION.
NTSTATUS insert_private(PVOID directory);
PVOID find_private(std::u16string_view name); // not referenced; null
bool is_private(const void* object);

} // namespace ob

} // namespace nt
