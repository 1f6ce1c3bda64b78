// hardware_execute(CONTEXT* context, const void* code): runs `code` with the context's general registers (but rsp),
// arithmetic flags and xmm registers, and stores what they are afterwards. The code ends with a jump to
// hardware_executed and touches no stack.
#define FLAGS 0x44
#define RAX 0x78
#define RCX 0x80
#define RDX 0x88
#define RBX 0x90
#define RBP 0xA0
#define RSI 0xA8
#define RDI 0xB0
#define R(n) (0xB8 + ((n) - 8) * 8)
#define XMM(n) (0x1A0 + (n) * 16)
#define ARITHMETIC 0x8D5 // CF PF AF ZF SF OF

    .macro xmm_all operation
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    \operation \n
    .endr
    .endm
    .macro load_xmm n
    movups XMM(\n)(%rdi), %xmm\n
    .endm
    .macro store_xmm n
    movups %xmm\n, XMM(\n)(%rdi)
    .endm

    .text
    .globl hardware_execute
    .type hardware_execute, @function
hardware_execute:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rdi, context(%rip)
    mov %rsi, target(%rip)
    xmm_all load_xmm
    mov FLAGS(%rdi), %eax
    and $ARITHMETIC, %eax
    pushfq
    andq $~ARITHMETIC, (%rsp)
    or %rax, (%rsp)
    popfq
    mov RAX(%rdi), %rax
    mov RCX(%rdi), %rcx
    mov RDX(%rdi), %rdx
    mov RBX(%rdi), %rbx
    mov RBP(%rdi), %rbp
    mov RSI(%rdi), %rsi
    mov R(8)(%rdi), %r8
    mov R(9)(%rdi), %r9
    mov R(10)(%rdi), %r10
    mov R(11)(%rdi), %r11
    mov R(12)(%rdi), %r12
    mov R(13)(%rdi), %r13
    mov R(14)(%rdi), %r14
    mov R(15)(%rdi), %r15
    mov RDI(%rdi), %rdi
    jmp *target(%rip)

    .globl hardware_executed
hardware_executed:
    mov %rdi, target(%rip)
    mov context(%rip), %rdi
    mov %rax, RAX(%rdi)
    mov %rcx, RCX(%rdi)
    mov %rdx, RDX(%rdi)
    mov %rbx, RBX(%rdi)
    mov %rbp, RBP(%rdi)
    mov %rsi, RSI(%rdi)
    mov %r8, R(8)(%rdi)
    mov %r9, R(9)(%rdi)
    mov %r10, R(10)(%rdi)
    mov %r11, R(11)(%rdi)
    mov %r12, R(12)(%rdi)
    mov %r13, R(13)(%rdi)
    mov %r14, R(14)(%rdi)
    mov %r15, R(15)(%rdi)
    mov target(%rip), %rax
    mov %rax, RDI(%rdi)
    pushfq
    pop %rax
    and $ARITHMETIC, %eax
    mov FLAGS(%rdi), %ecx
    and $~ARITHMETIC, %ecx
    or %eax, %ecx
    mov %ecx, FLAGS(%rdi)
    xmm_all store_xmm
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret
    .size hardware_execute, . - hardware_execute

    .local context, target
    .comm context, 8, 8
    .comm target, 8, 8
    .section .note.GNU-stack, "", @progbits
