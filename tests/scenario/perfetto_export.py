#!/usr/bin/env python3
"""The export for Perfetto, decoded here by the published field numbers: descriptors stand before what they describe, slices nest on each
track, times go forward, and the run is found in it."""
import pathlib, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import run_scenario as rs

# protos/perfetto/trace: field number → name and the type of what is inside.
ANNOTATION = {10: ("name", str), 6: ("text", str)}
EVENT = {9: ("type", int), 11: ("track", int), 23: ("name", str), 4: ("annotations", ANNOTATION), 47: ("flow", int)}
PROCESS = {1: ("pid", int), 6: ("name", str)}
THREAD = {1: ("pid", int), 2: ("tid", int), 5: ("name", str)}
TRACK = {1: ("uuid", int), 2: ("name", str), 3: ("process", PROCESS), 4: ("thread", THREAD), 5: ("parent", int), 11: ("ordering", int), 12: ("rank", int)}
PACKET = {8: ("ns", int), 10: ("sequence", int), 11: ("event", EVENT), 60: ("track", TRACK)}
TRACE = {1: ("packets", PACKET)}
BEGIN, END, INSTANT = 1, 2, 3


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def decode(data, schema):
    """Fields by name, each a list; an unknown field or a wrong wire type is a failure."""
    out, at = {}, 0
    while at < len(data):
        key, at = varint(data, at)
        number, wire = key >> 3, key & 7
        if number not in schema:
            raise rs.Failure(f"field {number} is not expected among {schema}")
        name, inside = schema[number]
        if wire == 0:
            value, at = varint(data, at)
        elif wire == 1:
            value, at = int.from_bytes(data[at:at + 8], "little"), at + 8
        elif wire == 2:
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
            if len(value) != size:
                raise rs.Failure(f"{name} is cut")
            value = value.decode() if inside is str else decode(value, inside)
        else:
            raise rs.Failure(f"wire type {wire}")
        if (wire == 2) == (inside is int):
            raise rs.Failure(f"{name} has wire type {wire}")
        out.setdefault(name, []).append(value)
    return out


def one(message, name):
    values = message.get(name, [])
    if len(values) != 1:
        raise rs.Failure(f"{name} stands {len(values)} times in {message}")
    return values[0]


class Slices:
    """What is on the tracks: (path of track names, path of open slices' names, ns from, ns to)."""

    def __init__(self, data):
        self.tracks, self.done, self.instants, self.flows = {}, [], [], {}
        open_slices, last = {}, 0
        for packet in decode(data, TRACE)["packets"]:
            if one(packet, "sequence") != 1:
                raise rs.Failure("one writer has one sequence")
            if "track" in packet:
                self.describe(one(packet, "track"))
                continue
            ns, event = one(packet, "ns"), one(packet, "event")
            if ns < last:
                raise rs.Failure(f"time goes back from {last} to {ns}")
            last, track, kind = ns, one(event, "track"), one(event, "type")
            if track not in self.tracks:
                raise rs.Failure(f"track {track:#x} is not described")
            stack = open_slices.setdefault(track, [])
            if kind == END:
                if not stack:
                    raise rs.Failure(f"nothing is open on {self.tracks[track]} that could end at {ns}")
                self.done.append((self.tracks[track], [s[0] for s in stack], stack[-1][1], ns))
                stack.pop()
                continue
            name = one(event, "name")
            for flow in event.get("flow", []):
                self.flows.setdefault(flow, []).append(name)
            if kind == BEGIN:
                stack.append((name, ns))
            elif kind == INSTANT:
                self.instants.append((self.tracks[track], [s[0] for s in stack], name))
            else:
                raise rs.Failure(f"event type {kind}")
        left = {self.tracks[t]: s for t, s in open_slices.items() if s}
        if left:
            raise rs.Failure(f"still open at the end: {left}")

    def describe(self, track):
        uuid = one(track, "uuid")
        if uuid in self.tracks:
            raise rs.Failure(f"track {uuid:#x} is described twice")
        if "parent" in track and one(track, "parent") not in self.tracks:
            raise rs.Failure(f"the parent of {track} is not described")
        if "process" in track:
            self.tracks[uuid] = one(one(track, "process"), "name")
        elif "thread" in track:
            thread = one(track, "thread")
            self.tracks[uuid] = f"{self.tracks[one(track, 'parent')]} {one(thread, 'pid')}.{one(thread, 'tid')}"
        else:
            self.tracks[uuid] = one(track, "name")

    def must_have(self, track, *path):
        """A slice on a track whose name begins so, below slices whose names begin so."""
        for name, names, start, end in self.done:
            if name.startswith(track) and len(names) >= len(path) and all(n.startswith(p) for n, p in zip(names[-len(path):], path)):
                return start, end
        raise rs.Failure(f"no slice {' > '.join(path)} on a track {track}…; there are {sorted({(n, tuple(p)) for n, p, *_ in self.done})[:60]}")


def export(lab, folder, name, arguments):
    trace, out = folder / f"{name}.trace", folder / f"{name}.pftrace"
    done = lab.call(["run", "--trace", trace, *arguments])
    if done.returncode != 0:
        raise rs.Failure(f"{name}: exit status {done.returncode}: {done.stderr}")
    rs.expect(lab.call(["trace", "export", "--format", "perfetto", trace, "-o", out]), 0, stdout="", stderr="")
    return Slices(out.read_bytes())


def check(lab, options, folder):
    """The export for Perfetto."""
    tour = export(lab, folder, "tour", ["--driver", lab.image("null.sys"), "--", lab.image("nulltour.exe")])
    client = "nulltour.exe "
    tour.must_have(client, "WriteFile", "NtWriteFile", "\\Driver\\null IRP_MJ_WRITE")
    tour.must_have("System 4.", "DriverEntry of \\Driver\\null")
    tour.must_have("CPU 0", client)
    if not any({"IRP created", "\\Driver\\null IRP_MJ_WRITE", "IRP completed", "IRP finished"} <= set(f) for f in tour.flows.values()):
        raise rs.Failure(f"no flow follows a request: {tour.flows}")
    # No two threads run at once on a processor, and idle time is a gap.
    hardware = export(lab, folder, "hardware", ["--cpus", 2, "--hardware", "parport", "--driver", lab.image("parport.sys"), "--",
                                                lab.image("parport_client.exe")])
    hardware.must_have("CPU 0", "ISR parport!")
    hardware.must_have("CPU 0", "DPC parport!")
    running = sorted((track, start, end) for track, names, start, end in hardware.done if track.startswith("CPU") and len(names) == 1)
    for (track, start, end), (next_track, next_start, _) in zip(running, running[1:]):
        if track == next_track and next_start < end:
            raise rs.Failure(f"two slices at once on {track} at {next_start}")
    threads = export(lab, folder, "ke", ["--driver", lab.image("conform_ke_dpc.sys"), "--", lab.image("conform.exe"), "KeDpc"])
    threads.must_have("CPU 0", "DPC conform_ke_dpc!")
    threads.must_have("System 4.", "DPC conform_ke_dpc!")  # a threaded one
    # Bad input.
    (folder / "text").write_text("no trace")
    done = lab.call(["trace", "export", "--format", "perfetto", folder / "text", "-o", folder / "out"])
    if done.returncode != 121 or "drvlab: " not in done.stderr:
        raise rs.Failure(f"a file that is no trace: exit status {done.returncode}: {done.stderr}")
    done = lab.call(["trace", "export", "--format", "perfetto", folder / "tour.trace", "-o", folder / "none" / "out"])
    if done.returncode != 127 or "cannot write" not in done.stderr:
        raise rs.Failure(f"no directory: exit status {done.returncode}: {done.stderr}")
    whole = (folder / "tour.trace").read_bytes()
    (folder / "cut").write_bytes(whole[:len(whole) * 2 // 3])
    done = lab.call(["trace", "export", "--format", "perfetto", folder / "cut", "-o", folder / "cut.pftrace"])
    if done.returncode not in (0, 121) or not Slices((folder / "cut.pftrace").read_bytes()).done:
        raise rs.Failure(f"a trace that was cut: exit status {done.returncode}: {done.stderr}")


rs.run_script(check)
