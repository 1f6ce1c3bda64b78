#include "path_name.h"

namespace nt::k32 {

bool is_below(const UNICODE_STRING& path, const WCHAR* head) {
    const ULONG length = path.Length / sizeof(WCHAR);
    ULONG i = 0;
    for (; head[i]; ++i) {
        if (i == length) return false;
        const WCHAR c = path.Buffer[i];
        if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != head[i]) return false;
    }
    return i < length;
}

} // namespace nt::k32
