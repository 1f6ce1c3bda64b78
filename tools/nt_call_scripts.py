"""Scripts of system calls for tests/fuzz/nt_calls/nt_fuzz.c, made from a number.

The first line of a script is the rest of a command line of drvlab; {guest} is the folder of images. Each further line is one step of a
thread, "process.thread part; part; …", whose last part is the call and whose others make its parameters in memory:

  NtClose h3                     a service with its arguments: hexadecimal numbers, -1 (negative), @1240 (an address in the arena), h3 (what
                                 slot 3 of the table of handles holds; the table is at @0), i1 (id of process 1), j12 (id of thread 2 of
                                 process 1), r0 and r1 (a thread's routine, an APC's)
  q @1240 h3                     stores an argument as 64 bits
  w @1240 0102ff                 stores bytes
  s @1240 \\Device\\Null           stores a UNICODE_STRING with its text behind it

The services are those of the kernel's table, so one that is new is called as well: with arguments of any kind until CALLS describes them.
"""
import pathlib, random, re

SOURCE = pathlib.Path(__file__).resolve().parent.parent
SERVICES = SOURCE / "src/kernel/exports/generated/services.txt"

# Not called: what ends a program by its documentation, and drvlab's own.
NEVER = {"NtContinue", "NtContinueEx", "NtRaiseException", "NtDrvlabReport", "NtDrvlabTraceApiCall", "NtDrvlabTraceApiReturn", "NtDisplayString",
         "NtShutdownSystem", "NtRaiseHardError",
         "NtSuspendProcess",  # nobody would be left to end it
         "NtMakePermanentObject"}  # what is to stay is no leak

# One word for each argument, as a method of Step takes it: Step.<word before the colon>(text behind it).
CALLS = """
NtClose closed
NtDuplicateObject process h process out access flag:2 options
NtQueryObject h u:8 buffer:400 length:400 data:4
NtSetInformationObject h enum:4:5 bytes:2 length:2
NtMakeTemporaryObject h
NtCreateDirectoryObject out:directory access attributes:directory
NtOpenDirectoryObject out:directory access attributes:directory
NtQueryDirectoryObject h:directory buffer:800 length:800 flag flag data:4 data:4
NtCreateSymbolicLinkObject out:link access attributes:link string:any
NtOpenSymbolicLinkObject out:link access attributes:link
NtQuerySymbolicLinkObject h:link room:200 data:4
NtCreateEvent out:event access attributes:event u:2 flag
NtOpenEvent out:event access attributes:event
NtSetEvent h:event data:4
NtResetEvent h:event data:4
NtClearEvent h:event
NtPulseEvent h:event data:4
NtQueryEvent h:event u:2 buffer:8 length:8 data:4
NtCreateMutant out:mutant access attributes:mutant flag
NtOpenMutant out:mutant access attributes:mutant
NtReleaseMutant h:mutant data:4
NtCreateSemaphore out:semaphore access attributes:semaphore small enum:8:8:100:0
NtOpenSemaphore out:semaphore access attributes:semaphore
NtReleaseSemaphore h:semaphore small data:4
NtCreateTimer out:timer access attributes:timer u:2
NtOpenTimer out:timer access attributes:timer
NtSetTimer h:timer timeout apc context flag small data:1
NtSetTimerEx h:timer u:2 timer_info length:30
NtCancelTimer h:timer data:1
NtQueryTimer h:timer u:2 buffer:10 length:10 data:4
NtCreateIoCompletion out:port access attributes:port small
NtOpenIoCompletion out:port access attributes:port
NtQueryIoCompletion h:port u:2 buffer:4 length:4 data:4
NtSetIoCompletion h:port number number number number
NtRemoveIoCompletion h:port data:8 data:8 iosb timeout
NtRemoveIoCompletionEx h:port buffer:400 small data:4 timeout flag
NtWaitForSingleObject h flag timeout
NtWaitForMultipleObjects count handles u:2 flag timeout
NtSignalAndWaitForSingleObject h h flag timeout
NtDelayExecution flag some_timeout
NtAlertThread h:thread
NtAlertResumeThread h:thread data:4
NtSuspendThread h:thread data:4
NtResumeThread h:thread data:4
NtQueueApcThread h:thread apc number number number
NtQueueApcThreadEx h:thread apc_flags apc number number number
NtCreateThreadEx out:thread access attributes:none process routine number thread_flags zero stack stack zero
NtOpenThread out:thread access attributes:none client_id
NtQueryInformationThread thread u:38 buffer:100 length:30 data:4
NtSetInformationThread thread enum:2:3:4:d:e:1e:21 bytes:10 length:8
NtTerminateThread h:thread u:60
NtOpenProcess out:process access attributes:none client_id
NtQueryInformationProcess process u:60 buffer:400 length:80 data:4
NtSetInformationProcess process u:60 bytes:10 length:8
NtAllocateVirtualMemory process zone_base zeros zone_size memory_kind protection
NtFreeVirtualMemory process zone_base zone_size enum:8000:4000:c000:0
NtProtectVirtualMemory process zone_base zone_size protection data:4
NtQueryVirtualMemory process zone enum:0:0:1:2:3:4 buffer:400 length:30 data:8
NtReadVirtualMemory process arena buffer:400 small data:8
NtWriteVirtualMemory process target arena small data:8
NtFlushInstructionCache process zone small
NtCreateSection out:section access attributes:section size protection section_flags h_or_none:file
NtOpenSection out:section access attributes:section
NtMapViewOfSection h:section process zone_base zeros zone_small size zone_size enum:1:2:3 enum:0:0:0:100000:2000:40000000 protection
NtUnmapViewOfSection process zone
NtQuerySection h:section u:3 buffer:40 length:30 data:8
NtCreateFile out:file file_access attributes:file iosb size file_attributes share enum:1:1:1:1:3:0:2:4:5 file_options ea ea_length
NtOpenFile out:file file_access attributes:file iosb share file_options
NtReadFile h:file h_or_none:event apc context iosb buffer:1000 length:100 offset key
NtWriteFile h:file h_or_none:event apc context iosb buffer:1000 length:100 offset key
NtReadFileScatter h:file h_or_none:event apc context iosb buffer:40 length:100 offset key
NtWriteFileGather h:file h_or_none:event apc context iosb buffer:40 length:100 offset key
NtDeviceIoControlFile h:file h_or_none:event apc context iosb code bytes:20 length:20 buffer:400 length:40
NtFsControlFile h:file h_or_none:event apc context iosb code bytes:20 length:20 buffer:400 length:40
NtFlushBuffersFile h:file iosb
NtQueryInformationFile h:file iosb buffer:400 length:40 u:78
NtSetInformationFile h:file iosb file_info length:10 file_class
NtQueryVolumeInformationFile h:file iosb buffer:200 length:20 u:14
NtSetVolumeInformationFile h:file iosb bytes:20 length:20 u:14
NtDeleteFile attributes:file
NtQueryAttributesFile attributes:file buffer:28
NtQueryFullAttributesFile attributes:file buffer:38
NtCancelIoFile h:file iosb
NtCancelIoFileEx h:file iosb_or_none iosb
NtCancelSynchronousIoFile h:thread iosb_or_none iosb
NtCreateKey out:key access attributes:key zero string:any enum:1:1:0 data:4
NtOpenKey out:key access attributes:key
NtOpenKeyEx out:key access attributes:key enum:0:0:4:8
NtQueryKey h:key u:8 buffer:400 length:80 data:4
NtEnumerateKey h:key small u:4 buffer:400 length:80 data:4
NtQueryValueKey h:key string:value u:5 buffer:400 length:40 data:4
NtEnumerateValueKey h:key small u:5 buffer:400 length:40 data:4
NtSetValueKey h:key string:value zero u:12 bytes:20 length:20
NtDeleteValueKey h:key string:value
NtDeleteKey h:key
NtQuerySystemInformation u:150 buffer:1000 length:400 data:4
NtQuerySystemInformationEx u:150 bytes:10 length:8 buffer:1000 length:400 data:4
NtSetTimerResolution number flag data:4
"""

DEVICES = 3 * (r"\Device\Fuzz0", r"\Device\Fuzz1", r"\Device\Fuzz2") + (r"\Device\Fuzz0", r"\Device\Fuzz1", r"\Device\Fuzz2", r"\Device\Fuzz3", r"\Device\Null", r"\??\NUL", r"\Device\Echo", r"\Device\Zero",
           r"\Device\Mailbox\a", r"\Device\Mailbox\b", r"\Device\CsqDev", r"\Device\TimerDev", r"\??\Mailbox\a", r"\??\Echo",
           r"\??\C:\a", r"\Device\PassthruControl", r"\Device", "\\Device\\Mailbox")
DRIVER_OF = re.compile("echo|zero|mailbox|csqdev|timerdev|passthru")
TAILS = ("", "", "", "", "", "\\", r"\ ", r"\0", r"\1", r"\8", r"\@", r"\X", r"\x\y", "\\\\x")
HOSTILE_NAMES = ("", "\\", "\\\\", "x", r"\x", r"\BaseNamedObjects", "\\BaseNamedObjects\\", r"\BaseNamedObjects\a\b", r"\??", r"\GLOBAL??\C:", r"\ObjectTypes\Event",
                 r"\Device\Fuzz0\..\Fuzz1", r"\Registry", r"\REGISTRY\MACHINE", r"\KnownDlls\ntdll.dll", r"\Driver\Null", r"\??\CON", "\\" * 40, "\\" + "n" * 200)
NAMED = r"\BaseNamedObjects\%s", r"\BaseNamedObjects\%s", r"\BaseNamedObjects\d\%s"
CODES = (0x222004, 0x222009, 0x22200e, 0x222013, 0x222044, 0x222048, 0x226410, 0x22a40c, 0x4d0008, 0x2d1080, 0x90018)
BAD = ("0", "1", "@fffc", "@ffff", "@10000", "@11000", "@11ffc", "@12000", "@13000", "310000001000", "300000000000", "360000000000", "370000000000",
       "-1", "-8", "7fffffff0000", "fffff80000000000", "7ffe0000", "800000000000", "400000000000", "3ffffffffff8", "2ffffffffff8", "8000000000000000")
TYPES = "directory link event mutant semaphore timer port thread process section file key".split()
ZONE = 0x290000000000


def table():
    """Name: words of its arguments, for every service there is; "" stands for an argument of any kind."""
    known = {line.split()[0]: line.split()[1:] for line in CALLS.strip().splitlines()}
    calls = {}
    for line in SERVICES.read_text().splitlines():
        if not re.match(r"0x[0-9a-f]+ Nt\w+ \d+$", line) or line.split()[1] in NEVER:
            continue
        _, name, count = line.split()
        words = known.get(name, [])
        if words and name == "NtQuerySymbolicLinkObject":
            assert int(count) == 3
        if words and len(words) != int(count):
            raise SystemExit(f"{name} has {count} arguments, its row in CALLS {len(words)}")
        calls[name] = words or [""] * int(count)
    return calls


class Step:
    """Makes one line: the arguments of a call, and what must be in memory before it."""

    def __init__(self, script, process, thread):
        self.random, self.script, self.process_number, self.thread_number = script.random, script, process, thread
        self.base = 0x1000 + thread * 0x3800  # the part of the arena that this thread writes
        # Most calls are all right, so that there is something to be hostile to.
        self.next, self.parts, self.wild = self.base, [], script.wild if self.chance(0.4) else 0

    def line(self, name, words):
        arguments = [self.argument(word) for word in words]
        return f"{self.process_number}.{self.thread_number} " + "; ".join(self.parts + [" ".join([name, *arguments])])

    def argument(self, word):
        kind, _, rest = word.partition(":")
        if not kind:
            kind = self.random.choice(("h", "h", "number", "data", "buffer", "length", "zero", "flag", "attributes", "string", "small", "u", "bytes"))
            rest = {"data": "8", "buffer": "100", "length": "40", "attributes": "file", "string": "any", "u": "40", "bytes": "20"}.get(kind, "")
        return getattr(self, kind)(rest)

    def chance(self, p):
        return self.random.random() < p

    def hostile(self):
        return self.chance(self.wild)

    def take(self, size):
        """Memory of this thread's, for this call."""
        at = self.next
        self.next = at + (size + 15 & ~15)
        if self.next > self.base + 0x3800:
            at, self.next = self.base, self.base + (size + 15 & ~15)
        return at

    def do(self, part):
        self.parts.append(part)

    # numbers

    def number(self, _=""):
        r = self.random
        return "%x" % r.choice((0, 1, 2, 4, 7, 0x7f, 0x80, 0xff, 0x100, 0xfff, 0x1000, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 1 << 63, (1 << 64) - 1,
                                r.getrandbits(8), r.getrandbits(32), r.getrandbits(64)))

    def small(self, _=""):
        return self.number() if self.hostile() else "%x" % self.random.randrange(9)

    def u(self, most):
        return self.number() if self.hostile() else "%x" % self.random.randrange(int(most))

    def enum(self, values):
        return self.number() if self.hostile() else self.random.choice(values.split(":"))

    def flag(self, _=""):
        return self.number() if self.hostile() else self.random.choice("01")

    def zero(self, _=""):
        return self.number() if self.hostile() else "0"

    def access(self, _=""):
        r = self.random
        if not self.hostile() and self.chance(0.7):
            return "2000000"
        return "%x" % r.choice((0x1f0003, 0x1fffff, 0x1f0fff, 0xf001f, 0xf000f, 0x02000000, 0x10000000, 0x80000000, 0x40000000, 0x100000, 0, r.getrandbits(32), 1 << r.randrange(32)))

    def file_access(self, _=""):
        if self.chance(0.5):
            return "12019f"
        return self.access() if self.hostile() else self.random.choice(("100003", "12019f", "12019f", "1f01ff", "100000", "80100000", "c0100000"))

    def length(self, size):
        size, r = int(size, 16), self.random
        if self.hostile():
            return self.number()
        return "%x" % r.choice((size, size, size, r.randrange(2 * size + 1), r.randrange(2 * size + 1), 0, size - 1, size + 1, size // 2, 8, 4, 0x10, 0x18))

    # memory

    def bad(self):
        return self.random.choice(BAD)

    def buffer(self, size):
        if self.hostile():
            return self.bad()
        if self.chance(0.02):
            return "@%x" % (0x10000 - self.random.randrange(0x40))
        return "@%x" % (self.take(int(size, 16)) + (self.random.randrange(8) if self.hostile() else 0))

    def data(self, size):
        return "0" if self.chance(0.2) else self.buffer(size)

    def bytes(self, size):
        at, r = self.take(2 * int(size, 16)), self.random
        if self.hostile():
            return self.bad()
        values = bytes(r.choice((0, 0, 0, 1, 0xff, r.getrandbits(8))) for _ in range(r.randrange(1, int(size, 16) + 1)))
        self.do(f"w @{at:x} {values.hex()}")
        if self.chance(0.2):
            self.do(f"q @{at:x} {self.h('')}")
        return f"@{at:x}"

    def iosb(self, _=""):
        return self.buffer("10")

    def iosb_or_none(self, _=""):
        return "0" if self.chance(0.4) else "@%x" % (self.base + self.random.randrange(40) * 16)

    def arena(self, _=""):
        return self.bad() if self.hostile() else "@%x" % self.random.randrange(0x10000)

    def target(self, _=""):
        """Where NtWriteVirtualMemory may write: never a program's own code, data or stack."""
        return self.arena()

    # names and attributes

    def text(self, space):
        r = self.random
        if self.hostile():
            return r.choice(HOSTILE_NAMES)
        if space == "file":
            return r.choice(self.script.devices) + (r.choice(TAILS) if self.chance(0.3) else "")
        if space == "key":
            return r.choice((r"\Registry\Machine\Software", r"\Registry\Machine\Software\F", r"\Registry\Machine\Software\F\%d")).replace("%d", str(r.randrange(3)))
        if space == "value":
            return r.choice(("", "v", "w", "V"))
        if space == "any":
            return r.choice((r"\BaseNamedObjects", r"\BaseNamedObjects\l", r"\Device\Fuzz0", r"\??\l", r"\BaseNamedObjects\d", "x"))
        name = space[0] + str(r.randrange(2)) if space != "directory" else r.choice("dde")
        if space == "link":
            name = "l"
        return r.choice(NAMED) % name

    def string(self, space, below=False):
        text = self.text(space)
        if below and not self.hostile():
            text = text.rsplit("\\", 1)[-1] or "x"
        at = self.take(16 + 2 * len(text))
        if self.hostile():
            return self.bad()
        self.do(f"s @{at:x} {text}")
        if self.hostile():
            damage = self.random.choice(("w @%x ffff", "w @%x 0100", "q @%x 0", "w @%x feff", "Q"))
            self.do(f"q @{at + 8:x} {self.bad()}" if damage == "Q" else damage % at)
        return f"@{at:x}"

    def attributes(self, space):
        r = self.random
        if self.hostile():
            return self.bad()
        named = space not in ("none",) and (self.chance(0.75) or space in ("file", "key", "directory", "link"))
        if not named and self.chance(0.6):
            return "0"
        root = "0"
        if named and self.chance(0.12):
            kind = space if space in ("key", "file") else "directory"
            root = self.h(kind) if self.hostile() or kind in self.slots().values() else "0"
        name = self.string(space, root != "0") if named else "0"
        at = self.take(0x30)
        self.do(f"q @{at:x} 30")
        self.do(f"q @{at + 8:x} {root}")
        self.do(f"q @{at + 16:x} {name}")
        # Not OBJ_PERMANENT: what is to stay is no leak.
        bits = r.choice((0x40, 0x40, 0xc0, 0x42, 0x142, 0)) if not self.hostile() else r.getrandbits(32) & ~0x10
        self.do(f"q @{at + 24:x} {bits:x}")
        self.do(f"q @{at + 32:x} {self.bad() if self.hostile() else 0}")
        self.do(f"q @{at + 40:x} {self.bad() if self.hostile() else 0}")
        if self.hostile():
            self.do(f"w @{at:x} {self.random.choice(('00', '2f', '31', 'ffffffff'))}")
        return f"@{at:x}"

    # handles

    def slots(self):
        return self.script.slots[self.process_number]

    def out(self, kind=""):
        if self.hostile():
            return self.bad()
        slot = self.slot()
        if not self.wild:
            self.slots()[slot] = kind
        return f"@{slot * 8:x}"

    def slot(self):
        """Each thread has slots of its own, whose contents it knows."""
        return 12 * self.thread_number + self.random.randrange(12)

    def h(self, kind=""):
        r = self.random
        if self.hostile():
            return r.choice(("0", "-1", "-2", "-3", "-6", "3", "7ffe4", "ffffffff80000004", "ffffffff80000008", "%x" % (4 * r.randrange(64)), self.number()))
        fitting = [slot for slot, its in self.slots().items() if not kind or its == kind]
        own = [slot for slot in fitting if slot // 12 == self.thread_number]
        for slots in own, fitting:
            if slots and self.chance(0.9):
                return "h%x" % r.choice(slots)
        return "h%x" % r.randrange(36)

    def closed(self, _=""):
        handle = self.h()
        if handle[0] == "h":
            self.slots().pop(int(handle[1:], 16), None)
        return handle

    def h_or_none(self, kind):
        return "0" if self.chance(0.6) else self.h(kind)

    def process(self, _=""):
        return "-1" if self.chance(0.7) else self.h("process")

    def thread(self, _=""):
        return "-2" if self.chance(0.5) else self.h("thread")

    def handles(self, _=""):
        if self.hostile():
            return self.bad()
        at = self.take(0x200)
        for i in range(self.random.randrange(1, 5)):
            self.do(f"q @{at + 8 * i:x} {self.h(self.random.choice(('event', 'semaphore', 'mutant', 'timer', 'thread')))}")
        return f"@{at:x}"

    def count(self, _=""):
        return self.random.choice(("0", "40", "41", "ffffffff")) if self.hostile() else "%x" % self.random.randrange(1, 4)

    def options(self, _=""):
        return "%x" % self.random.choice((0, 2, 2, 1, 3, 4, 6, 0xffffffff))

    def client_id(self, _=""):
        if self.hostile():
            return self.bad()
        r, at = self.random, self.take(16)
        process, thread = r.randrange(self.script.processes), r.randrange(self.script.threads)
        self.do(f"q @{at:x} {r.choice((f'i{process:x}', f'i{process:x}', '0', 'fffffff1'))}")
        self.do(f"q @{at + 8:x} {r.choice((f'j{process:x}{thread:x}', f'j{process:x}{thread:x}', '0', 'ffffff31'))}")
        return f"@{at:x}"

    # time, sizes, places

    def large(self, value):
        at = self.take(8)
        self.do(f"q @{at:x} {'-' if value < 0 else ''}{abs(value):x}")
        return f"@{at:x}"

    def some_timeout(self, _=""):
        if self.hostile():
            return self.bad() if self.chance(0.5) else self.large(self.random.choice((-(1 << 63), (1 << 63) - 1, 1, -1, 1 << 40)))
        return self.large(self.random.choice((0, 0, -1, -10000, -200000, -1000000, 1)))

    def timeout(self, _=""):
        return "0" if self.chance(0.03) else self.some_timeout()

    def timer_info(self, _=""):
        at = self.take(0x30)
        due = self.some_timeout()
        for offset, word in ((0, due), (8, self.apc()), (16, self.number()), (24, "0"), (32, self.small())):
            self.do(f"q @{at + offset:x} {word}")
        return self.bad() if self.hostile() else f"@{at:x}"

    def size(self, _=""):
        if self.hostile():
            return self.bad()
        return "0" if self.chance(0.3) else self.large(self.random.choice((0, 1, 0x1000, 0x1001, 0x10000, 0x100000, 1 << 34, -1)))

    def offset(self, _=""):
        if self.hostile():
            return self.bad()
        return "0" if self.chance(0.3) else self.large(self.random.choice((self.random.getrandbits(10), self.random.getrandbits(10), self.random.getrandbits(10), -2, -1, 1 << 62)))

    def key(self, _=""):
        return "0" if self.chance(0.8) else self.data("4")

    def zone(self, _=""):
        """Addresses that only scripts use."""
        return self.bad() if self.hostile() else "%x" % (ZONE + 0x10000 * self.random.randrange(8) + self.random.choice((0, 0, 0, 0x1000, 1)))

    def zone_base(self, _=""):
        if self.hostile():
            return self.bad()
        at = self.take(8)
        self.do(f"q @{at:x} {self.zone()}")
        return f"@{at:x}"

    def zone_size(self, _=""):
        if self.hostile():
            return self.bad()
        return self.large(self.random.choice((0, 1, 0x1000, 0x1000, 0x2000, 0x10000, 0x18000, 0x40000) if not self.hostile() else (1 << 30, 1 << 40, 1 << 47, -1, -0x1000)))

    def zone_small(self, _=""):
        return self.random.choice(("0", "0", "1000", "1")) if not self.hostile() else self.number()

    def zeros(self, _=""):
        return "0" if not self.hostile() else self.number()

    def memory_kind(self, _=""):
        return self.random.choice(("2000", "1000", "3000", "3000", "103000", "80000", "1000000", "20001000", "402000")) if not self.hostile() else self.number()

    def protection(self, _=""):
        return self.random.choice(("4", "4", "2", "1", "40", "20", "8", "104", "204")) if not self.hostile() else self.number()

    def section_flags(self, _=""):
        return self.random.choice(("8000000", "8000000", "4000000", "1000000", "10000000", "0")) if not self.hostile() else self.number()

    # threads, APCs

    def routine(self, _=""):
        return "r0"

    def apc(self, _=""):
        return "r1" if self.chance(0.25) else "0"

    def apc_flags(self, _=""):
        return self.random.choice(("0", "1", "0")) if not self.hostile() else self.number()

    def context(self, _=""):
        return "0" if self.chance(0.6) else self.number()

    def thread_flags(self, _=""):
        return self.random.choice(("0", "0", "1", "2", "4")) if not self.hostile() else self.number()

    def stack(self, _=""):
        return self.random.choice(("0", "0", "1000", "10000")) if not self.hostile() else self.number()

    # files

    def share(self, _=""):
        return self.random.choice(("7", "7", "7", "0", "1", "3")) if not self.hostile() else self.number()

    def file_attributes(self, _=""):
        return self.random.choice(("0", "80")) if not self.hostile() else self.number()

    def file_options(self, _=""):
        if self.chance(0.5):
            return self.random.choice(("0", "20"))
        return self.random.choice(("0", "0", "0", "20", "20", "10", "40", "60", "1", "1020", "8")) if not self.hostile() else "%x" % (1 << self.random.randrange(32))

    def ea(self, _=""):
        return "0" if self.chance(0.85) else self.bytes("40")

    def ea_length(self, _=""):
        return "0" if self.chance(0.8) else self.length("40")

    def code(self, _=""):
        r = self.random
        if self.hostile():
            return self.number()
        return "%x" % (r.choice(CODES) if self.chance(0.3) else 0x220000 | r.getrandbits(10) << 2 | r.getrandbits(2) | r.choice((0, 0, 1, 2, 3)) << 14)

    def file_info(self, _=""):
        """Mostly FILE_COMPLETION_INFORMATION."""
        if self.chance(0.4):
            return self.bytes("20")
        at = self.take(0x10)
        self.do(f"q @{at:x} {self.h('port')}")
        self.do(f"q @{at + 8:x} {self.number()}")
        return f"@{at:x}"

    def file_class(self, _=""):
        return self.random.choice(("1e", "1e", "29", "2b", "e", "10")) if self.chance(0.6) else self.u("78")

    def room(self, size):
        """A UNICODE_STRING to be filled."""
        at = self.take(0x10)
        self.do(f"w @{at:x} {self.random.choice(('0000', '0000', 'ffff'))}{self.random.choice(('0002', '0002', '0100', '0000', 'ffff'))}")
        self.do(f"q @{at + 8:x} {self.buffer(size)}")
        return self.bad() if self.hostile() else f"@{at:x}"


class Script:
    """The script of a number: how it is run, and what each thread calls."""

    def __init__(self, number, calls):
        r = self.random = random.Random(number)
        self.processes, self.threads = r.choice((1, 2, 2, 3)), r.choice((1, 2, 3))
        self.wild = r.choice((0.02, 0.05, 0.1, 0.3))
        self.slots = [{} for _ in range(self.processes)]
        self.head = self.command(r)
        loaded = " ".join(self.head).lower()
        self.devices = [name for name in DEVICES if not (driver := DRIVER_OF.search(name.lower())) or driver[0] in loaded]
        services = [name for name in calls if not name.startswith("NtTerminate")]
        liked = r.sample(services, min(len(services), r.choice((6, 12, 30, 500))))
        opens = ("NtOpenFile", "NtCreateFile")
        io = [name for name in ("NtReadFile", "NtWriteFile", "NtDeviceIoControlFile", "NtCancelIoFile", "NtCancelIoFileEx", "NtSetInformationFile") if name in calls]
        creators = [name for name in calls if calls[name] and calls[name][0].startswith("out")]
        self.lines = []
        for process in range(self.processes):
            for thread in range(self.threads):
                for name in r.choices(("NtOpenFile", "NtOpenFile", "NtCreateEvent", "NtCreateIoCompletion"), k=r.randrange(6)):
                    step = Step(self, process, thread)
                    step.wild = 0
                    self.lines.append(step.line(name, calls[name]))
        for _ in range(r.choice((20, 100, 300))):
            step = Step(self, r.randrange(self.processes), r.randrange(self.threads))
            pick = r.random()
            name = r.choice(opens if pick < 0.12 else io if pick < 0.5 else creators if pick < 0.57 else services if pick < 0.72 else liked)
            if r.random() < 0.004:
                name = r.choice(("NtTerminateThread", "NtTerminateProcess"))
            if name == "NtTerminateProcess":
                self.lines.append(f"{step.process_number}.{step.thread_number} NtTerminateProcess {r.choice(('-1', step.h('process'), step.h('process')))} {r.randrange(100):x}")
            else:
                self.lines.append(step.line(name, calls[name]))

    def command(self, r):
        words = ["--cpus", str(r.choice((1, 1, 2, 4))), "--schedule", r.choice(("random", "random", "pct", "round-robin")), "--seed", str(r.randrange(1, 1 << 30)), "--unload"]
        drivers = ["fuzzdev", *(d for d in ("echo", "zero", "mailbox", "csqdev", "timerdev", "passthru") if r.random() < 0.7)]
        for driver in drivers:
            words += ["--driver", "{guest}/" + driver + ".sys"]
        if r.random() < 0.6:
            words += ["--driver", "{guest}/fuzzdev.sys:FuzzFilter"]
        if r.random() < 0.3:
            words += ["--driver", "{guest}/spy.sys", "--parameter", "spy:Target=" + r.choice((r"\Device\Fuzz0", r"\Device\Fuzz1", r"\Device\Fuzz2"))]
        for process in range(1, self.processes):
            words += ["--client", f'"{{guest}}/nt_fuzz.exe" {process} {self.processes}']
        return [*words, "--", "{guest}/nt_fuzz.exe", "0", str(self.processes)]
