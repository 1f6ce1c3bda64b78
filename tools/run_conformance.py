#!/usr/bin/env python3
"""Runs one conformance driver or program under several schedules.

usage: run_conformance.py NAME DRVLAB ARGUMENTS…      the arguments as drvlab takes them, without --seed and --cpus

Every run must end with status 0: seeds 1 to DRVLAB_SEEDS (3) on each number of processors of DRVLAB_CPUS ("2"), and, whatever these
are, seed 1 on one processor. Seed 1 is run twice with a trace, which must be the same byte for byte; DRVLAB_KEEP_TRACES=DIR keeps
it, for the comparison of builds. One more run has --verifier io, which must find nothing, but for those that
tests/conformance/breaks_rules.txt names. Arguments that give --cpus themselves are run on as many only.
"""
import os, pathlib, sys, tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import run_scenario as rs


def breaks_rules():
    """Those that do on purpose what --verifier io reports."""
    lines = (rs.SOURCE / "tests/conformance/breaks_rules.txt").read_text().splitlines()
    return {line.split()[0] for line in lines if line and not line.startswith("#")}


def main():
    name, program, command, *rest = sys.argv[1:]
    lab = rs.Lab(program, pathlib.Path(program).parent / "guest")
    seeds, keep = int(os.environ.get("DRVLAB_SEEDS", "3")), os.environ.get("DRVLAB_KEEP_TRACES")
    processors = sorted({1, *map(int, os.environ.get("DRVLAB_CPUS", "2").split(","))}) if "--cpus" not in rest else [None]

    def run(count, seed, *more):
        cpus = ["--cpus", count] if count else []
        try:
            rs.expect(lab.call([command, "--seed", seed, *cpus, *more, *rest], timeout=120), 0)
        except rs.Failure as problem:
            failed = "\n".join(line for line in str(problem).splitlines() if not line.startswith("PASS"))
            raise rs.Failure(f"seed {seed}, {count or 'its own number of'} processors: {failed}")

    with tempfile.TemporaryDirectory(prefix="drvlab.") as folder:
        trace = pathlib.Path(folder, "trace")
        for count in processors:
            traces = []
            for _ in range(2):
                run(count, 1, "--trace", trace)
                traces.append(trace.read_bytes())
            if traces[0] != traces[1]:
                raise rs.Failure(f"two runs on {count} processors have different traces")
            if keep:
                pathlib.Path(keep).mkdir(parents=True, exist_ok=True)
                pathlib.Path(keep, f"conformance.{name}.{count or 'own'}.trace").write_bytes(traces[0])
            if count != 1 or "1" in os.environ.get("DRVLAB_CPUS", "").split(","):
                for seed in range(2, seeds + 1):
                    run(count, seed)
        if name not in breaks_rules():
            run(processors[0], 1, "--verifier", "io")


try:
    main()
except rs.Failure as problem:
    sys.exit(f"FAIL  {problem}")
