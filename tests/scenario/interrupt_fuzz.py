#!/usr/bin/env python3
"""Interrupts at random times: the drivers of the parallel port, of a disk and of a timer on lines that noise disturbs, with random
rates, processors, policies and ways to interrupt. Every run must end well: the data right, nothing left behind by the unloaded driver.

A number is a whole run; the first 4 × --seeds (or DRVLAB_SEEDS) are tried, so --seeds 500 looks further. What failed once stays in FOUND."""
import pathlib, random, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import run_scenario as rs

FOUND = ()  # numbers of runs that once failed
PARPORT = "22 bytes sent\n22 bytes came back: Hello, parallel world!\nwrite 1: 1000 bytes sent\nwrite 2: cancelled\nwrite 3: 1000 bytes sent\n"


def configuration(lab, number):
    chance = random.Random(number)
    options = ["--seed", str(number), "--cpus", str(chance.choice((1, 1, 2, 3, 8))), "--unload",
               "--schedule", chance.choice(("random", "pct", "round-robin"))]
    mean, hold = chance.randint(1, 80), chance.choice((0, 0, 1, 3, 10))
    if chance.random() < 0.4:
        noise = [f"noise:line=7,mean={mean + 5},hold=0"]
        if chance.random() < 0.5:
            noise.append(f"noise:mean={mean},hold={hold}")
        models = ["parport", *noise]
        return options + [x for m in models for x in ("--hardware", m)] + [
            "--driver", lab.image("parport.sys"), "--", lab.image("parport_client.exe")], PARPORT
    models = [f"noise:mean={mean},hold={hold},msi={chance.choice((0, 0, 2))}", "timer", "disk:size=64K"]
    for device in ("disk", "timer"):
        if chance.random() < 0.4:
            options += ["--msi", device]
    return options + [x for m in models for x in ("--hardware", m)] + [
        "--driver", lab.image("conform_disturbed.sys"), "--", lab.image("conform.exe"), "Disturbed"], None


def run(lab, number):
    arguments, expected = configuration(lab, number)
    done = lab.call(["run", *arguments])
    output = done.stdout.replace("\r\n", "\n")
    good = done.returncode == 0 and not done.stderr and "FAIL" not in output and (not expected or output == expected)
    if not good:
        raise rs.Failure(f"run {number}: exit status {done.returncode}\n$ drvlab run {' '.join(map(str, arguments))}\n"
                         f"{output}{done.stderr}")


def check(lab, options, folder):
    """Interrupts at random times."""
    for number in (*FOUND, *range(1, 4 * options.seeds + 1)):
        run(lab, number)


rs.run_script(check)
