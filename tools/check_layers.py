#!/usr/bin/env python3
"""Checks that every #include "…" goes to a room that stands to the left of the including one (docs/architecture.md)."""
import pathlib, re, sys

root = pathlib.Path(__file__).resolve().parent.parent / "src"
ORDER = ["abi", "base", "rtl", "trace", "host", "hardware", "kernel/seh", "kernel/ke", "kernel/mm", "kernel/pool", "kernel/ob", "kernel/se",
         "kernel/ldr", "kernel/section", "kernel/ex", "kernel/ps", "kernel/cm", "kernel/io", "kernel/scm",
         "kernel/exports", "verify", "view", "app"]
USER = {"abi", "base", "rtl"}  # what the user half may include besides itself


def room(path):
    parts = path.split("/")
    if parts[0] == "kernel":
        return "/".join(parts[:2])
    return parts[0]


problems = []
for file in sorted(root.rglob("*")):
    if file.suffix not in (".h", ".cpp", ".S", ".inc"):
        continue
    here = file.relative_to(root).as_posix()
    mine = room(here)
    for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1):
        m = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        if not m:
            continue
        target = m.group(1)
        if not (root / target).exists():
            continue  # relative to the file, or generated
        theirs = room(target)
        where = f"src/{here}:{number}"
        if mine == "user":
            if theirs not in USER and theirs != "user":
                problems.append(f"{where}: the user half may not include {target}")
            continue
        if mine not in ORDER or theirs not in ORDER:
            problems.append(f"{where}: {target}: unknown room")
        elif ORDER.index(theirs) > ORDER.index(mine):
            problems.append(f"{where}: {mine} may not include {theirs} ({target}); declare an interface and plug it in app/machine")
        elif mine in ("verify", "view") and theirs == "kernel/exports":
            problems.append(f"{where}: views may not include kernel/exports")
        elif "/detail/" in f"/{target}" and theirs != mine:
            problems.append(f"{where}: {target} is private to {theirs}")
print("\n".join(problems), end="\n" if problems else "")
sys.exit(1 if problems else 0)
