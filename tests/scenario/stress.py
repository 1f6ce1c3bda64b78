#!/usr/bin/env python3
"""Everything at once on eight processors: reads that end by DPCs, work items, a system thread, cancellation and the ends of threads, told by
events, APC routines and a completion port; waits of every kind, timers, threads that come and go. Two runs have the same trace, the
trace is whole, and a run that is ten times as long leaves no object, reference, handle or pool block more behind.

200 000 events; with DRVLAB_FULL=1 ten million (and then no second run)."""
import hashlib, json, os, pathlib, subprocess, sys, time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import run_scenario as rs

THREADS = 16


def run(lab, folder, name, rounds, timeout):
    trace, result = folder / f"{name}.trace", folder / f"{name}.json"
    began = time.monotonic()
    done = rs.expect(lab.call(["run", "--cpus", 8, "--unload", "--trace", trace, "--result", result, "--driver", lab.guest / "stress.sys", "--",
                               lab.guest / "stress_client.exe", rounds, THREADS], timeout=timeout), 0, stderr="")
    if not done.stdout.startswith(f"{THREADS} threads, {rounds} rounds: every read has ended once") or (rounds >= 20 and "some completed, some were cancelled" not in done.stdout):
        raise rs.Failure(done.stdout)
    return trace, json.loads(result.read_text()), time.monotonic() - began


def count_rows(lab, trace):
    """Reads all of the trace, without keeping it."""
    show = subprocess.Popen([lab.drvlab, "trace", "show", "--json", trace], stdout=subprocess.PIPE, env=lab.environment)
    rows, last = 0, b""
    for line in show.stdout:
        rows, last = rows + 1, line
    if show.wait() or json.loads(last)["event"] != "machine_end":
        raise rs.Failure(f"the trace of {trace} is not whole; its last row: {last!r}")
    return rows


def left(result):
    end = result["at_end"]
    return {**{f"type {k}": v for k, v in end["objects"].items()}, **{f"tag {k}": v for k, v in end["pool"].items()}}


def check(lab, options, folder):
    """Stress."""
    full = os.environ.get("DRVLAB_FULL")
    rounds, wanted = (23000, 10_000_000) if full else (470, 200_000)
    _, short, _ = run(lab, folder, "short", rounds // 10, 600)
    trace, long, seconds = run(lab, folder, "long", rounds, 3000)
    if not long["trace"]["whole"]:
        raise rs.Failure(f"the trace is not whole: {long['trace']}")
    rows = count_rows(lab, trace)
    print(f"{rows} events, {rows / seconds:.0f} a second")
    if rows < wanted:
        raise rs.Failure(f"only {rows} events")
    before, after = left(short), left(long)
    more = [f"{name}: {before.get(name)} after {rounds // 10} rounds, {after.get(name)} after {rounds}" for name in sorted(before.keys() | after.keys())
            if before.get(name) != after.get(name)]
    if more:
        raise rs.Failure("the longer run leaves something else behind:\n" + "\n".join(more))
    if not full:
        again, _, _ = run(lab, folder, "again", rounds, 3000)
        if hashlib.sha256(again.read_bytes()).digest() != hashlib.sha256(trace.read_bytes()).digest():
            raise rs.Failure("two runs with the same seed have different traces")
    if options.keep_traces and not full:
        pathlib.Path(options.keep_traces, "stress.trace").write_bytes(trace.read_bytes())


rs.run_script(check)
