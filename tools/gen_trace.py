#!/usr/bin/env python3
"""Makes src/trace/generated/events.h from src/trace/events.txt. --check: fails if the checked-in file is not what it makes."""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src/trace/events.txt"
TARGET = ROOT / "src/trace/generated/events.h"

FIXED = {  # type: (C++ parameter, stored type)
    "bool": ("bool", "std::uint8_t"),
    "u8": ("std::uint8_t", "std::uint8_t"),
    "u16": ("std::uint16_t", "std::uint16_t"),
    "u32": ("std::uint32_t", "std::uint32_t"),
    "u64": ("std::uint64_t", "std::uint64_t"),
    "x32": ("std::uint32_t", "std::uint32_t"),
    "x64": ("std::uint64_t", "std::uint64_t"),
    "ptr": ("Ptr", "std::uint64_t"),
    "status": ("std::int32_t", "std::int32_t"),
}
VARIABLE = {  # type: (C++ parameter, data, length in bytes)
    "str8": ("std::string_view", "{0}.data()", "{0}.size()"),
    "str16": ("Str16", "{0}.data", "{0}.bytes"),
    "bytes": ("std::span<const std::byte>", "{0}.data()", "{0}.size()"),
    "u64s": ("std::span<const std::uint64_t>", "{0}.data()", "{0}.size_bytes()"),
}
SIZES = {"bool": 1, "u8": 1, "u16": 2, "u32": 4, "u64": 8, "x32": 4, "x64": 8, "ptr": 8, "status": 4}


def fail(number, text):
    sys.exit(f"{SOURCE.relative_to(ROOT)}:{number}: {text}")


def parse():
    events, ids, names = [], set(), set()
    for number, line in enumerate(SOURCE.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = [part.strip() for part in line.split("|")]
        if len(parts) != 3:
            fail(number, "want: id name | fields | text")
        id_text, name = parts[0].split()
        fields = [tuple(field.split(":")) for field in parts[1].split()]
        for field, kind in fields:
            if kind not in FIXED and kind not in VARIABLE:
                fail(number, f"field {field}: unknown type {kind}")
        if int(id_text) in ids or name in names:
            fail(number, "id or name used twice")
        if not 0 < int(id_text) < 4096:
            fail(number, "ids are 1 to 4095")
        ids.add(int(id_text))
        names.add(name)
        events.append((int(id_text), name, fields, parts[2]))
    return events


def function(event):
    ident, name, fields, text = event
    parameters = ", ".join(f"{(FIXED.get(k) or VARIABLE[k])[0]} {f}" for f, k in fields)
    lines = [f"// {text}", f"inline void emit_{name}({parameters}) {{"]
    variable = [(f, k) for f, k in fields if k in VARIABLE]
    fixed = sum(SIZES[k] for f, k in fields if k in FIXED) + 2 * len(variable)
    for f, k in variable:
        lines.append(f"    const std::size_t {f}_bytes = detail::cut({VARIABLE[k][2].format(f)});")
    total = "".join(f" + {f}_bytes" for f, k in variable)[3:]
    lines.append(f"    detail::Writer w({ident}, {fixed}{', ' + total if total else ''});")
    lines.append("    if (!w) [[unlikely]] return;")
    for f, k in fields:
        if k in VARIABLE:
            lines.append(f"    w.put_variable({VARIABLE[k][1].format(f)}, {f}_bytes);")
        elif k == "ptr":
            lines.append(f"    w.put({f}.value);")
        else:
            lines.append(f"    w.put(static_cast<{FIXED[k][1]}>({f}));")
    lines += ["    w.commit();", "}"]
    return "\n".join(lines)


def generate():
    events = parse()
    schema = "".join(
        f'    "{i} {n}{"".join(f" {f}:{k}" for f, k in fields)}\\n"\n' for i, n, fields, _ in events)
    ids = "\n".join(f"    {n} = {i}," for i, n, _, _ in events)
    functions = "\n\n".join(function(e) for e in events)
    return f"""// Made by tools/gen_trace.py from src/trace/events.txt: do not edit.
// clang-format off
#pragma once
#include "trace/writer.h"

namespace trace {{

enum class Id : std::uint16_t {{
{ids}
}};

// Goes into every file, so that readers of other versions can decode it.
inline constexpr std::string_view schema =
{schema.rstrip()};

{functions}

}} // namespace trace
// clang-format on
"""


def main():
    text = generate()
    if "--check" in sys.argv[1:]:
        if not TARGET.exists() or TARGET.read_text() != text:
            sys.exit(f"{TARGET.relative_to(ROOT)} is out of date: run tools/gen_trace.py")
        return
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(text)


main()
