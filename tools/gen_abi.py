#!/usr/bin/env python3
"""Generates from src/abi/layout.txt: src/abi/generated/layout_asserts.h (what the compiler must agree with),
layout_bits.inc (the same for bit-fields, which have no address: checked when run) and type_table.inc (what the
debugger's dt knows). With --check nothing is written: exit status 1 says that a file is out of date.
"""
import pathlib
import re
import sys

from gen_abi_rows import PLAIN, SKIP

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUT = ROOT / "src/abi/generated"


class Row:
    def __init__(self, line):
        self.type, self.field, self.offset, self.size, *text, self.mark = line.split()
        self.text = " ".join(text)
        self.bits = tuple(int(n) for n in self.size.split(":")) if ":" in self.size else None


def types():
    """Rows by type, in the order of the file."""
    result = {}
    for line in (ROOT / "src/abi/layout.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            row = Row(line)
            result.setdefault(row.type, []).append(row)
    return result


def asserts():
    headers = [h.stem for h in sorted((ROOT / "src/abi").glob("*.h")) if h.stem not in SKIP]
    out = ["// Generated from layout.txt by tools/gen_abi.py.", "#pragma once",
           *[f'#include "abi/{h}.h"' for h in headers], "",
           "#define SIZE(type, size) static_assert(sizeof(nt::type) == size)",
           "#define FIELD(type, field, offset, size) \\",
           "    static_assert(offsetof(nt::type, field) == offset && sizeof(nt::type::field) == size)",
           "// A member of an unnamed member's type has no name that sizeof could take.",
           "#define NESTED(type, field, offset, size) \\",
           "    static_assert(offsetof(nt::type, field) == offset && sizeof(((nt::type*)nullptr)->field) == size)",
           "#define VALUE(type, name, value) static_assert(int(nt::name) == value)", ""]
    for name, rows in types().items():
        for row in rows:
            if row.text == "enumerator":
                out.append(f"VALUE({name}, {row.field}, {row.offset});")
            elif row.field == "-":
                out.append(f"SIZE({name}, {row.size});")
            elif not row.bits:
                macro = "NESTED" if "." in row.field else "FIELD"
                out.append(f"{macro}({name}, {row.field}, {row.offset}, {row.size});")
    return "\n".join([*out, "", "#undef SIZE", "#undef FIELD", "#undef NESTED", "#undef VALUE", ""])


def bits():
    unit = {"UChar": 1, "Uint2B": 2, "Uint4B": 4, "Uint8B": 8}
    out = ["// Generated from layout.txt by tools/gen_abi.py: type, field, offset and size of the unit, bit, bits."]
    for name, rows in types().items():
        out += [f"BITS({name}, {r.field}, {r.offset}, {unit[r.text]}, {r.bits[0]}, {r.bits[1]})" for r in rows if r.bits]
    return "\n".join(out) + "\n"


def quoted(text):
    return '"' + text + '"'


def shown(text):
    """The text as WinDbg prints it: pointers to functions name the result only, in columns of their own."""
    return re.sub(r"Ptr64 fn (.*)", r"Ptr64     \1 ", text)


def table():
    out = ["// Generated from layout.txt by tools/gen_abi.py: sorted by name.", "",
           "// name, offset, size, first bit, bits (0 = not a bit-field), type text", "constexpr FieldRow FIELDS[] = {"]
    rows_of, count = [], 0
    for name, rows in sorted(types().items(), key=lambda t: t[0] if t[0] in PLAIN else "_" + t[0]):
        head, first = rows[0], count
        if head.text == "enum":
            continue
        for r in rows[1:]:
            if re.match(r"(Opaque\w*|HostArea)$", r.field):
                continue
            pos, length = r.bits or (0, 0)
            unit = {"UChar": 1, "Uint2B": 2, "Uint4B": 4, "Uint8B": 8}[r.text] if r.bits else int(r.size, 16)
            out.append(f"    {{{quoted(r.field)}, {r.offset}, 0x{unit:x}, {pos}, {length}, {quoted(shown(r.text))}}},")
            count += 1
        shown_name = name if name in PLAIN else "_" + name
        rows_of.append(f"    {{{quoted(shown_name)}, {head.size}, TypeKind::{head.text}_, {first}, {count - first}}},")
    out += ["};", "", "constexpr EnumRow ENUMERATORS[] = {"]
    count = 0
    for name, rows in sorted(types().items(), key=lambda t: t[0] if t[0] in PLAIN else "_" + t[0]):
        if rows[0].text != "enum":
            continue
        first = count
        for r in rows[1:]:
            out.append(f"    {{{quoted(r.field)}, {r.offset}}},")
            count += 1
        shown_name = name if name in PLAIN else "_" + name
        rows_of.append(f"    {{{quoted(shown_name)}, {rows[0].size}, TypeKind::enum_, {first}, {count - first}}},")
    out += ["};", "", "// name, size, kind, first row and number of rows in FIELDS or ENUMERATORS",
            "constexpr TypeRow TYPES[] = {", *sorted(rows_of), "};", ""]
    return "\n".join(out)


def main():
    check, stale = sys.argv[1:] == ["--check"], False
    OUT.mkdir(exist_ok=True)
    for name, text in (("layout_asserts.h", asserts()), ("layout_bits.inc", bits()), ("type_table.inc", table())):
        path = OUT / name
        if path.exists() and path.read_text() == text:
            continue
        if check:
            print(f"src/abi/generated/{name} is out of date: run tools/gen_abi.py")
            stale = True
        else:
            path.write_text(text)
    sys.exit(1 if stale else 0)


main()
