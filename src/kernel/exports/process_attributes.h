// PS_ATTRIBUTE_LIST of NtCreateUserProcess: a total length, then entries of number, size, value and where to
// write the length returned.
#pragma once
#include "abi/status.h"
#include "kernel/ke/thread.h"
#include "kernel/ps/process.h"
#include <optional>
#include <string>
#include <vector>

namespace nt::exports {

inline constexpr ACCESS_MASK process_create_process = 0x80;

struct ProcessAttributes {
    HANDLE parent = nullptr;
    std::u16string image_name;
    bool has_handles = false;
    std::vector<ULONG_PTR> handles;
    bool standard_handles = false;   // the child gets the parent's
    UCHAR priority_class = 0;        // 0: by the parent's
    std::optional<ULONG> error_mode; // none: the parent's

    NTSTATUS read(const void* list);
    // Client id, TEB and image information, where they are asked for.
    NTSTATUS answer(const EPROCESS& process, const ke::Thread& thread) const;

  private:
    struct Wanted {
        ULONG_PTR number;
        SIZE_T size;
        PVOID to;
        SIZE_T* returned;
    };
    std::vector<Wanted> wanted_;
};

} // namespace nt::exports
