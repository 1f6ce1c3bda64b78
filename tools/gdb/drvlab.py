# Source-level debugging of drivers and programs under Drvlab:
#
#     gdb -x tools/gdb/drvlab.py --args build/drvlab run --driver null.sys -- client.exe
#     (gdb) break null_write
#     (gdb) run
#
# For every image with debug information the machine passes through functions of src/view/gdb_hook.cpp; breakpoints there load the
# image's symbols at its addresses, so pending breakpoints in drivers are placed before DriverEntry runs.
# See docs/debugging-a-driver.md.
import os
import struct

import gdb


def sections_of(path):
    """(preferred base, [(name, rva)]) of a PE image's sections that are mapped."""
    with open(path, "rb") as file:
        data = file.read()
    (pe,) = struct.unpack_from("<I", data, 0x3C)
    if data[pe : pe + 4] != b"PE\0\0":
        raise ValueError("not a PE image")
    count, _, symbols, symbol_count, optional_size, _ = struct.unpack_from("<HIIIHH", data, pe + 6)
    strings = symbols + 18 * symbol_count
    (preferred,) = struct.unpack_from("<Q", data, pe + 24 + 24)
    sections = []
    for i in range(count):
        at = pe + 24 + optional_size + 40 * i
        name = data[at : at + 8].rstrip(b"\0").decode("latin-1")
        if name.startswith("/") and symbols:  # a long name stands in the string table
            start = strings + int(name[1:])
            name = data[start : data.index(b"\0", start)].decode("latin-1")
        (rva,) = struct.unpack_from("<I", data, at + 12)
        if not name.startswith(".debug"):
            sections.append((name, rva))
    return preferred, sections


class Attach(gdb.Breakpoint):
    """Before the image's code is made writable, on which breakpoints in it depend."""

    def __init__(self):
        super().__init__("drvlab_gdb_attach", internal=True)
        self.silent = True

    def stop(self):
        address = int(gdb.parse_and_eval("(unsigned long)&drvlab_gdb_attached"))
        gdb.selected_inferior().write_memory(address, struct.pack("<i", 1))
        return False


class ModuleLoaded(gdb.Breakpoint):
    loaded = {}

    def __init__(self):
        super().__init__("drvlab_gdb_load", internal=True)
        self.silent = True

    def stop(self):
        frame = gdb.selected_frame()
        base = int(frame.read_register("rsi"))
        path = gdb.parse_and_eval("(const char*)$rdi").string()
        self.load(path, base)
        return False

    @classmethod
    def load(cls, path, base):
        try:
            _, sections = sections_of(path)
        except (OSError, ValueError, struct.error) as error:
            print(f"drvlab: {path}: {error}")
            return
        if (path, base) in cls.loaded:
            return
        text = next((rva for name, rva in sections if name == ".text"), None)
        others = " ".join(f"-s {name} {base + rva:#x}" for name, rva in sections if name != ".text")
        where = f"{base + text:#x} " if text is not None else ""
        gdb.execute(f'add-symbol-file "{path}" {where}{others}', to_string=True)
        cls.loaded[(path, base)] = text
        print(f"drvlab: {os.path.basename(path)} at {base:#x}")


class ModuleUnloaded(gdb.Breakpoint):
    def __init__(self):
        super().__init__("drvlab_gdb_unload", internal=True)
        self.silent = True

    def stop(self):
        frame = gdb.selected_frame()
        base = int(frame.read_register("rsi"))
        path = gdb.parse_and_eval("(const char*)$rdi").string()
        text = ModuleLoaded.loaded.pop((path, base), None)
        if text is not None:
            gdb.execute(f"remove-symbol-file -a {base + text:#x}", to_string=True)
        return False


gdb.execute("set breakpoint pending on")
gdb.execute("set confirm off")
# Faults of guests, replaced instructions, contained system calls and the watchdog are Drvlab's own business.
for signal in ("SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGSYS", "SIGALRM", "SIGVTALRM", "SIGPROF"):
    gdb.execute(f"handle {signal} nostop noprint pass", to_string=True)
Attach()
ModuleLoaded()
ModuleUnloaded()
