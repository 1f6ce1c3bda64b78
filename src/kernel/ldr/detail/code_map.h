// Which bytes of an image are instructions. Found by following control flow from everything that is known to
// be code: function table, entry point, exports, call targets, relocated pointers, __try handlers, jump
// tables; what is left of a function with no unexplained jump is then decoded straight on. A byte pattern
// that no flow reaches is never taken for an instruction, so data among the code (jump tables, constants) is
// safe from rewriting.
#pragma once
#include "kernel/ldr/load.h"
#include <Zydis/Zydis.h>
#include <cstring>
#include <optional>
#include <utility>

namespace nt::ldr {

struct CodeMap {
    enum Flag : UCHAR {
        start = 1,     // an instruction begins here
        inside = 2,    // later byte of an instruction
        target = 4,    // control may arrive here other than from the instruction before
        conflict = 8,  // two decodings overlap: nothing here is changed
        data = 16,     // jump table
        boundary = 32, // a function or a __try range begins or ends here
        prologue = 64  // of a function
    };
    // An instruction that rewriting or inspect cares about.
    struct Found {
        ULONG rva;
        UCHAR length;
        ZydisMnemonic mnemonic;
        UCHAR control;      // mov to or from a control or debug register: its number
        bool reads_control; // mov reg, crN
        UCHAR value_offset; // of a 64-bit immediate or address, 0: none
        std::uint64_t value;
    };

    // `all`: decode every function; false: only those whose bytes hold a pattern of interest, calls not
    // followed.
    CodeMap(const ImageFile& file, const Staged& image, bool all);

    std::vector<Found> found;     // ascending
    std::vector<ULONG> undecoded; // functions that were not explained to their end, ascending
    ULONG functions = 0;

    UCHAR flags(ULONG rva) const {
        const Area* area = area_at(rva);
        return area ? area->flags[rva - area->rva] : 0;
    }
    // No flag of `mask` in [rva, rva + size).
    bool clear_of(ULONG rva, ULONG size, UCHAR mask) const;
    ULONG function_at(ULONG rva) const;           // its first address, or that of a routine without an entry
    bool has_unresolved_jump(ULONG rva) const;    // in the function around rva
    bool is_doubtful(ULONG rva) const;            // the function around rva, if any, was decoded two ways
    bool touches_interrupt_flag(ULONG rva) const; // cli or sti in the function around rva
    bool decode(ULONG rva, ZydisDecodedInstruction& instruction,
                ZydisDecodedOperand* operands = nullptr) const;

  private:
    struct Area { // the part of an executable section that comes from the file
        ULONG rva, size;
        std::vector<UCHAR> flags;
    };
    struct Range { // an entry of the function table
        ULONG begin, end;
        ULONG primary;           // index of the entry it continues; itself otherwise
        bool unresolved = false; // an indirect jump that no table explains
        bool interrupts = false; // cli or sti
        bool doubtful = false;   // two decodings overlap
        bool wanted = true;
        std::vector<std::pair<ZydisRegister, ULONG>> addresses{}; // lea reg, [rip + x]
    };
    // The last instructions of the run being followed, for the recognition of jump tables.
    struct Trail {
        static constexpr ULONG most = 24;
        ULONG rva[most] = {};
        ULONG count = 0;
        void add(ULONG at) { rva[count++ % most] = at; }
    };
    struct Jump {
        ULONG rva;
        Trail trail;
    };
    static constexpr ULONG none = ~ULONG{0};

    const Area* area_at(ULONG rva) const;
    Area* area_at(ULONG rva) { return const_cast<Area*>(std::as_const(*this).area_at(rva)); }
    void mark(ULONG rva, UCHAR flag);
    ULONG range_at(ULONG rva) const; // index of the entry that covers rva, or none
    // From the file, as parse() has checked it: relocations and imports of a hostile image may change tables
    // in memory.
    template <class T> bool from_file(ULONG rva, T& value) const {
        const auto at = file_.at(rva, sizeof value);
        if (at.size() < sizeof value) return false;
        std::memcpy(&value, at.data(), sizeof value);
        return true;
    }
    void read_ranges();
    void read_handlers(ULONG range);
    void choose_ranges();
    void add_certain(ULONG rva);
    void add_guess(ULONG rva);
    void drain();
    void follow(ULONG rva);
    void note(ULONG rva, const ZydisDecodedInstruction& instruction, ULONG range);
    void read_tables();
    bool explain(const Jump& jump, ULONG primary);
    bool read_table(ULONG primary, ULONG table, std::int64_t origin, ULONG count);
    void judge();
    void sweep();

    const ImageFile& file_;
    const std::uint8_t* image_;
    bool all_;
    ZydisDecoder decoder_;
    std::vector<Area> areas_;
    std::vector<Range> ranges_; // ascending
    std::vector<ULONG> certain_, guesses_, roots_;
    std::vector<Jump> jumps_; // indirect ones to be explained
};

} // namespace nt::ldr
