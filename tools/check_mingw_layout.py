#!/usr/bin/env python3
"""Compares src/abi/layout.txt with mingw-w64's headers, an independent description of the same structures.

Every row whose structure and field these headers know too, and every constant of our headers that they have by the
same name, is compiled to a number and compared. What is known to
differ (errors of those headers, or a later Windows described by us) stands in src/abi/mingw_differences.txt; a
difference that is not listed fails, and so does a listed one that no longer exists.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
CC = "x86_64-w64-mingw32-gcc"
# Finds the probes that do not compile: gcc takes a quarter of a minute to guess what each might have meant.
FILTER = ["clang-19", "--target=x86_64-w64-windows-gnu", "-fsyntax-only", "-w", "-ferror-limit=0",
          "-fno-spell-checking", "-fno-caret-diagnostics"]
INCLUDE = "/usr/x86_64-w64-mingw32/include"
DDK = """#include <ntifs.h>
#include <ntddk.h>
"""
USER = """#include <windows.h>
#include <winternl.h>
"""
AT_LEAST = 8300  # rows compared; fewer means that the comparison itself is broken


def rows():
    for line in (ROOT / "src/abi/layout.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, field, offset, size, *text, mark = line.split()
            yield name, field, offset, size, " ".join(text), mark


def constants():
    """Names and values of the constants in our headers, as our own compiler sees them."""
    headers = [h for h in sorted((ROOT / "src/abi").glob("*.h"))]
    names = [n for h in headers for n in re.findall(r"inline constexpr \w[\w:]* (\w+)\s*=", h.read_text())]
    source = "".join(f'#include "abi/{h.name}"\n' for h in headers) + "extern const long long values[];\n" + \
        "const long long values[] = {" + ",".join(f"(long long)nt::{n}" for n in names) + "};\n"
    r = subprocess.run(["g++", "-std=gnu++23", f"-I{ROOT}/src", "-x", "c++", "-S", "-o", "-", "-"], input=source,
                       capture_output=True, text=True, check=True)
    values = []
    for kind, value in re.findall(r"^\s+\.(quad|zero)\s+(-?\d+)", r.stdout[r.stdout.index("values:"):], re.M):
        values += [int(value)] if kind == "quad" else [0] * (int(value) // 8)
    return dict(zip(names, values, strict=True))


def probes():
    """C expressions by the key they check, with the value of our row."""
    for name, value in constants().items():
        yield f"constant {name}", f"(long long)({name})", value
    enums = {name for name, _, _, _, text, _ in rows() if text == "enum"}
    for name, field, offset, size, text, _ in rows():
        if text == "enumerator":
            yield f"{name}.{field}", f"(long long)({field})", int(offset)
        elif field == "-":
            if name not in enums:
                yield name, f"sizeof({name})", int(size, 16)
        elif ":" not in size:  # a bit-field has no address: its neighbours and the storage's size stand for it
            yield f"{name}.{field}", f"__builtin_offsetof({name}, {field})", int(offset, 16)
            yield f"{name}.{field} size", f"sizeof((({name}*)0)->{field})", int(size, 16)


def compile_probes(prologue, flags, wanted, tmp):
    """Values of the expressions that compile against these headers."""
    known = dict(wanted)
    source, asm = tmp / "probe.c", tmp / "probe.s"

    def write():
        source.write_text(prologue + '#line 1 "probes"\n' +
                          "".join(f"const long long p{i} = {e};\n" for i, e in enumerate(known.values())))

    def drop(compiler):
        """Removes what this compiler refuses; False when there was nothing to remove."""
        write()
        r = subprocess.run([*compiler, *flags, source], capture_output=True, text=True)
        bad = {int(n) for n in re.findall(r"^probes:(\d+):\d+: error", r.stderr, re.M)}
        if r.returncode and not bad:
            sys.exit("mingw-w64's headers do not compile:\n" + r.stderr[:2000])
        for key in [k for i, k in enumerate(known, 1) if i in bad]:
            del known[key]
        return bool(bad)

    while drop(FILTER):
        pass
    while drop([CC, "-S", "-w", "-fmax-errors=0", "-fno-diagnostics-show-caret", "-o", asm]):
        pass
    keys = list(known)
    return {keys[int(i)]: int(v) if kind == "quad" else 0
            for i, kind, v in re.findall(r"^p(\d+):\n\s+\.(quad|space)\s+(-?\d+)", asm.read_text(), re.M)}


def measure(probes):
    wanted = {key: expr for key, expr, _ in probes}
    with tempfile.TemporaryDirectory() as tmp:
        tmp = pathlib.Path(tmp)
        flags = [f"-I{INCLUDE}/ddk", "-D_WIN32_WINNT=0x0A00", "-DNTDDI_VERSION=0x0A000000", "-D_AMD64_"]
        values = compile_probes(USER, flags, wanted, tmp)
        values.update(compile_probes(DDK, flags, wanted, tmp))
    return values


def plain(value):
    """Without sign: a negative LONG and the same bits as ULONG are equal."""
    return value & 0xffffffff if -0x80000000 <= value < 0 else value & 0xffffffffffffffff


def listed():
    path = ROOT / "src/abi/mingw_differences.txt"
    return {line.split("  ")[0].rstrip(): line for line in path.read_text().splitlines()
            if line and not line.startswith("#")} if path.exists() else {}


def compiles_for_windows():
    """Our own headers, by the compiler that builds ntdll: the same layout there."""
    r = subprocess.run(["x86_64-w64-mingw32-g++", "-std=gnu++23", "-fsyntax-only", "-Wall", "-Wextra", "-Werror",
                        f"-I{ROOT}/src", "-x", "c++", "-"], input='#include "abi/generated/layout_asserts.h"\n',
                       capture_output=True, text=True)
    return [] if r.returncode == 0 else ["not so for Windows:\n" + r.stderr[:2000]]


def main():
    wanted = list(probes())
    values = measure(wanted)
    known, seen, failures, compared = listed(), set(), [], 0
    for key, _, ours in wanted:
        if key not in values:
            continue
        compared += 1
        ours, theirs = plain(ours), plain(values[key])
        if theirs == ours:
            continue
        line = f"{key} ours 0x{ours:x} mingw 0x{theirs:x}"
        seen.add(line)
        if line not in known:
            failures.append("differs: " + line)
    failures += compiles_for_windows()
    failures += ["no longer differs: " + line for line in known if line not in seen]
    if compared < AT_LEAST:
        failures.append(f"only {compared} values were compared")
    print("\n".join(failures))
    print(f"{compared} values compared, {len(seen)} known differences" if not failures else f"{len(failures)} failures")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
