#!/usr/bin/env python3
"""Programs as their users have them: built by Microsoft's compiler, or linked as its programs are, and taken from the npm registry when the
test runs. Skipped where there is no npm or no registry. A function that is missing here stops such a program with its name when it is
called (--allow-missing), also when the whole DLL is missing; one that is not called does not matter."""
import json, pathlib, shutil, subprocess, sys, tarfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import run_scenario as rs

SKIPPED = 77  # ctest knows it


def fetch(folder, package, member):
    """The member of an npm package, or None."""
    try:
        done = subprocess.run(["npm", "pack", "--silent", package], cwd=folder, capture_output=True, text=True, timeout=100)
    except subprocess.TimeoutExpired:
        return None
    if done.returncode:
        return None
    archive = folder / done.stdout.split()[-1]
    with tarfile.open(archive) as tar:
        to = folder / pathlib.Path(member).name
        to.write_bytes(tar.extractfile(f"package/{member}").read())
    archive.unlink()
    return to


def twice(lab, folder, program, *arguments):
    traces = []
    for _ in range(2):
        done = lab.call(["run", "--allow-missing", "--cpus", "2", "--trace", folder / "trace", "--", program, *arguments], timeout=100)
        traces.append((folder / "trace").read_bytes())
    if traces[0] != traces[1]:
        raise rs.Failure(f"{program.name}: two runs differ")
    return done


def check(lab, options, folder):
    """Programs from a registry."""
    programs = {}
    if shutil.which("npm"):
        for package, member in (("rcedit@4.0.1", "bin/rcedit-x64.exe"), ("@bytecodealliance/wizer-win32-x64@10.0.0", "wizer.exe")):
            programs[package] = fetch(folder, package, member)
    if not programs or None in programs.values():
        print("skipped: these programs come from the npm registry, which is not reachable")
        sys.exit(SKIPPED)
    rcedit, wizer = programs.values()

    # MSVC 2017, C run-time library linked in: static TLS, /GS, load configuration of its size, C++ exceptions, incremental linking.
    examined = json.loads(rs.expect(lab.call(["inspect", "--json", rcedit]), 0).stdout)
    status = {(i["dll"], i["symbol"]): i["status"] for i in examined["imports"]}
    if status.get(("USER32.dll", "UnregisterClassW")) != "missing" or status.get(("KERNEL32.dll", "InitializeSListHead")) != "found":
        raise rs.Failure(f"inspect does not say what rcedit imports is there: {status}")
    rs.expect(twice(lab, folder, rcedit, "--help"), 0, "Rcedit v0.2.0: Edit resources of exe.\n\nUsage: rcedit <filename> [options...]\n...\n", "")
    done = lab.call(["run", "--", rcedit, "--help"])
    if done.returncode != 121 or "rcedit-x64.exe: USER32.dll is missing\n" not in done.stderr:
        raise rs.Failure(f"without --allow-missing it must not start: {done.returncode}\n{done.stderr}")
    done = twice(lab, folder, rcedit, "some.exe", "--set-icon", "some.ico")
    if done.returncode in (0, 126, 127):
        raise rs.Failure(f"there are no files, and rcedit ends with {done.returncode}\n{done.stderr}")

    # Rust for x86_64-pc-windows-msvc: api-ms-win-… and vcruntime140.dll, control flow guard tables, TLS callbacks, 20 megabytes.
    rs.expect(twice(lab, folder, wizer, "--version"), 0, "wizer 10.0.0\n", "")


rs.run_script(check)
