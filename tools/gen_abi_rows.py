#!/usr/bin/env python3
"""Refreshes the rows of src/abi/layout.txt from the headers: a tool for whoever adds a structure, not part of the build.
With --check nothing is written: exit status 1 says that the rows are out of date.

Compiles all headers of src/abi with debug information, reads the layouts with gdb, and writes every field with its
offset, size and WinDbg type text. Marks of rows that exist stay; new rows are `unchecked`. Read the diff: a row
that moves is a broken ABI.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
LAYOUT = ROOT / "src/abi/layout.txt"
SKIP = {"status", "win32_error", "bugcheck"}
# Types that the WDK declares without the leading underscore.
PLAIN = {"BUS_QUERY_ID_TYPE", "DEVICE_TEXT_TYPE", "POWER_ACTION", "DEVICE_REGISTRY_PROPERTY", "MEMORY_INFORMATION_CLASS"}

GDB = r'''
import gdb, sys
PLAIN = %r
TYPES = %r
BASIC = {"char16_t": "Wchar", "char": "Char", "unsigned char": "UChar", "short": "Int2B", "unsigned short": "Uint2B",
         "int": "Int4B", "unsigned int": "Uint4B", "long": "Int8B", "unsigned long": "Uint8B",
         "long long": "Int8B", "unsigned long long": "Uint8B", "void": "Void"}
C_NAME = {"Void": "void", "Char": "char", "UChar": "unsigned char", "Int2B": "short", "Uint2B": "unsigned short",
          "Int4B": "long", "Uint4B": "unsigned long", "Int8B": "int64", "Uint8B": "unsigned int64", "Wchar": "wchar_t"}

def bare(t):
    return t.strip_typedefs().unqualified()

def tag(t):
    name = t.name.split("::")[-1]
    return name if name in PLAIN else "_" + name

def anonymous(t):
    return not t.name or "unnamed" in t.name or "anonymous" in t.name or t.name.endswith("}")

def text(t):
    t = bare(t)
    if t.code == gdb.TYPE_CODE_PTR:
        to = bare(t.target())
        if to.code == gdb.TYPE_CODE_FUNC:
            r = bare(to.target())
            if r.code == gdb.TYPE_CODE_PTR:
                inner = text(r.target())
                return "Ptr64 fn " + C_NAME.get(inner, inner) + "*"
            inner = text(r)
            return "Ptr64 fn " + C_NAME.get(inner, inner)
        return "Ptr64 " + text(to)
    if t.code == gdb.TYPE_CODE_ARRAY:
        low, high = t.range()
        return "[%%d] %%s" %% (high + 1, text(t.target()))
    if t.code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION, gdb.TYPE_CODE_ENUM):
        return "<anonymous-tag>" if anonymous(t) else tag(t)
    return BASIC[str(t)]

def fields(name, t, prefix, base):
    for f in t.fields():
        if not hasattr(f, "bitpos"):
            continue
        ft = bare(f.type)
        kind = ft.code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION)
        if not f.name:
            fields(name, ft, prefix, base + f.bitpos // 8)
            continue
        path = prefix + f.name
        if f.bitsize:
            unit = ft.sizeof
            bit = base * 8 + f.bitpos
            offset = bit // (8 * unit) * unit
            print("ROW %%s %%s 0x%%x %%d:%%d %%s" %% (name, path, offset, bit - offset * 8, f.bitsize, text(ft)))
            continue
        offset = base + f.bitpos // 8
        print("ROW %%s %%s 0x%%x 0x%%x %%s" %% (name, path, offset, ft.sizeof, text(ft)))
        inner, array = ft, False
        if ft.code == gdb.TYPE_CODE_ARRAY:
            inner, array = bare(ft.target()), True
        if inner.code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION) and anonymous(inner):
            fields(name, inner, path + ("[0]." if array else "."), offset)

for name in TYPES:
    t = bare(gdb.lookup_type("nt::" + name))
    if t.code == gdb.TYPE_CODE_ENUM:
        print("ROW %%s - - 0x%%x enum" %% (name, t.sizeof))
        for f in t.fields():
            print("ROW %%s %%s %%d - enumerator" %% (name, f.name.split("::")[-1], f.enumval))
    else:
        print("ROW %%s - - 0x%%x %%s" %% (name, t.sizeof, "union" if t.code == gdb.TYPE_CODE_UNION else "struct"))
        fields(name, t, "", 0)
'''


def type_names(headers):
    """Names of the structures, unions and enumerations that the headers define, in order."""
    for header in headers:
        for m in re.finditer(r"^(struct|union|enum)\s+(?:MS_BITS\s+)?(?:alignas\(\d+\)\s+)?(\w+)(?:\s*:\s*\w+)?\s*\{",
                             header.read_text(), re.M):
            yield m.group(2)


def old_marks():
    marks = {}
    if LAYOUT.exists():
        for line in LAYOUT.read_text().splitlines():
            parts = line.split()
            if parts and not line.startswith("#"):
                marks[parts[0], parts[1]] = parts[-1]
    return marks


def main():
    check = sys.argv[1:] == ["--check"]
    if check and not shutil.which("gdb"):
        return  # src/abi/layout_test.cpp says the same with a compiler only
    headers = [h for h in sorted((ROOT / "src/abi").glob("*.h")) if h.stem not in SKIP]
    names = list(dict.fromkeys(type_names(headers)))
    with tempfile.TemporaryDirectory() as tmp:
        tmp = pathlib.Path(tmp)
        (tmp / "all.cpp").write_text("".join(f'#include "abi/{h.name}"\n' for h in headers) + "int main() {}\n")
        (tmp / "read.py").write_text(GDB % (PLAIN, names))
        subprocess.run(["g++", "-std=gnu++23", "-g", "-fno-eliminate-unused-debug-types", f"-I{ROOT}/src", "-o",
                        tmp / "all", tmp / "all.cpp"], check=True)
        out = subprocess.run(["gdb", "-q", "-nx", "-batch", "-x", tmp / "read.py", tmp / "all"], check=True,
                             capture_output=True, text=True)
    if "Error" in out.stderr:
        sys.exit(out.stderr)
    marks = old_marks()
    lines = [l for l in LAYOUT.read_text().splitlines() if l.startswith("#")] if LAYOUT.exists() else []
    last = None
    for line in out.stdout.splitlines():
        if not line.startswith("ROW "):
            continue
        name, field, offset, size, *text = line[4:].split(" ")
        if name != last:
            lines.append("")
        last = name
        lines.append(" ".join([name, field, offset, size, *text, marks.get((name, field), "unchecked")]))
    text = "\n".join(lines) + "\n"
    if not check:
        LAYOUT.write_text(text)
    elif text != LAYOUT.read_text():
        sys.exit("src/abi/layout.txt is out of date: run tools/gen_abi_rows.py and read the difference")


if __name__ == "__main__":
    main()
