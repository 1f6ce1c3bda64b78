// The loader: modules of the process.
//
// A Module begins with the LDR_DATA_TABLE_ENTRY that programs see in PEB.Ldr; behind it stand the references
// it holds to the modules it imports from. Loading is: find the section (\KnownDlls, then \DrvlabApp), map
// it, enter it in the lists, load its imports, bind, then call the entry points of what is new, imports
// first. All of it under the loader lock.
#pragma once
#include "internal.h"

namespace nt::loader {

inline constexpr ULONG pinned = ~0u;     // Module.references
inline constexpr USHORT no_tls = 0xffff; // LDR_DATA_TABLE_ENTRY.TlsIndex
inline constexpr ULONG most_imports_of_module = 64;

struct Module : LDR_DATA_TABLE_ENTRY {
    ULONG references; // loads that are not undone, imports by others; pinned: never unloaded
    ULONG dependency_count;
    Module* dependencies[most_imports_of_module];
    bool bound;
    bool attached; // its entry point was called with DLL_PROCESS_ATTACH
    bool attaching;
    bool system32; // came from \KnownDlls
};

extern PEB_LDR_DATA lists;
extern Module* program;
extern Module* ntdll;
extern bool starting; // the process's own imports are being loaded: what is missing is reported

inline Module* module_of(LIST_ENTRY* in_load_order) {
    return static_cast<Module*>(container(in_load_order, &LDR_DATA_TABLE_ENTRY::InLoadOrderLinks));
}
inline LDR_DATA_TABLE_ENTRY* in_init_order(LIST_ENTRY* e) {
    return container(e, &LDR_DATA_TABLE_ENTRY::InInitializationOrderLinks);
}

// Lists
Module* add_module(PVOID base, const UNICODE_STRING& full_name, bool system32);
void remove_module(Module& module);
Module* find_by_base(PVOID base);
Module* find_by_address(const void* address);
Module* find_by_name(const UNICODE_STRING& base_name); // no path, with extension
LIST_ENTRY& first_in_load_order();

// "kernel32" → "kernel32.dll", "C:\X\a.dll" → "a.dll", API sets → the DLL that has them. `name` gets up to
// 260 characters.
struct BaseName {
    WCHAR text[260];
    UNICODE_STRING string;
    bool set(const WCHAR* characters, SIZE_T count); // false: too long
    bool set(const CHAR* characters, SIZE_T count);
};

// The module by name, loaded (mapped and bound, not yet attached) if need be; one reference more. `importer`
// for messages.
NTSTATUS load(const BaseName& name, const Module* importer, Module*& module);
void add_reference(Module& module);
// One reference less; at none the module and then what it imported goes: DLL_PROCESS_DETACH, unmap.
void drop_reference(Module& module);

// Calls the entry points of a module and what it imports, as far as not done yet. STATUS_DLL_INIT_FAILED.
NTSTATUS attach(Module& module, PVOID reserved);
void detach(Module& module, PVOID reserved);
void call_for_thread(ULONG reason);

// Exports
PVOID find_export(Module& module, const CHAR* name, USHORT hint, NTSTATUS& status);
PVOID find_export(Module& module, ULONG ordinal, NTSTATUS& status);
NTSTATUS bind_imports(Module& module);
// --allow-missing: an import that is missing, or whose DLL is, gets code that stops the machine with
// "DLL!name" when called.
inline bool allow_missing() { return DrvlabLoaderFlags & 1; }
PVOID missing_stub(const CHAR* dll, const CHAR* symbol);

// Static TLS
NTSTATUS add_tls(Module& module);
void remove_tls(Module& module);
NTSTATUS make_thread_tls();
void release_thread_tls();
void call_tls_callbacks(Module& module, ULONG reason);

void prepare_image(Module& module);        // security cookie, control-flow-guard pointers
void notify(ULONG reason, Module& module); // LdrRegisterDllNotification

} // namespace nt::loader
