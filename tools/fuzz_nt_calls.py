#!/usr/bin/env python3
"""Fuzzes the system calls: scripts of random calls with random and hostile arguments, from several programs with several threads each, against a
set of devices. What makes scripts is nt_call_scripts.py, what plays them tests/fuzz/nt_calls.

usage: fuzz_nt_calls.py SECONDS [--first N]    looks for findings among scripts N, N + 1, …
       fuzz_nt_calls.py --test                 the corpus, and some scripts that are always the same
       fuzz_nt_calls.py --play FILE|N          one script: what it prints, and what is wrong

Every run must end as a program can: not with a bug check, a hang, a report about drivers that keep all rules, an unimplemented function or
a sanitizer's word; and with as many objects, handles, references and blocks of pool as a run that calls nothing. A few are run twice and must
have the same trace. What fails is made shorter and left in --findings; mended, it belongs into tests/fuzz/corpus/nt_calls."""
import argparse, collections, json, os, pathlib, re, sys, tempfile, time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import nt_call_scripts as scripts
import run_scenario as rs

CORPUS = rs.SOURCE / "tests/fuzz/corpus/nt_calls"
FIRST_OF_TEST, ENDS = 1000, {120: "refused arguments", 121: "not loaded", 122: "bug check", 123: "broken rule", 124: "program died", 125: "missing function",
                             126: "hang", 127: "host failed"}


class Play:
    """One run of a script."""

    def __init__(self, lab, folder, head, lines, trace=None):
        result = folder / "result.json"
        result.unlink(missing_ok=True)
        arguments = ["run", "--result", result, *(["--trace", trace] if trace else []), *(word.replace("{guest}", str(lab.guest)) for word in head)]
        self.command = " ".join(f"'{a}'" if re.search(r"[\\ \"]", str(a)) else str(a) for a in arguments)
        try:
            done = lab.call(arguments, "\n".join(lines) + "\n", timeout=8)
        except rs.Failure:
            self.problem, self.told, self.end = "not finished", "", None
            return
        self.told = done.stdout + done.stderr
        self.result = json.loads(result.read_text()) if result.exists() else {}
        self.end = self.result.get("at_end")
        self.problem = self.judge(done)

    def judge(self, done):
        words = re.search(r"ERROR: AddressSanitizer: .*|.*runtime error: .*", done.stderr)
        if words:
            return words[0]
        if done.returncode < 0:
            return f"signal {-done.returncode}"
        if done.returncode == 125 and "(this " in done.stderr:
            self.end = None  # a part of a service that says that it is missing
            return None
        codes = [self.result.get(key) for key in ("client",)] + list(self.result.get("more_clients", []))
        for client in codes:
            code = client.get("exit_code") if isinstance(client, dict) else client
            if code in range(240, 250):
                return f"nt_fuzz.exe could not play: {code}"
        if done.returncode in ENDS:
            said = [line for line in done.stderr.splitlines() if line.strip() and not line.startswith("spy:")]
            return f"{ENDS[done.returncode]}: {said[0] if said else ''}"
        if not self.end:
            return "no result of the machine's end"
        return None


def differences(before, after):
    """What one run has more or less of at its end than another. Worker threads that the system has added stay: a thread more, of a process that
    was there before."""
    after = json.loads(json.dumps(after))
    threads, processes, memory = after["objects"]["Thread"], after["objects"]["Process"], after["pool"]["Thr."]
    added = threads["count"] - before["objects"]["Thread"]["count"]
    if added > 0 and processes["count"] == before["objects"]["Process"]["count"]:
        size = memory["bytes"] // memory["blocks"]
        for what, key, each in ((threads, "count", 1), (threads, "references", 1), (processes, "references", 1), (memory, "blocks", 1), (memory, "bytes", size)):
            what[key] -= added * each

    def flat(end):
        return {**{f"type {k}": v for k, v in end["objects"].items()}, **{f"tag {k}": v for k, v in end["pool"].items()}}
    a, b = flat(before), flat(after)
    return [f"{name}: {a.get(name)} without calls, {b.get(name)} with them" for name in sorted(a.keys() | b.keys()) if a.get(name) != b.get(name)]


class Fuzzer:
    def __init__(self, lab, folder):
        self.lab, self.folder, self.idle = lab, folder, {}

    def play(self, head, lines, trace=None):
        """A run and its comparison with one of the same programs and drivers that calls nothing."""
        run = Play(self.lab, self.folder, head, lines, trace)
        if run.problem or not run.end:
            return run
        key = tuple(word for word in head)
        if key not in self.idle:
            if len(self.idle) > 1000:
                self.idle.clear()
            idle = Play(self.lab, self.folder, head, [])
            if idle.problem:
                raise SystemExit(f"a script without calls: {idle.problem}\n{idle.told}\n$ drvlab {idle.command}")
            self.idle[key] = idle.end
        changed = differences(self.idle[key], run.end)
        if changed:
            run.problem = "left behind: " + "; ".join(changed)
        return run

    def repeatable(self, head, lines):
        traces = [self.folder / name for name in ("one.trace", "two.trace")]
        for trace in traces:
            self.play(head, lines, trace)
        one, two = (trace.read_bytes() for trace in traces)
        return one == two

    def kind(self, problem):
        """What stays the same when a script becomes shorter."""
        if problem.startswith("left behind"):
            return "left behind " + " ".join(sorted(re.findall(r"(?:type|tag) \w+", problem))[:1])
        return re.sub(r"0x[0-9a-f]+|\d{4,}", "", problem)[:60]

    def shorten(self, head, lines, problem, seconds=90):
        """Drops lines while the problem stays."""
        wanted, until, size = self.kind(problem), time.monotonic() + seconds, max(1, len(lines) // 2)
        while size and time.monotonic() < until:
            at = 0
            while at < len(lines) and time.monotonic() < until:
                fewer = lines[:at] + lines[at + size:]
                run = self.play(head, fewer)
                if run.problem and self.kind(run.problem) == wanted:
                    lines = fewer
                else:
                    at += size
            size = size // 2 if size > 1 else 0
        return lines


def load(path):
    lines = [line for line in pathlib.Path(path).read_text().splitlines() if line and not line.startswith("#")]
    return lines[0].split("\t"), lines[1:]


def save(path, head, lines, comment):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"# {line}\n" for line in comment) + "\n".join(["\t".join(head), *lines]) + "\n")


def test(fuzzer, count):
    bad = 0
    for path in sorted(CORPUS.glob("*")):
        head, lines = load(path)
        run = fuzzer.play(head, lines)
        if run.problem:
            bad += 1
            print(f"FAIL  {path.name}: {run.problem}\n$ drvlab {run.command} <{path}\n{run.told[:4000]}")
    calls = scripts.table()
    for number in range(FIRST_OF_TEST, FIRST_OF_TEST + count):
        script = scripts.Script(number, calls)
        run = fuzzer.play(script.head, script.lines)
        if run.problem:
            bad += 1
            print(f"FAIL  script {number}: {run.problem}\n$ tools/fuzz_nt_calls.py --play {number}\n{run.told[:4000]}")
        elif number % 8 == 0 and not fuzzer.repeatable(script.head, script.lines):
            bad += 1
            print(f"FAIL  script {number}: two runs have different traces")
    return bad


def campaign(fuzzer, seconds, first, findings):
    calls, until, number, found = scripts.table(), time.monotonic() + seconds, first, collections.Counter()
    while time.monotonic() < until:
        script = scripts.Script(number, calls)
        run = fuzzer.play(script.head, script.lines)
        if not run.problem and number % 32 == 0 and not fuzzer.repeatable(script.head, script.lines):
            run.problem = "two runs have different traces"
        if run.problem:
            kind = fuzzer.kind(run.problem)
            found[kind] += 1
            if found[kind] <= 2:
                lines = fuzzer.shorten(script.head, script.lines, run.problem)
                path = findings / f"nt_calls-{number}"
                save(path, script.head, lines, [run.problem, f"script {number}"])
                print(f"{path}: {run.problem} ({len(lines)} of {len(script.lines)} calls are left)", flush=True)
        number += 1
        if number % 500 == 0:
            print(f"{number - first} scripts, {sum(found.values())} failed", flush=True)
    print(f"{number - first} scripts from {first} on, {sum(found.values())} failed")
    for kind, times in found.most_common():
        print(f"{times:6}  {kind}")
    return sum(found.values())


def play(fuzzer, what):
    if what.isdigit():
        script = scripts.Script(int(what), scripts.table())
        head, lines = script.head, script.lines
    else:
        head, lines = load(what)
    run = fuzzer.play(head, lines)
    print(run.told, end="")
    print(f"$ drvlab {run.command}\n{run.problem or 'nothing is wrong'}")
    return 1 if run.problem else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seconds", nargs="?", type=float)
    parser.add_argument("--first", type=int, default=None)
    parser.add_argument("--test", action="store_true")
    parser.add_argument("--play")
    parser.add_argument("--findings", type=pathlib.Path, default=rs.SOURCE / "build/fuzz")
    rs.lab_arguments(parser)
    options = parser.parse_args()
    lab = rs.Lab(options.drvlab, options.guest)
    with tempfile.TemporaryDirectory(prefix="drvlab.") as folder:
        fuzzer = Fuzzer(lab, pathlib.Path(folder))
        if options.test:
            return 1 if test(fuzzer, 8 * options.seeds) else 0
        if options.play:
            return play(fuzzer, options.play)
        if options.seconds is None:
            parser.error("how many seconds?")
        first = options.first if options.first is not None else int(time.time()) * 1000
        return 1 if campaign(fuzzer, options.seconds, first, options.findings) else 0


if __name__ == "__main__":
    sys.exit(main())
