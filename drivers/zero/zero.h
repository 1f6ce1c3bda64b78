// The Zero device, as its driver and programs see it. Include after <ntddk.h> or <windows.h>.
//
// Open \\.\Zero. A read fills the whole buffer with zeros, a write takes everything; both of any length.
#pragma once
