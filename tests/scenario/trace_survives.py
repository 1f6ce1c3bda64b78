#!/usr/bin/env python3
"""A trace stays readable up to where it ends: on a full disk (the run goes on and says so), when the machine is killed, and when the
file is cut anywhere."""
import pathlib, signal, subprocess, sys, time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import run_scenario as rs


def call_with_small_disk(lab, folder, size, line, keep):
    """Runs drvlab where {disk} has room for `size`; copies {disk}/trace to `keep`. None: this system allows no such mount."""
    disk = folder / "disk"
    disk.mkdir(exist_ok=True)
    script = 'mount -t tmpfs -o size=$1 none $2 || exit 200; keep=$3; disk=$2; shift 3; "$@"; status=$?; cat $disk/trace >$keep; exit $status'
    for unshare in (["unshare", "-m"], ["unshare", "-Urm"]):
        try:
            done = subprocess.run([*unshare, "sh", "-c", script, "sh", size, disk, keep, lab.drvlab, *(str(w).replace("{disk}", str(disk)) for w in line)],
                                  capture_output=True, text=True, timeout=60 * lab.slow, env=lab.environment, input="")
        except FileNotFoundError:
            return None
        if done.returncode not in (1, 200) or "unshare" not in done.stderr and "mount" not in done.stderr:
            done.args = list(map(str, done.args))
            return done
    return None


def rows_of(lab, trace, damaged):
    """The rows of a trace that ends early; a damaged one must say so."""
    done = lab.call(["trace", "show", "--json", trace])
    if damaged and (done.returncode == 0 or not done.stderr):
        raise rs.Failure(f"trace show finds nothing wrong with {trace}")
    if not damaged and done.returncode != 0:
        raise rs.Failure(f"trace show fails: {done.stderr}")
    return done.stdout.splitlines()


def full_disk(lab, folder):
    trace, whole = folder / "full", folder / "whole"
    client = ["--driver", lab.guest / "bench.sys", "--", lab.guest / "bench_client.exe", "control", 30000]
    done = call_with_small_disk(lab, folder, "9m", ["run", "--trace", "{disk}/trace", *client], trace)
    if done is None:
        print("skipped: a full disk needs the right to mount a tmpfs")
        return
    rs.expect(done, 127)
    if "STATUS_DISK_FULL" not in done.stderr or "incomplete" not in done.stderr:
        raise rs.Failure(f"the full disk is not named:\n{done.stderr}")
    rs.expect(lab.call(["run", "--trace", whole, *client]), 0)
    kept, rows = rows_of(lab, trace, False), rows_of(lab, whole, False)
    if not 10000 < len(kept) < len(rows) or kept != rows[:len(kept)]:
        raise rs.Failure(f"{len(kept)} rows are kept, which are not the beginning of the {len(rows)} of the whole trace")
    # Not even one row fits.
    done = rs.expect(call_with_small_disk(lab, folder, "64k", ["run", "--trace", "{disk}/trace", *client], trace), 127, stdout="")
    if "STATUS_DISK_FULL" not in done.stderr:
        raise rs.Failure(f"the full disk is not named:\n{done.stderr}")


def killed(lab, folder):
    trace = folder / "killed"
    # A program that never ends; the watchdog is far away.
    running = subprocess.Popen([lab.drvlab, "run", "--watchdog", "500", "--trace", trace, "--driver", lab.guest / "null.sys", "--", lab.guest / "fault_loop.exe"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=lab.environment)
    deadline = time.monotonic() + 30 * lab.slow
    done = []
    while time.monotonic() < deadline and not any("process_created" in r for r in done):
        time.sleep(0.3)
        if trace.exists():
            done = lab.call(["trace", "show", "--json", trace]).stdout.splitlines()
    time.sleep(0.3)
    running.kill()
    running.communicate()
    if running.returncode != -signal.SIGKILL:
        raise rs.Failure(f"it ended by itself with {running.returncode}")
    done = lab.call(["trace", "show", "--json", trace])
    rows = done.stdout.splitlines()
    if not any("process_created" in r for r in rows):
        raise rs.Failure(f"{len(rows)} rows are left, the program's start is not among them: {done.stderr}")


def cut(lab, folder):
    whole = folder / "tour"
    rs.expect(lab.call(["run", "--trace", whole, "--driver", lab.guest / "null.sys", "--", lab.guest / "nulltour.exe"]), 0)
    data = whole.read_bytes()
    rows = rows_of(lab, whole, False)
    for part in (len(data) - 1, len(data) * 3 // 4, len(data) // 2, len(data) // 3):
        piece = folder / "piece"
        piece.write_bytes(data[:part])
        done = lab.call(["trace", "show", "--json", piece])
        kept = done.stdout.splitlines()
        told = bool(kept) and '"event":"damaged"' in kept[-1]
        kept = kept[:-1] if told else kept
        if kept != rows[:len(kept)] or done.returncode != (121 if told else 0):
            raise rs.Failure(f"cut at {part}: exit status {done.returncode}, {len(kept)} rows that are not the beginning of the whole: {done.stderr}")


def check(lab, options, folder):
    """Traces that end early."""
    full_disk(lab, folder)
    killed(lab, folder)
    cut(lab, folder)


rs.run_script(check)
