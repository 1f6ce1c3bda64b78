#include "kernel/ldr/detail/code_map.h"
#include "abi/context.h"
#include "kernel/ldr/detail/patterns.h"
#include <algorithm>
#include <cstring>

namespace nt::ldr {
namespace {

constexpr ULONG max_table = 1024; // entries of a jump table

template <class T> T get(const std::uint8_t* at) {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

bool is_relative(const ZydisDecodedInstruction& i) {
    return i.raw.imm[0].size != 0 && i.raw.imm[0].is_relative;
}
bool is_rip_relative(const ZydisDecodedInstruction& i) {
    return (i.attributes & ZYDIS_ATTRIB_HAS_MODRM) && i.raw.modrm.mod == 0 && i.raw.modrm.rm == 5;
}
bool is_padding(const ZydisDecodedInstruction& i) {
    return i.mnemonic == ZYDIS_MNEMONIC_NOP || i.mnemonic == ZYDIS_MNEMONIC_INT3;
}

bool is_control_move(const ZydisDecodedInstruction& i) {
    return i.opcode_map == ZYDIS_OPCODE_MAP_0F && i.opcode >= 0x20 && i.opcode <= 0x23;
}

} // namespace

CodeMap::CodeMap(const ImageFile& file, const Staged& image, bool all)
    : file_(file), image_(image.data()), all_(all) {
    ZydisDecoderInit(&decoder_, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    for (const auto& section : file.sections)
        if (static_cast<int>(section.rights) & static_cast<int>(Rights::execute))
            if (const ULONG size = std::min(section.size, section.file_size))
                areas_.push_back({section.rva, size, std::vector<UCHAR>(size)});
    read_ranges();
    if (!all_) choose_ranges();
    for (ULONG i = 0; i < ranges_.size(); ++i)
        if (ranges_[i].wanted) read_handlers(i);
    for (const auto& range : ranges_)
        if (range.wanted) add_certain(range.begin);
    if (all_) {
        if (file.entry) add_certain(file.entry), roots_.push_back(file.entry);
        for (const auto& entry : file.exports)
            if (entry.rva) add_guess(entry.rva);
        for (ULONG i = 0; i < file.load_config.guard_count; ++i)
            if (ULONG rva;
                from_file(file.load_config.guard_table + i * (4 + (file.load_config.guard_flags >> 28)), rva))
                add_guess(rva);
        for (ULONG callback : file.tls.callbacks)
            add_certain(callback);
        // A relocated pointer into code is the address of a routine or of a case label.
        for (const auto& relocation : file.relocations) {
            const auto to = image.get64(relocation.rva) - image.base();
            if (to < file.image_size && area_at(static_cast<ULONG>(to))) add_guess(static_cast<ULONG>(to));
        }
    }
    drain();
    sweep();
    judge();
    std::sort(roots_.begin(), roots_.end());
    std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) { return a.rva < b.rva; });
    std::sort(undecoded.begin(), undecoded.end());
    undecoded.erase(std::unique(undecoded.begin(), undecoded.end()), undecoded.end());
}

const CodeMap::Area* CodeMap::area_at(ULONG rva) const {
    auto next = std::upper_bound(areas_.begin(), areas_.end(), rva,
                                 [](ULONG value, const Area& a) { return value < a.rva; });
    if (next == areas_.begin()) return nullptr;
    const Area& area = *std::prev(next);
    return rva - area.rva < area.size ? &area : nullptr;
}

void CodeMap::mark(ULONG rva, UCHAR flag) {
    if (Area* area = area_at(rva)) area->flags[rva - area->rva] |= flag;
}

bool CodeMap::clear_of(ULONG rva, ULONG size, UCHAR mask) const {
    for (ULONG i = 0; i < size; ++i)
        if (flags(rva + i) & mask) return false;
    return true;
}

bool CodeMap::decode(ULONG rva, ZydisDecodedInstruction& instruction, ZydisDecodedOperand* operands) const {
    const Area* area = area_at(rva);
    if (!area) return false;
    const ULONG left = area->size - (rva - area->rva);
    ZydisDecoderContext context;
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder_, &context, image_ + rva, left, &instruction)))
        return false;
    return !operands || ZYAN_SUCCESS(ZydisDecoderDecodeOperands(&decoder_, &context, &instruction, operands,
                                                                instruction.operand_count));
}

// --- functions ---

void CodeMap::read_ranges() {
    ranges_.reserve(file_.pdata_count);
    const auto table_entry = [&](ULONG i) {
        RUNTIME_FUNCTION entry{};
        from_file(file_.pdata + i * sizeof entry, entry);
        return entry;
    };
    for (ULONG i = 0; i < file_.pdata_count; ++i) {
        const auto entry = table_entry(i);
        ranges_.push_back({entry.BeginAddress, entry.EndAddress, i, false, false, false, true, {}});
    }
    for (ULONG i = 0; i < file_.pdata_count; ++i) {
        auto entry = table_entry(i);
        mark(entry.BeginAddress, boundary);
        mark(entry.EndAddress, boundary);
        for (int depth = 0; depth < 32; ++depth) { // to the entry that this one continues
            const ULONG unwind = entry.UnwindData;
            if (unwind & RUNTIME_FUNCTION_INDIRECT) {
                if (!from_file(unwind & ~RUNTIME_FUNCTION_INDIRECT, entry)) break;
            } else {
                UCHAR info[4];
                if (!from_file(unwind, info) || !((info[0] >> 3) & UNW_FLAG_CHAININFO)) break;
                if (!from_file(unwind + 4 + ((info[2] + 1u) & ~1u) * 2, entry)) break;
            }
            if (const ULONG parent = range_at(entry.BeginAddress); parent != none)
                ranges_[i].primary = parent;
        }
        if (ranges_[i].primary == i) ++functions;
    }
}

ULONG CodeMap::range_at(ULONG rva) const {
    auto next = std::upper_bound(ranges_.begin(), ranges_.end(), rva,
                                 [](ULONG value, const Range& r) { return value < r.begin; });
    if (next == ranges_.begin()) return none;
    --next;
    return rva < next->end ? static_cast<ULONG>(next - ranges_.begin()) : none;
}

// Prologue end, and the scope table if the handler's data looks like that of __C_specific_handler.
void CodeMap::read_handlers(ULONG index) {
    RUNTIME_FUNCTION entry;
    UCHAR info[4];
    if (!from_file(file_.pdata + index * sizeof entry, entry) ||
        (entry.UnwindData & RUNTIME_FUNCTION_INDIRECT) || !from_file(entry.UnwindData, info))
        return;
    const ULONG body = entry.BeginAddress + info[1];
    for (ULONG rva = entry.BeginAddress; rva < body && rva < entry.EndAddress; ++rva)
        mark(rva, prologue);
    const unsigned flag_bits = info[0] >> 3;
    if ((flag_bits & UNW_FLAG_CHAININFO) || !(flag_bits & (UNW_FLAG_EHANDLER | UNW_FLAG_UHANDLER))) return;
    const ULONG scopes = entry.UnwindData + 4 + ((info[2] + 1u) & ~1u) * 2 + 4;
    ULONG count = 0;
    if (!from_file(scopes, count) || count == 0 || count > 1024) return;
    struct Scope {
        ULONG begin, end, handler, target;
    };
    auto scope = [&](ULONG i) {
        Scope s{}; // an empty one is refused below
        from_file(scopes + 4 + i * 16, s);
        return s;
    };
    for (ULONG i = 0; i < count; ++i) {
        const auto s = scope(i);
        const bool ok = s.begin < s.end && s.begin >= entry.BeginAddress && s.end <= entry.EndAddress &&
                        (s.handler <= 1 || area_at(s.handler)) && (s.target == 0 || area_at(s.target));
        if (!ok) return;
    }
    for (ULONG i = 0; i < count; ++i) {
        const auto s = scope(i);
        mark(s.begin, boundary);
        mark(s.end, boundary);
        if (s.handler > 1) add_certain(s.handler);
        if (s.target != 0) add_certain(s.target);
    }
}

// Only the functions that hold a pattern. One that lies outside of them belongs to the export before it, or
// to nothing known.
void CodeMap::choose_ranges() {
    for (auto& range : ranges_)
        range.wanted = false;
    std::vector<ULONG> primaries, exports;
    for (const auto& entry : file_.exports)
        if (range_at(entry.rva) == none && area_at(entry.rva)) exports.push_back(entry.rva);
    std::sort(exports.begin(), exports.end());
    for (const auto& area : areas_)
        for (ULONG at = 0; (at = next_pattern(image_ + area.rva, area.size, at)) < area.size; ++at) {
            const ULONG range = range_at(area.rva + at);
            if (range != none) {
                primaries.push_back(ranges_[range].primary);
                continue;
            }
            const auto next = std::upper_bound(exports.begin(), exports.end(), area.rva + at);
            if (next != exports.begin() && *std::prev(next) >= area.rva) add_guess(*std::prev(next));
        }
    std::sort(primaries.begin(), primaries.end());
    for (auto& range : ranges_)
        range.wanted = std::binary_search(primaries.begin(), primaries.end(), range.primary);
}

ULONG CodeMap::function_at(ULONG rva) const {
    if (const ULONG range = range_at(rva); range != none) return ranges_[ranges_[range].primary].begin;
    const auto next = std::upper_bound(roots_.begin(), roots_.end(), rva);
    return next == roots_.begin() ? rva : *std::prev(next);
}

bool CodeMap::has_unresolved_jump(ULONG rva) const {
    const ULONG range = range_at(rva);
    return range == none || ranges_[ranges_[range].primary].unresolved;
}

bool CodeMap::is_doubtful(ULONG rva) const {
    const ULONG range = range_at(rva);
    return range != none && ranges_[ranges_[range].primary].doubtful;
}

bool CodeMap::touches_interrupt_flag(ULONG rva) const {
    const ULONG range = range_at(rva);
    return range == none || ranges_[ranges_[range].primary].interrupts;
}

// --- following control flow ---

void CodeMap::add_certain(ULONG rva) {
    mark(rva, target);
    certain_.push_back(rva);
}

void CodeMap::add_guess(ULONG rva) {
    mark(rva, target);
    guesses_.push_back(rva);
}

// Addresses that may be code come last, one by one: a table that a lea refers to is known as one by then.
void CodeMap::drain() {
    for (;;) {
        while (!certain_.empty()) {
            const ULONG rva = certain_.back();
            certain_.pop_back();
            follow(rva);
        }
        read_tables();
        if (!certain_.empty()) continue;
        if (guesses_.empty()) return;
        const ULONG rva = guesses_.back();
        guesses_.pop_back();
        if (!(flags(rva) & (start | inside | data))) roots_.push_back(rva);
        follow(rva);
    }
}

void CodeMap::follow(ULONG rva) {
    Trail trail;
    while (Area* area = area_at(rva)) {
        auto* flag = &area->flags[rva - area->rva];
        if (*flag & (start | data)) return;
        if (*flag & inside) {
            *flag |= conflict;
            return;
        }
        ZydisDecodedInstruction i;
        if (!decode(rva, i)) {
            *flag |= conflict;
            return;
        }
        *flag |= start;
        bool overlap = false;
        for (ULONG n = 1; n < i.length; ++n) {
            overlap = overlap || (flag[n] & (start | inside));
            flag[n] |= inside;
        }
        if (overlap)
            for (ULONG n = 0; n < i.length; ++n)
                flag[n] |= conflict;
        const ULONG range = range_at(rva), next = rva + i.length;
        note(rva, i, range);
        trail.add(rva);

        if (is_relative(i)) {
            const auto to = static_cast<ULONG>(next + static_cast<std::uint64_t>(i.raw.imm[0].value.s));
            const bool here = range != none && to >= ranges_[range].begin && to < ranges_[range].end;
            if (i.meta.category == ZYDIS_CATEGORY_CALL) {
                if (all_) {
                    roots_.push_back(to);
                    add_certain(to);
                }
            } else if (all_ || here)
                add_certain(to);
        } else if (i.meta.category == ZYDIS_CATEGORY_UNCOND_BR && i.raw.modrm.mod == 3)
            jumps_.push_back({rva, trail}); // jmp reg: a jump table or a tail call
        switch (i.meta.category) {
        case ZYDIS_CATEGORY_UNCOND_BR:
        case ZYDIS_CATEGORY_RET:
        case ZYDIS_CATEGORY_SYSRET:
            return;
        default:
            break;
        }
        if (i.mnemonic == ZYDIS_MNEMONIC_UD2 || i.mnemonic == ZYDIS_MNEMONIC_IRETQ) return;
        if (i.mnemonic == ZYDIS_MNEMONIC_INT3 && next - area->rva < area->size && image_[next] == 0xCC)
            return;
        if (i.mnemonic == ZYDIS_MNEMONIC_INT && i.raw.imm[0].value.u == 0x29)
            return; // __fastfail does not return
        rva = next;
    }
}

void CodeMap::note(ULONG rva, const ZydisDecodedInstruction& i, ULONG range) {
    Range* function = range == none ? nullptr : &ranges_[ranges_[range].primary];
    if (function && (i.mnemonic == ZYDIS_MNEMONIC_CLI || i.mnemonic == ZYDIS_MNEMONIC_STI))
        function->interrupts = true;
    if (i.mnemonic == ZYDIS_MNEMONIC_LEA && is_rip_relative(i)) {
        const auto to = static_cast<ULONG>(rva + i.length + static_cast<std::uint64_t>(i.raw.disp.value));
        if (function && function->addresses.size() < 64) {
            static constexpr ZydisRegister first = ZYDIS_REGISTER_RAX;
            const auto reg = static_cast<ZydisRegister>(first + (i.raw.modrm.reg | i.raw.rex.R << 3));
            function->addresses.emplace_back(reg, to);
        }
        if (all_ && area_at(to)) add_guess(to);
    }

    Found f{rva, i.length, i.mnemonic, 0, false, 0, 0};
    bool wanted = is_interesting(i.mnemonic);
    if (is_control_move(i)) {
        f.control = static_cast<UCHAR>(i.raw.modrm.reg | i.raw.rex.R << 3);
        f.reads_control = i.opcode < 0x22;
        wanted = true;
    }
    if (i.mnemonic == ZYDIS_MNEMONIC_INT) f.value = i.raw.imm[0].value.u;
    if (i.raw.imm[0].size == 64)
        f.value = i.raw.imm[0].value.u, f.value_offset = i.raw.imm[0].offset;
    else if (i.raw.disp.size == 64)
        f.value = static_cast<std::uint64_t>(i.raw.disp.value), f.value_offset = i.raw.disp.offset;
    wanted = wanted || (f.value_offset != 0 && is_kernel_range(f.value));
    if (wanted) found.push_back(f);
}

// Indirect jumps of functions.
void CodeMap::read_tables() {
    for (const Jump& jump : std::exchange(jumps_, {})) {
        const ULONG range = range_at(jump.rva);
        if (range == none) continue;
        const ULONG primary = ranges_[range].primary;
        if (!explain(jump, primary)) ranges_[primary].unresolved = true;
    }
}

// The two shapes that compilers give a switch, read backwards from `jmp reg`:
//   gcc, clang: cmp idx, n; ja; … lea base, [rip + table]; movsxd reg, [base + idx * 4]; add reg, base
//   MSVC:       cmp idx, n; ja; … lea base, image; [movzx idx, byte [base + idx + bytes];] mov reg, [base +
//   idx * 4 + table];
//               add reg, base
// Without the bound nothing says where the table ends, and the jump stays unexplained.
bool CodeMap::explain(const Jump& jump, ULONG primary) {
    ZydisRegister base = ZYDIS_REGISTER_NONE;
    ULONG table = 0, byte_table = 0, bound = 0;
    std::vector<ULONG> tables;
    for (ULONG n = jump.trail.count, left = Trail::most; n != 0 && left != 0 && bound == 0; --left) {
        ZydisDecodedInstruction i;
        ZydisDecodedOperand o[ZYDIS_MAX_OPERAND_COUNT];
        const ULONG rva = jump.trail.rva[--n % Trail::most];
        if (!decode(rva, i, o)) return false;
        const bool loads = i.operand_count_visible == 2 && o[1].type == ZYDIS_OPERAND_TYPE_MEMORY;
        const bool positive = loads && o[1].mem.disp.value > 0 && o[1].mem.disp.value < file_.image_size;
        if (base == ZYDIS_REGISTER_NONE) {
            if (!loads || o[1].mem.scale != 4 || o[1].size != 32) continue;
            if (i.mnemonic == ZYDIS_MNEMONIC_MOVSXD && !o[1].mem.disp.has_displacement)
                base = o[1].mem.base;
            else if (i.mnemonic == ZYDIS_MNEMONIC_MOV && positive)
                base = o[1].mem.base, table = static_cast<ULONG>(o[1].mem.disp.value);
        } else if (table == 0 && i.mnemonic == ZYDIS_MNEMONIC_LEA && is_rip_relative(i) &&
                   o[0].reg.value == base) {
            if (tables.empty())
                tables.push_back(
                    static_cast<ULONG>(rva + i.length + static_cast<std::uint64_t>(i.raw.disp.value)));
        } else if (table != 0 && byte_table == 0 && i.mnemonic == ZYDIS_MNEMONIC_MOVZX && positive &&
                   o[1].size == 8)
            byte_table = static_cast<ULONG>(o[1].mem.disp.value);
        else if (i.mnemonic == ZYDIS_MNEMONIC_CMP && o[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
            if (o[1].imm.value.u >= max_table) return false;
            bound = static_cast<ULONG>(o[1].imm.value.u) + 1;
        }
    }
    if (base == ZYDIS_REGISTER_NONE || bound == 0) return false;
    if (byte_table != 0) {
        if (byte_table > file_.image_size - bound) return false;
        ULONG highest = 0;
        for (ULONG n = 0; n < bound; ++n) {
            highest = std::max<ULONG>(highest, image_[byte_table + n]);
            mark(byte_table + n, data);
        }
        bound = highest + 1;
    }
    if (table != 0) return read_table(primary, table, 0, bound);
    if (tables.empty()) // the compiler moved the lea away
        for (const auto& [reg, address] : ranges_[primary].addresses)
            if (reg == base && std::find(tables.begin(), tables.end(), address) == tables.end())
                tables.push_back(address);
    return tables.size() == 1 && read_table(primary, tables[0], tables[0], bound);
}

// All entries must lead into the function, and none into the middle of an instruction.
bool CodeMap::read_table(ULONG primary, ULONG table, std::int64_t origin, ULONG count) {
    if (table > file_.image_size - count * 4) return false;
    for (ULONG i = 0; i < count; ++i) {
        const auto to = origin + get<LONG>(image_ + table + i * 4);
        const ULONG range = to > 0 && to < file_.image_size ? range_at(static_cast<ULONG>(to)) : none;
        if (range == none || ranges_[range].primary != primary || (flags(static_cast<ULONG>(to)) & inside))
            return false;
    }
    if (!clear_of(table, count * 4, start | inside)) return false;
    for (ULONG i = 0; i < count; ++i)
        add_certain(static_cast<ULONG>(origin + get<LONG>(image_ + table + i * 4)));
    for (ULONG i = 0; i < count * 4; ++i)
        mark(table + i, data);
    return true;
}

// A function whose bytes were decoded in two ways is not understood.
void CodeMap::judge() {
    for (const auto& range : ranges_)
        if (range.wanted && !clear_of(range.begin, range.end - range.begin, conflict)) {
            ranges_[range.primary].doubtful = true;
            undecoded.push_back(ranges_[range.primary].begin);
        }
}

// What flow did not reach inside functions: padding, tables, landing pads of C++ handlers, dead code.
void CodeMap::sweep() {
    for (ULONG index = 0; index < ranges_.size(); ++index) {
        const auto begin = ranges_[index].begin, end = ranges_[index].end, primary = ranges_[index].primary;
        if (!ranges_[index].wanted) continue;
        ULONG decodes_until = begin; // the gap around `at` decodes straight on up to here
        for (ULONG at = begin; at < end;) {
            if (flags(at) & (start | inside | data)) {
                ++at;
                continue;
            }
            ZydisDecodedInstruction i;
            bool ok = decode(at, i) && at + i.length <= end;
            if (ok && is_padding(i)) {
                at += i.length;
                continue;
            }
            if (ok && at >= decodes_until) {
                ULONG gap_end = at;
                while (gap_end < end && !(flags(gap_end) & (start | inside | data)))
                    ++gap_end;
                for (decodes_until = at; ok && decodes_until < gap_end; decodes_until += i.length)
                    ok = decode(decodes_until, i) && decodes_until + i.length <= gap_end;
            }
            if (!ok || ranges_[primary].unresolved) {
                undecoded.push_back(ranges_[primary].begin);
                while (at < end && !(flags(at) & (start | inside | data)))
                    ++at;
                continue;
            }
            follow(at);
            drain();
            ++at;
        }
    }
}

} // namespace nt::ldr
