// Random numbers, and the name of the user. Random means: a function of the machine's seed, so that a run can
// be repeated.
#include "security.h"

namespace nt {
using namespace k32;

namespace {

// splitmix64 over the process's cookie, which the kernel draws from the seed.
void fill(PVOID to, ULONG length) {
    static ULONGLONG state;
    if (!state) {
        ULONG cookie = 0;
        NtQueryInformationProcess(NtCurrentProcess(), 36 /* ProcessCookie */, &cookie, sizeof cookie,
                                  nullptr);
        state = ULONGLONG(cookie) << 32 | ULONG(ULONG_PTR(NtCurrentTeb()->ClientId.UniqueProcess)) | 1;
    }
    auto* bytes = static_cast<UCHAR*>(to);
    for (ULONGLONG word = 0, i = 0; i < length; ++i, word >>= 8) {
        if (i % 8 == 0) {
            word = __atomic_add_fetch(&state, 0x9e3779b97f4a7c15, __ATOMIC_RELAXED);
            word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9;
            word = (word ^ word >> 27) * 0x94d049bb133111eb;
            word ^= word >> 31;
        }
        bytes[i] = UCHAR(word);
    }
}

constexpr ULONG_PTR PROVIDER = 0xca5e;

} // namespace

extern "C" {

BOOL DllMain(PVOID module, DWORD reason, PVOID) {
    if (reason == 1) LdrDisableThreadCalloutsForDll(module);
    return TRUE;
}

BOOL ProcessPrng(UCHAR* to, SIZE_T length) { // of bcryptprimitives.dll, whose name leads here
    for (constexpr SIZE_T most = 0x8000'0000; length; to += most) {
        const SIZE_T now = length < most ? length : most;
        fill(to, ULONG(now));
        length -= now;
    }
    return TRUE;
}
BOOLEAN SystemFunction036(PVOID to, ULONG length) { // RtlGenRandom
    fill(to, length);
    return TRUE;
}

// Providers only for random numbers: CRYPT_VERIFYCONTEXT, which has no keys; silent or of the machine, too.
BOOL CryptAcquireContextW(ULONG_PTR* provider, const WCHAR*, const WCHAR*, DWORD, DWORD flags) {
    if ((flags & ~0x60u) != 0xF0000000) stop("CryptAcquireContext (with keys)");
    *provider = PROVIDER;
    return TRUE;
}
BOOL CryptAcquireContextA(ULONG_PTR* provider, const CHAR*, const CHAR*, DWORD, DWORD flags) {
    return CryptAcquireContextW(provider, nullptr, nullptr, 0, flags);
}
BOOL CryptGenRandom(ULONG_PTR provider, DWORD length, UCHAR* to) {
    if (provider != PROVIDER) return fail_with(ERROR_INVALID_PARAMETER);
    fill(to, length);
    return TRUE;
}
BOOL CryptReleaseContext(ULONG_PTR provider, DWORD flags) {
    return provider == PROVIDER && !flags ? BOOL(TRUE) : fail_with(ERROR_INVALID_PARAMETER);
}

} // extern "C"
} // namespace nt
