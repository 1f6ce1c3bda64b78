// Calling entry points: DllMain and TLS callbacks, attach in dependency order, detach in the reverse of it.
#include "loader.h"

namespace nt {
namespace loader {

namespace {

using DllMain = ULONG NTAPI (*)(PVOID base, ULONG reason, PVOID reserved);

bool is_dll(const Module& module) { return module.Flags & LDRP_IMAGE_DLL; }

bool call_entry(Module& module, ULONG reason, PVOID reserved) {
    call_tls_callbacks(module, reason);
    if (!is_dll(module) || !module.EntryPoint || &module == ntdll) return true;
    return reinterpret_cast<DllMain>(module.EntryPoint)(module.DllBase, reason, reserved) != 0;
}

} // namespace

NTSTATUS attach(Module& module, PVOID reserved) {
    if (module.attached || module.attaching) return STATUS_SUCCESS; // attaching: a cycle of imports
    module.attaching = true;
    for (ULONG i = 0; i < module.dependency_count; i++) {
        const NTSTATUS status = attach(*module.dependencies[i], reserved);
        if (!NT_SUCCESS(status)) {
            module.attaching = false;
            return status;
        }
    }
    if (&module != program)
        insert_tail(lists.InInitializationOrderModuleList, module.InInitializationOrderLinks);
    lists.EntryInProgress = &module;
    module.Flags |= LDRP_PROCESS_ATTACH_CALLED;
    const bool ok = call_entry(module, DLL_PROCESS_ATTACH, reserved);
    lists.EntryInProgress = nullptr;
    module.attaching = false;
    module.attached = true;
    if (ok) {
        module.Flags |= LDRP_ENTRY_PROCESSED;
        if (!reserved) notify(1, module); // LDR_DLL_NOTIFICATION_REASON_LOADED
        return STATUS_SUCCESS;
    }
    if (reserved) report(1, "%wZ: DllMain of %wZ failed", &program->BaseDllName, &module.BaseDllName);
    return STATUS_DLL_INIT_FAILED;
}

void detach(Module& module, PVOID reserved) {
    if (!module.attached) return;
    module.attached = false;
    call_entry(module, DLL_PROCESS_DETACH, reserved);
    remove_entry(module.InInitializationOrderLinks);
}

void call_for_thread(ULONG reason) {
    LIST_ENTRY& head = lists.InInitializationOrderModuleList;
    const bool forward = reason == DLL_THREAD_ATTACH;
    if (!forward) call_tls_callbacks(*program, reason);
    for (LIST_ENTRY* e = forward ? head.Flink : head.Blink; e != &head; e = forward ? e->Flink : e->Blink) {
        auto& module = static_cast<Module&>(*in_init_order(e));
        if (module.attached && !(module.Flags & LDRP_DONT_CALL_FOR_THREADS))
            call_entry(module, reason, nullptr);
    }
    if (forward) call_tls_callbacks(*program, reason);
}

} // namespace loader

bool is_end_of_process() {
    return loader::lists.ShutdownInProgress &&
           loader::lists.ShutdownThreadId == NtCurrentTeb()->ClientId.UniqueThread;
}
void end_at_orphaned_lock() {
    NtTerminateProcess(NtCurrentProcess(), STATUS_THREAD_IS_TERMINATING); // assumed: this status
}

extern "C" {

NTSTATUS NTAPI LdrShutdownProcess() {
    using namespace loader;
    if (lists.ShutdownInProgress) return STATUS_SUCCESS;
    lists.ShutdownInProgress = TRUE;
    lists.ShutdownThreadId = NtCurrentTeb()->ClientId.UniqueThread;
    RtlEnterCriticalSection(&loader_lock);
    release_thread_fls();
    const auto reserved = reinterpret_cast<PVOID>(1); // the process ends: not a FreeLibrary
    call_tls_callbacks(*program, DLL_PROCESS_DETACH);
    LIST_ENTRY& head = lists.InInitializationOrderModuleList;
    for (LIST_ENTRY* e = head.Blink; e != &head;) {
        auto& module = static_cast<Module&>(*in_init_order(e));
        e = e->Blink;
        detach(module, reserved);
    }
    RtlLeaveCriticalSection(&loader_lock);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI LdrShutdownThread() {
    using namespace loader;
    RtlEnterCriticalSection(&loader_lock);
    release_thread_fls();
    call_for_thread(DLL_THREAD_DETACH);
    release_thread_tls();
    RtlLeaveCriticalSection(&loader_lock);
    release_thread_tls_expansion();
    release_thread_wait_event();
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI LdrDisableThreadCalloutsForDll(PVOID base) {
    Guard guard(loader_lock);
    loader::Module* module = loader::find_by_base(base);
    if (!module) return STATUS_DLL_NOT_FOUND;
    if (module->TlsIndex == loader::no_tls)
        module->Flags |= LDRP_DONT_CALL_FOR_THREADS; // ignored for DLLs with static TLS
    return STATUS_SUCCESS;
}

} // extern "C"
} // namespace nt
