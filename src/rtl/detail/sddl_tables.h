// The two-letter words of SDDL: Win32 pages "ACE Strings" and "SID Strings".
#pragma once
#include "abi/se.h"

namespace nt::rtl::sddl {

struct Word {
    char text[3];
    ULONG value;
};

// Right bits in the order in which they are written.
inline constexpr Word right_bits[] = {
    {"GA", GENERIC_ALL}, {"GR", GENERIC_READ}, {"GW", GENERIC_WRITE}, {"GX", GENERIC_EXECUTE},
    {"CC", 0x1},         {"DC", 0x2},          {"LC", 0x4},           {"SW", 0x8},
    {"RP", 0x10},        {"WP", 0x20},         {"DT", 0x40},          {"LO", 0x80},
    {"CR", 0x100},       {"SD", DELETE},       {"RC", READ_CONTROL},  {"WD", WRITE_DAC},
    {"WO", WRITE_OWNER},
};
// Words for whole masks.
inline constexpr Word right_masks[] = {
    {"FA", 0x1f01ff}, {"FR", 0x120089}, {"FW", 0x120116}, {"FX", 0x1200a0},
    {"KA", 0xf003f},  {"KR", 0x20019},  {"KW", 0x20006},
};
inline constexpr Word right_aliases[] = {{"KX", 0x20019}};
inline constexpr Word label_rights[] = {{"NW", 0x1}, {"NR", 0x2}, {"NX", 0x4}};

inline constexpr Word ace_flags[] = {
    {"OI", OBJECT_INHERIT_ACE},
    {"CI", CONTAINER_INHERIT_ACE},
    {"NP", NO_PROPAGATE_INHERIT_ACE},
    {"IO", INHERIT_ONLY_ACE},
    {"ID", INHERITED_ACE},
    {"SA", 0x40},
    {"FA", 0x80},
};

// A SID of at most two sub-authorities, or of a RID below the machine's SID.
struct SidWord {
    char text[3];
    UCHAR authority;
    UCHAR count; // of sub-authorities; 0: `second` is a RID of the machine's
    ULONG first, second;
};
inline constexpr SidWord sid_words[] = {
    {"WD", 1, 1, 0, 0},      {"CO", 3, 1, 0, 0},     {"CG", 3, 1, 1, 0},     {"OW", 3, 1, 4, 0},
    {"NU", 5, 1, 2, 0},      {"IU", 5, 1, 4, 0},     {"SU", 5, 1, 6, 0},     {"AN", 5, 1, 7, 0},
    {"ED", 5, 1, 9, 0},      {"PS", 5, 1, 10, 0},    {"AU", 5, 1, 11, 0},    {"RC", 5, 1, 12, 0},
    {"SY", 5, 1, 18, 0},     {"LS", 5, 1, 19, 0},    {"NS", 5, 1, 20, 0},    {"WR", 5, 1, 33, 0},
    {"BA", 5, 2, 32, 544},   {"BU", 5, 2, 32, 545},  {"BG", 5, 2, 32, 546},  {"PU", 5, 2, 32, 547},
    {"AO", 5, 2, 32, 548},   {"SO", 5, 2, 32, 549},  {"PO", 5, 2, 32, 550},  {"BO", 5, 2, 32, 551},
    {"RE", 5, 2, 32, 552},   {"RU", 5, 2, 32, 554},  {"RD", 5, 2, 32, 555},  {"NO", 5, 2, 32, 556},
    {"MU", 5, 2, 32, 558},   {"LU", 5, 2, 32, 559},  {"IS", 5, 2, 32, 568},  {"CY", 5, 2, 32, 569},
    {"ER", 5, 2, 32, 573},   {"CD", 5, 2, 32, 574},  {"RA", 5, 2, 32, 575},  {"ES", 5, 2, 32, 576},
    {"MS", 5, 2, 32, 577},   {"HA", 5, 2, 32, 578},  {"AA", 5, 2, 32, 579},  {"AC", 15, 2, 2, 1},
    {"LW", 16, 1, 4096, 0},  {"ME", 16, 1, 8192, 0}, {"MP", 16, 1, 8448, 0}, {"HI", 16, 1, 12288, 0},
    {"SI", 16, 1, 16384, 0}, {"SS", 18, 1, 2, 0},    {"LA", 5, 0, 0, 500},   {"LG", 5, 0, 0, 501},
    {"DA", 5, 0, 0, 512},    {"DU", 5, 0, 0, 513},   {"DG", 5, 0, 0, 514},   {"DC", 5, 0, 0, 515},
    {"DD", 5, 0, 0, 516},    {"CA", 5, 0, 0, 517},   {"SA", 5, 0, 0, 518},   {"EA", 5, 0, 0, 519},
    {"PA", 5, 0, 0, 520},
};

} // namespace nt::rtl::sddl
