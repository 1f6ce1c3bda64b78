// void host_fiber_switch(u64* save_rsp, u64 load_rsp)
// Saves what System V preserves on the old stack, continues the new one. 64 bytes per suspended fiber.
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
    subq $8, %rsp
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
    je 2f
    fldcw 4(%rsp)
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
