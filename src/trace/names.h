// Names for what rows hold as numbers: constants of the I/O system, and what earlier rows have told about
// addresses.
#pragma once
#include "trace/reader.h"
#include <map>
#include <string>
#include <unordered_map>

namespace trace {

// "IRP_MJ_WRITE"; "IRP_MJ_0x1c" beyond the last.
std::string irp_major_name(unsigned major);
// "IRP_MN_START_DEVICE" where the major function has minor functions; "" otherwise.
std::string irp_minor_name(unsigned major, unsigned minor);
// "0x222004 CTL_CODE(0x22, 0x801, METHOD_BUFFERED, FILE_ANY_ACCESS)"
std::string control_code_text(std::uint32_t code);
// "STATUS_OBJECT_NAME_NOT_FOUND", or "0xc0001234" where there is no name.
std::string status_text(std::uint32_t status);
// "fast mutex"; the numbers are those of ke::LockKind.
const char* lock_kind_name(unsigned kind);
std::string hex_text(std::uint64_t value); // "0x1f"

// What the rows so far have named. Feed every row.
class Names {
  public:
    void learn(const Record& record);

    std::string
    device(std::uint64_t address) const; // "\Device\Null", "device 0x3100…" if unnamed, or the address
    std::string driver(std::uint64_t address) const; // "\Driver\Null" or the address
    std::string file(std::uint64_t address) const;   // "\Device\Null\x", or "" if no row named it
    std::string symbol(std::uint64_t address) const; // "null!null_write+0x24", "null+0x1040" or the address
    std::string call(unsigned kind, std::uint32_t id) const; // kinds of row `name`; "service 0x8"
    std::string process(std::uint32_t pid) const;            // "client.exe" or ""

  private:
    struct Device {
        std::string name;
        std::uint64_t driver;
    };
    struct Image {
        std::uint64_t end;
        std::string name; // without extension; ntoskrnl is nt
    };
    std::unordered_map<std::uint64_t, Device> devices_;
    std::unordered_map<std::uint64_t, std::string> drivers_;
    std::unordered_map<std::uint64_t, std::string> files_;
    std::unordered_map<std::uint64_t, std::string> calls_;
    std::unordered_map<std::uint32_t, std::string> processes_;
    std::map<std::uint64_t, Image> images_;
    std::map<std::uint64_t, std::string> symbols_;
};

} // namespace trace
