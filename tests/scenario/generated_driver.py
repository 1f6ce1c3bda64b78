#!/usr/bin/env python3
"""A driver nobody has seen before: its name, device, codes and constants are drawn at test time (DRVLAB_GENERATE gives the seed; it
is printed), it is built by the unmodified cross compiler, and every code is sent through `drvlab ioctl`."""
import os, pathlib, random, sys, time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import run_scenario as rs

HEAD = """
#include <ntddk.h>
static NTSTATUS NTAPI open_close(PDEVICE_OBJECT device, PIRP irp) {
    (void)device;
    irp->IoStatus.Status = STATUS_SUCCESS;
    irp->IoStatus.Information = 0;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}
static NTSTATUS NTAPI control(PDEVICE_OBJECT device, PIRP irp) {
    (void)device;
    PIO_STACK_LOCATION s = IoGetCurrentIrpStackLocation(irp);
    ULONG in = s->Parameters.DeviceIoControl.InputBufferLength, out = s->Parameters.DeviceIoControl.OutputBufferLength;
    ULONG n = in < out ? in : out;
    NTSTATUS status = STATUS_SUCCESS;
    UCHAR *from = irp->AssociatedIrp.SystemBuffer, *to = from;
    switch (s->Parameters.DeviceIoControl.IoControlCode) {
"""
TAIL = """
    default: status = STATUS_INVALID_DEVICE_REQUEST; n = 0;
    }
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = n;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}
static VOID NTAPI unload(PDRIVER_OBJECT driver) {
    UNICODE_STRING link = RTL_CONSTANT_STRING(L"\\\\??\\\\%(name)s");
    IoDeleteSymbolicLink(&link);
    IoDeleteDevice(driver->DeviceObject);
}
NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    (void)path;
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\\\Device\\\\%(name)s"), link = RTL_CONSTANT_STRING(L"\\\\??\\\\%(name)s");
    PDEVICE_OBJECT device;
    NTSTATUS status = IoCreateDevice(driver, 0, &name, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN, FALSE, &device);
    if (!NT_SUCCESS(status)) return status;
    status = IoCreateSymbolicLink(&link, &name);
    if (!NT_SUCCESS(status)) { IoDeleteDevice(device); return status; }
    driver->MajorFunction[IRP_MJ_CREATE] = driver->MajorFunction[IRP_MJ_CLEANUP] = driver->MajorFunction[IRP_MJ_CLOSE] = open_close;
    driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = control;
    driver->DriverUnload = unload;
    return STATUS_SUCCESS;
}
"""


def check(lab, options, folder):
    """A generated driver."""
    seed = int(os.environ.get("DRVLAB_GENERATE", time.time_ns() % 1_000_000))
    print(f"DRVLAB_GENERATE={seed}")
    dice = random.Random(seed)
    name = "".join(dice.choice("BCDFGKLMNPRST") + dice.choice("aeiou") for _ in range(dice.randint(2, 6))) + str(dice.randint(0, 99))
    functions = dice.sample(range(0x800, 0x1000), 6)
    device_type = dice.choice((0x22, 0x8000 + dice.randint(0, 0x7FFF)))
    codes, body = [], ""
    for function in functions:
        method, key = dice.choice((0, 2)), dice.randint(1, 255)
        code = device_type << 16 | function << 2 | method
        way = dice.choice(("xor", "add", "reverse"))
        body += f"    case 0x{code:x}:\n"
        if method == 2:
            body += "        if (n) { to = MmGetSystemAddressForMdlSafe(irp->MdlAddress, NormalPagePriority); if (!to) { status = STATUS_INSUFFICIENT_RESOURCES; n = 0; } }\n"
        if way == "reverse" and method == 0:
            body += "        for (ULONG i = 0; i < n / 2; ++i) { UCHAR t = from[i]; to[i] = from[n - 1 - i]; to[n - 1 - i] = t; }\n"
        elif way == "reverse":
            body += "        for (ULONG i = 0; i < n; ++i) to[i] = from[n - 1 - i];\n"
        else:
            body += f"        for (ULONG i = 0; i < n; ++i) to[i] = (UCHAR)(from[i] {'^' if way == 'xor' else '+'} {key});\n"
        body += "        break;\n"
        codes.append((code, way, key))
    driver = rs.build_driver(folder, name.lower(), HEAD + body + TAIL % {"name": name})
    for code, way, key in codes:
        data = dice.randbytes(dice.randint(1, 100))
        want = {"xor": bytes(b ^ key for b in data), "add": bytes((b + key) & 255 for b in data), "reverse": data[::-1]}[way]
        traces = []
        for run in range(2):
            trace = folder / f"trace{run}"
            done = rs.expect(lab.call(["ioctl", "--unload", "--trace", trace, "--driver", driver, "--open", rf"\\.\{name}", "--code", f"{code:#x}", "--in", data.hex(),
                                       "--out", len(data)]), 0, stderr="")
            got = bytes.fromhex("".join(line[9:58].replace(" ", "") for line in done.stdout.splitlines()[1:]))
            if got != want:
                raise rs.Failure(f"seed {seed}, code {code:#x} ({way} {key}): sent {data.hex()}, wanted {want.hex()}, got\n{done.stdout}")
            traces.append(trace.read_bytes())
        if traces[0] != traces[1]:
            raise rs.Failure(f"seed {seed}, code {code:#x}: two runs have different traces")
        rs.check_trace([{"event": "irp_dispatch", "device_name": rf"\Device\{name}", "p3": f"{code:#x}", "irp": "$i"},
                        {"event": "irp_complete", "irp": "$i", "status": "0x0", "information": f"{len(data):#x}"}, {"event": "driver_unloaded"}], [], lab.rows(trace))
    unknown = next(c for c in range(0x222000, 0x223000, 4) if c not in [code for code, _, _ in codes])
    rs.expect(lab.call(["ioctl", "--driver", driver, "--open", rf"\\.\{name}", "--code", f"{unknown:#x}"]), 1, stderr="DeviceIoControl: error 1: Incorrect function.\n")


rs.run_script(check)
