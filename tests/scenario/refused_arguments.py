#!/usr/bin/env python3
"""Arguments that mean nothing are refused by name, standard output that takes nothing is told, and ioctl's input may be of any size."""
import pathlib, subprocess, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import run_scenario as rs

REFUSED = [  # words, what must be said
    (["run", "--", ""], "names no program"), (["run", "--client", ""], "names no program"), (["top", "--", ""], "names no program"),
    (["kd", "--", ""], "names no program"), (["run", "--seed", "-1", "--", "hello.exe"], "--seed"),
    (["run", "--seed", "99999999999999999999", "--", "hello.exe"], "--seed"), (["run", "--watchdog", "nan", "--", "hello.exe"], "--watchdog"),
    (["run", "--trace", "", "--", "hello.exe"], "--trace"), (["run", "--result", "", "--", "hello.exe"], "--result"),
    (["run", "--parameter", "nosuch:x=1", "--", "hello.exe"], "no driver 'nosuch' is loaded"), (["exports", "--against", "."], "Is a directory"),
    (["exports", "--against", "/dev/zero"], "not a regular file"), (["exports", "--against", "nothing.tsv"], "No such file"),
    (["run", "--trace", "same", "--result", "./same", "--", "hello.exe"], "'./same' is the file of --trace"),
    (["run", "--service", "hello.exe:A", "--service", "hello.exe:a", "--", "hello.exe"], "two services are named 'a'"),
    (["run", "--service", "hello.exe:A:sometimes", "--", "hello.exe"], "'sometimes' is not boot, system"),
    (["run", "--service", "hello.exe::", "--", "hello.exe"], "the service name is empty"),
    (["run", "--service", "none.sys:A:auto", "--", "hello.exe"], "no file 'none.sys'"),
    (["ioctl", "--open", "NUL", "--code", "0", "--in", "@large"], "larger than 64 MB"),
    (["ioctl", "--open", "NUL", "--code", "0", "--out", "4294967295"], "4294967295 bytes cannot be allocated"),
    (["run", "--kd", "lm", "--kd", "lm", "--", "hello.exe"], "drvlab: --kd: given more than once\ntry 'drvlab run --help'\n"),
    (["ioctl", "--open", "NUL", "--code", "1", "--code", "2"], "drvlab: --code: given more than once"),
    (["ioctl", "--open", "NUL", "--code", "1", "a", "b c", "d"], "'drvlab ioctl' takes no further argument, and got 'a' 'b c' 'd'"),
    (["ioctl", "--open", "NUL", "--code", "0x1ffffffff"], "--code: '0x1ffffffff' is not a number from 0 to 4294967295"),
    (["ioctl", "--open", "NUL", "--code", "1", "--user", "root"], "--user: 'root' is not administrator"),
    (["ioctl", "--open", "", "--code", "1"], "--open: the device name is empty"), (["ioctl", "--open", "NUL"], "drvlab: --code is missing"), (["load"], "drvlab: X.sys is missing"), (["top"], "drvlab: CLIENT.exe is missing"),
    (["kd", "--bad", "--worse"], "'drvlab kd' has no option --bad\n"), (["boot", "x"], "'drvlab' has no command 'boot'"), ([], "'drvlab' needs a command"),
    (["trace", "list"], "'drvlab trace' has no command 'list'"), (["run", "--seed"], "drvlab: --seed: the value is missing"),
    (["run", "--cpus", "65", "--", "hello.exe"], "--cpus: '65' is not a number from 1 to 64"),
    (["run", "--schedule", "fair", "--", "hello.exe"], "--schedule: 'fair' is not round-robin, random, pct, step or step-user"),
    (["run", "--unload=3", "--", "hello.exe"], "--unload: takes no value"),
    (["load", "hello.exe:a\\b"], "'a\\b' is no service name: there is a \\ in it"),
    (["load", "hello.exe:" + "s" * 256], "longer than a service name may be (255 characters)"),
]


def on_full_disk(lab, words, stdin=""):
    with open("/dev/full", "w") as full:
        done = subprocess.run([lab.drvlab, *map(str, words)], stdout=full, stderr=subprocess.PIPE, input=stdin, text=True, timeout=60 * lab.slow, env=lab.environment)
    done.args, done.stdout = list(map(str, done.args)), ""
    rs.expect(done, 127)
    if "cannot be written" not in done.stderr:
        raise rs.Failure(f"{words}: the full disk is not named: {done.stderr}")


def check(lab, options, folder):
    """Arguments."""
    (folder / "hello.exe").symlink_to(lab.guest / "hello.exe")
    # A component of 255 characters is a file name on Windows.
    longest = folder / ("n" * 251 + ".sys")
    longest.symlink_to(lab.guest / "echo.sys")
    for words in (["load", longest], ["run", "--unload", "--driver", longest, "--", lab.guest / "write3.exe", "NUL"], ["run", "--service", f"{longest}:long:auto", "--", lab.guest / "write3.exe", "NUL"],
                  ["run", "--service", f"{longest}:{'m' * 255}:auto", "--", lab.guest / "write3.exe", "NUL"]):
        rs.expect(lab.call(words, cwd=folder), 0, stderr="")
    with open(folder / "large", "wb") as large:
        large.truncate((64 << 20) + 1)
    for words, said in REFUSED:
        done = rs.expect(lab.call(words, cwd=folder), 120, stdout="")
        if said not in done.stderr:
            raise rs.Failure(f"{words}: {said} is not said: {done.stderr}")

    # Before the program runs: nothing is printed.
    for option in ("--trace", "--result", "--record-schedule"):
        for place in (folder / "none" / "file", folder):
            done = rs.expect(lab.call(["run", option, place, "--", "hello.exe"], cwd=folder), 127, stdout="")
            if str(place) not in done.stderr:
                raise rs.Failure(f"{option} {place}: not named: {done.stderr}")

    echo = ["--driver", lab.guest / "echo.sys", "--open", r"\\.\Echo", "--code", "0x222004"]
    trace = folder / "trace"
    rs.expect(lab.call(["run", "--trace", trace, "--driver", lab.guest / "null.sys", "--", lab.guest / "nulltour.exe"]), 0)
    for words in (["trace", "show", trace], ["trace", "show", "--json", trace], ["kd", "--kd", "lm"], ["ioctl", *echo, "--in", "00", "--out", "8"], ["--help"],
                  ["run", "--help"], ["load", lab.guest / "null.sys"], ["exports"]):
        on_full_disk(lab, words)
    on_full_disk(lab, ["kd"], "lm\n")

    rs.expect(lab.call(["trace", "show", folder]), 121, stderr=f"drvlab: {folder}: Is a directory\n")
    done = rs.expect(lab.call(["trace", "show", "--call", "NoSuch", trace]), 120)
    if "no call of 'NoSuch'" not in done.stderr:
        raise rs.Failure(f"a call that is not there: {done.stderr}")

    if "no request" not in rs.expect(lab.call(["trace", "show", "--irp", "1234", trace]), 120).stderr:
        raise rs.Failure("a request that is not there")
    for words in (["--irp", "0"], ["--irp", ""], ["--irp", "12x4"], ["--irp", "1" * 20], ["--call", ""]):
        if "is no " not in rs.expect(lab.call(["trace", "show", *words, trace]), 120).stderr:
            raise rs.Failure(f"trace show {words}")
    for words in (["--call", "NtWriteFile"], ["--irp", "1234"]):
        rs.expect(lab.call(["trace", "show", "--json", *words, trace]), 120, stdout="")

    for size in (5000, 17000, 300000):
        data = bytes(i * 7 & 255 for i in range(size))
        (folder / "in").write_bytes(data)
        done = rs.expect(lab.call(["ioctl", *echo, "--in", f"@{folder / 'in'}", "--out", size]), 0)
        lines = done.stdout.splitlines()
        back = bytes.fromhex("".join(line[10:57] for line in lines[1:]))
        if lines[0] != f"{size} bytes returned" or back != data:
            raise rs.Failure(f"{size} bytes do not come back: {lines[0]}")

    # What the shell needs in quotes is said in quotes.
    spaced = folder / "my drivers"
    spaced.mkdir()
    (spaced / "other.sys").symlink_to((lab.guest / "null.sys").resolve())
    done = rs.expect(lab.call(["load", spaced / "other.sys"]), 121)
    if f"--driver '{spaced / 'other.sys'}:Null'" not in done.stderr:
        raise rs.Failure(f"the hint is not in quotes: {done.stderr}")
    done = rs.expect(lab.call(["load", lab.guest / "echo.sys", lab.guest / "echo.sys"]), 121)
    if "null.sys" in done.stderr:
        raise rs.Failure(f"the collision is not with null.sys: {done.stderr}")


rs.run_script(check)
