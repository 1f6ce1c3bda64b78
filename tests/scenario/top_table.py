#!/usr/bin/env python3
"""`drvlab top`: every unit of time stands in one place, in text of 80 columns and in JSON."""
import json, pathlib, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import run_scenario as rs


def top(lab, folder, *arguments):
    out = folder / "out"
    done = lab.call(["top", "--json", "-o", out, *arguments])
    if done.returncode != 0:
        raise rs.Failure(f"exit status {done.returncode}: {done.stderr}")
    return json.loads(out.read_text())


def balance(table):
    for number, p in enumerate(table["processors"]):
        spent = p["idle_ns"] + p["thread_ns"] + p["dpc_ns"] + p["interrupt_ns"]
        if spent != table["ns"] or p["user_ns"] > p["thread_ns"] or p["dispatch_level_ns"] < p["dpc_ns"] + p["interrupt_ns"]:
            raise rs.Failure(f"processor {number} does not add up to {table['ns']}: {p}")
    threads = sum(t["user_ns"] + t["kernel_ns"] for p in table["processes"] for t in p["threads"])
    on_processors = sum(p["thread_ns"] for p in table["processors"])
    if threads > on_processors or threads < on_processors * 0.9:
        raise rs.Failure(f"threads have {threads} ns, processors {on_processors}")


def check(lab, options, folder):
    """drvlab top."""
    null = ["--driver", lab.image("null.sys"), "--", lab.image("nulltour.exe")]
    table = top(lab, folder, *null)
    balance(table)
    client = next(p for p in table["processes"] if p["image"] == "nulltour.exe")
    if not client["user_ns"] or not client["kernel_ns"] or not all(t["ended"] for t in client["threads"]):
        raise rs.Failure(f"the client: {client}")
    table = top(lab, folder, "--cpus", 2, "--driver", lab.image("conform_ke_dpc.sys"), "--", lab.image("conform.exe"), "KeDpc")
    balance(table)
    if len(table["processors"]) != 2 or not table["system_interrupts"]["dpcs"] or not table["system_interrupts"]["ns"]:
        raise rs.Failure(f"DPCs take time: {table['system_interrupts']}")
    done = lab.call(["top", *null])
    lines = done.stdout.splitlines()
    if done.returncode != 0 or any(len(line) > 80 for line in lines):
        raise rs.Failure(f"exit status {done.returncode}:\n{done.stdout}")
    for row in ("System Idle Process", "System interrupts", "System", "nulltour.exe"):
        if not any(line[13:].startswith(row) for line in lines):
            raise rs.Failure(f"no row {row}:\n{done.stdout}")
    done = lab.call(["top", "-o", folder / "none" / "out", *null])
    if done.returncode != 127 or "cannot write" not in done.stderr:
        raise rs.Failure(f"no directory: exit status {done.returncode}: {done.stderr}")


rs.run_script(check)
