# Spin locks as ntoskrnl's own guest code: what their gates do (ke_irql.cpp, ke/spin_use.h) in the plain case, without a crossing. Whatever is
# not plain (somebody has the lock, a rule is broken, something is due, a trace is on, the caller is single-stepped) goes through the gate,
# which finds everything as it was. Copied into the image by spin_lock_code.cpp: position-independent, and a leaf in every sense.
#
# rcx: the lock. Both paths cost the same virtual time and leave the same account (ke/held_locks.h).
#include "kernel/seh/crossing_layout.h"

#define DISPATCH 2
#define SPIN 1                          // LockKind::spin
#define UNCHECKED 0xff                  // unchecked_irql
#define CURRENT_THREAD 0x188

    .intel_syntax noprefix
    .section .rodata

# The way through the gate is the blob's last eleven bytes: export index and slot of the gateway are filled in.
.macro begin name
    .globl  nt_code_\name
    .p2align 4
nt_code_\name:
.endm
.macro end name
9:  .byte   0xb8                        # mov eax, index
    .long   0
    .byte   0xff, 0x25                  # jmp [gateway.gate]
    .long   0
    .globl  nt_code_\name\()_end
nt_code_\name\()_end:
.endm

# Leaves the time after the call in r9 and the caller's IRQL in eax.
.macro plain_caller
    pushfq
    pop     r8
    test    r8d, STATE_FLAGS
    jnz     9f
    cmp     byte ptr gs:[KPCR_STEPPED], 0 # between two steps others may run
    jne     9f
    cmp     byte ptr gs:[KPCR_SLOW_CALLS], 0
    jne     9f
    movzx   eax, byte ptr gs:[KPCR_IRQL]
    mov     r9, gs:[KPCR_VIRTUAL_TIME]
    inc     r9
    cmp     r9, gs:[KPCR_DEADLINE]
    jae     9f
.endm

# No other is in the account, and the lock lies in the kernel's half.
.macro plain_acquire
    mov     r10d, gs:[KPCR_HELD_LOCKS + HELD_COUNT]
    test    r10d, r10d                  # with another held, the order of the two is looked at
    jnz     9f
    mov     r11, rcx
    shr     r11, 44
    cmp     r11d, 3                     # places::user_high
    jb      9f
.endm

# The lock is free and becomes the caller's; r8d: IRQL for the account.
.macro acquire
    mov     gs:[KPCR_VIRTUAL_TIME], r9
    mov     rdx, gs:[CURRENT_THREAD]
    or      rdx, 1
    mov     [rcx], rdx
    lea     rdx, [r10 + r10 * 2]
    mov     r11, [rsp]                  # who acquires it
    shl     r8d, 8
    or      r8d, SPIN
    mov     gs:[KPCR_HELD_LOCKS + HELD_LOCK + rdx * 8], rcx
    mov     gs:[KPCR_HELD_LOCKS + HELD_CALLER + rdx * 8], r11
    mov     gs:[KPCR_HELD_LOCKS + HELD_KIND + rdx * 8], r8w
    inc     r10d
    mov     gs:[KPCR_HELD_LOCKS + HELD_COUNT], r10d
.endm

# The lock is the newest in the account and held; r10d: how many remain, r11w: kind and IRQL.
.macro plain_release
    mov     r10d, gs:[KPCR_HELD_LOCKS + HELD_COUNT]
    dec     r10d
    cmp     r10d, HELD_INLINE
    jae     9f
    lea     r11, [r10 + r10 * 2]
    cmp     gs:[KPCR_HELD_LOCKS + HELD_LOCK + r11 * 8], rcx
    jne     9f
    movzx   r11d, word ptr gs:[KPCR_HELD_LOCKS + HELD_KIND + r11 * 8]
    cmp     qword ptr [rcx], 0
    je      9f
.endm
.macro release
    mov     gs:[KPCR_VIRTUAL_TIME], r9
    mov     gs:[KPCR_HELD_LOCKS + HELD_COUNT], r10d
    mov     qword ptr [rcx], 0
.endm

begin KeAcquireSpinLockRaiseToDpc
    plain_caller
    cmp     eax, DISPATCH
    ja      9f
    cmp     byte ptr gs:[KPCR_PAGED_OPEN], 0
    jne     9f
    plain_acquire
    mov     byte ptr gs:[KPCR_IRQL], DISPATCH # before the lock is touched: a fault happens at DISPATCH_LEVEL
    cmp     qword ptr [rcx], 0
    jne     2f
    cmp     eax, DISPATCH
    je      1f
    mov     gs:[KPCR_RAISED_AT], r9
1:  mov     r8d, eax
    acquire
    ret
2:  mov     gs:[KPCR_IRQL], al
end KeAcquireSpinLockRaiseToDpc

begin KeAcquireSpinLockAtDpcLevel
    plain_caller
    cmp     eax, DISPATCH
    jne     9f
    plain_acquire
    cmp     qword ptr [rcx], 0
    jne     9f
    mov     r8d, UNCHECKED
    acquire
    xor     eax, eax
    ret
end KeAcquireSpinLockAtDpcLevel

# dl: the IRQL to go to, which is the one of the acquisition.
begin KeReleaseSpinLock
    plain_caller
    cmp     eax, DISPATCH
    jne     9f
    cmp     dl, gs:[KPCR_PENDING_LEVEL]
    jb      9f
    plain_release
    movzx   r8d, dl
    shl     r8d, 8
    or      r8d, SPIN
    cmp     r8d, r11d
    jne     9f
    cmp     dl, DISPATCH
    jae     1f
    test    r10d, r10d
    jnz     9f
    mov     rax, gs:[KPCR_AT_DISPATCH]
    add     rax, r9
    sub     rax, gs:[KPCR_RAISED_AT]
    mov     gs:[KPCR_AT_DISPATCH], rax
1:  release
    mov     gs:[KPCR_IRQL], dl
    xor     eax, eax
    ret
end KeReleaseSpinLock

begin KeReleaseSpinLockFromDpcLevel
    plain_caller
    plain_release
    cmp     r11b, SPIN
    jne     9f
    release
    xor     eax, eax
    ret
end KeReleaseSpinLockFromDpcLevel

    .section .note.GNU-stack, "", @progbits
