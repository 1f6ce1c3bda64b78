// What programs need to know of Parport: \\.\Parport, read and written. A write completes when the device has
// taken every byte, with STATUS_IO_TIMEOUT when it takes none for two seconds; a read gives the bytes that
// the device has given back so far, at most the last PARPORT_BACK. Registry: Parameters\Port (0x378), Irq
// (7).
#pragma once

#define PARPORT_DEVICE L"\\Device\\Parport0"
#define PARPORT_LINK L"\\??\\Parport"
#define PARPORT_BACK 4096
