#include "kernel/ldr/detail/patterns.h"

namespace nt::ldr {
namespace {

struct Row {
    ZydisMnemonic mnemonic;
    Treatment treatment;
};
// In the order of Intel's manual's concerns: identification and time, tables, flags, ports, registers,
// control.
constexpr Row rows[] = {
    {ZYDIS_MNEMONIC_CPUID, Treatment::trap},      {ZYDIS_MNEMONIC_RDTSC, Treatment::trap},
    {ZYDIS_MNEMONIC_RDTSCP, Treatment::trap},     {ZYDIS_MNEMONIC_RDPMC, Treatment::trap},
    {ZYDIS_MNEMONIC_RDPID, Treatment::trap},      {ZYDIS_MNEMONIC_RDPRU, Treatment::trap},
    {ZYDIS_MNEMONIC_XGETBV, Treatment::trap},     {ZYDIS_MNEMONIC_RDRAND, Treatment::trap},
    {ZYDIS_MNEMONIC_RDSEED, Treatment::trap},     {ZYDIS_MNEMONIC_SGDT, Treatment::trap},
    {ZYDIS_MNEMONIC_SIDT, Treatment::trap},       {ZYDIS_MNEMONIC_SLDT, Treatment::trap},
    {ZYDIS_MNEMONIC_STR, Treatment::trap},        {ZYDIS_MNEMONIC_SMSW, Treatment::trap},
    {ZYDIS_MNEMONIC_RDFSBASE, Treatment::trap},   {ZYDIS_MNEMONIC_RDGSBASE, Treatment::trap},
    {ZYDIS_MNEMONIC_WRFSBASE, Treatment::trap},   {ZYDIS_MNEMONIC_WRGSBASE, Treatment::trap},
    {ZYDIS_MNEMONIC_PUSHFQ, Treatment::flags},    {ZYDIS_MNEMONIC_POPFQ, Treatment::flags},
    {ZYDIS_MNEMONIC_PAUSE, Treatment::pause},     {ZYDIS_MNEMONIC_IN, Treatment::report},
    {ZYDIS_MNEMONIC_OUT, Treatment::report},      {ZYDIS_MNEMONIC_INSB, Treatment::report},
    {ZYDIS_MNEMONIC_INSW, Treatment::report},     {ZYDIS_MNEMONIC_INSD, Treatment::report},
    {ZYDIS_MNEMONIC_OUTSB, Treatment::report},    {ZYDIS_MNEMONIC_OUTSW, Treatment::report},
    {ZYDIS_MNEMONIC_OUTSD, Treatment::report},    {ZYDIS_MNEMONIC_RDMSR, Treatment::report},
    {ZYDIS_MNEMONIC_WRMSR, Treatment::report},    {ZYDIS_MNEMONIC_CLI, Treatment::report},
    {ZYDIS_MNEMONIC_STI, Treatment::report},      {ZYDIS_MNEMONIC_HLT, Treatment::report},
    {ZYDIS_MNEMONIC_LGDT, Treatment::report},     {ZYDIS_MNEMONIC_LIDT, Treatment::report},
    {ZYDIS_MNEMONIC_LLDT, Treatment::report},     {ZYDIS_MNEMONIC_LTR, Treatment::report},
    {ZYDIS_MNEMONIC_LMSW, Treatment::report},     {ZYDIS_MNEMONIC_CLTS, Treatment::report},
    {ZYDIS_MNEMONIC_INVLPG, Treatment::report},   {ZYDIS_MNEMONIC_INVPCID, Treatment::report},
    {ZYDIS_MNEMONIC_INVD, Treatment::report},     {ZYDIS_MNEMONIC_WBINVD, Treatment::report},
    {ZYDIS_MNEMONIC_SWAPGS, Treatment::report},   {ZYDIS_MNEMONIC_XSETBV, Treatment::report},
    {ZYDIS_MNEMONIC_STAC, Treatment::report},     {ZYDIS_MNEMONIC_CLAC, Treatment::report},
    {ZYDIS_MNEMONIC_MONITOR, Treatment::report},  {ZYDIS_MNEMONIC_MWAIT, Treatment::report},
    {ZYDIS_MNEMONIC_SYSCALL, Treatment::report},  {ZYDIS_MNEMONIC_SYSRET, Treatment::report},
    {ZYDIS_MNEMONIC_SYSENTER, Treatment::report}, {ZYDIS_MNEMONIC_SYSEXIT, Treatment::report},
    {ZYDIS_MNEMONIC_IRETQ, Treatment::report},    {ZYDIS_MNEMONIC_INT, Treatment::report},
    {ZYDIS_MNEMONIC_VMCALL, Treatment::report},   {ZYDIS_MNEMONIC_VMXON, Treatment::report},
    {ZYDIS_MNEMONIC_VMXOFF, Treatment::report},   {ZYDIS_MNEMONIC_VMLAUNCH, Treatment::report},
    {ZYDIS_MNEMONIC_VMRESUME, Treatment::report}, {ZYDIS_MNEMONIC_VMREAD, Treatment::report},
    {ZYDIS_MNEMONIC_VMWRITE, Treatment::report},
};

struct Table {
    // Treatment + 1, or 0: not of interest.
    UCHAR of[ZYDIS_MNEMONIC_MAX_VALUE + 1] = {};
    constexpr Table() {
        for (const auto& row : rows)
            of[row.mnemonic] = static_cast<UCHAR>(row.treatment) + 1;
    }
};
constexpr Table table;

} // namespace

bool is_interesting(ZydisMnemonic mnemonic) { return table.of[mnemonic] != 0; }

Treatment treatment_of(ZydisMnemonic mnemonic) {
    const auto value = table.of[mnemonic];
    return value ? static_cast<Treatment>(value - 1) : Treatment::report;
}

ULONG next_pattern(const std::uint8_t* bytes, ULONG size, ULONG at) {
    for (; at + 1 < size; ++at) {
        if (bytes[at] != 0x0F) continue;
        const unsigned modrm = at + 2 < size ? bytes[at + 2] : 0, reg = (modrm >> 3) & 7;
        const bool memory = modrm < 0xC0;
        switch (bytes[at + 1]) {
        case 0x31: // rdtsc
        case 0x33: // rdpmc
        case 0xA2: // cpuid
            return at;
        case 0x01: // xgetbv, rdtscp, rdpru
            if (modrm == 0xD0 || modrm == 0xF9 || modrm == 0xFD) return at;
            break;
        case 0xC7: // rdrand, rdseed, rdpid
            if (!memory && reg >= 6) return at;
            break;
        case 0xAE: // rdfsbase … wrgsbase
            if (!memory && reg <= 3) return at;
            break;
        default:
            break;
        }
    }
    return size;
}

} // namespace nt::ldr
