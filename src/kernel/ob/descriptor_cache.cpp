// Descriptors of objects. Most objects of a machine have one of a few, so equal ones are kept once and
// counted.
#include "abi/status.h"
#include "kernel/ob/detail/bootstrap.h"
#include "kernel/ob/object.h"
#include "kernel/pool/pool.h"
#include <cstring>

namespace nt::ob {

namespace {

struct Shared { // in paged pool, the descriptor behind it
    Shared* next;
    ULONG references;
    ULONG hash;
    ULONG length;
    ULONG reserved;
    ULONGLONG align;
};
static_assert(sizeof(Shared) % 16 == 0);

constexpr ULONG bucket_count = 1024;
Shared* buckets[bucket_count];

ULONG hash_of(const void* bytes, ULONG length) { // FNV-1a
    const auto* p = static_cast<const UCHAR*>(bytes);
    ULONG h = 2166136261u;
    for (ULONG i = 0; i < length; ++i)
        h = (h ^ p[i]) * 16777619u;
    return h;
}

Shared* of(const void* descriptor) {
    return reinterpret_cast<Shared*>(reinterpret_cast<ULONG_PTR>(descriptor) - sizeof(Shared));
}

} // namespace

PVOID share_descriptor(const void* self_relative, ULONG length) {
    const ULONG hash = hash_of(self_relative, length);
    Shared*& bucket = buckets[hash % bucket_count];
    for (Shared* s = bucket; s; s = s->next)
        if (s->hash == hash && s->length == length && std::memcmp(s + 1, self_relative, length) == 0) {
            ++s->references;
            return s + 1;
        }
    auto* s =
        static_cast<Shared*>(pool::allocate(pool::Kind::paged, sizeof(Shared) + length, descriptor_tag));
    if (!s) return nullptr;
    *s = {bucket, 1, hash, length, 0, 0};
    std::memcpy(s + 1, self_relative, length);
    bucket = s;
    return s + 1;
}

void reference_descriptor(const void* descriptor) { ++of(descriptor)->references; }

void dereference_descriptor(const void* descriptor) {
    Shared* gone = of(descriptor);
    if (--gone->references) return;
    Shared** link = &buckets[gone->hash % bucket_count];
    while (*link != gone)
        link = &(*link)->next;
    *link = gone->next;
    pool::release(gone, descriptor_tag);
}

void share_security(PVOID body, PVOID shared) {
    PVOID& slot = header_of(body)->SecurityDescriptor;
    if (shared) reference_descriptor(shared);
    if (slot) dereference_descriptor(slot);
    slot = shared;
}

NTSTATUS set_security(PVOID body, const void* self_relative, ULONG length) {
    PVOID shared = share_descriptor(self_relative, length);
    if (!shared) return STATUS_INSUFFICIENT_RESOURCES;
    PVOID& slot = header_of(body)->SecurityDescriptor;
    if (slot) dereference_descriptor(slot);
    slot = shared;
    return STATUS_SUCCESS;
}

void detail::forget_descriptors() {
    for (Shared*& bucket : buckets)
        bucket = nullptr;
}

} // namespace nt::ob
