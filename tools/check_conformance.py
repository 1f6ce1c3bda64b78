#!/usr/bin/env python3
"""An export marked `full` is exercised by a conformance test: every one must be imported by some driver or program that is built into GUEST.

A driver proves the exports that it imports from ntoskrnl.exe and hal.dll, and those whose names it hands to MmGetSystemRoutineAddress
as literals. A system service is one thing under two names: a driver's import
of Nt… or Zw…, or a program's import of either from ntdll.dll, proves both. The images of the bench and of Drvlab itself prove nothing.

tests/conformance/unproven.txt lists what is not proven yet. It may only shrink: a line that is proven, or no longer `full`, is an error too.

usage: check_conformance.py BUILD-DIRECTORY [--list]     --list prints the unproven ones, as the file wants them
"""
import pathlib, re, struct, sys

root = pathlib.Path(__file__).resolve().parent.parent
NOT_TESTS = {"bench.sys", "bench_client.exe", "ntdll.dll", "kernel32.dll", "advapi32.dll"}
ROW = re.compile(r'^    \{"(\w+)", .*Kind::(\w+), Status::(\w+), Image::(\w+),', re.M)
LITERAL = re.compile(rb"(?:[A-Za-z_]\0)(?:\w\0)+\0\0")  # a wide name with its terminator


def imports(path):
    """(image, name) of every import by name of a 64-bit PE image."""
    data = path.read_bytes()
    u32 = lambda at: struct.unpack_from("<I", data, at)[0]
    text = lambda at: data[at:data.index(b"\0", at)].decode("ascii", "replace")
    pe = u32(0x3C)
    count, optional_size = struct.unpack_from("<H", data, pe + 6)[0], struct.unpack_from("<H", data, pe + 20)[0]
    sections = [struct.unpack_from("<IIII", data, pe + 24 + optional_size + i * 40 + 8) for i in range(count)]

    def at(rva):
        for size, start, raw_size, raw in sections:
            if start <= rva < start + max(size, raw_size):
                return rva - start + raw
        raise ValueError(f"{path}: nothing at {rva:#x}")

    table = u32(pe + 24 + 112 + 8)
    if not table:
        return
    descriptor = at(table)
    while u32(descriptor + 12):
        image = text(at(u32(descriptor + 12))).lower()
        entry = at(u32(descriptor) or u32(descriptor + 16))
        while (value := struct.unpack_from("<Q", data, entry)[0]):
            if not value >> 63:
                yield image, text(at(value) + 2)
            entry += 8
        descriptor += 20


def proven(guest):
    names = set()
    images = [p for p in sorted(guest.glob("*")) if p.suffix in (".sys", ".exe", ".dll") and p.name not in NOT_TESTS]
    if not images:
        sys.exit(f"check_conformance: no images in {guest}: build first")
    for path in images:
        found = list(imports(path))
        if path.suffix == ".sys" and any(name == "MmGetSystemRoutineAddress" for _, name in found):
            # The last letter of a narrow literal before it looks like the first of a wide one.
            wide = [literal[:-2].decode("utf-16-le") for literal in LITERAL.findall(path.read_bytes())]
            found += [("", text) for literal in wide for text in (literal, literal[1:])]
        for image, name in found:
            service = re.fullmatch(r"(?:Nt|Zw)([A-Z]\w+)", name)
            if service:
                names |= {"Nt" + service[1], "Zw" + service[1]}
            if path.suffix == ".sys":
                names.add(name)
    return names


def claimed():
    """Names of Windows that the generated table calls full; what is Drvlab's own has no page to conform to."""
    table = (root / "src/kernel/exports/generated/table.cpp").read_text()
    return {name for name, kind, status, _ in ROW.findall(table) if status == "full" and kind not in ("internal", "stub") and "Drvlab" not in name}


def main():
    full, shown = claimed(), proven(pathlib.Path(sys.argv[1]) / "guest")
    unproven = full - shown
    if "--list" in sys.argv:
        print("\n".join(sorted(unproven)))
        return 0
    listed = {line.split("#")[0].strip() for line in (root / "tests/conformance/unproven.txt").read_text().splitlines()} - {""}
    bad = [f"{name} is marked full and no conformance test imports it: write one, or mark it partial" for name in sorted(unproven - listed)]
    bad += [f"{name} is {'proven' if name in full else 'not full'}: take it out of tests/conformance/unproven.txt" for name in sorted(listed - unproven)]
    for line in bad:
        print(f"check_conformance: {line}")
    return 1 if bad else 0


sys.exit(main())
