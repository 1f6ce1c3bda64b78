// The module lists of PEB.Ldr.
#include "loader.h"
#include "rtl/api_sets.h"
#include "rtl/strings.h"
#include <type_traits>

namespace nt {
namespace loader {

PEB_LDR_DATA lists;
Module* program;
Module* ntdll;
bool starting;

namespace {

// The hash of a base name that debuggers know (LdrpHashUnicodeString): x65599 over upper-cased characters.
ULONG hash(const UNICODE_STRING& name) { return rtl::hash_x65599(name, true); }

bool duplicate(UNICODE_STRING& to, const WCHAR* from, USHORT bytes) {
    to.Buffer = static_cast<WCHAR*>(allocate(bytes + sizeof(WCHAR)));
    if (!to.Buffer) return false;
    memcpy(to.Buffer, from, bytes);
    to.Length = bytes;
    to.MaximumLength = static_cast<USHORT>(bytes + sizeof(WCHAR));
    return true;
}

} // namespace

LIST_ENTRY& first_in_load_order() { return lists.InLoadOrderModuleList; }

Module* add_module(PVOID base, const UNICODE_STRING& full_name, bool system32) {
    auto* m = static_cast<Module*>(allocate(sizeof(Module)));
    if (!m || !duplicate(m->FullDllName, full_name.Buffer, full_name.Length)) return nullptr;
    const WCHAR* last = m->FullDllName.Buffer;
    const WCHAR* end = last + full_name.Length / sizeof(WCHAR);
    for (const WCHAR* p = last; p < end; p++)
        if (*p == '\\') last = p + 1;
    m->BaseDllName = {static_cast<USHORT>((end - last) * sizeof(WCHAR)),
                      static_cast<USHORT>((end - last + 1) * sizeof(WCHAR)), const_cast<WCHAR*>(last)};
    const IMAGE_NT_HEADERS64* headers = nt_headers(base);
    m->DllBase = base;
    m->SizeOfImage = headers->OptionalHeader.SizeOfImage;
    m->TimeDateStamp = headers->FileHeader.TimeDateStamp;
    m->EntryPoint = headers->OptionalHeader.AddressOfEntryPoint
                        ? at<void>(base, headers->OptionalHeader.AddressOfEntryPoint)
                        : nullptr;
    m->OriginalBase = headers->OptionalHeader.ImageBase;
    m->Flags = headers->FileHeader.Characteristics & IMAGE_FILE_DLL ? LDRP_IMAGE_DLL : 0;
    m->TlsIndex = no_tls;
    m->ObsoleteLoadCount = 1;
    m->BaseNameHashValue = hash(m->BaseDllName);
    m->system32 = system32;
    initialize_list(m->HashLinks);
    initialize_list(m->NodeModuleLink);
    initialize_list(m->InInitializationOrderLinks);
    insert_tail(lists.InLoadOrderModuleList, m->InLoadOrderLinks);
    insert_tail(lists.InMemoryOrderModuleList, m->InMemoryOrderLinks);
    return m;
}

void remove_module(Module& m) {
    remove_entry(m.InLoadOrderLinks);
    remove_entry(m.InMemoryOrderLinks);
    remove_entry(m.InInitializationOrderLinks);
    release(m.FullDllName.Buffer);
    release(&m);
}

Module* find_by_base(PVOID base) {
    for (LIST_ENTRY* e = lists.InLoadOrderModuleList.Flink; e && e != &lists.InLoadOrderModuleList;
         e = e->Flink)
        if (module_of(e)->DllBase == base) return module_of(e);
    return nullptr;
}

Module* find_by_address(const void* address) {
    const auto a = reinterpret_cast<ULONG_PTR>(address);
    for (LIST_ENTRY* e = lists.InLoadOrderModuleList.Flink; e && e != &lists.InLoadOrderModuleList;
         e = e->Flink) {
        Module* m = module_of(e);
        if (a - reinterpret_cast<ULONG_PTR>(m->DllBase) < m->SizeOfImage) return m;
    }
    return nullptr;
}

Module* find_by_name(const UNICODE_STRING& base_name) {
    const ULONG h = hash(base_name);
    for (LIST_ENTRY* e = lists.InLoadOrderModuleList.Flink; e && e != &lists.InLoadOrderModuleList;
         e = e->Flink) {
        Module* m = module_of(e);
        if (m->BaseNameHashValue == h && rtl::equal(m->BaseDllName, base_name, true)) return m;
    }
    return nullptr;
}

namespace {

template <class C> using unsigned_of = std::conditional_t<sizeof(C) == 1, unsigned char, WCHAR>;

template <class C> bool set_name(BaseName& to, const C* from, SIZE_T count) {
    SIZE_T start = 0;
    for (SIZE_T i = 0; i < count; i++)
        if (from[i] == '\\' || from[i] == '/') start = i + 1;
    SIZE_T n = 0;
    bool dot = false;
    for (SIZE_T i = start; i < count; i++) {
        if (n + 5 >= sizeof to.text / sizeof to.text[0]) return false;
        if (from[i] == '.') dot = true;
        to.text[n++] = static_cast<WCHAR>(static_cast<unsigned_of<C>>(from[i]));
    }
    if (const WCHAR* dll = rtl::behind_api_set(to.text, n)) {
        n = wcslen(dll);
        memcpy(to.text, dll, n * sizeof(WCHAR));
        dot = true;
    }
    // "no extension: .dll is appended; a trailing point means there is none"
    if (n && to.text[n - 1] == '.') {
        n--;
    } else if (!dot) {
        memcpy(to.text + n, u".dll", 4 * sizeof(WCHAR));
        n += 4;
    }
    to.text[n] = 0;
    to.string = {static_cast<USHORT>(n * sizeof(WCHAR)), static_cast<USHORT>((n + 1) * sizeof(WCHAR)),
                 to.text};
    return n != 0;
}

} // namespace

bool BaseName::set(const WCHAR* characters, SIZE_T count) { return set_name(*this, characters, count); }
bool BaseName::set(const CHAR* characters, SIZE_T count) { return set_name(*this, characters, count); }

} // namespace loader

IMAGE_NT_HEADERS64* nt_headers(PVOID base) {
    return at<IMAGE_NT_HEADERS64>(base, static_cast<ULONG>(static_cast<IMAGE_DOS_HEADER*>(base)->e_lfanew));
}

} // namespace nt
