// The service control manager's door: requests of advapi32.dll (abi/scm.h).
#pragma once
#include "abi/scm.h"
#include <string>
#include <vector>

namespace nt::scm {

// A request in the kernel's own memory.
struct Request {
    SCM_REQUEST head{};
    std::u16string text[ScmTexts];
    std::vector<UCHAR> in;
    std::vector<UCHAR> data; // the answer's
};
// Handles belong to the process `pid`; those of processes that are gone are closed first. Sets head.Error and
// what else answers the call. PASSIVE_LEVEL; waits while drivers are loaded.
void serve(Request& request, ULONG_PTR pid);

} // namespace nt::scm
