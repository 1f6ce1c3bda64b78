#!/usr/bin/env python3
"""Makes src/trace/generated/events.h from src/trace/events.txt. --check: fails if the checked-in file is not what it makes."""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src/trace/events.txt"
TARGET = ROOT / "src/trace/generated/events.h"

FIXED = {  # type: (C++ parameter, expression of the stored number)
    "bool": ("bool", "{0}"),
    "u8": ("std::uint8_t", "{0}"),
    "u16": ("std::uint16_t", "{0}"),
    "u32": ("std::uint32_t", "{0}"),
    "u64": ("std::uint64_t", "{0}"),
    "x32": ("std::uint32_t", "{0}"),
    "x64": ("std::uint64_t", "{0}"),
    "ptr": ("Ptr", "{0}.value"),
    "status": ("std::int32_t", "static_cast<std::uint32_t>({0})"),
}
VARIABLE = {  # type: (C++ parameter, data, length in bytes)
    "str8": ("std::string_view", "{0}.data()", "{0}.size()"),
    "str16": ("Str16", "{0}.data", "{0}.bytes"),
    "bytes": ("std::span<const std::byte>", "{0}.data()", "{0}.size()"),
    "u64s": ("std::span<const std::uint64_t>", None, None),
}
MAX_FIELDS = 30  # time and IRQL are numbers, too


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
        if not 0 < int(id_text) < 4095:
            fail(number, "ids are 1 to 4094")
        if len(fields) > MAX_FIELDS:
            fail(number, f"more than {MAX_FIELDS} fields")
        ids.add(int(id_text))
        names.add(name)
        events.append((int(id_text), name, fields, parts[2]))
    return events


def function(event):
    ident, name, fields, text = event
    parameters = ", ".join(f"{(FIXED.get(k) or VARIABLE[k])[0]} {f}" for f, k in fields)
    lines = [f"// {text}", f"inline void emit_{name}({parameters}) {{"]
    variable = []
    for f, k in fields:
        if k == "u64s":
            lines.append(f"    {f} = {f}.first(detail::cut({f}.size_bytes()) / 8);")
            variable.append(f"detail::array_bytes({f}.size())")
        elif k in VARIABLE:
            lines.append(f"    const std::size_t {f}_bytes = detail::cut({VARIABLE[k][2].format(f)});")
            variable.append(f"{f}_bytes")
    lines.append(f"    detail::Writer<{len(fields) + 2}> w({ident}, {' + '.join(variable) or '0'});")
    lines.append("    if (!w) [[unlikely]] return;")
    for f, k in fields:
        if k == "u64s":
            lines.append(f"    w.put({f}.size());")
        elif k in VARIABLE:
            lines.append(f"    w.put({f}_bytes);")
        else:
            lines.append(f"    w.put({FIXED[k][1].format(f)});")
    for f, k in fields:
        if k == "u64s":
            lines.append(f"    w.put_array({f});")
        elif k in VARIABLE:
            lines.append(f"    w.put_data({VARIABLE[k][1].format(f)}, {f}_bytes);")
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
