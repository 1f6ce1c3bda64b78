# Where the kernel enters user mode, and what needs exact control of registers and unwind data.
    .intel_syntax noprefix
    .text

    .equ CTX_FLAGS, 0x30
    .equ CTX_MXCSR, 0x34
    .equ CTX_CS, 0x38
    .equ CTX_DS, 0x3a
    .equ CTX_ES, 0x3c
    .equ CTX_FS, 0x3e
    .equ CTX_GS, 0x40
    .equ CTX_SS, 0x42
    .equ CTX_EFLAGS, 0x44
    .equ CTX_RAX, 0x78
    .equ CTX_RCX, 0x80
    .equ CTX_RDX, 0x88
    .equ CTX_RBX, 0x90
    .equ CTX_RSP, 0x98
    .equ CTX_RBP, 0xa0
    .equ CTX_RSI, 0xa8
    .equ CTX_RDI, 0xb0
    .equ CTX_R8, 0xb8
    .equ CTX_R9, 0xc0
    .equ CTX_R10, 0xc8
    .equ CTX_R11, 0xd0
    .equ CTX_R12, 0xd8
    .equ CTX_R13, 0xe0
    .equ CTX_R14, 0xe8
    .equ CTX_R15, 0xf0
    .equ CTX_RIP, 0xf8
    .equ CTX_FX, 0x100
    .equ CTX_XMM, 0x1a0

    .macro function name
    .p2align 4
    .globl \name
    .def \name; .scl 2; .type 32; .endef
\name:
    .endm

# The kernel leaves CONTEXT at rsp (its P1Home … P6Home are our callee's home space), EXCEPTION_RECORD at +0x4f0 and a machine
# frame at +0x590 by which a walk goes on at the code that was interrupted. Non-volatile registers are that code's.
function KiUserExceptionDispatcher
    .seh_proc KiUserExceptionDispatcher
    .seh_pushframe
    .seh_stackalloc 0x590
    .seh_endprologue
    cld
    lea rcx, [rsp + 0x4f0]
    mov rdx, rsp
    call DrvlabDispatchException
    int3
    .seh_endproc

# CONTEXT at rsp: P1Home … P3Home are the APC's arguments, P4Home its routine; a machine frame at +0x4d0.
function KiUserApcDispatcher
    .seh_proc KiUserApcDispatcher
    .seh_pushframe
    .seh_stackalloc 0x4d0
    .seh_endprologue
    cld
    mov rcx, [rsp]
    mov rdx, [rsp + 8]
    mov r8, [rsp + 16]
    mov r9, rsp
    call [rsp + 24]
    mov rcx, rsp
    mov edx, 1
    call NtContinue
    int3
    .seh_endproc

# The base of every thread: rcx = start routine, rdx = its argument.
function RtlUserThreadStart
    .seh_proc RtlUserThreadStart
    .seh_handler DrvlabThreadBaseHandler, @except
    sub rsp, 0x28
    .seh_stackalloc 0x28
    .seh_endprologue
    call DrvlabRunThread
    int3
    .seh_endproc

# void RtlCaptureContext(CONTEXT*): the caller's state after the return from here.
function RtlCaptureContext
    pushfq
    mov [rcx + CTX_RAX], rax
    mov [rcx + CTX_RCX], rcx
    mov [rcx + CTX_RDX], rdx
    mov [rcx + CTX_RBX], rbx
    mov [rcx + CTX_RBP], rbp
    mov [rcx + CTX_RSI], rsi
    mov [rcx + CTX_RDI], rdi
    mov [rcx + CTX_R8], r8
    mov [rcx + CTX_R9], r9
    mov [rcx + CTX_R10], r10
    mov [rcx + CTX_R11], r11
    mov [rcx + CTX_R12], r12
    mov [rcx + CTX_R13], r13
    mov [rcx + CTX_R14], r14
    mov [rcx + CTX_R15], r15
    mov [rcx + CTX_CS], cs
    mov [rcx + CTX_DS], ds
    mov [rcx + CTX_ES], es
    mov [rcx + CTX_FS], fs
    mov [rcx + CTX_GS], gs
    mov [rcx + CTX_SS], ss
    fxsave [rcx + CTX_FX]
    stmxcsr [rcx + CTX_MXCSR]
    lea rax, [rsp + 16]
    mov [rcx + CTX_RSP], rax
    mov rax, [rsp + 8]
    mov [rcx + CTX_RIP], rax
    mov rax, [rsp]
    mov [rcx + CTX_EFLAGS], eax
    mov dword ptr [rcx + CTX_FLAGS], 0x10000f
    mov rax, [rcx + CTX_RAX]
    popfq
    ret

# void DrvlabLoadContext(const CONTEXT*): goes on there.
function DrvlabLoadContext
    fxrstor [rcx + CTX_FX]
    ldmxcsr [rcx + CTX_MXCSR]
    sub rsp, 48
    and rsp, -16
    mov rax, [rcx + CTX_RIP]
    mov [rsp], rax
    mov eax, cs
    mov [rsp + 8], rax
    mov eax, [rcx + CTX_EFLAGS]
    and eax, 0xcd5
    or eax, 0x202
    mov [rsp + 16], rax
    mov rax, [rcx + CTX_RSP]
    mov [rsp + 24], rax
    mov eax, ss
    mov [rsp + 32], rax
    mov rax, [rcx + CTX_RAX]
    mov rdx, [rcx + CTX_RDX]
    mov rbx, [rcx + CTX_RBX]
    mov rbp, [rcx + CTX_RBP]
    mov rsi, [rcx + CTX_RSI]
    mov rdi, [rcx + CTX_RDI]
    mov r8, [rcx + CTX_R8]
    mov r9, [rcx + CTX_R9]
    mov r10, [rcx + CTX_R10]
    mov r11, [rcx + CTX_R11]
    mov r12, [rcx + CTX_R12]
    mov r13, [rcx + CTX_R13]
    mov r14, [rcx + CTX_R14]
    mov r15, [rcx + CTX_R15]
    mov rcx, [rcx + CTX_RCX]
    iretq

# Captures the caller of the function that uses it: a CONTEXT at rsp + 0x30 in a frame of 0x528 bytes; arguments in their home.
    .macro capture_caller name
    .seh_proc \name
    mov [rsp + 8], rcx
    mov [rsp + 16], rdx
    mov [rsp + 24], r8
    mov [rsp + 32], r9
    sub rsp, 0x528
    .seh_stackalloc 0x528
    .seh_endprologue
    lea rcx, [rsp + 0x30]
    call RtlCaptureContext
    lea rax, [rsp + 0x530]
    mov [rsp + 0x30 + CTX_RSP], rax
    mov rax, [rsp + 0x528]
    mov [rsp + 0x30 + CTX_RIP], rax
    mov rcx, [rsp + 0x530]
    mov [rsp + 0x30 + CTX_RCX], rcx
    mov rdx, [rsp + 0x538]
    mov r8, [rsp + 0x540]
    mov r9, [rsp + 0x548]
    .endm

# void RtlRaiseException(EXCEPTION_RECORD*)
function RtlRaiseException
    capture_caller RtlRaiseException
    lea rdx, [rsp + 0x30]
    call DrvlabRaise
    nop
    add rsp, 0x528
    ret
    .seh_endproc

# void RtlRaiseStatus(NTSTATUS)
function RtlRaiseStatus
    capture_caller RtlRaiseStatus
    lea rdx, [rsp + 0x30]
    call DrvlabRaiseStatus
    int3
    .seh_endproc

# void RtlUnwindEx(frame, target, record, value, context, history); RtlUnwind(frame, target, record, value); _local_unwind(frame, target)
function _local_unwind
    xor r8d, r8d
    xor r9d, r9d
function RtlUnwind
function RtlUnwindEx
    capture_caller RtlUnwindEx
    lea rax, [rsp + 0x30]
    mov [rsp + 0x20], rax
    call DrvlabUnwind
    int3
    .seh_endproc

# LONG DrvlabCallHandler(record, frame, context, dispatcher) while searching: an exception inside the handler meets
# DrvlabNestedHandler, which reads the dispatcher context from our frame.
function DrvlabCallHandler
    .seh_proc DrvlabCallHandler
    .seh_handler DrvlabNestedHandler, @except, @unwind
    sub rsp, 0x28
    .seh_stackalloc 0x28
    .seh_endprologue
    mov [rsp + 0x20], r9
    call [r9 + 0x30]
    nop
    add rsp, 0x28
    ret
    .seh_endproc

# The same while unwinding; here a second unwind collides.
function DrvlabCallUnwindHandler
    .seh_proc DrvlabCallUnwindHandler
    .seh_handler DrvlabCollidedHandler, @except, @unwind
    sub rsp, 0x28
    .seh_stackalloc 0x28
    .seh_endprologue
    mov [rsp + 0x20], r9
    call [r9 + 0x30]
    nop
    add rsp, 0x28
    ret
    .seh_endproc

# void DrvlabConsolidate(const CONTEXT*, EXCEPTION_RECORD*): calls the record's callback (ExceptionInformation[0]) as if from the
# context's frame, so that what it throws is seen by the frames outside, and goes on at the address it returns.
function DrvlabConsolidate
    .seh_proc DrvlabConsolidate
    .seh_pushframe
    .seh_stackalloc 0x4f0
    .seh_savereg rbx, 0x20 + CTX_RBX
    .seh_savereg rbp, 0x20 + CTX_RBP
    .seh_savereg rsi, 0x20 + CTX_RSI
    .seh_savereg rdi, 0x20 + CTX_RDI
    .seh_savereg r12, 0x20 + CTX_R12
    .seh_savereg r13, 0x20 + CTX_R13
    .seh_savereg r14, 0x20 + CTX_R14
    .seh_savereg r15, 0x20 + CTX_R15
    .seh_savexmm xmm6, 0x20 + CTX_XMM + 0x60
    .seh_savexmm xmm7, 0x20 + CTX_XMM + 0x70
    .seh_savexmm xmm8, 0x20 + CTX_XMM + 0x80
    .seh_savexmm xmm9, 0x20 + CTX_XMM + 0x90
    .seh_savexmm xmm10, 0x20 + CTX_XMM + 0xa0
    .seh_savexmm xmm11, 0x20 + CTX_XMM + 0xb0
    .seh_savexmm xmm12, 0x20 + CTX_XMM + 0xc0
    .seh_savexmm xmm13, 0x20 + CTX_XMM + 0xd0
    .seh_savexmm xmm14, 0x20 + CTX_XMM + 0xe0
    .seh_savexmm xmm15, 0x20 + CTX_XMM + 0xf0
    .seh_endprologue
    sub rsp, 0x518
    mov rax, [rcx + CTX_RIP]
    mov [rsp + 0x4f0], rax
    mov eax, cs
    mov [rsp + 0x4f8], rax
    mov eax, [rcx + CTX_EFLAGS]
    mov [rsp + 0x500], rax
    mov rax, [rcx + CTX_RSP]
    mov [rsp + 0x508], rax
    mov eax, ss
    mov [rsp + 0x510], rax
    mov rsi, rcx
    lea rdi, [rsp + 0x20]
    mov ecx, 0x4d0 / 8
    rep movsq
    mov rcx, rdx
    call [rdx + 0x20]
    mov [rsp + 0x20 + CTX_RIP], rax
    lea rcx, [rsp + 0x20]
    jmp DrvlabLoadContext
    .seh_endproc

# Stack probe: rax = size of the frame to come; every register survives.
function __chkstk
function ___chkstk_ms
    push rcx
    push rax
    cmp rax, 0x1000
    lea rcx, [rsp + 0x18]
    jb 2f
1:  sub rcx, 0x1000
    or qword ptr [rcx], 0
    sub rax, 0x1000
    cmp rax, 0x1000
    ja 1b
2:  sub rcx, rax
    or qword ptr [rcx], 0
    pop rax
    pop rcx
    ret

# What images' control-flow-guard pointers point to.
function DrvlabGuardCheck
    ret
function DrvlabGuardDispatch
    jmp rax

function DbgBreakPoint
function DbgUserBreakPoint
    int3
    ret

    .data
    .globl DrvlabSystemCallGate
    .p2align 3
DrvlabSystemCallGate:
    .quad 0
    .globl DrvlabLoaderFlags
DrvlabLoaderFlags:
    .quad 0
