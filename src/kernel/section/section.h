// Section objects: images of host files, and memory that views share.
//
// There is no file system yet, so what user mode may map as an image is put into the namespace by name:
// \KnownDlls\NAME holds the images of system32, \DrvlabApp\NAME those beside the program. A section of a host
// file reads and checks the file when it is first mapped, so naming a directory full of DLLs costs nothing. A
// view of an image is relocated for its place and has the rights of its sections; processes share what of it
// they cannot write (shared_image.h).
//
// ntifs pages: nf-ntifs-ntcreatesection, nf-ntifs-ntopensection, nf-wdm-zwmapviewofsection,
// nf-wdm-zwunmapviewofsection.
#pragma once
#include "kernel/ldr/load.h"
#include "kernel/ob/type.h"
#include <string>

namespace nt::mm {
class AddressSpace;
}

namespace nt::section {

// The body of a Section object. Opaque to drivers.
struct Section {
    std::string* file_name; // image: "msvcrt.dll"; null for memory sections
    std::string* path;      // image: as guests see it, "C:\Windows\System32\msvcrt.dll"
    std::string* host_path;
    std::shared_ptr<const ldr::ImageFile>* file; // image: null until first mapped
    ULONGLONG size;         // bytes, a multiple of the page size; image: SizeOfImage once mapped
    ULONGLONG maximum_size; // as asked for
    ULONG protection;       // PAGE_* that views may not exceed
    ULONG attributes;       // SEC_IMAGE, SEC_COMMIT, SEC_RESERVE
    ULONGLONG* pages;       // memory sections: page numbers, one reference each
};

extern OBJECT_TYPE* section_type;

// The type Section, \KnownDlls and \DrvlabApp. After ob::initialize().
NTSTATUS initialize();

// Names a host file as `directory`\`file_name` (case-insensitive). An existing name stays and is no error
// (the first wins).
NTSTATUS add_image(std::u16string_view directory, const std::string& file_name, const std::string& path,
                   const std::string& host_path);
// Every *.dll of a host directory, in name order, and every *.exe when it is asked for. The number of DLLs
// added; guests see `path` + file name ("C:\Windows\System32\").
ULONG add_images_of(std::u16string_view directory, const std::string& host_directory,
                    const std::string& path);
// A name that has not been found ("\DrvlabApp\child.exe"): true if it is such a program's, which is named
// now.
bool add_program(std::u16string_view object_name);

// An image section of a host file; with a name it is permanent. Referenced for the caller.
Result<Section*> create_image(const std::string& file_name, const std::string& path,
                              const std::string& host_path, std::u16string_view name = {});

// The checked file of an image section. `text` says why not (STATUS_INVALID_IMAGE_FORMAT,
// STATUS_OBJECT_NAME_NOT_FOUND).
Result<std::shared_ptr<const ldr::ImageFile>> image_of(Section& section, std::string& text);

// A section backed by nothing but memory (SEC_COMMIT or SEC_RESERVE), zeroed. Referenced for the caller.
Result<Section*> create_memory(ULONGLONG size, ULONG protection, ULONG attributes,
                               std::u16string_view name = {}, ULONG object_attributes = 0);

struct View {
    std::uint64_t base = 0; // wish, 0: anywhere; then what it became
    std::uint64_t size = 0; // 0: to the end of the section
    std::uint64_t offset = 0;
    ULONG protection = 0;   // memory sections
    std::uint64_t seed = 0; // images: of the stack cookie
};
// Maps a view into a space, which need not be the active one. Images: STATUS_IMAGE_NOT_AT_BASE (a success)
// when it was relocated. `module` (images; may be null) gets what ldr knows about the view, for the process's
// module list.
NTSTATUS map_view(Section& section, mm::AddressSpace& space, View& view,
                  std::unique_ptr<ldr::Module>* module);

} // namespace nt::section
