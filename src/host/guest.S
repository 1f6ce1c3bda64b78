// guest:: primitives. Leaf functions that push nothing: the signal handler ends one that faulted by continuing at host_guest_fail.
// rax = 1 on success. The MS/SysV volatile registers only.
    .text
    .globl host_guest_begin, host_guest_end, host_guest_fail
    .p2align 6
host_guest_begin:

// host_guest_copy(rdi destination, rsi source, rdx length)
    .globl host_guest_copy
    .type host_guest_copy, @function
host_guest_copy:
    .cfi_startproc
    cmpq $16, %rdx
    jb .Lsmall
    cmpq $64, %rdx
    ja .Llarge
    movups (%rsi), %xmm0
    movups -16(%rsi,%rdx), %xmm1
    cmpq $32, %rdx
    jbe 1f
    movups 16(%rsi), %xmm2
    movups -32(%rsi,%rdx), %xmm3
    movups %xmm2, 16(%rdi)
    movups %xmm3, -32(%rdi,%rdx)
1:  movups %xmm0, (%rdi)
    movups %xmm1, -16(%rdi,%rdx)
    movl $1, %eax
    ret
.Lsmall:
    cmpl $8, %edx
    jb 2f
    movq (%rsi), %rax
    movq -8(%rsi,%rdx), %rcx
    movq %rax, (%rdi)
    movq %rcx, -8(%rdi,%rdx)
    movl $1, %eax
    ret
2:  cmpl $4, %edx
    jb 3f
    movl (%rsi), %eax
    movl -4(%rsi,%rdx), %ecx
    movl %eax, (%rdi)
    movl %ecx, -4(%rdi,%rdx)
    movl $1, %eax
    ret
3:  testl %edx, %edx
    jz 4f
    movzbl (%rsi), %eax             // 1 to 3 bytes: first, middle, last, which may be the same
    movzbl -1(%rsi,%rdx), %ecx
    movl %edx, %r8d
    shrl $1, %r8d
    movzbl (%rsi,%r8), %r9d
    movb %al, (%rdi)
    movb %r9b, (%rdi,%r8)
    movb %cl, -1(%rdi,%rdx)
4:  movl $1, %eax
    ret
.Llarge:
    cmpq $512, %rdx
    ja 6f
    movups -64(%rsi,%rdx), %xmm4
    movups -48(%rsi,%rdx), %xmm5
    leaq -64(%rdi,%rdx), %rcx
    movups -32(%rsi,%rdx), %xmm6
    movups -16(%rsi,%rdx), %xmm7
5:  movups (%rsi), %xmm0
    movups 16(%rsi), %xmm1
    movups 32(%rsi), %xmm2
    movups 48(%rsi), %xmm3
    movups %xmm0, (%rdi)
    movups %xmm1, 16(%rdi)
    movups %xmm2, 32(%rdi)
    movups %xmm3, 48(%rdi)
    addq $64, %rsi
    addq $64, %rdi
    cmpq %rcx, %rdi
    jb 5b
    movups %xmm4, (%rcx)
    movups %xmm5, 16(%rcx)
    movups %xmm6, 32(%rcx)
    movups %xmm7, 48(%rcx)
    movl $1, %eax
    ret
6:  movq %rdx, %rcx
    rep movsb
    movl $1, %eax
    ret
    .cfi_endproc
    .size host_guest_copy, . - host_guest_copy

// host_guest_fill(rdi destination, esi value, rdx length)
    .globl host_guest_fill
    .type host_guest_fill, @function
host_guest_fill:
    .cfi_startproc
    movl %esi, %eax
    movq %rdx, %rcx
    rep stosb
    movl $1, %eax
    ret
    .cfi_endproc
    .size host_guest_fill, . - host_guest_fill

// host_guest_touch_read(rdi first, rsi length > 0): one byte of every page
    .globl host_guest_touch_read
    .type host_guest_touch_read, @function
host_guest_touch_read:
    .cfi_startproc
    leaq -1(%rdi,%rsi), %rsi
1:  movzbl (%rdi), %eax
    orq $0xfff, %rdi
    incq %rdi
    cmpq %rsi, %rdi
    jbe 1b
    movl $1, %eax
    ret
    .cfi_endproc
    .size host_guest_touch_read, . - host_guest_touch_read

    .globl host_guest_touch_write
    .type host_guest_touch_write, @function
host_guest_touch_write:
    .cfi_startproc
    leaq -1(%rdi,%rsi), %rsi
1:  movzbl (%rdi), %eax
    movb %al, (%rdi)
    orq $0xfff, %rdi
    incq %rdi
    cmpq %rsi, %rdi
    jbe 1b
    movl $1, %eax
    ret
    .cfi_endproc
    .size host_guest_touch_write, . - host_guest_touch_write

host_guest_end:
host_guest_fail:
    .cfi_startproc
    xorl %eax, %eax
    ret
    .cfi_endproc
    .section .note.GNU-stack,"",@progbits
