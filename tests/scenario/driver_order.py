#!/usr/bin/env python3
"""Drivers that import from each other: the order on the command line does not matter; circles and missing ones are named."""
import pathlib, subprocess, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import run_scenario as rs

SOURCE = """
#include <ntddk.h>
#ifdef NEEDS
__declspec(dllimport) ULONG NTAPI NEEDS(void);
#else
#define NEEDS() 0
#endif
__declspec(dllexport) ULONG NTAPI GIVES(void) { return 1; }
static VOID NTAPI unload(PDRIVER_OBJECT driver) { (void)driver; }
NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    driver->DriverUnload = unload;
    DbgPrint("%wZ: %u\\n", path, NEEDS() + 1);
    return STATUS_SUCCESS;
}
"""


def build(folder, name, needs):
    source = f"#define GIVES From_{name}\n" + (f"#define NEEDS From_{needs}\n" if needs else "") + SOURCE
    libraries = []
    if needs:
        (folder / f"{needs}.def").write_text(f'LIBRARY "{needs}.sys"\nEXPORTS\nFrom_{needs}\n')
        subprocess.run(["x86_64-w64-mingw32-dlltool", "-d", f"{needs}.def", "-l", f"lib{needs}.a"], cwd=folder, check=True)
        libraries = [f"lib{needs}.a"]
    return rs.build_driver(folder, name, source, *libraries)


def check(lab, options, folder):
    """Order of drivers."""
    base, middle, top = build(folder, "base", None), build(folder, "middle", "base"), build(folder, "top", "middle")
    for order in ([base, middle, top], [top, middle, base], [middle, top, base]):
        done = rs.expect(lab.call(["load", *order]), 0)
        lines = [line for line in done.stderr.splitlines() if "Services" in line]
        if [line.split("\\")[-1].split(":")[0] for line in lines] != ["base", "middle", "top"]:
            raise rs.Failure(f"DriverEntry ran in another order:\n{done.stderr}")
    done = rs.expect(lab.call(["load", top, base]), 121)
    if "middle.sys!From_middle: no module middle.sys (if it is a driver, give its file too: --driver middle.sys)" not in done.stderr:
        raise rs.Failure(f"the missing driver is not named:\n{done.stderr}")
    one, two = build(folder, "one", "two"), build(folder, "two", "one")
    done = rs.expect(lab.call(["load", base, one, two]), 121)
    if "drivers that need each other cannot be loaded: one.sys imports from two.sys imports from one.sys" not in done.stderr:
        raise rs.Failure(f"the circle is not named:\n{done.stderr}")

    # As services: an image stays while another driver imports from it, and goes with the last of these.
    services = [word for driver in (base, middle) for word in ("--service", driver)]

    def load(status, *commands):
        return rs.expect(lab.call(["run", *services, "--", lab.guest / "drvload.exe", *" , ".join(commands).split()]), status).stdout

    load(0, "start base", "start middle", "stop base", "stop middle", "start base")
    if "StartService FAILED 1056" not in load(1, "start base", "start middle", "stop base", "start base"):
        raise rs.Failure("an image that is imported from went with its driver")
    if "StartService FAILED 2:" not in load(1, "start middle"):
        raise rs.Failure("a driver that needs another one was started without it")
    # One file, however its folder is written.
    again = ["install", "second", r"\SystemRoot\System32\drivers\base.sys", ",", "start", "second"]
    if "StartService FAILED 1056" not in rs.expect(lab.call(["run", "--driver", "base.sys", "--", lab.guest / "drvload.exe", *again], cwd=folder), 1).stdout:
        raise rs.Failure("an image was loaded twice")


rs.run_script(check)
