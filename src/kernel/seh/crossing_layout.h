// Offsets that crossing.S and crossing.h agree on; crossing.cpp asserts them.
#pragma once

// Slots of the KPCR's HAL-reserved area (gs-relative).
#define KPCR_CROSSING 0xC0     // innermost Record of the running thread
#define KPCR_KERNEL_STACK 0xC8 // where guest kernel code starts after a system call
#define KPCR_HOST_STACK 0xD0   // where host code starts after a system call
#define KPCR_VIRTUAL_TIME 0xD8 // interrupt time in 100 ns units (ke/clock.h)
#define KPCR_SLOW_CALLS 0xE0 // byte: IofCallDriver goes through its gate instead of calling the driver itself
#define KPCR_PENDING_LEVEL 0xE1 // byte: highest IRQL that something waits for (ke/processor.h)
#define KPCR_PAGED_OPEN 0xE2    // byte: pageable memory is accessible (ke/processor.h)
#define KPCR_STEPPED 0xE3       // byte: the schedule policy may single-step what runs (ke/switch_point.cpp)
#define KPCR_RAISED_AT 0xF0     // virtual time when the IRQL last reached DISPATCH_LEVEL from below
#define KPCR_AT_DISPATCH 0xF8   // time spent at DISPATCH_LEVEL and above before that
#define KPCR_DEADLINE 0xE8      // virtual time from which on gates and system calls are switch points
#define KPCR_HELD_LOCKS 0x900   // behind the KPCR: the processor's HeldLocks (ke/held_locks.h)
#define KPCR_USER_RSP 0x10
#define KPCR_SELF 0x18
#define KPCR_IRQL 0x50

#define RECORD_PREVIOUS 0x00
#define RECORD_KIND 0x08
#define RECORD_INDEX 0x0C

#define ENTRY_RIP 0x10
#define ENTRY_RSP 0x18
#define ENTRY_RBX 0x20
#define ENTRY_RBP 0x28
#define ENTRY_RSI 0x30
#define ENTRY_RDI 0x38
#define ENTRY_R12 0x40
#define ENTRY_R13 0x48
#define ENTRY_R14 0x50
#define ENTRY_R15 0x58
#define ENTRY_GUEST_STACK 0x60
#define ENTRY_ARGS 0x68
#define ENTRY_REGS 0x70
#define ENTRY_XMM 0x90
#define ENTRY_CONTEXT 0x130
#define ENTRY_MXCSR 0x138
#define ENTRY_SIZE 0x140

#define CALLOUT_FUNCTION 0x10
#define CALLOUT_GUEST_RSP 0x18
#define CALLOUT_MXCSR 0x20
#define CALLOUT_FPCW 0x24
#define CALLOUT_MXCSR_AFTER 0x28
#define CALLOUT_FPCW_AFTER 0x2C
#define CALLOUT_SIZE 0x30

// HeldLocks and HeldLock.
#define HELD_LOCK 0x00
#define HELD_CALLER 0x08
#define HELD_KIND 0x10 // and behind it the IRQL
#define HELD_SIZE 0x18
#define HELD_INLINE 8
#define HELD_COUNT 0xC8

// What guest kernel code must not change, as crossings find it changed: these bits of rflags (DF, AC), GS,
// the control bits of mxcsr, the x87 control word.
#define STATE_FLAGS 0x40400
#define STATE_GS 0x1
#define STATE_MXCSR 0x2
#define STATE_FPCW 0x4
#define MXCSR_CONTROL 0xFFC0
#define MXCSR_KERNEL 0x1F80

#define KIND_CALL_OUT 1
#define KIND_GATE 2
#define KIND_SYSTEM_CALL 3
#define KIND_FAULT 4
#define KIND_THREAD_START 5
#define KIND_INTERRUPTION 6

#define GATE_ENTRY_SIZE 16
