#!/usr/bin/env python3
"""No host heap allocation on the request path: a run with 10 times the requests makes exactly as many allocations."""
import os, pathlib, subprocess, sys, tempfile

KINDS = {"control": [], "write": [], "direct": [], "open": [], "kcontrol": [], "kwrite": [], "kdirect": [], "kopen": [], "kbuild": [],
         "control through 2 filters, skip": ["2", "0"], "control through 2 filters, copy": ["2", "1"]}


def main():
    options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
    drvlab, guest, counter = options["--drvlab"], options["--guest"], options["--counter"]
    bad = 0
    with tempfile.TemporaryDirectory(prefix="drvlab.") as folder:
        told = os.path.join(folder, "count")
        for traced in (False, True):
            for kind, filters in KINDS.items():
                counts = []
                for requests in (1000, 10000):
                    line = [drvlab, "run", *(["--trace", os.path.join(folder, "trace")] if traced else []),
                            "--driver", f"{guest}/bench.sys", "--", f"{guest}/bench_client.exe", kind.split()[0], str(requests), *filters]
                    pathlib.Path(told).unlink(missing_ok=True)
                    subprocess.run(line, check=True, timeout=60, env=dict(os.environ, LD_PRELOAD=counter, COUNT_ALLOCATIONS=told), stdin=subprocess.DEVNULL)
                    counts.append(int(pathlib.Path(told).read_text()))
                if counts[0] != counts[1]:
                    print(f"{kind}{', traced' if traced else ''}: {counts[0]} allocations with 1000 requests, {counts[1]} with 10000")
                    bad += 1
    return bad != 0


sys.exit(main())
