# Crossings between host code (System V, host stack) and guest code (Microsoft convention, kernel or user stack). See crossing.h.
#include "kernel/seh/crossing_layout.h"

# A system call's record, behind mxcsr: not 0 when the program had the alignment check flag set.
#define ENTRY_ALIGNMENT_CHECK ENTRY_MXCSR + 4
#define ALIGNMENT_CHECK 0x40000

    .intel_syntax noprefix
    .text

# Saves what the Microsoft convention calls non-volatile into the EntryRecord at r11.
.macro save_nonvolatile
    mov     [r11 + ENTRY_RBX], rbx
    mov     [r11 + ENTRY_RBP], rbp
    mov     [r11 + ENTRY_RSI], rsi
    mov     [r11 + ENTRY_RDI], rdi
    mov     [r11 + ENTRY_R12], r12
    mov     [r11 + ENTRY_R13], r13
    mov     [r11 + ENTRY_R14], r14
    mov     [r11 + ENTRY_R15], r15
    movaps  [r11 + ENTRY_XMM + 0x00], xmm6
    movaps  [r11 + ENTRY_XMM + 0x10], xmm7
    movaps  [r11 + ENTRY_XMM + 0x20], xmm8
    movaps  [r11 + ENTRY_XMM + 0x30], xmm9
    movaps  [r11 + ENTRY_XMM + 0x40], xmm10
    movaps  [r11 + ENTRY_XMM + 0x50], xmm11
    movaps  [r11 + ENTRY_XMM + 0x60], xmm12
    movaps  [r11 + ENTRY_XMM + 0x70], xmm13
    movaps  [r11 + ENTRY_XMM + 0x80], xmm14
    movaps  [r11 + ENTRY_XMM + 0x90], xmm15
.endm

# Restores what the System V convention does not preserve but the Microsoft one does, from the EntryRecord at r11.
.macro restore_nonvolatile
    mov     rsi, [r11 + ENTRY_RSI]
    mov     rdi, [r11 + ENTRY_RDI]
    movaps  xmm6, [r11 + ENTRY_XMM + 0x00]
    movaps  xmm7, [r11 + ENTRY_XMM + 0x10]
    movaps  xmm8, [r11 + ENTRY_XMM + 0x20]
    movaps  xmm9, [r11 + ENTRY_XMM + 0x30]
    movaps  xmm10, [r11 + ENTRY_XMM + 0x40]
    movaps  xmm11, [r11 + ENTRY_XMM + 0x50]
    movaps  xmm12, [r11 + ENTRY_XMM + 0x60]
    movaps  xmm13, [r11 + ENTRY_XMM + 0x70]
    movaps  xmm14, [r11 + ENTRY_XMM + 0x80]
    movaps  xmm15, [r11 + ENTRY_XMM + 0x90]
.endm

# Registers that the guest may not rely on hold nothing of the host's when it sees them.
.macro clear_volatile
    xor     ecx, ecx
    xor     edx, edx
    xor     r8d, r8d
    xor     r9d, r9d
    xor     r10d, r10d
    xor     r11d, r11d
.endm

# The host's non-volatile registers stay on its stack while guest code runs, which gets zeroes instead.
.macro push_host
    push    rbx
    push    rbp
    push    r12
    push    r13
    push    r14
    push    r15
.endm
.macro clear_nonvolatile
    xor     ebx, ebx
    xor     ebp, ebp
    xor     esi, esi
    xor     edi, edi
    xor     r10d, r10d
    xor     r12d, r12d
    xor     r13d, r13d
    xor     r14d, r14d
    xor     r15d, r15d
.endm

# Guest kernel code called an import: eax = export index. The host stack goes on below the innermost record.
    .globl  nt_gate_entry
    .type   nt_gate_entry, @function
    .p2align 4
nt_gate_entry:
    mov     [rsp + 0x08], rcx           # the home space makes the arguments one array
    mov     [rsp + 0x10], rdx
    mov     [rsp + 0x18], r8
    mov     [rsp + 0x20], r9
    pushfq
    pop     r9                          # from here to the call: what the caller must not have changed
    and     r9d, STATE_FLAGS
    mov     r10, gs:[KPCR_SELF]
    cmp     r10, [rip + nt_kernel_gs]
    jne     3f
4:  mov     r10, gs:[KPCR_CROSSING]
    lea     r11, [r10 - ENTRY_SIZE]
    save_nonvolatile
    mov     [r11 + RECORD_PREVIOUS], r10
    mov     dword ptr [r11 + RECORD_KIND], KIND_GATE
    mov     [r11 + RECORD_INDEX], eax
    mov     rcx, [rsp]
    lea     rdx, [rsp - 8]
    lea     rdi, [rsp + 8]
    and     rdx, -16
    mov     [r11 + ENTRY_RSP], rsp
    mov     [r11 + ENTRY_RIP], rcx
    mov     [r11 + ENTRY_GUEST_STACK], rdx
    mov     [r11 + ENTRY_ARGS], rdi
    mov     qword ptr [r11 + ENTRY_CONTEXT], 0
    mov     gs:[KPCR_CROSSING], r11
    mov     rsp, r11
    cld
    test    r9d, r9d
    jnz     5f
    mov     rdx, gs:[KPCR_VIRTUAL_TIME]
    inc     rdx                         # a crossing costs 100 ns
    mov     gs:[KPCR_VIRTUAL_TIME], rdx
    shl     eax, 4                      # GATE_ENTRY_SIZE
    add     rax, [rip + nt_crossing_hooks]
    movzx   ecx, byte ptr gs:[KPCR_IRQL]
    cmp     ecx, [rax + 8]
    ja      1f
    cmp     rdx, gs:[KPCR_DEADLINE]
    jae     1f
    call    [rax]
    mov     r11, rsp
    mov     r10, [r11 + RECORD_PREVIOUS]
    mov     gs:[KPCR_CROSSING], r10
    restore_nonvolatile
    mov     rsp, [r11 + ENTRY_RSP]
    clear_volatile
    ret
1:  mov     rdi, rsp
    call    [rip + nt_crossing_hooks + 8]
    mov     r11, rsp
    mov     r10, [r11 + RECORD_PREVIOUS]
    mov     gs:[KPCR_CROSSING], r10
    restore_nonvolatile
    mov     rsp, [r11 + ENTRY_RSP]
    clear_volatile
    cmp     dword ptr [rip + nt_steps], 0
    jne     2f
    ret
2:  pushfq                              # single-step from here: the trap comes after the return
    or      dword ptr [rsp], 0x100
    popfq
    ret
3:  mov     r10, [rip + nt_kernel_gs]
    wrgsbase r10
    or      r9d, STATE_GS
    jmp     4b
5:  push    2                           # host code runs with clear flags
    popfq
    mov     rdi, rsp
    mov     esi, r9d
    call    [rip + nt_crossing_hooks + 24]
    ud2
    .size nt_gate_entry, . - nt_gate_entry

# ULONG_PTR nt_call_out(function, a1, a2, a3, a4)
    .globl  nt_call_out
    .type   nt_call_out, @function
    .p2align 4
nt_call_out:
    push_host
    mov     r10, gs:[KPCR_CROSSING]
    sub     rsp, CALLOUT_SIZE + 8
    mov     rax, rdi
    mov     [rsp + RECORD_PREVIOUS], r10
    mov     dword ptr [rsp + RECORD_KIND], KIND_CALL_OUT
    mov     [rsp + CALLOUT_FUNCTION], rdi
    stmxcsr [rsp + CALLOUT_MXCSR]
    fnstcw  [rsp + CALLOUT_FPCW]
    mov     gs:[KPCR_CROSSING], rsp
    mov     r11, [r10 + ENTRY_GUEST_STACK]
    mov     r9, r8
    mov     r8, rcx
    mov     rcx, rsi
    sub     r11, 0x20
    mov     [rsp + CALLOUT_GUEST_RSP], r11
    mov     rsp, r11
    clear_nonvolatile
    xor     r11d, r11d
    cmp     dword ptr [rip + nt_steps], 0
    jne     1f
    jmp     [rip + nt_trampoline]
1:  pushfq                              # single-step from the routine's first instruction
    or      dword ptr [rsp], 0x100
    popfq
    jmp     [rip + nt_trampoline]
    .size nt_call_out, . - nt_call_out

# ULONG_PTR nt_call_out_many(function, args, count): the arguments beyond the fourth go to the kernel stack.
    .globl  nt_call_out_many
    .type   nt_call_out_many, @function
    .p2align 4
nt_call_out_many:
    push_host
    mov     r10, gs:[KPCR_CROSSING]
    sub     rsp, CALLOUT_SIZE + 8
    mov     rax, rdi
    mov     [rsp + RECORD_PREVIOUS], r10
    mov     dword ptr [rsp + RECORD_KIND], KIND_CALL_OUT
    mov     [rsp + CALLOUT_FUNCTION], rdi
    stmxcsr [rsp + CALLOUT_MXCSR]
    fnstcw  [rsp + CALLOUT_FPCW]
    mov     r11, [r10 + ENTRY_GUEST_STACK]
    lea     rcx, [rdx * 8]
    sub     r11, rcx
    and     r11, -16
1:  dec     rdx
    mov     rcx, [rsi + rdx * 8]
    mov     [r11 + rdx * 8], rcx
    jnz     1b
    mov     rcx, [r11]
    mov     rdx, [r11 + 8]
    mov     r8, [r11 + 16]
    mov     r9, [r11 + 24]
    mov     [rsp + CALLOUT_GUEST_RSP], r11
    mov     gs:[KPCR_CROSSING], rsp
    mov     rsp, r11
    clear_nonvolatile
    xor     r11d, r11d
    jmp     [rip + nt_trampoline]
    .size nt_call_out_many, . - nt_call_out_many

# The trampoline in ntoskrnl's text jumps here when the guest routine returned: rax is the result.
    .globl  nt_call_out_return
    .type   nt_call_out_return, @function
    .p2align 4
nt_call_out_return:
    pushfq
    pop     rsi
    and     esi, STATE_FLAGS
    mov     r10, gs:[KPCR_SELF]
    cmp     r10, [rip + nt_kernel_gs]
    jne     1f
2:  mov     rsp, gs:[KPCR_CROSSING]
    stmxcsr [rsp + CALLOUT_MXCSR_AFTER]
    fnstcw  [rsp + CALLOUT_FPCW_AFTER]
    mov     r10d, [rsp + CALLOUT_MXCSR_AFTER]
    movzx   r11d, word ptr [rsp + CALLOUT_FPCW_AFTER]
    xor     r10d, [rsp + CALLOUT_MXCSR]
    xor     r11w, [rsp + CALLOUT_FPCW]
    and     r10d, MXCSR_CONTROL
    or      r10d, r11d
    or      r10d, esi
    jnz     3f
    mov     r10, [rsp + RECORD_PREVIOUS]
    mov     gs:[KPCR_CROSSING], r10
    add     rsp, CALLOUT_SIZE + 8
    pop     r15
    pop     r14
    pop     r13
    pop     r12
    pop     rbp
    pop     rbx
    ret
1:  mov     r10, [rip + nt_kernel_gs]
    wrgsbase r10
    or      esi, STATE_GS
    jmp     2b
3:  push    2
    popfq
    mov     r10d, [rsp + CALLOUT_MXCSR_AFTER]
    xor     r10d, [rsp + CALLOUT_MXCSR]
    test    r10d, MXCSR_CONTROL
    jz      4f
    or      esi, STATE_MXCSR
4:  test    r11d, r11d
    jz      5f
    or      esi, STATE_FPCW
5:  ldmxcsr [rip + kernel_mxcsr]
    mov     rdi, rsp
    call    [rip + nt_crossing_hooks + 24]
    ud2
    .globl  nt_call_out_return_end
nt_call_out_return_end:
    .size nt_call_out_return, . - nt_call_out_return

# A user-mode stub of ntdll: eax = service number, r10 = first argument, return address on the user stack, GS = TEB.
    .globl  nt_system_call_entry
    .type   nt_system_call_entry, @function
    .p2align 4
nt_system_call_entry:
    mov     rcx, [rip + nt_kernel_gs]
    wrgsbase rcx
    mov     r11, [rcx + KPCR_HOST_STACK] # not through gs, which waits for the write of its base
    sub     r11, ENTRY_SIZE
    mov     [rcx + KPCR_USER_RSP], rsp
    save_nonvolatile
    mov     qword ptr [r11 + RECORD_PREVIOUS], 0
    mov     dword ptr [r11 + RECORD_KIND], KIND_SYSTEM_CALL
    mov     [r11 + RECORD_INDEX], eax
    mov     [r11 + ENTRY_REGS + 0x00], r10
    mov     [r11 + ENTRY_REGS + 0x08], rdx
    mov     [r11 + ENTRY_REGS + 0x10], r8
    mov     [r11 + ENTRY_REGS + 0x18], r9
    mov     [r11 + ENTRY_RSP], rsp
    mov     rax, [rsp]                  # a stub of ntdll just pushed it by its call
    mov     [r11 + ENTRY_RIP], rax
    mov     rax, [rcx + KPCR_KERNEL_STACK]
    mov     [r11 + ENTRY_GUEST_STACK], rax
    mov     qword ptr [r11 + ENTRY_CONTEXT], 0
    stmxcsr [r11 + ENTRY_MXCSR]         # the kernel runs with its own, as on Windows
    mov     [rcx + KPCR_CROSSING], r11
    mov     rsp, r11
    mov     rdi, r11
    mov     dword ptr [r11 + ENTRY_ALIGNMENT_CHECK], 0
    pushfq
    pop     rax
    test    eax, ALIGNMENT_CHECK
    jnz     3f
4:  mov     eax, [r11 + ENTRY_MXCSR]
    cld
    and     eax, MXCSR_CONTROL
    cmp     eax, MXCSR_KERNEL
    jne     1f
2:  call    [rip + nt_crossing_hooks + 16]
    mov     r11, rsp
    ldmxcsr [r11 + ENTRY_MXCSR]
    mov     qword ptr gs:[KPCR_CROSSING], 0
    restore_nonvolatile
    mov     rcx, [r11 + ENTRY_RSP]
    mov     r10, [rip + nt_user_gs]
    wrgsbase r10
    cmp     dword ptr [r11 + ENTRY_ALIGNMENT_CHECK], 0
    jne     5f
6:  cmp     dword ptr [rip + nt_user_steps], 0
    jne     7f
    mov     rsp, rcx
    clear_volatile
    ret
7:  mov     r8, [rcx]                   # single-step from the program's next instruction: all of it at once
    add     rcx, 8
    mov     r9d, ss
    push    r9
    push    rcx
    pushfq
    or      dword ptr [rsp], 0x100
    mov     r9d, cs
    push    r9
    push    r8
    clear_volatile
    iretq
1:  ldmxcsr [rip + kernel_mxcsr]
    jmp     2b
3:  mov     dword ptr [r11 + ENTRY_ALIGNMENT_CHECK], 1
    push    2
    popfq
    jmp     4b
5:  pushfq
    or      dword ptr [rsp], ALIGNMENT_CHECK
    popfq
    jmp     6b
    .size nt_system_call_entry, . - nt_system_call_entry

# void nt_enter_user(rip, rsp, argument, teb)
    .globl  nt_enter_user
    .type   nt_enter_user, @function
    .p2align 4
nt_enter_user:
    mov     rax, rsp
    and     rax, -16
    mov     gs:[KPCR_HOST_STACK], rax
    mov     qword ptr gs:[KPCR_CROSSING], 0
    mov     [rip + nt_user_gs], rcx
    mov     rax, rdi
    mov     rsp, rsi
    wrgsbase rcx
    mov     r11, rdx
    clear_nonvolatile
    mov     rcx, r11
    xor     edx, edx
    xor     r8d, r8d
    xor     r9d, r9d
    xor     r11d, r11d
    jmp     rax
    .size nt_enter_user, . - nt_enter_user

# void nt_resume(const CONTEXT*, teb, xsave): rsp and rip last, through an interrupt-return frame made on the host stack.
    .globl  nt_resume
    .type   nt_resume, @function
    .p2align 4
nt_resume:
    test    rsi, rsi
    jz      1f
    mov     [rip + nt_user_gs], rsi
    wrgsbase rsi
1:  test    rdx, rdx
    jz      3f
    mov     r8, rdx
    mov     eax, -1
    mov     edx, -1
    xrstor64 [r8]
    jmp     4f
3:  fxrstor [rdi + 0x100]
    ldmxcsr [rdi + 0x34]
4:
    sub     rsp, 48
    and     rsp, -16
    mov     rax, [rdi + 0xF8]           # Rip
    mov     [rsp], rax
    mov     ax, cs
    movzx   eax, ax
    mov     [rsp + 8], rax
    mov     eax, [rdi + 0x44]           # EFlags: only what user code may set
    and     eax, 0x0CD5
    or      eax, 0x202
    mov     ecx, [rip + nt_steps]
    test    rsi, rsi
    jz      5f
    mov     ecx, [rip + nt_user_steps]
5:  or      ecx, [rip + nt_step_after_resume]
    jz      2f
    or      eax, 0x100                  # single-stepping goes on
2:
    mov     [rsp + 16], rax
    mov     rax, [rdi + 0x98]           # Rsp
    mov     [rsp + 24], rax
    mov     ax, ss
    movzx   eax, ax
    mov     [rsp + 32], rax
    mov     rax, [rdi + 0x78]
    mov     rcx, [rdi + 0x80]
    mov     rdx, [rdi + 0x88]
    mov     rbx, [rdi + 0x90]
    mov     rbp, [rdi + 0xA0]
    mov     rsi, [rdi + 0xA8]
    mov     r8, [rdi + 0xB8]
    mov     r9, [rdi + 0xC0]
    mov     r10, [rdi + 0xC8]
    mov     r11, [rdi + 0xD0]
    mov     r12, [rdi + 0xD8]
    mov     r13, [rdi + 0xE0]
    mov     r14, [rdi + 0xE8]
    mov     r15, [rdi + 0xF0]
    mov     rdi, [rdi + 0xB0]
    iretq
    .size nt_resume, . - nt_resume

# void nt_switch_host_stack(stack, function, argument)
    .globl  nt_switch_host_stack
    .type   nt_switch_host_stack, @function
    .p2align 4
nt_switch_host_stack:
    mov     rsp, rdi
    mov     rdi, rdx
    xor     ebp, ebp
    call    rsi
    ud2
    .size nt_switch_host_stack, . - nt_switch_host_stack

    .data
    .p2align 4
    .globl  nt_crossing_hooks
nt_crossing_hooks:
    .quad   0, 0, 0, 0
    .globl  nt_trampoline
nt_trampoline:
    .quad   0, 0
    .globl  nt_kernel_gs
nt_kernel_gs:
    .quad   0
    .globl  nt_user_gs
nt_user_gs:
    .quad   0
    .globl  nt_steps
nt_steps:
    .long   0
    .globl  nt_user_steps
nt_user_steps:
    .long   0
    .globl  nt_step_after_resume
nt_step_after_resume:
    .long   0
kernel_mxcsr:
    .long   MXCSR_KERNEL

    .section .note.GNU-stack, "", @progbits
