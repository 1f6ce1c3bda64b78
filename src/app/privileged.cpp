#include "app/privileged.h"
#include "app/machine.h"
#include "hardware/emulate.h"
#include "kernel/ex/lock_ends.h"
#include "kernel/ex/processor_state.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/ke/clock.h"
#include "kernel/ke/spin_use.h"
#include "kernel/ke/spinning.h"
#include "kernel/ke/switch_point.h"
#include "kernel/ke/thread.h"
#include "kernel/mm/mapping_window.h"
#include "kernel/ps/process.h"
#include <algorithm>
#include <cstring>

namespace app {

using namespace nt;

namespace {

// The model-specific registers of the processor that cpuid describes. Those not in the list do not exist
// there (a general protection fault); those of kind `unknown` exist, but their value or the effect of writing
// them is not modelled.
enum class MsrKind : UCHAR { constant, time, apic_base, gs_base, user_gs_base, processor, unknown };
struct Msr {
    ULONG number;
    MsrKind kind;
    ULONGLONG value = 0;
};
constexpr Msr msrs[] = {
    {0x10, MsrKind::time},                             // IA32_TIME_STAMP_COUNTER
    {0x17, MsrKind::constant},                         // IA32_PLATFORM_ID
    {0x1B, MsrKind::apic_base, 0xFEE00800},            // IA32_APIC_BASE
    {0x3A, MsrKind::constant, 1},                      // IA32_FEATURE_CONTROL: locked, without VMX
    {0x8B, MsrKind::constant},                         // IA32_BIOS_SIGN_ID
    {0xCE, MsrKind::constant, 25 << 8},                // MSR_PLATFORM_INFO: 2.5 GHz
    {0xE7, MsrKind::time},                             // IA32_MPERF
    {0xE8, MsrKind::time},                             // IA32_APERF
    {0xFE, MsrKind::constant, 0x508},                  // IA32_MTRRCAP
    {0x174, MsrKind::constant},                        // IA32_SYSENTER_CS
    {0x175, MsrKind::constant},                        // IA32_SYSENTER_ESP
    {0x176, MsrKind::constant},                        // IA32_SYSENTER_EIP
    {0x179, MsrKind::constant},                        // IA32_MCG_CAP
    {0x198, MsrKind::constant, 25 << 8},               // IA32_PERF_STATUS
    {0x199, MsrKind::constant, 25 << 8},               // IA32_PERF_CTL
    {0x19A, MsrKind::constant},                        // IA32_CLOCK_MODULATION
    {0x19C, MsrKind::constant, 0x80000000},            // IA32_THERM_STATUS: reading valid
    {0x1A0, MsrKind::constant, 0x1801},                // IA32_MISC_ENABLE: fast strings; no BTS, no PEBS
    {0x1A2, MsrKind::constant, 100 << 16},             // MSR_TEMPERATURE_TARGET
    {0x1D9, MsrKind::constant},                        // IA32_DEBUGCTL
    {0x277, MsrKind::constant, 0x0007010600070106},    // IA32_PAT
    {0x2FF, MsrKind::constant, 0xC06},                 // IA32_MTRR_DEF_TYPE
    {0xC0000080, MsrKind::constant, 0xD01},            // IA32_EFER: SCE, LME, LMA, NXE
    {0xC0000081, MsrKind::constant, 0x23001000000000}, // IA32_STAR
    {0xC0000082, MsrKind::unknown},                    // IA32_LSTAR: system calls come in another way here
    {0xC0000083, MsrKind::unknown},                    // IA32_CSTAR
    {0xC0000084, MsrKind::constant, 0x4700},           // IA32_FMASK
    {0xC0000100, MsrKind::constant},                   // IA32_FS_BASE
    {0xC0000101, MsrKind::gs_base},                    // IA32_GS_BASE
    {0xC0000102, MsrKind::user_gs_base},               // IA32_KERNEL_GS_BASE
    {0xC0000103, MsrKind::processor},                  // IA32_TSC_AUX
};
const Msr* find_msr(ULONG number) {
    const auto* found = std::ranges::find(msrs, number, &Msr::number);
    return found == std::end(msrs) ? nullptr : found;
}

constexpr ULONGLONG pause_time = 1; // 100 ns units

class Privileged final : public hardware::PrivilegedOps {
  public:
    UCHAR irql() override { return ke::current_irql(); }
    void set_irql(UCHAR level) override {
        if (level > ke::current_irql())
            ke::raise_irql(level);
        else {
            ke::check_lowering(level);
            ke::lower_irql(level);
        }
    }
    bool has_msr(ULONG number) override { return find_msr(number); }
    bool read_msr(ULONG number, ULONGLONG& value) override {
        const Msr* msr = find_msr(number);
        if (!msr || msr->kind == MsrKind::unknown) return false;
        switch (msr->kind) {
        case MsrKind::time:
            value = time_stamp();
            return true;
        case MsrKind::apic_base: // enabled; processor 0 is the one that the machine starts on
            value = msr->value | (ke::current_processor_number() == 0 ? 0x100 : 0);
            return true;
        case MsrKind::gs_base:
            value = ke::pcr_address;
            return true;
        case MsrKind::user_gs_base:
            value = ke::current_thread().teb;
            return true;
        case MsrKind::processor:
            value = ke::current_processor_number();
            return true;
        default:
            value = msr->value;
            return true;
        }
    }
    // Protected mode, paging, write protection and the features that cpuid tells of.
    bool read_control(int number, ULONGLONG& value) override {
        value = number == 0 ? 0x80050033 : 0x6F8;
        return number == 0 || number == 4;
    }
    bool set_interrupts(bool enabled) override {
        ke::set_interrupts(enabled);
        return true;
    }
    bool interrupts_enabled() override { return ke::interrupts_enabled(); }
    bool halt() override {
        if (!ke::interrupts_enabled())
            ke::stop_machine(ke::StopKind::hang, "a driver halts its processor with interrupts disabled");
        ke::let_time_pass();
        ke::switch_point(ke::Cause::pause);
        return true;
    }
    ULONGLONG gs_base() override { return ke::pcr_address; }
    bool set_gs_base(ULONGLONG value, const char* how) override {
        if (value == ke::pcr_address) return true;
        const auto& fault = *static_cast<seh::EntryRecord*>(seh::innermost());
        ex::gs_changed(fault.rip, how, fault.context);
    }
    ULONGLONG time_stamp() override { return ke::virtual_time() * 250; } // 2.5 GHz
    void time_was_read() override { ke::charge_reading_of_time(); }
    ULONG processor_number() override { return ke::current_processor_number(); }
    void pause() override { ke::spin_once(pause_time); }
    ULONGLONG random() override {
        // SplitMix64: a fixed sequence per machine.
        state_ += 0x9e3779b97f4a7c15;
        ULONGLONG z = state_;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }
    bool device_memory(ULONG_PTR address, bool write, ULONGLONG& physical) override {
        return mm::device_page(address, write, physical);
    }
    bool original_bytes(ULONG_PTR rip, UCHAR (&bytes)[16]) override {
        const ldr::Patch* patch = Machine::current().modules().patch_at(rip);
        if (!patch && ke::current_thread().process) {
            const auto& process = ps::body(static_cast<EPROCESS*>(ke::current_thread().process));
            if (process.modules) patch = process.modules->patch_at(rip);
        }
        if (!patch) return false;
        std::memcpy(bytes, patch->original, sizeof bytes);
        return true;
    }

  private:
    ULONGLONG state_ = 1;
} ops;

} // namespace

hardware::PrivilegedOps& privileged_ops() { return ops; }

} // namespace app
