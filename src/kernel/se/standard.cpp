#include "kernel/se/detail/standard.h"
#include "abi/device.h"
#include "abi/ioctl.h"
#include "abi/status.h"
#include "kernel/ob/namespace.h"
#include "kernel/se/access.h"
#include "kernel/se/descriptor.h"
#include "kernel/se/token.h"
#include <string_view>

namespace nt::se {

namespace {

PVOID unprotected, readable, device, disk;

PVOID shared(const char16_t* sddl) {
    const Descriptor d = from_sddl(sddl);
    return ob::share_descriptor(d.data(), static_cast<ULONG>(d.size()));
}

// assumed: the lists of the standard directories follow what tools that show object security print on a
// Windows 10.
struct Place {
    std::u16string_view path;
    const char16_t* sddl;
};
constexpr const char16_t* everybody_looks =
    u"O:BAG:SYD:(A;;0x20003;;;WD)(A;;0x20003;;;RC)(A;;GA;;;SY)(A;;GA;;;BA)";
constexpr const char16_t* everybody_makes = // programs of low integrity, too: the directory has their label
    u"O:BAG:SYD:(A;;0x2000f;;;WD)(A;;0x20003;;;RC)(A;;GA;;;SY)(A;;GA;;;BA)S:(ML;;NW;;;LW)";
constexpr const char16_t* administrators_only = u"O:BAG:SYD:(A;;GA;;;SY)(A;;0x20003;;;BA)";
constexpr Place places[] = {
    {u"\\BaseNamedObjects", everybody_makes},
    {u"\\RPC Control", everybody_makes},
    {u"\\Sessions\\1\\BaseNamedObjects", everybody_makes},
    {u"\\BaseNamedObjects\\Restricted", everybody_makes},
    {u"\\Driver", administrators_only},
    {u"\\FileSystem", administrators_only},
    {u"\\Security", administrators_only},
};

PVOID find(std::u16string_view path) {
    const UNICODE_STRING name{static_cast<USHORT>(path.size() * 2), static_cast<USHORT>(path.size() * 2),
                              const_cast<WCHAR*>(path.data())};
    PVOID found = nullptr;
    (void)ob::reference_by_name(name, OBJ_CASE_INSENSITIVE, nullptr, KernelMode, nullptr, &found);
    return found;
}

// Generic rights become those of the type, as assignment does it.
PVOID mapped(const char16_t* sddl, const OBJECT_TYPE* type) {
    const Descriptor d = from_sddl(sddl);
    const auto made = assign({.given = d.data(),
                              .token = system_token,
                              .mapping = type->TypeInfo.GenericMapping,
                              .mode = KernelMode});
    return made ? ob::share_descriptor(made->data(), static_cast<ULONG>(made->size())) : nullptr;
}

} // namespace

void detail::make_standard_descriptors() {
    unprotected = shared(u"O:BAG:SYD:(A;;GA;;;WD)");
    readable = shared(u"O:BAG:SYD:(A;;0x2000d;;;WD)(A;;0x2000d;;;RC)(A;;0xf001f;;;SY)(A;;0x2000d;;;BA)");
    device = shared(u"O:SYG:SYD:(A;;0x1201bf;;;WD)(A;;FA;;;SY)(A;;FA;;;BA)(A;;0x1200a9;;;RC)");
    disk = shared(u"O:SYG:SYD:(A;;FX;;;WD)(A;;FA;;;SY)(A;;FA;;;BA)(A;;FX;;;RC)");
    ob::link_descriptor = shared(u"O:BAG:SYD:(A;;GRGX;;;WD)(A;;GRGX;;;RC)(A;;GA;;;SY)(A;;GA;;;BA)");
}

void detail::protect_standard_objects() {
    struct Rule {
        PVOID descriptor;
    };
    const auto cover = [](OBJECT_TYPE* type, const char16_t* sddl) {
        Rule rule{mapped(sddl, type)};
        ob::for_each_object(
            type,
            [](void* context, PVOID object) {
                if (!ob::security_of(object))
                    ob::share_security(object, static_cast<Rule*>(context)->descriptor);
            },
            &rule);
        ob::dereference_descriptor(rule.descriptor);
    };
    for (const Place& place : places)
        if (PVOID directory = find(place.path)) {
            PVOID descriptor = mapped(place.sddl, ob::directory_type);
            ob::share_security(directory, descriptor);
            ob::dereference_descriptor(descriptor);
            ob::dereference(directory);
        }
    cover(ob::directory_type, everybody_looks);
    cover(ob::symbolic_link_type, u"O:BAG:SYD:(A;;GRGX;;;WD)(A;;GRGX;;;RC)(A;;GA;;;SY)(A;;GA;;;BA)");
    cover(ob::type_type, u"O:BAG:SYD:(A;;0x20001;;;WD)(A;;0x20001;;;RC)(A;;0xf0001;;;SY)(A;;0xf0001;;;BA)");
}

const void* default_device_descriptor(ULONG type, ULONG characteristics, ULONG& length) {
    // assumed: reading and writing a fixed disk past its volumes is for administrators; "for most device
    // types and characteristics" everybody may read, write and execute.
    const bool fixed_disk = (type == FILE_DEVICE_DISK || type == FILE_DEVICE_VIRTUAL_DISK) &&
                            !(characteristics & (FILE_REMOVABLE_MEDIA | FILE_FLOPPY_DISKETTE));
    const auto* d = static_cast<const SECURITY_DESCRIPTOR_RELATIVE*>(fixed_disk ? disk : device);
    length = ob::security_length(d);
    return d;
}
PVOID unprotected_descriptor() { return unprotected; }
PVOID readable_descriptor() { return readable; }

} // namespace nt::se
