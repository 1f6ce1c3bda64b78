#!/usr/bin/env python3
"""Every thread waits and nothing can end it: a hang, told at once, not after the watchdog's time."""
import pathlib, re, shutil, subprocess, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import run_scenario as rs

SOURCE = """
#include <windows.h>
#include <stdio.h>
int main(void) {
    puts("waiting");
    fflush(stdout);
    DWORD status = WaitForSingleObject(CreateEventA(NULL, TRUE, FALSE, NULL), INFINITE);
    puts("no longer");
    return status;
}
"""


def check(lab, options, folder):
    """A hang."""
    (folder / "waits.c").write_text(SOURCE)
    subprocess.run(["x86_64-w64-mingw32-gcc", "-O2", "waits.c", "-o", "waits.exe"], cwd=folder, check=True)
    done = rs.expect(lab.call(["run", "--watchdog", "50", "--trace", folder / "trace", "--", folder / "waits.exe"], timeout=20), 126, stdout="waiting\n")
    if "wait" not in done.stderr:
        raise rs.Failure(f"the report does not say that all wait:\n{done.stderr}")
    # The debugger sees what no processor runs: the idle thread, and the program's whole stack below the system call.
    shutil.copy(folder / "waits.exe", folder / "second.exe")
    done = rs.expect(lab.call(["run", "--kd", "!thread; !process 0 7; !stacks 2", "--client", str(folder / "second.exe"), "--", folder / "waits.exe"]), 126)
    if not re.search(r"^THREAD \w{16}  Cid 0000\.0000 .* RUNNING on processor 0$", done.stderr, re.M) or "Image:         Idle" not in done.stderr:
        raise rs.Failure(f"!thread does not show the idle thread:\n{done.stderr}")
    if done.stderr.count("waits!main+") < 2 or done.stderr.count("second!main+") < 2:
        raise rs.Failure(f"!process and !stacks do not show main:\n{done.stderr}")
    rs.check_trace([{"event": "wait_begin", "timed": False}, {"event": "machine_end", "exit_code": "0x7e"}], [], lab.rows(folder / "trace"))


rs.run_script(check)
