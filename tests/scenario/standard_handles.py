#!/usr/bin/env python3
"""Standard input and output that are closed, full, no longer read, or files with a position: what the program is told, and the machine
stays whole."""
import pathlib, subprocess, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import run_scenario as rs


def shell(lab, folder, line, what, times=1):
    """Runs `line`, a shell command in which DRVLAB runs the program; gives its standard error and output."""
    run = " ".join([f"'{lab.drvlab}' run" + f" --client '{lab.guest / 'conform_streams.exe'} {what}'" * (times - 1), "--", f"'{lab.guest / 'conform_streams.exe'}'", what])
    done = subprocess.run(["bash", "-c", line.replace("DRVLAB", run)], cwd=folder, capture_output=True, timeout=60 * lab.slow, env=lab.environment)
    return [text.decode(errors="replace").replace("\r\n", "\n") for text in (done.stderr, done.stdout)]


def expect(lab, folder, line, what, said, printed="", times=1):
    err, out = shell(lab, folder, line, what, times)
    if err != said or out != printed:
        raise rs.Failure(f"{line} ({what}):\n{err}{out}\ninstead of:\n{said}{printed}")


def check(lab, options, folder):
    """Standard handles."""
    # Closed ones are nothing: no file of the machine's own takes their place.
    expect(lab, folder, "DRVLAB <&-; echo $?", "copy", "read: done 0 bytes, error 0\n", "3\n")
    expect(lab, folder, "echo hello | (DRVLAB; echo $? >&2) >&-", "copy", "write: failed 0 bytes, error 6\n3\n")
    expect(lab, folder, "DRVLAB <&- >&- 2>&-; echo $?", "copy", "", "3\n")
    # Nobody reads the pipe: ERROR_NO_DATA; nobody writes: ERROR_BROKEN_PIPE; the disk is full: ERROR_DISK_FULL.
    expect(lab, folder, "DRVLAB | head -c 5; echo ${PIPESTATUS[0]}", "flood", "write: failed 0 bytes, error 232\n", "xxxxx3\n")
    expect(lab, folder, "echo hello | DRVLAB", "copy", "read: failed 6 bytes, error 109\n", "hello\n")
    expect(lab, folder, "DRVLAB >/dev/full; echo $?", "flood", "write: failed 0 bytes, error 112\n", "3\n")
    # Files have a position and a size, from where they stood when the machine began; several programs share them.
    (folder / "in").write_text("abcdefgh\nsecond\n")
    expect(lab, folder, "(read line; DRVLAB) <in >out; cat out", "seek", "size: done 7 bytes, error 0\nfrom 2: 1 con, at 5\nfrom the end: 1 d\n\n", "1b3456")
    expect(lab, folder, "echo old >out; DRVLAB <in >>out; cat out", "seek", "size: done 16 bytes, error 0\nfrom 2: 1 cde, at 5\nfrom the end: 1 d\n\n", "old\n12345b6")
    expect(lab, folder, "DRVLAB <in >out; wc -c <out", "flood", "write: done 100000 bytes, error 0\n" * 2, "4000000\n", 2)


rs.run_script(check)
