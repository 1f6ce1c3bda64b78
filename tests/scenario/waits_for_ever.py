#!/usr/bin/env python3
"""Every thread waits and nothing can end it: a hang, told at once, not after the watchdog's time."""
import pathlib, subprocess, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import run_scenario as rs

SOURCE = """
#include <windows.h>
#include <stdio.h>
int main(void) {
    puts("waiting");
    fflush(stdout);
    return WaitForSingleObject(CreateEventA(NULL, TRUE, FALSE, NULL), INFINITE);
}
"""


def check(lab, options, folder):
    """A hang."""
    (folder / "waits.c").write_text(SOURCE)
    subprocess.run(["x86_64-w64-mingw32-gcc", "-O2", "waits.c", "-o", "waits.exe"], cwd=folder, check=True)
    done = rs.expect(lab.call(["run", "--watchdog", "50", "--trace", folder / "trace", "--", folder / "waits.exe"], timeout=20), 126, stdout="waiting\n")
    if "wait" not in done.stderr:
        raise rs.Failure(f"the report does not say that all wait:\n{done.stderr}")
    rs.check_trace([{"event": "wait_begin", "timed": False}, {"event": "machine_end", "exit_code": "0x7e"}], [], lab.rows(folder / "trace"))


rs.run_script(check)
