// The Ldr exports.
#include "loader.h"

namespace nt {

using namespace loader;

namespace {

UNICODE_STRING dll_directory; // LdrSetDllDirectory

struct Notification {
    LIST_ENTRY link;
    void NTAPI (*callback)(ULONG, const LDR_DLL_NOTIFICATION_DATA*, PVOID);
    PVOID context;
};
LIST_ENTRY notifications{&notifications, &notifications};

NTSTATUS base_name(BaseName& name, const UNICODE_STRING* from) {
    return name.set(from->Buffer, from->Length / sizeof(WCHAR)) ? STATUS_SUCCESS : STATUS_NAME_TOO_LONG;
}

// A name with a directory finds a module only where that directory is the module's.
bool has_directory(const UNICODE_STRING& name) {
    for (ULONG i = 0; i < name.Length / sizeof(WCHAR); i++)
        if (name.Buffer[i] == '\\' || name.Buffer[i] == '/') return true;
    return false;
}

bool lies_there(const UNICODE_STRING& asked, const Module& module) {
    if (!has_directory(asked)) return true;
    WCHAR wanted[520], text[520];
    if (asked.Length >= sizeof text) return false;
    memcpy(text, asked.Buffer, asked.Length);
    text[asked.Length / 2] = 0;
    const ULONG n = RtlGetFullPathName_U(text, sizeof wanted, wanted, nullptr);
    if (!n || n >= sizeof wanted) return false;
    UNICODE_STRING a{static_cast<USHORT>(n), static_cast<USHORT>(n), wanted}, b = module.FullDllName;
    auto cut = [](UNICODE_STRING& s) {
        while (s.Length && s.Buffer[s.Length / 2 - 1] != '\\')
            s.Length = static_cast<USHORT>(s.Length - 2);
    };
    cut(a);
    cut(b);
    return RtlEqualUnicodeString(&a, &b, 1);
}

} // namespace

void loader::notify(ULONG reason, Module& module) {
    LDR_DLL_NOTIFICATION_DATA data{0, &module.FullDllName, &module.BaseDllName, module.DllBase,
                                   module.SizeOfImage};
    for (LIST_ENTRY* e = notifications.Flink; e != &notifications; e = e->Flink) {
        Notification* n = container(e, &Notification::link);
        n->callback(reason, &data, n->context);
    }
}

extern "C" {

NTSTATUS NTAPI LdrLoadDll(WCHAR*, ULONG*, UNICODE_STRING* dll, PVOID* base) {
    *base = nullptr;
    BaseName name;
    NTSTATUS status = base_name(name, dll);
    if (!NT_SUCCESS(status)) return status;
    Guard guard(loader_lock);
    Module* module = nullptr;
    status = load(name, nullptr, module);
    if (!NT_SUCCESS(status)) return status;
    if (!lies_there(*dll, *module)) {
        drop_reference(*module);
        return STATUS_DLL_NOT_FOUND;
    }
    status = attach(*module, nullptr);
    if (!NT_SUCCESS(status)) {
        drop_reference(*module);
        return status;
    }
    *base = module->DllBase;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI LdrUnloadDll(PVOID base) {
    if (lists.ShutdownInProgress) return STATUS_SUCCESS;
    Guard guard(loader_lock);
    Module* module = find_by_base(base);
    if (!module) return STATUS_DLL_NOT_FOUND;
    drop_reference(*module);
    return STATUS_SUCCESS;
}

// flags: 1 leave the count, 2 pin.
NTSTATUS NTAPI LdrGetDllHandleEx(ULONG flags, WCHAR*, ULONG*, UNICODE_STRING* dll, PVOID* base) {
    BaseName name;
    const NTSTATUS status = base_name(name, dll);
    if (!NT_SUCCESS(status)) return status;
    Guard guard(loader_lock);
    Module* module = find_by_name(name.string);
    if (!module || !lies_there(*dll, *module)) {
        if (base) *base = nullptr;
        return STATUS_DLL_NOT_FOUND;
    }
    if (flags & 2)
        module->references = pinned;
    else if (!(flags & 1))
        add_reference(*module);
    if (base) *base = module->DllBase;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI LdrGetDllHandle(WCHAR* path, ULONG* characteristics, UNICODE_STRING* dll, PVOID* base) {
    return LdrGetDllHandleEx(1, path, characteristics, dll, base);
}

NTSTATUS NTAPI LdrGetProcedureAddressForCaller(PVOID base, ANSI_STRING* name, ULONG ordinal, PVOID* address,
                                               BOOLEAN, PVOID) {
    Guard guard(loader_lock);
    Module* module = find_by_base(base);
    if (!module) return STATUS_DLL_NOT_FOUND;
    NTSTATUS status;
    PVOID found;
    if (name) {
        CHAR text[512];
        if (name->Length >= sizeof text) return STATUS_ENTRYPOINT_NOT_FOUND;
        memcpy(text, name->Buffer, name->Length);
        text[name->Length] = 0;
        found = find_export(*module, text, 0xffff, status);
    } else {
        found = find_export(*module, ordinal, status);
    }
    if (!found) return status;
    Module* owner = find_by_address(found); // a forwarder may have loaded its DLL just now
    if (owner && !owner->attached && owner != program) status = attach(*owner, nullptr);
    if (!NT_SUCCESS(status)) return status;
    *address = found;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI LdrGetProcedureAddress(PVOID base, ANSI_STRING* name, ULONG ordinal, PVOID* address) {
    return LdrGetProcedureAddressForCaller(base, name, ordinal, address, 0, nullptr);
}

NTSTATUS NTAPI LdrAddRefDll(ULONG flags, PVOID base) {
    Guard guard(loader_lock);
    Module* module = find_by_base(base);
    if (!module) return STATUS_INVALID_PARAMETER;
    if (flags & 1)
        module->references = pinned;
    else
        add_reference(*module);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI LdrFindEntryForAddress(PVOID address, LDR_DATA_TABLE_ENTRY** entry) {
    Module* module = find_by_address(address);
    *entry = module;
    return module ? STATUS_SUCCESS : STATUS_NO_MORE_ENTRIES;
}

NTSTATUS NTAPI LdrEnumerateLoadedModules(ULONG,
                                         void NTAPI (*callback)(LDR_DATA_TABLE_ENTRY*, PVOID, BOOLEAN*),
                                         PVOID context) {
    Guard guard(loader_lock);
    BOOLEAN stop = FALSE;
    LIST_ENTRY& head = first_in_load_order();
    for (LIST_ENTRY* e = head.Flink; e != &head && !stop; e = e->Flink)
        callback(module_of(e), context, &stop);
    return STATUS_SUCCESS;
}

// flags: 1 raise on errors, 2 try only. disposition: 1 taken, 2 not.
NTSTATUS NTAPI LdrLockLoaderLock(ULONG flags, ULONG* disposition, ULONG_PTR* cookie) {
    if (disposition) *disposition = 0;
    if (!cookie || (flags & 2 && !disposition) || flags & ~3u) return STATUS_INVALID_PARAMETER_3;
    if (flags & 2) {
        const bool taken = RtlTryEnterCriticalSection(&loader_lock);
        *disposition = taken ? 1 : 2;
        *cookie = taken ? reinterpret_cast<ULONG_PTR>(NtCurrentTeb()->ClientId.UniqueThread) : 0;
        return STATUS_SUCCESS;
    }
    RtlEnterCriticalSection(&loader_lock);
    if (disposition) *disposition = 1;
    *cookie = reinterpret_cast<ULONG_PTR>(NtCurrentTeb()->ClientId.UniqueThread);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI LdrUnlockLoaderLock(ULONG, ULONG_PTR cookie) {
    if (!cookie) return STATUS_SUCCESS;
    if (cookie != reinterpret_cast<ULONG_PTR>(NtCurrentTeb()->ClientId.UniqueThread))
        return STATUS_INVALID_PARAMETER_2;
    RtlLeaveCriticalSection(&loader_lock);
    return STATUS_SUCCESS;
}

// STATUS_BUFFER_TOO_SMALL when cut; the result is terminated if there is room.
NTSTATUS NTAPI LdrGetDllFullName(PVOID base, UNICODE_STRING* name) {
    Guard guard(loader_lock);
    Module* module = base ? find_by_base(base) : program;
    if (!module) return STATUS_DLL_NOT_FOUND;
    RtlCopyUnicodeString(name, &module->FullDllName);
    return name->Length < module->FullDllName.Length ? STATUS_BUFFER_TOO_SMALL : STATUS_SUCCESS;
}

NTSTATUS NTAPI LdrSetDllDirectory(UNICODE_STRING* directory) {
    Guard guard(loader_lock);
    RtlFreeUnicodeString(&dll_directory);
    dll_directory = {};
    return directory && directory->Buffer ? RtlDuplicateUnicodeString(1, directory, &dll_directory)
                                          : STATUS_SUCCESS;
}

NTSTATUS NTAPI LdrGetDllDirectory(UNICODE_STRING* directory) {
    Guard guard(loader_lock);
    const USHORT needed = static_cast<USHORT>(dll_directory.Length + sizeof(WCHAR));
    if (directory->MaximumLength < needed) {
        directory->Length = needed;
        return STATUS_BUFFER_TOO_SMALL;
    }
    RtlCopyUnicodeString(directory, &dll_directory);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI LdrRegisterDllNotification(ULONG flags,
                                          void NTAPI (*callback)(ULONG, const LDR_DLL_NOTIFICATION_DATA*,
                                                                 PVOID),
                                          PVOID context, PVOID* cookie) {
    if (flags || !callback || !cookie) return STATUS_INVALID_PARAMETER;
    auto* n = static_cast<Notification*>(allocate(sizeof(Notification)));
    if (!n) return STATUS_NO_MEMORY;
    n->callback = callback;
    n->context = context;
    Guard guard(loader_lock);
    insert_tail(notifications, n->link);
    *cookie = n;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI LdrUnregisterDllNotification(PVOID cookie) {
    Guard guard(loader_lock);
    for (LIST_ENTRY* e = notifications.Flink; e != &notifications; e = e->Flink)
        if (container(e, &Notification::link) == cookie) {
            remove_entry(*e);
            release(cookie);
            return STATUS_SUCCESS;
        }
    return STATUS_DLL_NOT_FOUND;
}

} // extern "C"
} // namespace nt
