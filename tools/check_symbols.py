#!/usr/bin/env python3
"""Host clock, randomness and environment may be used by src/host and src/app only: checks the undefined symbols of the other rooms' libraries.

usage: check_symbols.py BUILD-DIRECTORY
"""
import pathlib, subprocess, sys

FORBIDDEN = {"time", "clock", "clock_gettime", "gettimeofday", "clock_nanosleep", "nanosleep", "usleep", "sleep", "rand", "srand", "random", "srandom",
             "drand48", "getrandom", "getentropy", "arc4random", "getenv", "secure_getenv", "environ", "setenv", "getpid", "gettid", "timer_create",
             "pthread_create", "localtime", "localtime_r", "tzset"}
FREE = {"libdrvlab_host.a", "libdrvlab_app.a"}
bad = []
for library in sorted(pathlib.Path(sys.argv[1]).rglob("libdrvlab_*.a")):
    if library.name in FREE:
        continue
    member = ""
    for line in subprocess.run(["nm", "-u", str(library)], capture_output=True, text=True).stdout.splitlines():
        if line.endswith(":"):
            member = line[:-1]
        parts = line.split()
        if len(parts) == 2 and parts[0] == "U" and parts[1].split("@")[0] in FORBIDDEN:
            bad.append(f"{library.name}({member}) uses {parts[1]}: only src/host and src/app may")
print("\n".join(bad), end="\n" if bad else "")
sys.exit(1 if bad else 0)
