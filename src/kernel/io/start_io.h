// IoStartPacket and IoStartNextPacket: one IRP at a time for a driver's StartIo routine, the rest in the
// device queue of the device object. DEVICE_OBJECT.CurrentIrp is the one that StartIo has. The cancel spin
// lock guards queue and CurrentIrp of cancelable IRPs; StartIo runs at DISPATCH_LEVEL without it.
// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iostartpacket
#pragma once
#include "abi/irp.h"

namespace nt::io {

// IoSetStartIoAttributes.
void set_start_io_attributes(DEVICE_OBJECT* device, bool deferred, bool non_cancelable);
// `key` and `cancel` may be null.
void start_packet(DEVICE_OBJECT* device, IRP* irp, const ULONG* key, PDRIVER_CANCEL cancel);
void start_next_packet(DEVICE_OBJECT* device, bool cancelable, const ULONG* key);

} // namespace nt::io
