// The language itself is the run-time library's, which programs and the kernel use as well.
#include "rtl/sddl.h"

extern "C" nt::NTSTATUS WdmlibSddlToDescriptor(const nt::WCHAR* text, nt::ULONG count, void* descriptor,
                                               nt::ULONG* size) {
    return nt::rtl::sddl_to_descriptor(text, count, nullptr, descriptor, size);
}
