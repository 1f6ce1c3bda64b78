#!/usr/bin/env python3
"""Programs with names beyond ASCII: the system, its services and drivers know them by the characters that the host's file has."""
import pathlib, shutil, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import run_scenario as rs

NAME = "k\u00e4se \u0436 \U0001f600.exe"


def check(lab, options, folder):
    """Names of programs."""
    program = folder / NAME
    shutil.copy(lab.guest / "conform_names.exe", program)
    units = NAME.encode("utf-16-le")
    name = "".join(f" {units[i] | units[i + 1] << 8:x}" for i in range(0, len(units), 2))
    said = "".join(f"{what}{name}\n" for what in ("module", "process", "snapshot"))
    trace = folder / "trace"
    rs.expect(lab.call(["run", "--trace", trace, "--driver", lab.guest / "conform_notify.sys", "--", program]), 0, stdout=2 * said)
    shown = lab.call(["trace", "show", trace]).stdout
    if shown.count(f"Drvlab\\{NAME}") < 2:
        raise rs.Failure("the trace has other names of the processes")


rs.run_script(check)
