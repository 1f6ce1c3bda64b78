#!/usr/bin/env python3
"""Images that are not what they should be are refused with the field named, as drivers and by inspect."""
import pathlib, re, struct, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import run_scenario as rs


class Image:
    """The bytes of a driver, and where its headers are."""

    def __init__(self, data):
        self.data = bytearray(data)
        self.nt = struct.unpack_from("<I", data, 0x3C)[0]
        self.optional = self.nt + 24
        self.sections = self.optional + struct.unpack_from("<H", data, self.nt + 20)[0]

    def put(self, offset, form, value):
        struct.pack_into("<" + form, self.data, offset, value)
        return self

    def get(self, offset, form):
        return struct.unpack_from("<" + form, self.data, offset)[0]


def cases(good):
    def image():
        return Image(good)

    i = image()
    first, second = i.sections, i.sections + 40
    # name, bytes, what the message must name
    yield "empty", b"", "IMAGE_DOS_HEADER"
    yield "text", b"#!/bin/sh\n" * 100, "IMAGE_DOS_HEADER.e_magic"
    yield "x86", image().put(i.nt + 4, "H", 0x14C).data, "IMAGE_FILE_HEADER.Machine"
    yield "arm64", image().put(i.nt + 4, "H", 0xAA64).data, "IMAGE_FILE_HEADER.Machine"
    yield "pe32", image().put(i.optional, "H", 0x10B).data, "IMAGE_OPTIONAL_HEADER.Magic"
    yield "console", image().put(i.optional + 68, "H", 3).data, "IMAGE_OPTIONAL_HEADER.Subsystem"
    yield "no_signature", image().put(i.nt, "I", 0x4550 + 1).data, "Signature"
    yield "headers_beyond", image().put(0x3C, "I", 0x7FFFFFF0).data, "IMAGE_DOS_HEADER.e_lfanew"
    yield "overlapping", image().put(second + 12, "I", i.get(first + 12, "I")).data, "VirtualAddress"
    yield "huge_image", image().put(i.optional + 56, "I", 0xFFFFF000).data, "SizeOfImage"
    yield "small_image", image().put(i.optional + 56, "I", 0x1000).data, "SizeOfImage|VirtualAddress|VirtualSize"
    yield "huge_section", image().put(first + 8, "I", 0xFFFFFFFF).data, "VirtualSize|VirtualAddress"
    yield "data_beyond_file", image().put(first + 20, "I", 0x7FFFF000).data, "PointerToRawData|SizeOfRawData"
    yield "alignment", image().put(i.optional + 32, "I", 3).data, "SectionAlignment"
    yield "entry_outside", image().put(i.optional + 16, "I", 0x7FFFFFFF).data, "AddressOfEntryPoint"
    yield "many_sections", image().put(i.nt + 6, "H", 0xFFFF).data, "NumberOfSections"
    yield "imports_outside", image().put(i.optional + 112 + 8, "I", 0x7FFFFFF0).data, "IMPORT"
    yield "functions_outside", image().put(i.optional + 112 + 3 * 8, "I", 0x7FFFFFF0).data, "EXCEPTION"
    for part in (0x10, 0x40, i.nt + 2, i.nt + 40, i.sections + 30, 0x400, 0x500):
        yield f"truncated_at_{part:#x}", good[:part], "."


def check(lab, options, folder):
    """Malformed images."""
    good = (lab.guest / "null.sys").read_bytes()
    problems = []
    for name, data, field in cases(good):
        path = folder / f"{name}.sys"
        path.write_bytes(bytes(data))
        done = lab.call(["load", path])
        line = done.stderr.strip()
        if done.returncode != 121 or done.stdout or not re.search(field, line) or not re.search(r"IMAGE_\w+[\w.\[\] ]*|Signature", line) or len(line.splitlines()) != 1:
            problems.append(f"{name}: exit status {done.returncode}, wanted 121 and a line that names {field}: {line}{done.stdout}")
        again = lab.call(["inspect", path])
        if again.returncode not in (0, 121):
            problems.append(f"{name}: inspect ends with {again.returncode}: {again.stderr}")
    if problems:
        raise rs.Failure("\n".join(problems))


rs.run_script(check)
