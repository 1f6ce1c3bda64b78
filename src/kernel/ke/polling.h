// A processor whose code polls memory: it can do nothing until one of the words that it reads changes.
#pragma once
#include "abi/types.h"

namespace nt {
struct CONTEXT;
}

namespace nt::ke {

struct PolledWords {
    static constexpr ULONG most = 128;
    struct Word {
        const UCHAR* place; // in RAM, whatever address space is active
        ULONG_PTR address;  // as the code sees it
        ULONGLONG value;
        UCHAR size;        // at most 8
        bool of_processor; // read through GS: another word on another processor
    } words[most];
    ULONG count = 0;
    bool add(const UCHAR* place, ULONG_PTR address, ULONG size, bool of_processor);
    bool changed() const;
    // The first one that is not on the code's own stack, 0: there is none.
    ULONG_PTR shared(const CONTEXT& code) const;
};

// Returns when a word has changed, when the thread goes on on another processor than it read from, or when
// its process ends it. Other processors go on meanwhile, then time; when nothing is left that could change a
// word, or after ten minutes, the machine stops with a report that blames `context`, where the code is.
void poll(const PolledWords& words, const CONTEXT& context, bool user);

} // namespace nt::ke
