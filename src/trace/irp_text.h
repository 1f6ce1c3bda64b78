// The Parameters of a stack location as text, by major function: for the trace and for the debugger.
#pragma once
#include <cstdint>
#include <string>

namespace trace {

struct IrpParameters {
    unsigned major, minor, flags;
    std::uint64_t p[4]; // the first four words of IO_STACK_LOCATION.Parameters
};
// "Length=0x10 ByteOffset=0x0"; empty: there are none. An unknown major gives the four words.
std::string irp_parameters_text(const IrpParameters& parameters);

// "FileBasicInformation", "FileFsVolumeInformation"; empty: no such class.
std::string file_information_class_name(unsigned information_class);
std::string fs_information_class_name(unsigned information_class);

} // namespace trace
