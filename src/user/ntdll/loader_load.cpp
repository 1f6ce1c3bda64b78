// Getting a DLL into the process: from \KnownDlls (system32) or \DrvlabApp (the program's directory).
#include "loader.h"

namespace nt::loader {

namespace {

struct Place {
    const WCHAR* directory; // in the object namespace
    const WCHAR* path;      // as programs see it; null: the program's directory
};
constexpr Place places[] = {{u"\\KnownDlls\\", u"C:\\Windows\\System32\\"}, {u"\\DrvlabApp\\", nullptr}};

NTSTATUS open_section(const Place& place, const UNICODE_STRING& name, HANDLE& section) {
    WCHAR text[300];
    UNICODE_STRING path{0, sizeof text, text};
    RtlAppendUnicodeToString(&path, place.directory);
    if (!NT_SUCCESS(RtlAppendUnicodeStringToString(&path, &name))) return STATUS_NAME_TOO_LONG;
    OBJECT_ATTRIBUTES attributes{sizeof(OBJECT_ATTRIBUTES), nullptr, &path,
                                 OBJ_CASE_INSENSITIVE,      nullptr, nullptr};
    return NtOpenSection(&section, SECTION_MAP_READ | SECTION_MAP_EXECUTE | SECTION_QUERY, &attributes);
}

UNICODE_STRING directory_of_program() {
    UNICODE_STRING d = NtCurrentPeb()->ProcessParameters->ImagePathName;
    while (d.Length && d.Buffer[d.Length / 2 - 1] != '\\')
        d.Length = static_cast<USHORT>(d.Length - 2);
    return d;
}

NTSTATUS map(const UNICODE_STRING& name, PVOID& base, bool& system32, UNICODE_STRING& full) {
    HANDLE section = nullptr;
    NTSTATUS status = STATUS_DLL_NOT_FOUND;
    const Place* found = nullptr;
    for (const Place& place : places) {
        status = open_section(place, name, section);
        if (!NT_SUCCESS(status)) continue;
        found = &place;
        break;
    }
    if (!found)
        return status == STATUS_OBJECT_NAME_NOT_FOUND || status == STATUS_OBJECT_PATH_NOT_FOUND
                   ? STATUS_DLL_NOT_FOUND
                   : status;
    base = nullptr;
    SIZE_T size = 0;
    status = NtMapViewOfSection(section, NtCurrentProcess(), &base, 0, 0, nullptr, &size, ViewShare, 0,
                                PAGE_EXECUTE_WRITECOPY);
    NtClose(section);
    if (!NT_SUCCESS(status)) return status;
    system32 = found == &places[0];
    if (found->path) {
        RtlAppendUnicodeToString(&full, found->path);
    } else {
        const UNICODE_STRING directory = directory_of_program();
        RtlAppendUnicodeStringToString(&full, &directory);
    }
    return RtlAppendUnicodeStringToString(&full, &name);
}

void report_failure(const BaseName& name, const Module* importer, NTSTATUS status) {
    if (!starting || (status == STATUS_DLL_NOT_FOUND && importer && allow_missing())) return;
    if (status == STATUS_DLL_NOT_FOUND && importer)
        report(1, "%wZ: %wZ is missing", &importer->BaseDllName, &name.string);
    else if (status == STATUS_DLL_NOT_FOUND)
        report(1, "%wZ is missing", &name.string);
    else
        report(1, "%wZ could not be loaded: status 0x%08x", &name.string, static_cast<ULONG>(status));
}

} // namespace

void add_reference(Module& module) {
    if (module.references != pinned) module.references++;
}

NTSTATUS load(const BaseName& name, const Module* importer, Module*& module) {
    module = find_by_name(name.string);
    if (module) {
        add_reference(*module);
        return STATUS_SUCCESS;
    }
    WCHAR text[520];
    UNICODE_STRING full{0, sizeof text, text};
    PVOID base = nullptr;
    bool system32 = false;
    NTSTATUS status = map(name.string, base, system32, full);
    if (!NT_SUCCESS(status)) {
        report_failure(name, importer, status);
        return status;
    }
    module = add_module(base, full, system32);
    if (!module) {
        NtUnmapViewOfSection(NtCurrentProcess(), base);
        return STATUS_NO_MEMORY;
    }
    if (status == STATUS_IMAGE_NOT_AT_BASE) module->Flags |= 0x200000; // LDRP_IMAGE_NOT_AT_BASE
    module->references = starting ? pinned : 1; // what the program itself imports is never unloaded
    module->ParentDllBase = importer ? importer->DllBase : nullptr;
    prepare_image(*module);
    status = bind_imports(*module);
    if (NT_SUCCESS(status)) status = add_tls(*module);
    if (NT_SUCCESS(status)) {
        if (starting) module->ObsoleteLoadCount = 0xffff;
        return STATUS_SUCCESS;
    }
    if (!starting) drop_reference(*module);
    module = nullptr;
    return status;
}

void drop_reference(Module& module) {
    if (module.references == pinned || --module.references) return;
    if (module.attached) {
        detach(module, nullptr);
        notify(2, module); // LDR_DLL_NOTIFICATION_REASON_UNLOADED
    }
    remove_tls(module);
    Module* dependencies[most_imports_of_module];
    const ULONG count = module.dependency_count;
    for (ULONG i = 0; i < count; i++)
        dependencies[i] = module.dependencies[i];
    PVOID base = module.DllBase;
    remove_module(module);
    NtUnmapViewOfSection(NtCurrentProcess(), base);
    for (ULONG i = count; i-- > 0;)
        drop_reference(*dependencies[i]);
}

} // namespace nt::loader
