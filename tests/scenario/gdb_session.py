#!/usr/bin/env python3
"""gdb with tools/gdb/drvlab.py stops in a driver by the name of its function, and shows its source and variables."""
import pathlib, subprocess, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import run_scenario as rs


def check(lab, options, folder):
    """A breakpoint in null.sys."""
    commands = ["break null_write", "run", "print irp->Type", "finish"]
    line = ["gdb", "-q", "-batch", "-x", rs.SOURCE / "tools/gdb/drvlab.py", *(word for c in commands for word in ("-ex", c)),
            "--args", lab.drvlab, "run", "--driver", lab.image("null.sys"), "--", lab.image("nulltour.exe")]
    done = subprocess.run([str(word) for word in line], cwd=rs.SOURCE, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=200,
                          env=lab.environment)
    for wanted in ("Breakpoint 1, null_write (device=0x", "drivers/null/null.c:", "$1 = 6"):
        if wanted not in done.stdout:
            raise rs.Failure(f"gdb does not show '{wanted}':\n{done.stdout}\n{done.stderr}")


rs.run_script(check)
