// Filling a module's import table.
#include "loader.h"

namespace nt::loader {

namespace {

// Import tables lie in read-only pages of some images: made writable while they are filled.
class Writable {
  public:
    Writable(PVOID address, SIZE_T size) : base_(address), size_(size) {
        ok_ = NT_SUCCESS(NtProtectVirtualMemory(NtCurrentProcess(), &base_, &size_, PAGE_READWRITE, &old_));
    }
    ~Writable() {
        if (ok_) NtProtectVirtualMemory(NtCurrentProcess(), &base_, &size_, old_, &old_);
    }
    explicit operator bool() const { return ok_; }

  private:
    PVOID base_;
    SIZE_T size_;
    ULONG old_ = 0;
    bool ok_;
};

const CHAR* narrow(const UNICODE_STRING& s, CHAR (&buffer)[64]) {
    _snprintf(buffer, sizeof buffer, "%wZ", &s);
    buffer[63] = 0;
    return buffer;
}

void report_missing(const Module& importer, const CHAR* dll, const CHAR* name, ULONG ordinal) {
    CHAR who[64];
    if (name)
        report(1, "%s: %s!%s is missing", narrow(importer.BaseDllName, who), dll, name);
    else
        report(1, "%s: %s!#%u is missing", narrow(importer.BaseDllName, who), dll, ordinal);
}

// `target` null: there is no such DLL.
NTSTATUS bind_one(Module& module, Module* target, const CHAR* dll, ULONGLONG what, ULONGLONG& slot) {
    NTSTATUS status = STATUS_DLL_NOT_FOUND;
    PVOID address = nullptr;
    const CHAR* name = nullptr;
    const auto ordinal = static_cast<ULONG>(what & 0xffff);
    if (what & IMAGE_ORDINAL_FLAG64) {
        if (target) address = find_export(*target, ordinal, status);
    } else {
        const auto* by_name = at<IMAGE_IMPORT_BY_NAME>(module.DllBase, what);
        name = by_name->Name;
        if (target) address = find_export(*target, name, by_name->Hint, status);
    }
    if (!address && allow_missing()) {
        CHAR number[16];
        if (!name) _snprintf(number, sizeof number, "#%u", ordinal);
        address = missing_stub(dll, name ? name : number);
        status = address ? STATUS_SUCCESS : STATUS_NO_MEMORY;
    }
    if (!address) {
        if (starting) report_missing(module, dll, name, ordinal);
        return status;
    }
    slot = reinterpret_cast<ULONGLONG>(address);
    return STATUS_SUCCESS;
}

NTSTATUS bind_dll(Module& module, const IMAGE_IMPORT_DESCRIPTOR& descriptor) {
    const auto* dll = at<CHAR>(module.DllBase, descriptor.Name);
    BaseName name;
    if (!name.set(dll, strlen(dll))) return STATUS_INVALID_IMAGE_FORMAT;
    Module* target = nullptr;
    NTSTATUS status = load(name, &module, target);
    if (!NT_SUCCESS(status) && !(status == STATUS_DLL_NOT_FOUND && allow_missing())) return status;
    if (target) {
        if (module.dependency_count == most_imports_of_module) return STATUS_INSUFFICIENT_RESOURCES;
        module.dependencies[module.dependency_count++] = target;
    }

    const auto* names =
        at<ULONGLONG>(module.DllBase,
                      descriptor.OriginalFirstThunk ? descriptor.OriginalFirstThunk : descriptor.FirstThunk);
    auto* slots = at<ULONGLONG>(module.DllBase, descriptor.FirstThunk);
    ULONG count = 0;
    while (names[count])
        count++;
    if (!count) return STATUS_SUCCESS;
    Writable writable(slots, count * sizeof(ULONGLONG));
    if (!writable) return STATUS_ACCESS_VIOLATION;
    NTSTATUS result = STATUS_SUCCESS; // every missing name is reported, not only the first
    for (ULONG i = 0; i < count; i++) {
        status = bind_one(module, target, dll, names[i], slots[i]);
        if (!NT_SUCCESS(status)) result = status;
    }
    return result;
}

} // namespace

NTSTATUS bind_imports(Module& module) {
    if (module.bound) return STATUS_SUCCESS;
    module.bound = true;
    ULONG size = 0;
    const auto* descriptor = static_cast<IMAGE_IMPORT_DESCRIPTOR*>(
        RtlImageDirectoryEntryToData(module.DllBase, 1, IMAGE_DIRECTORY_ENTRY_IMPORT, &size));
    NTSTATUS result = STATUS_SUCCESS;
    if (descriptor)
        for (; descriptor->Name && descriptor->FirstThunk; descriptor++) {
            const NTSTATUS status = bind_dll(module, *descriptor);
            if (!NT_SUCCESS(status)) {
                result = status;
                if (!starting) break;
            }
        }
    return result;
}

// lea rcx, [rip + 12]; mov rax, DrvlabMissingService; jmp rax; text
PVOID missing_stub(const CHAR* dll, const CHAR* symbol) {
    constexpr SIZE_T room = 0x10000;
    static UCHAR* page;
    static SIZE_T used = room;
    CHAR text[256];
    _snprintf(text, sizeof text, "%s!%s", dll, symbol);
    text[255] = 0;
    const SIZE_T length = strlen(text) + 1;
    const SIZE_T need = (19 + length + 15) & ~SIZE_T(15);
    if (used + need > room) {
        PVOID base = nullptr;
        SIZE_T size = room;
        if (!NT_SUCCESS(NtAllocateVirtualMemory(NtCurrentProcess(), &base, 0, &size, MEM_RESERVE | MEM_COMMIT,
                                                PAGE_EXECUTE_READWRITE)))
            return nullptr;
        page = static_cast<UCHAR*>(base);
        used = 0;
    }
    UCHAR* stub = page + used;
    used += need;
    const auto service = reinterpret_cast<ULONG_PTR>(&DrvlabMissingService);
    const UCHAR head[] = {0x48, 0x8d, 0x0d, 12, 0, 0, 0, 0x48, 0xb8};
    memcpy(stub, head, sizeof head);
    memcpy(stub + 9, &service, 8);
    stub[17] = 0xff;
    stub[18] = 0xe0;
    memcpy(stub + 19, text, length);
    return stub;
}

} // namespace nt::loader
