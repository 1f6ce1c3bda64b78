#include "kernel/ob/directory.h"
#include "abi/status.h"
#include "host/machine_heap.h"
#include "kernel/ob/detail/bootstrap.h"
#include "kernel/pool/pool.h"
#include "rtl/strings.h"

namespace nt::ob {

OBJECT_DIRECTORY* root_directory;
OBJECT_DIRECTORY* global_dos_devices;

namespace {

constexpr ULONG entry_tag = pool::tag("ObDi");
constexpr ULONG index_from = 2 * hash_buckets; // entries from which on an index pays

ULONG hash_of(const UNICODE_STRING& name) { return rtl::hash_x65599(name, true); }

OBJECT_DIRECTORY_ENTRY* find_entry(OBJECT_DIRECTORY* directory, const UNICODE_STRING& name, ULONG hash,
                                   bool ignore_case) {
    const bool indexed = directory->IndexSize != 0;
    OBJECT_DIRECTORY_ENTRY* e = indexed ? directory->Index[hash & (directory->IndexSize - 1)]
                                        : directory->HashBuckets[hash % hash_buckets];
    for (; e; e = indexed ? e->IndexLink : e->ChainLink)
        if (e->HashValue == hash && rtl::equal(name_info(e->Object)->Name, name, ignore_case)) return e;
    return nullptr;
}

void index_insert(OBJECT_DIRECTORY* directory, OBJECT_DIRECTORY_ENTRY* entry) {
    OBJECT_DIRECTORY_ENTRY*& head = directory->Index[entry->HashValue & (directory->IndexSize - 1)];
    entry->IndexLink = head;
    head = entry;
}

void rebuild_index(OBJECT_DIRECTORY* directory, ULONG size) {
    if (directory->Index) host::heap_release(directory->Index, directory->IndexSize * sizeof(void*));
    directory->Index = static_cast<OBJECT_DIRECTORY_ENTRY**>(host::heap_allocate(size * sizeof(void*)));
    directory->IndexSize = size;
    for (OBJECT_DIRECTORY_ENTRY* bucket : directory->HashBuckets)
        for (OBJECT_DIRECTORY_ENTRY* e = bucket; e; e = e->ChainLink)
            index_insert(directory, e);
}

// The list of private namespaces, while there are any: they keep it.
OBJECT_DIRECTORY* private_namespaces;

void remove_directory(PVOID object) {
    auto* directory = static_cast<OBJECT_DIRECTORY*>(object);
    if (directory == private_namespaces) private_namespaces = nullptr;
    if (directory->Index) host::heap_release(directory->Index, directory->IndexSize * sizeof(void*));
}

} // namespace

NTSTATUS insert_into(OBJECT_DIRECTORY* directory, PVOID object, bool ignore_case) {
    OBJECT_HEADER_NAME_INFO* name = name_info(object);
    if (!name || name->Name.Length == 0) return STATUS_OBJECT_NAME_INVALID;
    const ULONG hash = hash_of(name->Name);
    if (find_entry(directory, name->Name, hash, ignore_case)) return STATUS_OBJECT_NAME_COLLISION;
    auto* entry = static_cast<OBJECT_DIRECTORY_ENTRY*>(
        pool::allocate(pool::Kind::paged, sizeof(OBJECT_DIRECTORY_ENTRY), entry_tag));
    if (!entry) return STATUS_INSUFFICIENT_RESOURCES;
    OBJECT_DIRECTORY_ENTRY*& bucket = directory->HashBuckets[hash % hash_buckets];
    *entry = {bucket, object, hash, nullptr, nullptr};
    if (bucket) bucket->Newer = entry;
    bucket = entry;
    ++directory->Count;
    directory->Cursor = nullptr;
    if (directory->IndexSize) index_insert(directory, entry);
    if (directory->Count > (directory->IndexSize ? directory->IndexSize : index_from))
        rebuild_index(directory, directory->IndexSize ? directory->IndexSize * 2 : 128);
    name->Directory = directory;
    reference(object);
    if (directory != root_directory) reference(directory); // a directory with something in it stays
    return STATUS_SUCCESS;
}

PVOID find_in(OBJECT_DIRECTORY* directory, const UNICODE_STRING& name, bool ignore_case) {
    const OBJECT_DIRECTORY_ENTRY* entry = find_entry(directory, name, hash_of(name), ignore_case);
    return entry ? entry->Object : nullptr;
}

void remove_from_directory(PVOID object) {
    OBJECT_HEADER_NAME_INFO* name = name_info(object);
    if (!name || !name->Directory) return;
    OBJECT_DIRECTORY* directory = name->Directory;
    const ULONG hash = hash_of(name->Name);
    const bool indexed = directory->IndexSize != 0;
    OBJECT_DIRECTORY_ENTRY* entry = indexed ? directory->Index[hash & (directory->IndexSize - 1)]
                                            : directory->HashBuckets[hash % hash_buckets];
    while (entry->Object != object)
        entry = indexed ? entry->IndexLink : entry->ChainLink;
    if (indexed) {
        OBJECT_DIRECTORY_ENTRY** link = &directory->Index[hash & (directory->IndexSize - 1)];
        while (*link != entry)
            link = &(*link)->IndexLink;
        *link = entry->IndexLink;
    }
    (entry->Newer ? entry->Newer->ChainLink : directory->HashBuckets[hash % hash_buckets]) = entry->ChainLink;
    if (entry->ChainLink) entry->ChainLink->Newer = entry->Newer;
    --directory->Count;
    directory->Cursor = nullptr;
    name->Directory = nullptr;
    pool::release(entry, entry_tag);
    removed_from_namespace(object);
    if (directory != root_directory) dereference(directory);
    if (header_of(object)->PointerCount > 0) dereference(object); // not while it is being deleted
}

void for_each_entry(OBJECT_DIRECTORY* directory, void (*visit)(void* context, ULONG bucket, PVOID object),
                    void* context) {
    for (ULONG bucket = 0; bucket < hash_buckets; ++bucket)
        for (OBJECT_DIRECTORY_ENTRY* e = directory->HashBuckets[bucket]; e;) {
            OBJECT_DIRECTORY_ENTRY* next = e->ChainLink;
            visit(context, bucket, e->Object);
            e = next;
        }
}

PVOID nth_entry(OBJECT_DIRECTORY* directory, ULONG number) {
    if (number >= directory->Count) return nullptr;
    OBJECT_DIRECTORY_ENTRY* e = directory->Cursor;
    ULONG at = directory->CursorNumber, bucket = directory->CursorBucket;
    if (!e || at > number) {
        bucket = at = 0;
        e = directory->HashBuckets[0];
    }
    for (;; e = e->ChainLink, ++at) {
        while (!e)
            e = directory->HashBuckets[++bucket];
        if (at == number) break;
    }
    directory->Cursor = e;
    directory->CursorNumber = at;
    directory->CursorBucket = bucket;
    return e->Object;
}

ULONG entry_count(const OBJECT_DIRECTORY* directory) { return directory->Count; }

NTSTATUS insert_private(PVOID directory) {
    if (!private_namespaces)
        private_namespaces = static_cast<OBJECT_DIRECTORY*>(
            TRY_STATUS(create_object({.type = directory_type, .body_size = sizeof(OBJECT_DIRECTORY)})));
    else
        reference(private_namespaces);
    OBJECT_DIRECTORY* list = private_namespaces;
    const NTSTATUS status = insert_into(list, directory);
    dereference(list);
    return status;
}

PVOID find_private(std::u16string_view name) {
    const auto bytes = static_cast<USHORT>(name.size() * sizeof(WCHAR));
    return private_namespaces
               ? find_in(private_namespaces, {bytes, bytes, const_cast<WCHAR*>(name.data())}, true)
               : nullptr;
}

bool is_private(const void* object) {
    return private_namespaces && directory_of(object) == private_namespaces;
}

void detail::create_directory_type() {
    private_namespaces = nullptr;
    const GENERIC_MAPPING mapping{
        STANDARD_RIGHTS_READ | DIRECTORY_QUERY | DIRECTORY_TRAVERSE,
        STANDARD_RIGHTS_WRITE | DIRECTORY_CREATE_OBJECT | DIRECTORY_CREATE_SUBDIRECTORY,
        STANDARD_RIGHTS_EXECUTE | DIRECTORY_QUERY | DIRECTORY_TRAVERSE, DIRECTORY_ALL_ACCESS};
    directory_type = *create_type({.name = u"Directory",
                                   .tag = pool::tag("Dire"),
                                   .mapping = mapping,
                                   .valid_access = DIRECTORY_ALL_ACCESS,
                                   .security_required = true},
                                  {.remove = remove_directory});
}

Result<OBJECT_DIRECTORY*> detail::new_directory(std::u16string_view name, ULONG attributes) {
    const Result<PVOID> body = create_object({.type = directory_type,
                                              .body_size = sizeof(OBJECT_DIRECTORY),
                                              .name = name,
                                              .attributes = attributes & OBJ_PERMANENT});
    if (!body) return fail(body.error());
    return static_cast<OBJECT_DIRECTORY*>(*body);
}

Result<OBJECT_DIRECTORY*> create_directory(std::u16string_view path, ULONG attributes) {
    const auto split = path.rfind(u'\\');
    const Result<OBJECT_DIRECTORY*> directory = detail::new_directory(path.substr(split + 1), attributes);
    if (!directory) return directory;
    Attributes where;
    where.set(path, attributes);
    if (const NTSTATUS status = insert(*directory, where, KernelMode, 0, nullptr); !NT_SUCCESS(status))
        return fail(status);
    return directory;
}

} // namespace nt::ob
