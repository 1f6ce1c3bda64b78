#!/usr/bin/env python3
"""Every major function through a stack of three drivers: the text of the trace, request by request.

majors.golden holds what each request of conform_majors.exe to the Answers stack looks like in `trace show`: made, passed down by layer2 and
layer, answered, passed up, finished. Addresses and handles are "@". usage: as for all scenarios; --update writes the file anew (read the difference).
"""
import pathlib, re, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import run_scenario as rs

GOLDEN = pathlib.Path(__file__).with_suffix(".golden")
ROW = re.compile(r"^ *[0-9.]+ +\d+\.\d+ \d+/\d+ +(.*)$")
# Addresses, places in code and handles are what they are.
VARYING = [(re.compile(r"0x[0-9a-f]{9,}"), "@"), (re.compile(r"(!\w+)\+0x[0-9a-f]+"), r"\1"), (re.compile(r"Handle=0x[0-9a-f]+"), "Handle=@")]


def rows(text):
    """Rows joined again that were broken to fit the line."""
    joined = []
    for line in text.splitlines():
        if found := ROW.match(line):
            joined.append(found[1])
        elif joined and line.startswith(" "):
            joined[-1] += " " + line.strip()
    return joined


def requests(text):
    """The rows of each request that went through \\Driver\\answers, once for each way it looks."""
    out, current, seen = [], [], set()
    for row in rows(text):
        if re.match(r"IRP 0x[0-9a-f]+ created", row):
            current = []
        if not re.match(r"IRP 0x|\d+ (->|<-|completed|completion|it answers|marked)", row):
            continue
        for pattern, text_of in VARYING:
            row = pattern.sub(text_of, row)
        current.append(row)
        if row.endswith(" freed"):
            block = "\n".join(current) + "\n"
            if "answers" in block and block not in seen:
                seen.add(block)
                out.append(block)
            current = []
    return "\n".join(out)


def check(lab, options, folder):
    """The trace's text of every major function."""
    trace = folder / "trace"
    drivers = [a for name in ("answers.sys", "layer.sys", "layer.sys:layer2") for a in ("--driver", lab.image(name))]
    done = lab.call(["run", "--trace", trace, *drivers, "--", lab.image("conform_majors.exe")])
    if done.returncode != 0:
        raise rs.Failure(f"exit status {done.returncode}:\n{done.stdout}{done.stderr}")
    got = requests(lab.call(["trace", "show", trace]).stdout)
    if update:
        GOLDEN.write_text(got)
    rs.check_text("the trace", GOLDEN.read_text(), got)


update = "--update" in sys.argv
if update:
    sys.argv.remove("--update")
rs.run_script(check)
