// The CsqDev device, as its driver and programs see it. Include after <ntddk.h> or <windows.h>.
//
// Open \\.\CsqDev. The device holds nothing: it passes what is written on to who reads.
// * A read stays pending until a write comes, and gets what was written, as much as fits. Reads wait in one
//   queue, whoever has opened the device, and are served in the order they came.
// * A write gives its bytes to the oldest read and returns how many that took. Nobody reads:
//   STATUS_DEVICE_NOT_READY (ERROR_NOT_READY).
// * A read can be cancelled at any time (CancelIo, CancelIoEx, the end of its thread), and when the last
// handle
//   of an open is closed, the reads made through it are: STATUS_CANCELLED (ERROR_OPERATION_ABORTED).
#pragma once
