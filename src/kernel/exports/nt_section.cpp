// Section services: nf-ntifs-ntcreatesection, nf-ntifs-ntopensection, nf-wdm-zwmapviewofsection,
// nf-wdm-zwunmapviewofsection.
#include "abi/file.h"
#include "abi/mm.h"
#include "abi/status.h"
#include "host/utf16.h"
#include "kernel/exports/process_handle.h"
#include "kernel/io/file.h"
#include "kernel/mm/address_space.h"
#include "kernel/ob/namespace.h"
#include "kernel/ps/image_notify.h"
#include "kernel/section/image_information.h"
#include "kernel/section/section.h"
#include "trace/trace.h"

using namespace nt;
using exports::read_parameter;
using exports::TargetProcess;
using exports::write_parameter;

namespace {

NTSTATUS give_handle(HANDLE* to, HANDLE handle) {
    if (write_parameter(to, handle)) return STATUS_SUCCESS;
    ob::close_handle(handle, exports::previous_mode());
    return STATUS_ACCESS_VIOLATION;
}

NTSTATUS reference(HANDLE handle, ACCESS_MASK access, section::Section*& section) {
    PVOID body = nullptr;
    const NTSTATUS status = ob::reference_by_handle(handle, access, section::section_type,
                                                    exports::previous_mode(), &body, nullptr);
    section = static_cast<section::Section*>(body);
    return status;
}

// Rights that a view with this protection needs of the handle; Win32 page "File Mapping Security and Access
// Rights".
ACCESS_MASK rights_for(ULONG protection) {
    switch (protection & 0xff) {
    case PAGE_READWRITE:
        return SECTION_MAP_WRITE;
    case PAGE_EXECUTE:
        return SECTION_MAP_EXECUTE;
    case PAGE_EXECUTE_READ:
    case PAGE_EXECUTE_WRITECOPY:
        return SECTION_MAP_EXECUTE | SECTION_MAP_READ;
    case PAGE_EXECUTE_READWRITE:
        return SECTION_MAP_EXECUTE | SECTION_MAP_WRITE;
    default:
        return SECTION_MAP_READ;
    }
}

constexpr ULONG writable = PAGE_READWRITE | PAGE_EXECUTE_READWRITE;
constexpr ULONG executable =
    PAGE_EXECUTE | PAGE_EXECUTE_READ | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY;

// Win32 page of CreateFileMapping: the file "must be opened with access rights that are compatible with the
// protection flags". No file of a device has sections.
NTSTATUS refuse_file(HANDLE handle, ULONG protection) {
    const ULONG kind = protection & 0xff;
    const ACCESS_MASK rights =
        FILE_READ_DATA | (kind & writable ? FILE_WRITE_DATA : 0) | (kind & executable ? FILE_EXECUTE : 0);
    PVOID file;
    const NTSTATUS status =
        ob::reference_by_handle(handle, rights, io::file_type, exports::previous_mode(), &file, nullptr);
    if (!NT_SUCCESS(status)) return status;
    ob::dereference(file);
    return STATUS_INVALID_FILE_FOR_SECTION;
}

struct SECTION_BASIC_INFORMATION {
    PVOID BaseAddress;
    ULONG AllocationAttributes;
    LARGE_INTEGER MaximumSize;
};

} // namespace

// Memory sections only: files have no sections before there is a file system.
extern "C" NTSTATUS NtCreateSection(HANDLE* handle, ACCESS_MASK access, const OBJECT_ATTRIBUTES* attributes,
                                    const LARGE_INTEGER* maximum_size, ULONG protection, ULONG allocation,
                                    HANDLE file) {
    if (file) return refuse_file(file, protection);
    if (allocation & SEC_IMAGE) return STATUS_INVALID_FILE_FOR_SECTION;
    if (!(allocation & (SEC_COMMIT | SEC_RESERVE)) || allocation & ~(SEC_COMMIT | SEC_RESERVE | SEC_NOCACHE))
        return STATUS_INVALID_PARAMETER_6;
    if (!mm::is_valid_protection(protection) || protection & (PAGE_GUARD | PAGE_NOACCESS))
        return STATUS_INVALID_PAGE_PROTECTION;
    LARGE_INTEGER size;
    if (!maximum_size) return STATUS_INVALID_PARAMETER_4;
    if (!read_parameter(maximum_size, size)) return STATUS_ACCESS_VIOLATION;
    if (size.QuadPart <= 0) return STATUS_INVALID_PARAMETER_4;
    const KPROCESSOR_MODE mode = exports::previous_mode();
    if (!exports::is_writable(handle)) return STATUS_ACCESS_VIOLATION;
    ob::Attributes captured;
    if (const NTSTATUS status = captured.capture(attributes, mode); !NT_SUCCESS(status)) return status;
    std::u16string_view last{captured.name.Buffer, captured.name.Length / sizeof(WCHAR)};
    if (const auto slash = last.rfind(u'\\'); slash != last.npos) last.remove_prefix(slash + 1);
    auto made = section::create_memory(static_cast<ULONGLONG>(size.QuadPart), protection, allocation, last,
                                       captured.attributes);
    if (!made) return made.error();
    HANDLE result = nullptr;
    const NTSTATUS status = ob::insert(*made, captured, mode, access, &result);
    if (!NT_SUCCESS(status)) return status;
    const NTSTATUS written = give_handle(handle, result);
    return NT_SUCCESS(written) ? status : written;
}
GATE(NtCreateSection);

extern "C" NTSTATUS NtOpenSection(HANDLE* handle, ACCESS_MASK access, const OBJECT_ATTRIBUTES* attributes) {
    if (!attributes) return STATUS_INVALID_PARAMETER;
    const KPROCESSOR_MODE mode = exports::previous_mode();
    ob::Attributes captured;
    if (const NTSTATUS status = captured.capture(attributes, mode); !NT_SUCCESS(status)) return status;
    const auto open = [&] {
        return ob::open_by_name(captured, section::section_type, mode, nullptr, access, nullptr);
    };
    auto opened = open();
    const std::u16string_view name{captured.name.Buffer, captured.name.Length / sizeof(WCHAR)};
    if (!opened && opened.error() == STATUS_OBJECT_NAME_NOT_FOUND && section::add_program(name))
        opened = open();
    return opened ? give_handle(handle, *opened) : opened.error();
}
GATE(NtOpenSection);

// `image_of`: referenced, when an image was mapped; drivers are to hear of it.
static NTSTATUS map_view(HANDLE handle, HANDLE process, PVOID* base, ULONG_PTR zero_bits,
                         LARGE_INTEGER* offset, SIZE_T* size, ULONG inherit, ULONG allocation,
                         ULONG protection, EPROCESS*& image_of, ULONG_PTR& image_base) {
    PVOID wish;
    SIZE_T length;
    LARGE_INTEGER from{};
    if (!read_parameter(base, wish) || !read_parameter(size, length) ||
        (offset && !read_parameter(offset, from)))
        return STATUS_ACCESS_VIOLATION;
    if (inherit != ViewShare && inherit != ViewUnmap) return STATUS_INVALID_PARAMETER_8;
    if (allocation & ~(MEM_RESERVE | MEM_TOP_DOWN)) return STATUS_INVALID_PARAMETER_9;
    if (!mm::is_valid_protection(protection)) return STATUS_INVALID_PAGE_PROTECTION;
    if (zero_bits) return STATUS_INVALID_PARAMETER_4; // assumed: nobody asks for low addresses
    // Both are rounded down to the allocation granularity.
    constexpr ULONG_PTR within = mm::granularity - 1;
    wish = reinterpret_cast<PVOID>(reinterpret_cast<ULONG_PTR>(wish) & ~within);
    from.QuadPart &= ~static_cast<LONGLONG>(within);
    TargetProcess target;
    NTSTATUS status = target.open_memory(process, PROCESS_VM_OPERATION);
    if (!NT_SUCCESS(status)) return status;
    section::Section* section;
    const ACCESS_MASK rights = rights_for(protection);
    status = reference(handle, rights, section);
    // "FILE_MAP_WRITE: Allows mapping of read-only, copy-on-write, or read/write views".
    if (status == STATUS_ACCESS_DENIED && rights & SECTION_MAP_READ)
        status = reference(handle, (rights & ~SECTION_MAP_READ) | SECTION_MAP_WRITE, section);
    if (!NT_SUCCESS(status)) return status;
    section::View view{reinterpret_cast<std::uint64_t>(wish), length,
                       static_cast<std::uint64_t>(from.QuadPart), protection, target->cookie};
    std::unique_ptr<ldr::Module> module;
    if (!section->file && ((protection & writable && !(section->protection & writable)) ||
                           (protection & executable && !(section->protection & executable))))
        status = STATUS_SECTION_PROTECTION;
    else
        status = section::map_view(*section, target.space(), view, &module);
    ob::dereference(section);
    if (!NT_SUCCESS(status)) return status;
    if (module) {
        target->modules->add(std::move(module));
        image_of = &*target;
        image_base = view.base;
        ob::reference(image_of);
    }
    if (!write_parameter(base, reinterpret_cast<PVOID>(view.base)) || !write_parameter(size, view.size) ||
        (offset && !write_parameter(offset, from)))
        return STATUS_ACCESS_VIOLATION;
    return status;
}

extern "C" NTSTATUS NtMapViewOfSection(HANDLE handle, HANDLE process, PVOID* base, ULONG_PTR zero_bits,
                                       SIZE_T, LARGE_INTEGER* offset, SIZE_T* size, ULONG inherit,
                                       ULONG allocation, ULONG protection) {
    EPROCESS* image_of = nullptr;
    ULONG_PTR image_base = 0;
    const NTSTATUS status = map_view(handle, process, base, zero_bits, offset, size, inherit, allocation,
                                     protection, image_of, image_base);
    if (!image_of) return status;
    ps::notify_user_image(*image_of, image_base);
    ob::dereference(image_of);
    return status;
}
GATE(NtMapViewOfSection);

extern "C" NTSTATUS NtUnmapViewOfSection(HANDLE process, PVOID base) {
    TargetProcess target;
    if (const NTSTATUS status = target.open_memory(process, PROCESS_VM_OPERATION); !NT_SUCCESS(status))
        return status;
    const auto address = reinterpret_cast<std::uint64_t>(base);
    ldr::Module* module = target->modules->find(address);
    const NTSTATUS status = target.space().unmap_view(address);
    if (!NT_SUCCESS(status) || !module) return status;
    if (trace::on) {
        trace::emit_module_unloaded(module->base, std::u16string_view(host::utf16(module->path)));
    }
    (void)target->modules->remove(*module);
    return status;
}
GATE(NtUnmapViewOfSection);

// SectionBasicInformation (0) and SectionImageInformation (1). assumed: the latter of a section that is no
// image is STATUS_SECTION_NOT_IMAGE.
extern "C" NTSTATUS NtQuerySection(HANDLE handle, ULONG cls, PVOID information, SIZE_T length,
                                   SIZE_T* needed) {
    if (cls > 1) return STATUS_INVALID_INFO_CLASS;
    const SIZE_T size = cls ? sizeof(section::SECTION_IMAGE_INFORMATION) : sizeof(SECTION_BASIC_INFORMATION);
    if (length < size) return STATUS_INFO_LENGTH_MISMATCH;
    section::Section* section;
    if (const NTSTATUS status = reference(handle, SECTION_QUERY, section); !NT_SUCCESS(status)) return status;
    std::string text;
    std::shared_ptr<const ldr::ImageFile> file;
    if (section->file)
        if (auto image = section::image_of(*section, text)) file = *image;
    SECTION_BASIC_INFORMATION basic{};
    basic.AllocationAttributes = section->attributes;
    basic.MaximumSize.QuadPart = static_cast<LONGLONG>(section->size);
    ob::dereference(section);
    if (cls && !file) return STATUS_SECTION_NOT_IMAGE;
    section::SECTION_IMAGE_INFORMATION image{};
    if (cls) image = section::image_information(*file, 0);
    if (!exports::copy_out(information, cls ? static_cast<const void*>(&image) : &basic, size))
        return STATUS_ACCESS_VIOLATION;
    if (needed && !write_parameter(needed, size)) return STATUS_ACCESS_VIOLATION;
    return STATUS_SUCCESS;
}
GATE(NtQuerySection);
