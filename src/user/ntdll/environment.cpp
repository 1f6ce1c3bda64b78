// The environment block: NAME=VALUE strings, each terminated, ended by an empty one. Names compare without
// case and may begin with '=' ("=C:" current directories). The process's block is on its heap from the first
// change on.
#include "internal.h"
#include "rtl/strings.h"

namespace nt {

namespace {

struct Text {
    const WCHAR* characters;
    SIZE_T count;
};

WCHAR*& current() { return NtCurrentPeb()->ProcessParameters->Environment; }

SIZE_T block_length(const WCHAR* block) { // in characters, with the final terminator
    const WCHAR* p = block;
    while (*p)
        p += wcslen(p) + 1;
    return static_cast<SIZE_T>(p - block) + 1;
}

SIZE_T name_length(const WCHAR* entry) {
    const WCHAR* p = entry;
    if (*p == '=') p++;
    while (*p && *p != '=')
        p++;
    return static_cast<SIZE_T>(p - entry);
}

LONG compare(const WCHAR* entry, SIZE_T entry_name, Text name) {
    return rtl::compare(entry, entry_name, name.characters, name.count, true);
}

WCHAR* find(WCHAR* block, Text name) {
    for (WCHAR* p = block; p && *p; p += wcslen(p) + 1)
        if (compare(p, name_length(p), name) == 0) return p;
    return nullptr;
}

// The value of a name, or null.
const WCHAR* value_of(WCHAR* block, Text name) {
    WCHAR* entry = find(block, name);
    if (!entry) return nullptr;
    const SIZE_T n = name_length(entry);
    return entry[n] == '=' ? entry + n + 1 : nullptr;
}

bool is_name(Text name) {
    if (!name.count) return false;
    for (SIZE_T i = 1; i < name.count; i++)
        if (name.characters[i] == '=') return false;
    return true;
}

// A new block with the variable set (value.characters null: removed), kept in the order of names.
WCHAR* rebuild(const WCHAR* old, Text name, Text value) {
    const SIZE_T old_length = old ? block_length(old) : 1;
    auto* fresh = static_cast<WCHAR*>(allocate((old_length + name.count + value.count + 3) * sizeof(WCHAR)));
    if (!fresh) return nullptr;
    WCHAR* to = fresh;
    bool done = value.characters == nullptr;
    auto put = [&] {
        memcpy(to, name.characters, name.count * sizeof(WCHAR));
        to += name.count;
        *to++ = '=';
        memcpy(to, value.characters, value.count * sizeof(WCHAR));
        to += value.count;
        *to++ = 0;
        done = true;
    };
    for (const WCHAR* p = old; p && *p; p += wcslen(p) + 1) {
        const LONG order = compare(p, name_length(p), name);
        if (order > 0 && !done) put();
        if (order == 0) continue;
        const SIZE_T n = wcslen(p) + 1;
        memcpy(to, p, n * sizeof(WCHAR));
        to += n;
    }
    if (!done) put();
    *to = 0;
    return fresh;
}

void replace(WCHAR*& block, WCHAR* fresh) {
    WCHAR* old = block;
    block = fresh;
    // The first block of a process was made by the kernel and is no heap block.
    if (old && RtlValidateHeap(process_heap(), 0, old)) release(old);
}

NTSTATUS set(WCHAR** environment, Text name, Text value) {
    if (!is_name(name)) return STATUS_INVALID_PARAMETER;
    RtlAcquirePebLock();
    WCHAR*& block = environment ? *environment : current();
    NTSTATUS status = STATUS_SUCCESS;
    if (value.characters || find(block, name)) {
        WCHAR* fresh = rebuild(block, name, value);
        if (fresh) {
            replace(block, fresh);
            if (!environment) {
                RTL_USER_PROCESS_PARAMETERS* p = NtCurrentPeb()->ProcessParameters;
                p->EnvironmentSize = block_length(fresh) * sizeof(WCHAR);
                p->EnvironmentVersion++;
            }
        } else {
            status = STATUS_NO_MEMORY;
        }
    }
    RtlReleasePebLock();
    return status;
}

} // namespace

extern "C" {

NTSTATUS NTAPI RtlQueryEnvironmentVariable(WCHAR* environment, const WCHAR* name, SIZE_T name_length,
                                           WCHAR* value, SIZE_T value_length, SIZE_T* needed) {
    RtlAcquirePebLock();
    const WCHAR* found = value_of(environment ? environment : current(), {name, name_length});
    NTSTATUS status = STATUS_VARIABLE_NOT_FOUND;
    if (found) {
        const SIZE_T n = wcslen(found);
        if (n < value_length) {
            memcpy(value, found, (n + 1) * sizeof(WCHAR));
            *needed = n;
            status = STATUS_SUCCESS;
        } else {
            *needed = n + 1;
            status = STATUS_BUFFER_TOO_SMALL;
        }
    }
    RtlReleasePebLock();
    return status;
}

NTSTATUS NTAPI RtlQueryEnvironmentVariable_U(WCHAR* environment, UNICODE_STRING* name,
                                             UNICODE_STRING* value) {
    RtlAcquirePebLock();
    const WCHAR* found =
        value_of(environment ? environment : current(), {name->Buffer, name->Length / sizeof(WCHAR)});
    NTSTATUS status = STATUS_VARIABLE_NOT_FOUND;
    if (found) {
        const SIZE_T bytes = wcslen(found) * sizeof(WCHAR);
        value->Length = static_cast<USHORT>(bytes);
        status = STATUS_BUFFER_TOO_SMALL;
        if (bytes <= value->MaximumLength) {
            memcpy(value->Buffer, found, bytes);
            if (bytes + sizeof(WCHAR) <= value->MaximumLength) value->Buffer[bytes / sizeof(WCHAR)] = 0;
            status = STATUS_SUCCESS;
        }
    }
    RtlReleasePebLock();
    return status;
}

NTSTATUS NTAPI RtlSetEnvironmentVar(WCHAR** environment, const WCHAR* name, SIZE_T name_length,
                                    const WCHAR* value, SIZE_T value_length) {
    return set(environment, {name, name_length}, {value, value ? value_length : 0});
}

NTSTATUS NTAPI RtlSetEnvironmentVariable(WCHAR** environment, UNICODE_STRING* name, UNICODE_STRING* value) {
    return set(environment, {name->Buffer, name->Length / sizeof(WCHAR)},
               value ? Text{value->Buffer, value->Length / sizeof(WCHAR)} : Text{nullptr, 0});
}

// %NAME% of a known variable becomes its value; everything else stays as it is. Lengths in characters;
// `needed` with the terminator. STATUS_BUFFER_TOO_SMALL leaves the target alone beyond its length.
NTSTATUS NTAPI RtlExpandEnvironmentStrings(WCHAR* environment, const WCHAR* source, SIZE_T source_length,
                                           WCHAR* target, SIZE_T target_length, SIZE_T* needed) {
    SIZE_T n = 0;
    auto put = [&](const WCHAR* s, SIZE_T count) {
        for (SIZE_T i = 0; i < count; i++, n++)
            if (n < target_length) target[n] = s[i];
    };
    RtlAcquirePebLock();
    WCHAR* block = environment ? environment : current();
    for (SIZE_T i = 0; i < source_length;) {
        if (source[i] == '%') {
            SIZE_T end = i + 1;
            while (end < source_length && source[end] != '%')
                end++;
            const WCHAR* value =
                end < source_length && end > i + 1 ? value_of(block, {source + i + 1, end - i - 1}) : nullptr;
            if (value) {
                put(value, wcslen(value));
                i = end + 1;
                continue;
            }
        }
        put(source + i, 1);
        i++;
    }
    RtlReleasePebLock();
    if (n < target_length) target[n] = 0;
    if (needed) *needed = n + 1;
    return n < target_length ? STATUS_SUCCESS : STATUS_BUFFER_TOO_SMALL;
}

NTSTATUS NTAPI RtlExpandEnvironmentStrings_U(WCHAR* environment, UNICODE_STRING* source,
                                             UNICODE_STRING* target, ULONG* needed) {
    SIZE_T n = 0;
    const NTSTATUS status =
        RtlExpandEnvironmentStrings(environment, source->Buffer, source->Length / sizeof(WCHAR),
                                    target->Buffer, target->MaximumLength / sizeof(WCHAR), &n);
    if (needed) *needed = static_cast<ULONG>(n * sizeof(WCHAR));
    if (NT_SUCCESS(status)) target->Length = static_cast<USHORT>((n - 1) * sizeof(WCHAR));
    return status;
}

NTSTATUS NTAPI RtlCreateEnvironment(BOOLEAN clone, WCHAR** environment) {
    RtlAcquirePebLock();
    const SIZE_T bytes = clone ? block_length(current()) * sizeof(WCHAR) : 2 * sizeof(WCHAR);
    *environment = static_cast<WCHAR*>(allocate(bytes));
    if (*environment && clone) memcpy(*environment, current(), bytes);
    RtlReleasePebLock();
    return *environment ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

NTSTATUS NTAPI RtlDestroyEnvironment(WCHAR* environment) {
    release(environment);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlSetCurrentEnvironment(WCHAR* environment, WCHAR** previous) {
    RtlAcquirePebLock();
    WCHAR* old = current();
    if (previous) {
        *previous = old;
        current() = environment;
    } else {
        replace(current(), environment);
    }
    RtlReleasePebLock();
    return STATUS_SUCCESS;
}

} // extern "C"
} // namespace nt
