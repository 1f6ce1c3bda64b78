// The Mailbox device, as its driver and programs see it. Include after <ntddk.h> or <windows.h> and
// <winioctl.h>.
//
// Open \\.\Mailbox\NAME; the name is compared without case and has at most 32 characters. A mailbox is there,
// with the messages in it, while anybody has it open. \\.\Mailbox alone is the device, which takes no
// requests (STATUS_INVALID_DEVICE_REQUEST).
// * A write posts one message of at most MAILBOX_MESSAGE_SIZE bytes (else STATUS_INVALID_BUFFER_SIZE, Win32
//   error 1784). It goes to the oldest read that waits, or into the box. MAILBOX_MESSAGES wait there already:
//   STATUS_DEVICE_BUSY (ERROR_BUSY).
// * A read gets the oldest message, and stays pending until there is one. A buffer that is too small:
//   STATUS_BUFFER_TOO_SMALL (ERROR_INSUFFICIENT_BUFFER), and the message stays. A read can be cancelled at
//   any time; those of a handle that is closed are.
// * IOCTL_MAILBOX_COUNT gives a ULONG: the messages that wait.
#pragma once

#define MAILBOX_MESSAGE_SIZE 424 // as much as a mailslot's message to many
#define MAILBOX_MESSAGES 16
#define IOCTL_MAILBOX_COUNT CTL_CODE(FILE_DEVICE_UNKNOWN, 0x801, METHOD_BUFFERED, FILE_ANY_ACCESS) // 0x222004
