#!/usr/bin/env python3
"""Schedules: one seed gives one trace on any number of processors, under every policy; a race is found by trying seeds, and its schedule,
recorded and replayed, shows it again; a replay that does not fit names the first decision that differs."""
import pathlib, subprocess, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import run_scenario as rs

POLICIES = ("round-robin", "random", "pct", "step", "step-user")


def race(lab, *options, which=("cancel",)):
    return lab.call(["run", "--driver", lab.image("racy.sys"), "--cpus", "2", *options, "--", lab.image("racy_client.exe"), *which])


def equal_traces(lab, folder):
    for policy in POLICIES:
        for cpus in ("1", "2", "8"):
            traces = []
            for run in ("first", "second"):
                trace = folder / f"{policy}-{cpus}-{run}"
                rs.expect(lab.call(["run", "--driver", lab.image("echo.sys"), "--cpus", cpus, "--seed", "7", "--schedule", policy,
                                    "--trace", trace, "--", lab.image("hello.exe")], stdin="Ada 3\n"), 3)
                traces.append(trace.read_bytes())
            if traces[0] != traces[1]:
                raise rs.Failure(f"--schedule {policy} --cpus {cpus}: two runs with one seed differ")


def tracing_changes_nothing(lab, folder):
    """Untraced, spin locks and IoCallDriver are guest code, traced they are gates: the schedule is the same."""
    for policy in POLICIES:
        for cpus in ("1", "3"):
            schedules = []
            for trace in ([], ["--trace", folder / "trace"]):
                schedule = folder / "schedule"
                rs.expect(lab.call(["run", "--driver", lab.image("bench.sys"), "--cpus", cpus, "--seed", "5", "--schedule", policy, *trace,
                                    "--record-schedule", schedule, "--", lab.image("bench_client.exe"), "threads", "20", "8"]), 0)
                schedules.append(schedule.read_text())
            if schedules[0] != schedules[1]:
                raise rs.Failure(f"--schedule {policy} --cpus {cpus}: with a trace the schedule differs")


def find_the_race(lab, folder):
    schedules = set()
    for seed in range(1, 41):
        schedule = folder / "schedule"
        done = race(lab, "--seed", str(seed), "--record-schedule", schedule)
        schedules.add(schedule.read_text())
        if done.returncode == 122:
            break
    else:
        raise rs.Failure("no seed up to 40 shows the race of cancel and completion")
    if len(schedules) < 2 and seed > 1:
        raise rs.Failure("different seeds give one schedule")
    rs.expect(done, 122, stderr=None)
    if "MULTIPLE_IRP_COMPLETE_REQUESTS" not in done.stderr or "racy!complete" not in done.stderr:
        raise rs.Failure(f"the report does not name the race:\n{done.stderr}")
    again = race(lab, "--seed", "1000", "--replay", schedule)
    if (again.returncode, again.stderr) != (done.returncode, done.stderr):
        raise rs.Failure(f"the replayed schedule ends otherwise:\n{again.stderr}")
    lines = schedule.read_text().splitlines()
    words = lines[9].split()
    words[0] = str(int(words[0]) + 1)
    lines[9] = " ".join(words)
    schedule.write_text("\n".join(lines) + "\n")
    done = race(lab, "--replay", schedule)
    if done.returncode != 123 or "decision 8 differs from the recorded schedule: at " not in done.stderr:
        raise rs.Failure(f"exit status {done.returncode}, and the decision that differs is not named:\n{done.stderr}")


def steps_find_more(lab):
    """The windows of these races hold no call: only a switch between two instructions can fall into them."""
    for which in (("remove", "60"), ("event", "60")):
        found = {}
        for policy in ("random", "step"):
            found[policy] = next((seed for seed in range(1, 41) if race(lab, "--schedule", policy, "--seed", str(seed),
                                                                        which=which).returncode == 122), None)
        if found["random"] or not found["step"]:
            raise rs.Failure(f"the race '{which[0]}' is found by these seeds: {found}; only step can find it")


# Two threads add: between the reading and the writing lies no call, only two interlocked instructions.
ADDERS = r"""
#include <windows.h>
static volatile LONG sum;
static DWORD WINAPI add(void* unused) {
    (void)unused;
    for (int i = 0; i < 40; i++) {
        const LONG before = InterlockedCompareExchange(&sum, 0, 0);
        InterlockedExchange(&sum, before + 1);
        SwitchToThread();
    }
    return 0;
}
int main(void) {
    HANDLE threads[2];
    for (int i = 0; i < 2; i++)
        threads[i] = CreateThread(NULL, 0, add, NULL, 0, NULL);
    WaitForMultipleObjects(2, threads, TRUE, INFINITE);
    return sum != 80;
}
"""


def steps_of_programs(lab, folder):
    (folder / "adders.c").write_text(ADDERS)
    subprocess.run(["x86_64-w64-mingw32-gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-Wl,--no-insert-timestamp", "adders.c", "-o", "adders.exe"], cwd=folder, check=True)
    run = lambda *options: lab.call(["run", "--cpus", "2", *options, "--", folder / "adders.exe"])
    for policy in ("random", "step", "step-user"):
        seed = next((seed for seed in range(1, 41) if run("--schedule", policy, "--seed", seed).returncode == 1), None)
        if (policy == "step-user") != bool(seed):
            raise rs.Failure(f"the race of two programs is found by {policy} with seed {seed}")
    schedule = folder / "schedule"
    first = run("--schedule", "step-user", "--seed", seed, "--record-schedule", schedule)
    again = run("--replay", schedule)
    if (first.returncode, again.returncode) != (1, 1):
        raise rs.Failure(f"the race of two programs, recorded and replayed: {first.returncode}, {again.returncode}:\n{again.stderr}")


def keep_schedules(lab, keep):
    """For the comparison of builds (tools/compare_builds): the schedules and traces of the three races, under every policy."""
    keep.mkdir(parents=True, exist_ok=True)
    for which in ("cancel", "remove", "event"):
        for policy in POLICIES:
            for seed in ("1", "2", "3", "8"):
                name = f"schedules-{which}-{policy}-{seed}"
                done = race(lab, "--schedule", policy, "--seed", seed, "--record-schedule", keep / f"{name}.schedule", which=(which, "60"))
                traced = race(lab, "--schedule", policy, "--seed", seed, "--trace", keep / f"{name}.trace", which=(which, "10"))
                for run in (done, traced):
                    if run.returncode not in (0, 122):
                        raise rs.Failure(f"{name}: exit status {run.returncode}:\n{run.stderr}")


def bad_input(lab, folder):
    (folder / "no-schedule").write_text("hello\n")
    done = race(lab, "--replay", folder / "no-schedule")
    if done.returncode != 120 or "line 1: this is no schedule" not in done.stderr:
        raise rs.Failure(f"exit status {done.returncode}:\n{done.stderr}")
    done = race(lab, "--replay", folder / "nothing-there")
    if done.returncode != 120 or "nothing-there" not in done.stderr:
        raise rs.Failure(f"exit status {done.returncode}:\n{done.stderr}")
    for option, value in (("--cpus", "0"), ("--cpus", "65"), ("--schedule", "lucky")):
        if (done := race(lab, option, value)).returncode != 120:
            raise rs.Failure(f"{option} {value}: exit status {done.returncode}")


def check(lab, options, folder):
    """Schedules."""
    equal_traces(lab, folder)
    tracing_changes_nothing(lab, folder)
    find_the_race(lab, folder)
    steps_find_more(lab)
    steps_of_programs(lab, folder)
    bad_input(lab, folder)
    if options.keep_traces:
        keep_schedules(lab, pathlib.Path(options.keep_traces))


rs.run_script(check)
