// The DLLs behind API sets ("Windows API sets"): their names are contracts, not files.
#pragma once

namespace nt::rtl {

struct ApiSet {
    const char* prefix; // lower case
    const char16_t* dll;
};
// ext-ms-win-… are optional by contract: absent.
inline constexpr ApiSet api_sets[] = {
    {"api-ms-win-crt-", u"ucrtbase.dll"},
    {"api-ms-win-core-", u"kernel32.dll"},
    {"api-ms-win-security-", u"advapi32.dll"},
    {"api-ms-win-eventing-", u"advapi32.dll"},
    // assumed: nobody needs them to be different modules
    {"kernelbase", u"kernel32.dll"},
    {"bcryptprimitives", u"advapi32.dll"},
};

// Null: `name` is no API set.
template <class C> constexpr const char16_t* behind_api_set(const C* name, unsigned long long count) {
    for (const ApiSet& set : api_sets) {
        unsigned long long i = 0;
        while (set.prefix[i] && i < count &&
               (name[i] | (name[i] >= 'A' && name[i] <= 'Z' ? 32 : 0)) == set.prefix[i])
            i++;
        if (!set.prefix[i]) return set.dll;
    }
    return nullptr;
}

} // namespace nt::rtl
