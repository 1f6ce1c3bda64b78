#include "kernel/ldr/rewrite.h"
#include "kernel/ldr/detail/code_map.h"
#include "kernel/ldr/detail/patterns.h"
#include <algorithm>
#include <cstring>

namespace nt::ldr {
namespace {

constexpr ULONG jump_size = 5;  // jmp rel32
constexpr ULONG stub_size = 64; // moved neighbours, the load, the jump back
constexpr ULONG max_stub_area = 0x1'0000;
constexpr UCHAR kpcr_irql = 0x50;

using Found = CodeMap::Found;

// Which way round a control or debug register goes; the table keeps the texts alive.
const char* control_name(const Found& f, UCHAR opcode) {
    static const char* const names[2][2][3] = {
        {{"mov r, cr0", "mov r, cr8", "mov r, crN"}, {"mov r, dr", "mov r, dr", "mov r, dr"}},
        {{"mov cr0, r", "mov cr8, r", "mov crN, r"}, {"mov dr, r", "mov dr, r", "mov dr, r"}}};
    static const char* const control[2][5] = {
        {"mov r, cr0", "mov r, cr1", "mov r, cr2", "mov r, cr3", "mov r, cr4"},
        {"mov cr0, r", "mov cr1, r", "mov cr2, r", "mov cr3, r", "mov cr4, r"}};
    const bool debug = opcode & 1, write = !f.reads_control;
    if (!debug && f.control <= 4) return control[write][f.control];
    return names[write][debug][f.control == 8 ? 1 : 2];
}

const char* interrupt_name(std::uint64_t number) {
    switch (number) {
    case 0x29:
        return "int 29h";
    case 0x2C:
        return "int 2Ch";
    case 0x2D:
        return "int 2Dh";
    case 0x2E:
        return "int 2Eh";
    default:
        return "int";
    }
}

// Instructions that may be moved to a stub: no memory access, no branch, no use of the stack pointer, nothing
// that can fault.
bool is_movable(const ZydisDecodedInstruction& i, const ZydisDecodedOperand* operands) {
    switch (i.mnemonic) {
    case ZYDIS_MNEMONIC_MOV:
    case ZYDIS_MNEMONIC_MOVZX:
    case ZYDIS_MNEMONIC_MOVSX:
    case ZYDIS_MNEMONIC_MOVSXD:
    case ZYDIS_MNEMONIC_LEA:
    case ZYDIS_MNEMONIC_XOR:
    case ZYDIS_MNEMONIC_AND:
    case ZYDIS_MNEMONIC_OR:
    case ZYDIS_MNEMONIC_ADD:
    case ZYDIS_MNEMONIC_SUB:
    case ZYDIS_MNEMONIC_CMP:
    case ZYDIS_MNEMONIC_TEST:
    case ZYDIS_MNEMONIC_SHL:
    case ZYDIS_MNEMONIC_SHR:
    case ZYDIS_MNEMONIC_SAR:
    case ZYDIS_MNEMONIC_INC:
    case ZYDIS_MNEMONIC_DEC:
    case ZYDIS_MNEMONIC_NOT:
    case ZYDIS_MNEMONIC_NEG:
    case ZYDIS_MNEMONIC_NOP:
        break;
    default:
        return false;
    }
    for (int n = 0; n < i.operand_count; ++n) {
        const auto& o = operands[n];
        if (o.type == ZYDIS_OPERAND_TYPE_MEMORY && i.mnemonic != ZYDIS_MNEMONIC_LEA &&
            i.mnemonic != ZYDIS_MNEMONIC_NOP)
            return false;
        if (o.type == ZYDIS_OPERAND_TYPE_REGISTER) {
            const auto kind = ZydisRegisterGetClass(o.reg.value);
            if (kind == ZYDIS_REGCLASS_CONTROL || kind == ZYDIS_REGCLASS_DEBUG ||
                kind == ZYDIS_REGCLASS_SEGMENT)
                return false;
            if (ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, o.reg.value) ==
                ZYDIS_REGISTER_RSP)
                return false;
        }
    }
    return true;
}

struct Rewriter {
    const ImageFile& file;
    Staged& image;
    const RewriteOptions& options;
    CodeMap map;
    RewriteReport report{};

    void change(ULONG rva, ULONG length, PatchKind kind, const std::uint8_t* bytes) {
        Patch patch{rva, static_cast<UCHAR>(length), kind, {}};
        std::memcpy(patch.original, image.data() + rva, length);
        image.write(rva, bytes, length);
        report.patches.push_back(patch);
    }

    bool is_relocated(ULONG rva, ULONG size) const {
        if (file.relocations.empty()) return false;
        return std::any_of(file.relocations.begin(), file.relocations.end(),
                           [&](const FileRelocation& r) { return r.rva + 8 > rva && r.rva < rva + size; });
    }

    bool replace_by_trap(const Found& f) {
        std::uint8_t bytes[15];
        std::memset(bytes, 0x90, sizeof bytes);
        if (f.length == 1)
            bytes[0] = 0xF4; // hlt: a general protection fault outside ring 0
        else
            bytes[0] = 0x0F, bytes[1] = 0x0B; // ud2
        change(f.rva, f.length, PatchKind::trap, bytes);
        return true;
    }

    // mov reg, [KUSER_SHARED_DATA's kernel address]
    void redirect(const Found& f) {
        std::uint8_t bytes[15];
        std::memcpy(bytes, image.data() + f.rva, f.length);
        const auto alias = user_shared_data_alias + (f.value - kernel_user_shared_data);
        std::memcpy(bytes + f.value_offset, &alias, sizeof alias);
        change(f.rva, f.length, PatchKind::shared_data, bytes);
    }

    // mov reg, cr8 is four bytes, a jump five: the instructions around it move into the stub with it.
    bool detour_cr8(const Found& f) {
        if (map.has_unresolved_jump(f.rva)) return false;
        struct Moved {
            ULONG rva;
            ZydisDecodedInstruction instruction;
        };
        ULONG begin = f.rva, end = f.rva + f.length;
        std::vector<Moved> after;
        while (end - begin < jump_size) {
            Moved next{end, {}};
            ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
            constexpr UCHAR never =
                CodeMap::target | CodeMap::conflict | CodeMap::boundary | CodeMap::prologue | CodeMap::data;
            if (!(map.flags(end) & CodeMap::start) || !map.decode(end, next.instruction, operands) ||
                !map.clear_of(end, next.instruction.length, never) ||
                !is_movable(next.instruction, operands) || is_relocated(end, next.instruction.length))
                return false;
            after.push_back(next);
            end += next.instruction.length;
        }
        if (!map.clear_of(f.rva, f.length, CodeMap::conflict | CodeMap::prologue | CodeMap::data) ||
            !map.clear_of(f.rva + 1, f.length - 1, CodeMap::target | CodeMap::boundary))
            return false;
        if (end - begin > sizeof Patch::original) return false;
        const ULONG stub = image.size() + image.stubs_used;
        if (stub + stub_size > image.extent()) return false;

        std::uint8_t code[stub_size];
        std::memset(code, 0xCC, sizeof code);
        ULONG at = 0;
        const unsigned reg = image.data()[f.rva + f.length - 1] & 7; // modrm.rm, extended by REX.B
        const bool extended = image.data()[f.rva + f.length - 4] & 1;
        code[at++] = 0x65; // movzx r32, byte ptr gs:[KPCR.Irql]
        if (extended) code[at++] = 0x44;
        code[at++] = 0x0F, code[at++] = 0xB6;
        code[at++] = static_cast<std::uint8_t>(0x04 | reg << 3), code[at++] = 0x25;
        code[at++] = kpcr_irql, code[at++] = 0, code[at++] = 0, code[at++] = 0;
        for (const auto& moved : after) {
            const auto& i = moved.instruction;
            std::memcpy(code + at, image.data() + moved.rva, i.length);
            const bool relative =
                (i.attributes & ZYDIS_ATTRIB_HAS_MODRM) && i.raw.modrm.mod == 0 && i.raw.modrm.rm == 5;
            if (relative) { // lea reg, [rip + x]
                LONG distance;
                std::memcpy(&distance, code + at + i.raw.disp.offset, 4);
                distance += static_cast<LONG>(moved.rva - (stub + at));
                std::memcpy(code + at + i.raw.disp.offset, &distance, 4);
            }
            at += i.length;
        }
        code[at++] = 0xE9;
        const LONG back = static_cast<LONG>(end - (stub + at + 4));
        std::memcpy(code + at, &back, 4);
        at += 4;
        image.write(stub, code, stub_size);
        image.stubs_used += stub_size;
        report.stubs.push_back({stub, at, f.rva});

        std::uint8_t bytes[sizeof Patch::original];
        std::memset(bytes, 0xCC, sizeof bytes);
        bytes[0] = 0xE9;
        const LONG there = static_cast<LONG>(stub - (begin + jump_size));
        std::memcpy(bytes + 1, &there, 4);
        change(begin, end - begin, PatchKind::read_cr8, bytes);
        return true;
    }

    void run() {
        for (const auto& f : map.found) {
            const bool sound = map.clear_of(f.rva, f.length, CodeMap::conflict) && !map.is_doubtful(f.rva);
            const bool change_it = options.change && sound;
            if (f.value_offset != 0) {
                if (!is_shared_data(f.value))
                    report.high_addresses.push_back(f.rva);
                else if (options.kernel) {
                    report.sensitive.push_back(
                        {f.rva, map.function_at(f.rva), "KUSER_SHARED_DATA", false, change_it});
                    if (change_it) redirect(f);
                }
                continue;
            }
            Sensitive s{f.rva, map.function_at(f.rva), ZydisMnemonicGetString(f.mnemonic), true, false};
            const bool control_move = f.mnemonic == ZYDIS_MNEMONIC_MOV;
            if (control_move) {
                s.mnemonic = control_name(f, image.data()[f.rva + f.length - 2]);
                const bool read_cr8 =
                    f.reads_control && f.control == 8 && f.length == 4 && s.mnemonic[7] == 'c';
                if (read_cr8 && change_it && options.kernel) s.replaced = detour_cr8(f);
            } else if (f.mnemonic == ZYDIS_MNEMONIC_INT)
                s.mnemonic = interrupt_name(f.value);
            else {
                const auto treatment = treatment_of(f.mnemonic);
                const bool flags = treatment == Treatment::flags;
                if (flags && !(options.kernel && map.touches_interrupt_flag(f.rva))) continue; // ordinary
                s.privileged = treatment == Treatment::report;
                const bool wanted =
                    treatment == Treatment::trap || flags || (treatment == Treatment::pause && options.pause);
                if (wanted && change_it) s.replaced = replace_by_trap(f);
            }
            report.sensitive.push_back(s);
        }
        std::sort(report.patches.begin(), report.patches.end(),
                  [](auto& a, auto& b) { return a.rva < b.rva; });
        report.undecoded = std::move(map.undecoded);
        report.functions = map.functions;
    }
};

} // namespace

bool overlay_original(const RewriteReport& report, ULONG rva, std::span<std::uint8_t> bytes) {
    bool changed = false;
    auto it =
        std::lower_bound(report.patches.begin(), report.patches.end(), rva,
                         [](const Patch& patch, ULONG value) { return patch.rva + patch.length <= value; });
    for (; it != report.patches.end() && it->rva < rva + bytes.size(); ++it)
        for (ULONG i = 0; i < it->length; ++i) {
            const auto at = std::uint64_t{it->rva} + i - rva;
            if (it->rva + i >= rva && at < bytes.size()) bytes[at] = it->original[i], changed = true;
        }
    return changed;
}

ULONG stub_area_for(const ImageFile& file) {
    ULONG reads = 0;
    for (const auto& section : file.sections) {
        if (!(static_cast<int>(section.rights) & static_cast<int>(Rights::execute))) continue;
        const auto bytes = file.at(section.rva, section.size);
        for (std::size_t i = 0; i + 4 <= bytes.size(); ++i)
            reads += (bytes[i] & 0xFE) == 0x44 && bytes[i + 1] == 0x0F && bytes[i + 2] == 0x20 &&
                     bytes[i + 3] >= 0xC0 && bytes[i + 3] < 0xC8;
    }
    return std::min<ULONG>((std::min<ULONG>(reads, 0x1000) * stub_size + 0xFFF) & ~0xFFFu, max_stub_area);
}

RewriteReport rewrite_image(const ImageFile& file, Staged& image, const RewriteOptions& options) {
    // A program is decoded only where something needs replacing: it must start fast, and nothing else is
    // asked of it.
    Rewriter rewriter{file, image, options, CodeMap(file, image, options.kernel || !options.change)};
    rewriter.run();
    return std::move(rewriter.report);
}

} // namespace nt::ldr
