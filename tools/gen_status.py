#!/usr/bin/env python3
"""Writes src/abi/status.h from src/abi/status.txt. With --check, only says whether it is up to date."""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def rows():
    for line in (ROOT / "src/abi/status.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            value, name, win32, *text = line.split(" ", 3)
            yield int(value, 16), name, win32, text[0] if text else ""


def status_h():
    out = ["// NTSTATUS values. Generated from status.txt by tools/gen_status.py.", "#pragma once",
           '#include "abi/types.h"', "", "namespace nt {", ""]
    for value, name, _, _ in rows():
        out.append(f"inline constexpr NTSTATUS {name} = NTSTATUS(0x{value:08x});")
    out += ["", "} // namespace nt", ""]
    return "\n".join(out)


def main():
    (ROOT / "src/abi/status.h").write_text(status_h())


main()
