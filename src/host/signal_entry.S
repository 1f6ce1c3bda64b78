// Where the host's signals enter. The interrupted code's alignment-check flag (AC) reaches a handler on Linux, and no compiled code is made
// for it, not even a prologue.
    .text

.macro entry name, handler
    .globl \name
    .type \name, @function
\name:
    pushfq
    andl $~0x40000, (%rsp)
    popfq
    jmp \handler
    .size \name, . - \name
.endm

    entry host_signal_entry, host_on_signal
    entry host_tick_entry, host_on_tick

    .section .note.GNU-stack, "", @progbits
