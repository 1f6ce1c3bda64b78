// Where the host's signals enter. The interrupted code's alignment-check flag (AC) reaches a handler on Linux, and no compiled code is made
// for it, not even a prologue. Guest code may also have loaded FS, which leads to the host's thread-local data: on the machine's thread (it
// has the alternate stack) the base is put right. ecx: that was necessary.
    .set SIGNAL_STACK_SIZE, 256 << 10
    .text

.macro entry name, handler
    .globl \name
    .type \name, @function
\name:
    pushfq
    andl $~0x40000, (%rsp)
    popfq
    xorl %ecx, %ecx
    movq %rsp, %rax
    subq host_signal_stack(%rip), %rax
    cmpq $SIGNAL_STACK_SIZE, %rax
    jae \handler
    rdfsbase %rax
    cmpq host_thread_pointer(%rip), %rax
    je \handler
    movq host_thread_pointer(%rip), %rax
    wrfsbase %rax
    incl %ecx
    jmp \handler
    .size \name, . - \name
.endm

    entry host_signal_entry, host_on_signal
    entry host_tick_entry, host_on_tick

    .section .note.GNU-stack, "", @progbits
