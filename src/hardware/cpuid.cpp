#include "hardware/cpuid.h"
#include <cstring>

namespace nt::hardware {

namespace {

constexpr char brand[49] = "Drvlab virtual x64 processor";

// Leaf 1.
constexpr ULONG features_ecx = 1u << 0 | 1u << 1 | 1u << 9 | 1u << 13 | 1u << 19 | 1u << 20 | 1u << 22 |
                               1u << 23 |
                               1u << 30;   // SSE3 PCLMULQDQ SSSE3 CX16 SSE4.1 SSE4.2 MOVBE POPCNT RDRAND
constexpr ULONG features_edx = 0x178BFBFF; // FPU … SSE2, HTT; MMX, FXSR, PAT, MTRR, SEP, PGE, MCA, CMOV, APIC

CpuidResult caches(ULONG subleaf) {
    switch (subleaf) {
    case 0:
        return {0x00000121, 0x01C0003F, 0x3F, 0}; // 32 KiB data, 8 ways, 64 sets, 64-byte lines
    case 1:
        return {0x00000122, 0x01C0003F, 0x3F, 0}; // 32 KiB code
    case 2:
        return {0x00000143, 0x01C0003F, 0x3FF, 0}; // 512 KiB unified
    default:
        return {};
    }
}

} // namespace

CpuidResult cpuid(ULONG leaf, ULONG subleaf) {
    if (leaf >= 0x80000002 && leaf <= 0x80000004) {
        CpuidResult r;
        std::memcpy(&r, brand + (leaf - 0x80000002) * 16, 16);
        return r;
    }
    switch (leaf) {
    case 0:
        return {7, 0x756E6547, 0x6C65746E, 0x49656E69}; // "GenuineIntel"
    case 1:
        return {0x000306C3, 0x00010800, features_ecx, features_edx & ~(1u << 28)};
    case 2:
        return {0x00000001, 0, 0, 0};
    case 4:
        return caches(subleaf);
    case 7:
        return subleaf == 0 ? CpuidResult{0, 1u << 0 | 1u << 9 | 1u << 18, 0, 0}
                            : CpuidResult{}; // FSGSBASE ERMS RDSEED
    case 0x80000000:
        return {0x80000008, 0, 0, 0};
    case 0x80000001: // LAHF; SYSCALL NX RDTSCP LM
        return {0, 0, 1u << 0, 1u << 11 | 1u << 20 | 1u << 27 | 1u << 29};
    case 0x80000006:
        return {0, 0, 0x02006040, 0};
    case 0x80000007:
        return {0, 0, 0, 1u << 8}; // invariant TSC
    case 0x80000008:
        return {0x3028, 0, 0, 0}; // 40 physical, 48 linear address bits
    default:
        return {};
    }
}

} // namespace nt::hardware
