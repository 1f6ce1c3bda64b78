// A page of code that may be written and run, and a page of data behind it: for single instructions that the
// modelled hardware lets the processor itself carry out. Host memory, out of every guest's reach.
#pragma once
#include <cstdint>

namespace host {

struct ScratchCode {
    std::uint8_t* code; // one page, writable and executable
    std::uint8_t* data; // the page after it
};
// Ends the process with a clear message when the host refuses such memory.
const ScratchCode& scratch_code();

} // namespace host
