#!/usr/bin/env python3
"""What README.md and docs/*.md print has been run: every indented block with "$ " lines is run in a shell, command by command, and the
lines below a command must be what it prints (standard output and error together; addresses in pool aside). A command without such lines must succeed. What a page
prints of a file that is not there yet ("$ cat FILE") is that file."""
import pathlib, re, subprocess, sys

root = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(root / "tools"))
import run_scenario as rs


def blocks(text):
    """Lists of consecutive indented lines."""
    block = []
    for line in text.splitlines() + [""]:
        if line.startswith("    "):
            block.append(line[4:])
        else:
            if block:
                yield block
            block = []


def commands(block):
    """(command, lines it must print) of a block that begins with one."""
    found = []
    for line in block:
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found:
            found[-1][1].append(line)
    return found


def anywhere(text):
    """Where a block of pool lies depends on all that was made before: a page need not change with every new object."""
    return re.sub(r"(?<![0-9a-fA-F])((?:0x|0000)?3[12]00)[0-9a-f]{8}(?![0-9a-f])", r"\g<1>00000000", text)


def check(lab, options, folder):
    """Documents."""
    (folder / "build").mkdir()
    (folder / "build/drvlab").symlink_to(lab.drvlab)
    (folder / "build/guest").symlink_to(lab.guest)
    for name in ("tests", "tools", "src", "drivers", "programs"):
        (folder / name).symlink_to(root / name)
    problems, count = [], 0
    for path in [root / "README.md", *sorted((root / "docs").glob("*.md"))]:
        variables = ""  # "$ G=build/guest": for the rest of the page
        for block in blocks(path.read_text()):
            for command, wanted in commands(block):
                count += 1
                printed = re.fullmatch(r"cat ([\w.-]+)", command)
                if printed and wanted and not (folder / printed[1]).exists():
                    (folder / printed[1]).write_text("\n".join(wanted) + "\n")
                if re.fullmatch(r"\w+=\S+", command):
                    variables += command + "; "
                done = subprocess.run(["bash", "-c", variables + command], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
                                      timeout=120 * lab.slow, env=lab.environment)
                if wanted:
                    try:
                        rs.check_text("output", anywhere("\n".join(wanted) + "\n"), anywhere(done.stdout))
                    except rs.Failure as problem:
                        problems.append(f"{path.name}: $ {command}\n{problem}")
                elif done.returncode != 0:
                    problems.append(f"{path.name}: $ {command}\nexit status {done.returncode}: {done.stdout}")
    if not count:
        raise rs.Failure("no commands found")
    if problems:
        raise rs.Failure("\n".join(problems))
    print(f"{count} commands")


rs.run_script(check)
