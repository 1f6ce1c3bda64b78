#!/usr/bin/env python3
"""Runs scenarios: drvlab with named drivers, a client and its input, and what must come of it.

usage: run_scenario.py FILE.toml… --drvlab PATH --guest DIR [--only NAME] [--seeds N] [--keep-traces DIR] [--list]

A file holds [[scenario]] tables:

  name        unique; the test is called scenario.<name>
  command     run (default), load, ioctl, inspect, exports, trace, kd, or "" for bare arguments
  drivers     images in the guest folder, loaded with --driver; "null.sys:Name" gives the service name
  options     further arguments of drvlab; {guest}, {tmp} and {source} are replaced here and below
  client      image in the guest folder; arguments: its arguments
  clients     command lines of further programs beside it ("mailbox_client.exe read bob 2")
  operands    what stands at the end of the command line instead of a client
  stdin       text
  exit        exit status, default 0
  stdout      the whole output, line by line; a line "..." stands for any number of lines (none as well), a line
  stderr      /regex/ must match the whole line. Not given: stdout is not looked at, stderr must be empty if exit is 0.
  trace       rows that the trace must hold in this order: {event = "irp_created", irp = "$irp", major_name = "IRP_MJ_WRITE"};
              "$x" binds the value at its first use, "/regex/" searches; numbers and text compare as text.
  no_trace    rows that must not be there
  result      what --result must hold: the same comparison, nested
  unrepeatable true: the host's clock decides where it ends: run once, compare nothing
  needs_trace true: what is printed depends on the trace; else everything is run once more without one
  untraced    true: do not record a trace (nothing is run twice then)
  seeds       false: run with one seed only
  breaks_rules  what its driver does on purpose that --verifier io reports: it is not run so
  timeout     seconds, default 60 (four times as long under a sanitizer)

Each scenario is run twice with the same seed; the traces must be equal byte for byte, and so must the output. Then it is run
with further seeds (--seeds, or DRVLAB_SEEDS, default 3 in all), where everything but the trace's bytes must hold again,
once without a trace, and, if its status is 0, once with --verifier io, which must find nothing.
"""
import argparse, difflib, json, os, pathlib, re, subprocess, sys, tempfile, tomllib

SOURCE = pathlib.Path(__file__).resolve().parent.parent


class Failure(Exception):
    pass


def matches(pattern, text):
    if len(pattern) > 1 and pattern[0] == "/" and pattern[-1] == "/":
        return re.fullmatch(pattern[1:-1], text) is not None
    return pattern == text


def lines_match(expected, got):
    """Greedy with backtracking: "..." takes any number of lines."""
    if not expected:
        return not got
    if expected[0] == "...":
        return any(lines_match(expected[1:], got[i:]) for i in range(len(got) + 1))
    return bool(got) and matches(expected[0], got[0]) and lines_match(expected[1:], got[1:])


def check_text(what, expected, got):
    wanted = expected.removesuffix("\n").split("\n") if expected.strip("\n") or "\n" in expected[1:] else []
    have = got.replace("\r\n", "\n").removesuffix("\n").split("\n") if got else []
    sys.setrecursionlimit(10000)
    if not lines_match(wanted, have):
        diff = "\n".join(difflib.unified_diff(wanted, have, f"{what} expected", f"{what} printed", lineterm=""))
        raise Failure(f"{what} differs:\n{diff}")


def value_matches(expected, got, bound):
    """One value of a row or of the result."""
    if isinstance(expected, dict):
        return isinstance(got, dict) and all(k in got and value_matches(v, got[k], bound) for k, v in expected.items())
    if isinstance(expected, list):
        return isinstance(got, list) and len(expected) == len(got) and all(value_matches(e, g, bound) for e, g in zip(expected, got))
    if isinstance(expected, bool) or isinstance(got, bool):
        return expected is got
    text = str(got)
    if isinstance(expected, str) and expected.startswith("$"):
        return bound.setdefault(expected, text) == text
    if isinstance(expected, str) and len(expected) > 1 and expected[0] == "/" and expected[-1] == "/":
        return re.search(expected[1:-1], text) is not None
    return str(expected) == text


def row_matches(expected, row, bound):
    trial = dict(bound)
    if all(k in row and value_matches(v, row[k], trial) for k, v in expected.items()):
        bound.update(trial)
        return True
    return False


def check_trace(expected, forbidden, rows):
    bound, at = {}, 0
    for number, wanted in enumerate(expected, 1):
        start = at
        while at < len(rows) and not row_matches(wanted, rows[at], bound):
            at += 1
        if at == len(rows):
            near = "\n".join(json.dumps(r) for r in rows[start:] if r.get("event") == wanted.get("event"))
            raise Failure(f"trace: row {number} {wanted} does not follow (bound: {bound}); rows of that event after the last match:\n{near[:4000]}")
        at += 1
    for row in rows:
        for unwanted in forbidden:
            if row_matches(unwanted, row, dict(bound)):
                raise Failure(f"trace: a row like {unwanted} must not be there: {json.dumps(row)}")


class Lab:
    """How to call one drvlab with one set of images."""

    def __init__(self, drvlab, guest):
        self.drvlab = str(pathlib.Path(drvlab).resolve())
        self.guest = pathlib.Path(guest).resolve()
        self.slow = 4 if b"__asan_init" in pathlib.Path(self.drvlab).read_bytes() else 1
        self.environment = dict(os.environ, ASAN_OPTIONS="detect_leaks=0:handle_segv=0:handle_sigbus=0:handle_sigill=0:handle_sigfpe=0:handle_abort=0:"
                                "use_sigaltstack=0:allow_user_segv_handler=1:detect_stack_use_after_return=0:" + os.environ.get("ASAN_OPTIONS", ""))
        for name in ("DRVLAB_TRACE", "GREETING"):
            self.environment.pop(name, None)

    def image(self, name):
        return name if name.startswith("/") else str(self.guest / name)

    def call(self, arguments, stdin="", timeout=60, **more):
        """Finished process with text output; a run that takes too long is a failure."""
        try:
            # Bytes are decoded as Latin-1, so that any output can be compared.
            done = subprocess.run([self.drvlab, *map(str, arguments)], input=stdin.encode(), capture_output=True, timeout=timeout * self.slow,
                                  env=self.environment, **more)
        except subprocess.TimeoutExpired:
            raise Failure(f"not finished after {timeout * self.slow} s: drvlab {' '.join(map(str, arguments))}")
        done.stdout, done.stderr = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        return done

    def rows(self, trace):
        done = self.call(["trace", "show", "--json", trace])
        if done.returncode != 0:
            raise Failure(f"trace show: exit status {done.returncode}: {done.stderr}")
        return [json.loads(line) for line in done.stdout.splitlines()]


def fill(value, places):
    if isinstance(value, str):
        for name, text in places.items():
            value = value.replace("{" + name + "}", text)
    elif isinstance(value, list):
        value = [fill(v, places) for v in value]
    elif isinstance(value, dict):
        value = {k: fill(v, places) for k, v in value.items()}
    return value


def arguments_of(s, lab, seed, trace, result):
    command = s.get("command", "run")
    line = [command] if command else []
    if command in ("run", "load", "ioctl", "kd"):
        line += ["--seed", seed]
        if trace:
            line += ["--trace", trace]
        if result:
            line += ["--result", result]
    for driver in s.get("drivers", []):
        line += ["--driver", lab.image(driver)]
    line += s.get("options", [])
    for program in s.get("clients", []):
        image, *words = program.split(" ", 1)
        line += ["--client", " ".join([f'"{lab.image(image)}"', *words])]
    if "client" in s:
        line += ["--", lab.image(s["client"]), *s.get("arguments", [])]
    return line + s.get("operands", [])


def run_once(s, lab, seed, trace, result):
    line = arguments_of(s, lab, seed, trace, result)
    done = lab.call(line, s.get("stdin", ""), s.get("timeout", 60))
    try:
        if done.returncode != s.get("exit", 0):
            raise Failure(f"exit status {done.returncode} instead of {s.get('exit', 0)}")
        if "stdout" in s:
            check_text("stdout", s["stdout"], done.stdout)
        if "stderr" in s:
            check_text("stderr", s["stderr"], done.stderr)
        elif s.get("exit", 0) == 0 and done.stderr:
            raise Failure("standard error must be empty")
        if trace and ("trace" in s or "no_trace" in s):
            check_trace(s.get("trace", []), s.get("no_trace", []), lab.rows(trace))
        if "result" in s:
            have = json.loads(pathlib.Path(result).read_text())
            if not value_matches(s["result"], have, {}):
                raise Failure(f"--result does not hold {json.dumps(s['result'])}:\n{json.dumps(have, indent=2)}")
    except Failure as problem:
        told = "".join(f"--- {name}\n{text[:6000]}" for name, text in (("stdout", done.stdout), ("stderr", done.stderr)) if text)
        raise Failure(f"seed {seed}: {problem}\n$ drvlab {' '.join(map(str, line))}\n{told}")
    return done


def run_scenario(s, lab, seeds, keep):
    traced = s.get("command", "run") in ("run", "load", "ioctl", "kd") and not s.get("untraced")
    with tempfile.TemporaryDirectory(prefix="drvlab.") as tmp:
        s = fill(s, {"guest": str(lab.guest), "tmp": tmp, "source": str(SOURCE), "drvlab": lab.drvlab})
        trace, result = (os.path.join(tmp, "trace") if traced else None), (os.path.join(tmp, "result") if "result" in s else None)
        first = run_once(s, lab, 1, trace, result)
        if not traced:
            return
        if s.get("unrepeatable"): # the host's clock ended it
            return
        bytes_of_first = pathlib.Path(trace).read_bytes()
        if keep:
            pathlib.Path(keep).mkdir(parents=True, exist_ok=True)
            pathlib.Path(keep, s["name"] + ".trace").write_bytes(bytes_of_first)
        again = run_once(s, lab, 1, trace, result)
        bytes_of_second = pathlib.Path(trace).read_bytes()
        if bytes_of_second != bytes_of_first:
            at = next((i for i, (a, b) in enumerate(zip(bytes_of_first, bytes_of_second)) if a != b), min(len(bytes_of_first), len(bytes_of_second)))
            pathlib.Path(tmp, "first").write_bytes(bytes_of_first)
            pathlib.Path(tmp, "second").write_bytes(bytes_of_second)
            one, two = ([json.dumps(r) for r in lab.rows(os.path.join(tmp, f))] for f in ("first", "second"))
            diff = "\n".join(list(difflib.unified_diff(one, two, "first run", "second run", lineterm="", n=1))[:30])
            raise Failure(f"two runs with the same seed have different traces, from byte {at} on:\n{diff}")
        if (again.stdout, again.stderr) != (first.stdout, first.stderr):
            diff = "\n".join(difflib.unified_diff((first.stdout + first.stderr).splitlines(), (again.stdout + again.stderr).splitlines(), lineterm=""))
            raise Failure(f"two runs with the same seed print different things:\n{diff}")
        if s.get("seeds", True):
            for seed in range(2, seeds + 1):
                run_once(s, lab, seed, trace, result)
        # A recorded trace sends calls another way through the kernel: what is printed must not depend on it.
        if not s.get("needs_trace"):
            run_once(s, lab, 1, None, result)
        # The dear checks find nothing in drivers that behave; breaks_rules says what one does on purpose.
        if s.get("exit", 0) == 0 and not s.get("needs_trace") and not s.get("breaks_rules") and s.get("command", "run") != "kd":
            run_once({**s, "options": [*s.get("options", []), "--verifier", "io"]}, lab, 1, None, result)


def load(path):
    with open(path, "rb") as file:
        scenarios = tomllib.load(file)["scenario"]
    known = {"name", "command", "drivers", "options", "client", "clients", "arguments", "operands", "stdin", "exit", "stdout", "stderr", "trace", "no_trace", "result",
             "untraced", "needs_trace", "seeds", "timeout", "unrepeatable", "title", "breaks_rules"}
    for s in scenarios:
        if unknown := set(s) - known:
            raise SystemExit(f"{path}: scenario {s.get('name')}: unknown keys {', '.join(sorted(unknown))}")
    return scenarios


def lab_arguments(parser):
    parser.add_argument("--drvlab", default=str(SOURCE / "build/drvlab"))
    parser.add_argument("--guest", default=str(SOURCE / "build/guest"))
    parser.add_argument("--seeds", type=int, default=int(os.environ.get("DRVLAB_SEEDS", "3")))
    parser.add_argument("--keep-traces", default=os.environ.get("DRVLAB_KEEP_TRACES"))


# For scenarios that are programs (tests/scenario/*.py).


def script_lab(description):
    parser = argparse.ArgumentParser(description=description)
    lab_arguments(parser)
    options = parser.parse_args()
    return Lab(options.drvlab, options.guest), options


def expect(done, exit_status, stdout=None, stderr=None):
    """Checks a finished call as a scenario's table would."""
    try:
        if done.returncode != exit_status:
            raise Failure(f"exit status {done.returncode} instead of {exit_status}")
        if stdout is not None:
            check_text("stdout", stdout, done.stdout)
        if stderr is not None:
            check_text("stderr", stderr, done.stderr)
    except Failure as problem:
        raise Failure(f"{problem}\n$ {' '.join(done.args)}\n--- stdout\n{done.stdout[:6000]}--- stderr\n{done.stderr[:6000]}")
    return done


def build_driver(folder, name, source, *libraries):
    """NAME.sys in folder, from C text, by the unmodified cross compiler."""
    path = pathlib.Path(folder)
    (path / f"{name}.c").write_text(source)
    subprocess.run(["x86_64-w64-mingw32-gcc", "-O2", "-gdwarf-4", "-Wall", "-Wextra", "-Werror", "-isystem", "/usr/x86_64-w64-mingw32/include/ddk", "-shared",
                    "-nostdlib", "-nostartfiles", "-Wl,--exclude-all-symbols", "-Wl,--subsystem,native", "-Wl,--entry,DriverEntry", "-Wl,--image-base,0x140000000",
                    "-Wl,--dynamicbase", "-Wl,--nxcompat", "-Wl,--no-insert-timestamp", f"{name}.c", "-o", f"{name}.sys", *libraries, "-lntoskrnl", "-lhal"],
                   cwd=path, check=True)
    return path / f"{name}.sys"


def run_script(check):
    """check(lab, options, folder) raises Failure."""
    lab, options = script_lab(check.__doc__)
    with tempfile.TemporaryDirectory(prefix="drvlab.") as folder:
        try:
            check(lab, options, pathlib.Path(folder))
        except Failure as problem:
            sys.exit(f"FAIL  {problem}")


def main():
    parser = argparse.ArgumentParser(description="Runs scenarios; see the head of this file for their format.")
    parser.add_argument("files", nargs="+")
    parser.add_argument("--only", help="the scenario of this name")
    parser.add_argument("--list", action="store_true", help="print names")
    lab_arguments(parser)
    options = parser.parse_args()
    scenarios = [s for file in options.files for s in load(file) if options.only in (None, s["name"])]
    if options.list:
        print("\n".join(s["name"] for s in scenarios))
        return 0
    if not scenarios:
        print("no such scenario", file=sys.stderr)
        return 2
    lab = Lab(options.drvlab, options.guest)
    bad = 0
    for s in scenarios:
        try:
            run_scenario(s, lab, options.seeds, options.keep_traces)
            print(f"ok    {s['name']}")
        except Failure as problem:
            print(f"FAIL  {s['name']}: {problem}")
            bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
