// void host_fiber_switch(u64* save_rsp, u64 load_rsp)
// Saves what System V preserves on the old stack, continues the new one. 64 bytes per suspended fiber: the lowest eight are mxcsr, the x87
// control word and the x87 exception flags. Guest code that unmasked x87 exceptions may have left one pending, and it is that fiber's: its
// next waiting instruction raises it. No instruction here waits.
    .text
    .globl host_fiber_switch
    .type host_fiber_switch, @function
    .p2align 4
host_fiber_switch:
    .cfi_startproc
    pushq %rbp
    .cfi_adjust_cfa_offset 8
    pushq %rbx
    .cfi_adjust_cfa_offset 8
    pushq %r12
    .cfi_adjust_cfa_offset 8
    pushq %r13
    .cfi_adjust_cfa_offset 8
    pushq %r14
    .cfi_adjust_cfa_offset 8
    pushq %r15
    .cfi_adjust_cfa_offset 8
    pushq $0
    .cfi_adjust_cfa_offset 8
    stmxcsr (%rsp)
    fnstcw 4(%rsp)
    movl (%rsp), %eax
    movzwl 4(%rsp), %ecx
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    // Loading the control words is dear when it changes nothing: compare first.
    cmpl %eax, (%rsp)
    je 1f
    ldmxcsr (%rsp)
1:  cmpw %cx, 4(%rsp)
    jne 3f
    notl %ecx
    testb $0x3f, %cl                // nothing is unmasked: nothing is pending
    jnz 4f
2:  addq $8, %rsp
    .cfi_adjust_cfa_offset -8
    popq %r15
    .cfi_adjust_cfa_offset -8
    popq %r14
    .cfi_adjust_cfa_offset -8
    popq %r13
    .cfi_adjust_cfa_offset -8
    popq %r12
    .cfi_adjust_cfa_offset -8
    popq %rbx
    .cfi_adjust_cfa_offset -8
    popq %rbp
    .cfi_adjust_cfa_offset -8
    ret
    .cfi_adjust_cfa_offset 56
3:  andw 4(%rsp), %cx
    notl %ecx
    testb $0x3f, %cl
    jnz 4f
    fldcw 4(%rsp)
    jmp 2b
4:  fnstenv -32(%rsp)               // below the stack: no signal touches it
    fnclex
    movq (%rdi), %rdx
    movl -28(%rsp), %ecx            // the status word
    movl %ecx, %eax
    andl $0x7f, %eax
    movw %ax, 6(%rdx)
    andl $0x7f00, %ecx
    orw 6(%rsp), %cx
    movw %cx, -28(%rsp)
    movzwl 4(%rsp), %ecx
    movw %cx, -32(%rsp)
    fldenv -32(%rsp)
    jmp 2b
    .cfi_endproc
    .size host_fiber_switch, . - host_fiber_switch

// First code of a fiber: r12 holds the Fiber.
    .globl host_fiber_start
    .type host_fiber_start, @function
host_fiber_start:
    .cfi_startproc
    .cfi_undefined rip
    xorl %ebp, %ebp
    movq %r12, %rdi
    call host_fiber_enter
    ud2
    .cfi_endproc
    .size host_fiber_start, . - host_fiber_start
    .section .note.GNU-stack,"",@progbits
