#!/usr/bin/env python3
"""Hardware models of others: the example of docs/modelling-hardware.md as it is printed there, and everything that can be wrong with a
model: each ends the run with a message that names it, never with a crash."""
import pathlib, subprocess, sys

root = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(root / "tools"))
import run_scenario as rs

HEADERS = root / "src/hardware/model"
# A driver that reads port 0x300 when it is loaded.
PORT_DRIVER = """
#include <ntddk.h>
static VOID NTAPI unload(PDRIVER_OBJECT driver) { (void)driver; }
NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    (void)path;
    driver->DriverUnload = unload;
    unsigned char value;
    __asm__ volatile("inb %w1, %0" : "=a"(value) : "d"(0x300));
    for (int i = 0; i < 100; i++) __asm__ volatile("outb %0, %w1" : : "a"((unsigned char)i), "d"(0x301));
    DbgPrint("read %x\\n", value);
    return STATUS_SUCCESS;
}
"""
# One model that goes wrong in the way that its argument names.
MODEL = """
#include "drvlab_model.hpp"
#include <stdexcept>
struct Wrong final : drvlab::Model {
    explicit Wrong(const drvlab::Setup& setup) : Model(setup), which(setup.arguments) {
        %(create)s
        ports(0x300, 2, 1);
    }
    std::uint64_t read(std::uint32_t, std::uint64_t, std::uint32_t) override {
        %(read)s
        return 0;
    }
    void write(std::uint32_t, std::uint64_t, std::uint32_t, std::uint64_t) override {}
    const std::string which;
};
DRVLAB_MODEL(Wrong, "wrong");
"""
C_MODEL = """
#include "drvlab_model.h"
static void* create(const drvlab_host* host, drvlab_device* device, const char* arguments) { %(create)s }
static uint64_t read(void* self, uint32_t region, uint64_t offset, uint32_t bytes) { return offset; }
static void write(void* self, uint32_t region, uint64_t offset, uint32_t bytes, uint64_t value) {}
static const drvlab_model model = {%(version)s, sizeof(drvlab_model), "plain", create, read, write, 0};
const drvlab_model* drvlab_model_entry(void) { return &model; }
"""

# name, what the constructor does, what drvlab says
CREATE = [
    ("throws", "throw std::runtime_error(\"out of luck\");", "hardware model 'wrong': out of luck"),
    ("throws_int", "throw 1;", "hardware model 'wrong': something was thrown that is no std::exception"),
    ("fails", "fail(\"not today\");", "hardware model 'wrong': not today"),
    ("no_ports", "ports(0xffff, 2);", "hardware model 'wrong': 2 ports at 0xffff: there are ports 0 to 0xffff"),
    ("overlaps", "ports(0xcfc, 4);", "hardware model 'wrong': ports 0xcfc to 0xcff overlap those of 'pci' (0xcf8 to 0xcff)"),
    ("in_memory", "registers(0x100000, 16);", "hardware model 'wrong': registers at 0x100000, 16 bytes: there is memory, or no address space"),
    ("line", "line(16);", "hardware model 'wrong': interrupt line 16: fixed lines are 0 to 15"),
    ("bar_first", "bar(0, DRVLAB_BAR_MEMORY32, 4096);", "hardware model 'wrong': declare_bar before declare_pci"),
    ("bar_size", "pci({1, 2}); bar(0, DRVLAB_BAR_MEMORY32, 100);", "hardware model 'wrong': base address register 0 of 100 bytes: "),
    ("no_vendor", "pci({0xffff, 2});", "hardware model 'wrong': vendor 0xffff means that there is no device"),
    ("msi", "pci({1, 2}); msi(3);", "hardware model 'wrong': 3 MSI messages: "),
    ("function", "function();", "hardware model 'wrong': functions, but no declare_pci"),
    ("width", "ports(0x300, 1, 3);", "hardware model 'wrong': a width of 3 bytes: there are 1, 2, 4 and 8"),
]
# name, what read does, what drvlab says
RUNNING = [
    ("throws_late", "throw std::runtime_error(\"too late\");", "hardware model 'wrong': too late"),
    ("fails_late", "fail(\"worn out\"); return 0;", "hardware model 'wrong': worn out"),
    ("crashes", "return *reinterpret_cast<volatile int*>(16);", "hardware model 'wrong' touched memory that is not there (0x10)"),
    ("declares_late", "line(3); return 0;", "hardware model 'wrong': declare_line is for create only"),
    ("throws_in_event", "after(1, [] { throw std::runtime_error(\"in my sleep\"); }); return 0;", "hardware model 'wrong': in my sleep"),
]


def build(folder, name, text, suffix="cpp", flags=()):
    (folder / f"{name}.{suffix}").write_text(text)
    compiler = ["g++", "-std=c++20"] if suffix == "cpp" else ["gcc"]
    subprocess.run([*compiler, "-O1", "-shared", "-fPIC", "-I", str(HEADERS), *flags, f"{name}.{suffix}", "-o", f"{name}.so"], cwd=folder, check=True)
    return str(folder / f"{name}.so")


def example():
    """The indented block of the page that begins with the model's #include."""
    lines = (root / "docs/modelling-hardware.md").read_text().split("\n")
    start = lines.index('    #include "drvlab_model.hpp"')
    end = start
    while lines[end].startswith("    ") or not lines[end]:
        end += 1
    return "\n".join(line[4:] for line in lines[start:end])


def check_example(lab, folder):
    model = build(folder, "adder", example(), flags=["-Wall", "-Wextra", "-Werror"])
    driver = lab.image("adder.sys")
    traces = []
    for n in range(2):
        trace = folder / f"trace{n}"
        rs.expect(lab.call(["load", "--hardware", model, "--trace", trace, driver]), 0)
        traces.append(trace.read_bytes())
    if traces[0] != traces[1]:
        raise rs.Failure("two runs of the example differ")
    rs.check_trace([
        {"event": "device_message", "model": "adder", "text": "PCI 00:02.0 1db5:00ad, BAR0 0xe0000000, line 18"},
        {"event": "register_write", "model": "adder", "offset": "0x8", "value": "0x200"},
        {"event": "dma", "model": "adder", "length": "0x200", "write": False, "done": True},
        {"event": "interrupt_line", "line": 18, "asserted": True, "model": "adder"},
        {"event": "register_read", "model": "adder", "offset": "0x10", "value": "0x1"},
        {"event": "debug_print", "text": "/the sum is 65280/"},
    ], [], lab.rows(folder / "trace0"))
    text = " ".join(lab.call(["trace", "show", folder / "trace0"]).stdout.split())  # lines are folded
    for line in ("adder: PCI 00:02.0 1db5:00ad, BAR0 0xe0000000, line 18", "PCI 00:02.0 (adder) configuration 0x0 -> 0x00ad1db5 from adder!",
                 "register 0xe0000008 (adder+0x8) <- 0x00000200 from adder!", "DMA of adder: reads 0x200 bytes at 0x", "interrupt line 18 asserted by adder"):
        if line not in text:
            raise rs.Failure(f"the trace's text has no line '{line}':\n{text[:3000]}")


def says(lab, model, driver, status, text):
    done = lab.call(["load", "--hardware", model, driver])
    if done.returncode != status or f"drvlab: {text}" not in done.stderr:
        raise rs.Failure(f"{model}: exit status {done.returncode}, not {status} with '{text}':\n{done.stderr}")


def check(lab, options, folder):
    """Models of others."""
    check_example(lab, folder)
    rs.build_driver(folder, "port", PORT_DRIVER)
    driver = folder / "port.sys"
    good = [("two", 'pci({1, 2}); auto second = function(); pci({1, 3}, second); bar(0, DRVLAB_BAR_PORTS, 16, 4, second);', "")]
    chosen = lambda cases: "\n".join(f'if (which == "{name}") {{ {text} }}' for name, text, _ in cases)
    wrong = build(folder, "wrong", MODEL % {"create": chosen(CREATE + good), "read": chosen(RUNNING + [("chance", "return random();", "")])})
    for cases, status in ((CREATE, 121), (RUNNING, 123)):
        for name, _, message in cases:
            says(lab, f"{wrong}:{name}", driver, status, message)

    c_model = {"create": "return 0;", "version": "DRVLAB_MODEL_VERSION"}
    says(lab, build(folder, "silent", C_MODEL % c_model, "c"), driver, 121, "hardware model 'plain': it could not be made, and it says nothing why")
    old = build(folder, "old", C_MODEL % (c_model | {"version": "77"}), "c")
    says(lab, old, driver, 121, f"hardware model '{old}' was built for version 77 of the interface; this Drvlab has version 1: build it again")
    none = build(folder, "none", "int x;", "c")
    says(lab, none, driver, 121, f"'{none}' is no hardware model: it has no function drvlab_model_entry")
    text = folder / "text.so"
    text.write_text("this is no shared object")
    says(lab, text, driver, 121, f"hardware model '{text}' cannot be loaded: ")
    plain = build(folder, "plain", C_MODEL % (c_model | {"create": "host->declare_ports(device, 0x300, 2, 1); return device;"}), "c")
    rs.expect(lab.call(["load", "--hardware", plain, "--trace", folder / "trace", driver]), 0)
    rs.check_trace([{"event": "port_read", "port": "0x300", "value": "0x0", "model": "plain"}], [], lab.rows(folder / "trace"))
    # Two functions of one device.
    rs.expect(lab.call(["load", "--hardware", f"{wrong}:two", "--trace", folder / "trace", driver]), 0)
    rs.check_trace([{"event": "device_message", "text": "PCI 00:02.0 0001:0002, ports 0x300-0x301"},
                    {"event": "device_message", "model": "wrong.1", "text": "PCI 00:02.1 0001:0003, BAR0 0xc000"}], [], lab.rows(folder / "trace"))
    # Chance is the seed's.
    seen = []
    for seed in (1, 1, 2):
        rs.expect(lab.call(["load", "--hardware", f"{wrong}:chance", "--seed", seed, "--trace", folder / "trace", driver]), 0)
        seen.append(next(row["value"] for row in lab.rows(folder / "trace") if row["event"] == "port_read"))
    if seen[0] != seen[1] or seen[0] == seen[2]:
        raise rs.Failure(f"random() gave {seen} with the seeds 1, 1, 2")
    print(f"{len(CREATE) + len(RUNNING) + 7} models")


rs.run_script(check)
