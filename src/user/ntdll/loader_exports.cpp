// Finding exports by name or ordinal, and forwarders.
#include "loader.h"

namespace nt::loader {

namespace {

constexpr ULONG deepest_forwarder = 16;
ULONG forwarder_depth;

// "DLL.Name" or "DLL.#17". The DLL's name may have points of its own.
PVOID follow(Module& module, const CHAR* forwarder, NTSTATUS& status) {
    const CHAR* dot = strrchr(forwarder, '.');
    BaseName name;
    if (!dot || forwarder_depth >= deepest_forwarder ||
        !name.set(forwarder, static_cast<SIZE_T>(dot - forwarder))) {
        status = STATUS_INVALID_IMAGE_FORMAT;
        return nullptr;
    }
    Module* target = nullptr;
    status = load(name, &module, target);
    if (!NT_SUCCESS(status)) return nullptr;
    bool known = target == ntdll || target == &module;
    for (ULONG i = 0; i < module.dependency_count; i++)
        known |= module.dependencies[i] == target;
    if (!known && module.dependency_count < most_imports_of_module)
        module.dependencies[module.dependency_count++] = target; // keeps the reference
    else
        drop_reference(*target);
    forwarder_depth++;
    PVOID address = dot[1] == '#' ? find_export(*target, strtoul(dot + 2, nullptr, 10), status)
                                  : find_export(*target, dot + 1, 0, status);
    forwarder_depth--;
    return address;
}

PVOID resolve(Module& module, const IMAGE_EXPORT_DIRECTORY* directory, ULONG size, ULONG index,
              NTSTATUS& status) {
    const auto start = static_cast<ULONG>(reinterpret_cast<ULONG_PTR>(directory) -
                                          reinterpret_cast<ULONG_PTR>(module.DllBase));
    const ULONG rva = index < directory->NumberOfFunctions
                          ? at<ULONG>(module.DllBase, directory->AddressOfFunctions)[index]
                          : 0;
    if (!rva) {
        status = STATUS_ENTRYPOINT_NOT_FOUND;
        return nullptr;
    }
    if (rva - start < size) return follow(module, at<CHAR>(module.DllBase, rva), status);
    status = STATUS_SUCCESS;
    return at<void>(module.DllBase, rva);
}

} // namespace

PVOID find_export(Module& module, const CHAR* name, USHORT hint, NTSTATUS& status) {
    ULONG size = 0;
    const auto* directory = static_cast<IMAGE_EXPORT_DIRECTORY*>(
        RtlImageDirectoryEntryToData(module.DllBase, 1, IMAGE_DIRECTORY_ENTRY_EXPORT, &size));
    status = STATUS_ENTRYPOINT_NOT_FOUND;
    if (!directory) return nullptr;
    const auto* names = at<ULONG>(module.DllBase, directory->AddressOfNames);
    const auto* ordinals = at<USHORT>(module.DllBase, directory->AddressOfNameOrdinals);
    if (hint < directory->NumberOfNames && strcmp(at<CHAR>(module.DllBase, names[hint]), name) == 0)
        return resolve(module, directory, size, ordinals[hint], status);
    ULONG low = 0, high = directory->NumberOfNames;
    while (low < high) {
        const ULONG middle = (low + high) / 2;
        const int order = strcmp(name, at<CHAR>(module.DllBase, names[middle]));
        if (order == 0) return resolve(module, directory, size, ordinals[middle], status);
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return nullptr;
}

PVOID find_export(Module& module, ULONG ordinal, NTSTATUS& status) {
    ULONG size = 0;
    const auto* directory = static_cast<IMAGE_EXPORT_DIRECTORY*>(
        RtlImageDirectoryEntryToData(module.DllBase, 1, IMAGE_DIRECTORY_ENTRY_EXPORT, &size));
    status = STATUS_ORDINAL_NOT_FOUND;
    if (!directory || ordinal < directory->Base) return nullptr;
    PVOID address = resolve(module, directory, size, ordinal - directory->Base, status);
    if (status == STATUS_ENTRYPOINT_NOT_FOUND) status = STATUS_ORDINAL_NOT_FOUND;
    return address;
}

} // namespace nt::loader
