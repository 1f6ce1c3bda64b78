// Machine state: CONTEXT, exceptions, and the unwind data of x64 images.
#pragma once
#include "abi/types.h"

namespace nt {

struct alignas(16) M128A {
    ULONGLONG Low;
    LONGLONG High;
};
using PM128A = M128A*;

// FXSAVE format.
struct alignas(16) XMM_SAVE_AREA32 {
    USHORT ControlWord;
    USHORT StatusWord;
    UCHAR TagWord;
    UCHAR Reserved1;
    USHORT ErrorOpcode;
    ULONG ErrorOffset;
    USHORT ErrorSelector;
    USHORT Reserved2;
    ULONG DataOffset;
    USHORT DataSelector;
    USHORT Reserved3;
    ULONG MxCsr;
    ULONG MxCsr_Mask;
    M128A FloatRegisters[8];
    M128A XmmRegisters[16];
    UCHAR Reserved4[96];
};
using PXMM_SAVE_AREA32 = XMM_SAVE_AREA32*;
using XSAVE_FORMAT = XMM_SAVE_AREA32;

struct KTHREAD;

struct XSTATE_CONTEXT {
    ULONG64 Mask;
    ULONG Length;
    ULONG Reserved1;
    PVOID Area;
    PVOID Buffer;
};

struct XSTATE_SAVE {
    XSTATE_SAVE* Prev;
    KTHREAD* Thread;
    UCHAR Level;
    XSTATE_CONTEXT XStateContext;
};

struct alignas(16) CONTEXT {
    ULONG64 P1Home;
    ULONG64 P2Home;
    ULONG64 P3Home;
    ULONG64 P4Home;
    ULONG64 P5Home;
    ULONG64 P6Home;
    ULONG ContextFlags;
    ULONG MxCsr;
    USHORT SegCs;
    USHORT SegDs;
    USHORT SegEs;
    USHORT SegFs;
    USHORT SegGs;
    USHORT SegSs;
    ULONG EFlags;
    ULONG64 Dr0;
    ULONG64 Dr1;
    ULONG64 Dr2;
    ULONG64 Dr3;
    ULONG64 Dr6;
    ULONG64 Dr7;
    ULONG64 Rax;
    ULONG64 Rcx;
    ULONG64 Rdx;
    ULONG64 Rbx;
    ULONG64 Rsp;
    ULONG64 Rbp;
    ULONG64 Rsi;
    ULONG64 Rdi;
    ULONG64 R8;
    ULONG64 R9;
    ULONG64 R10;
    ULONG64 R11;
    ULONG64 R12;
    ULONG64 R13;
    ULONG64 R14;
    ULONG64 R15;
    ULONG64 Rip;
    union {
        XMM_SAVE_AREA32 FltSave;
        struct {
            M128A Header[2];
            M128A Legacy[8];
            M128A Xmm0;
            M128A Xmm1;
            M128A Xmm2;
            M128A Xmm3;
            M128A Xmm4;
            M128A Xmm5;
            M128A Xmm6;
            M128A Xmm7;
            M128A Xmm8;
            M128A Xmm9;
            M128A Xmm10;
            M128A Xmm11;
            M128A Xmm12;
            M128A Xmm13;
            M128A Xmm14;
            M128A Xmm15;
        };
    };
    M128A VectorRegister[26];
    ULONG64 VectorControl;
    ULONG64 DebugControl;
    ULONG64 LastBranchToRip;
    ULONG64 LastBranchFromRip;
    ULONG64 LastExceptionToRip;
    ULONG64 LastExceptionFromRip;
};
using PCONTEXT = CONTEXT*;

inline constexpr ULONG CONTEXT_AMD64 = 0x00100000;
inline constexpr ULONG CONTEXT_CONTROL = CONTEXT_AMD64 | 0x1;
inline constexpr ULONG CONTEXT_INTEGER = CONTEXT_AMD64 | 0x2;
inline constexpr ULONG CONTEXT_SEGMENTS = CONTEXT_AMD64 | 0x4;
inline constexpr ULONG CONTEXT_FLOATING_POINT = CONTEXT_AMD64 | 0x8;
inline constexpr ULONG CONTEXT_DEBUG_REGISTERS = CONTEXT_AMD64 | 0x10;
inline constexpr ULONG CONTEXT_XSTATE = CONTEXT_AMD64 | 0x40;
inline constexpr ULONG CONTEXT_FULL = CONTEXT_CONTROL | CONTEXT_INTEGER | CONTEXT_FLOATING_POINT;
inline constexpr ULONG CONTEXT_ALL = CONTEXT_FULL | CONTEXT_SEGMENTS | CONTEXT_DEBUG_REGISTERS;
inline constexpr ULONG CONTEXT_UNWOUND_TO_CALL = 0x20000000;

inline constexpr ULONG EXCEPTION_MAXIMUM_PARAMETERS = 15;

struct EXCEPTION_RECORD {
    NTSTATUS ExceptionCode;
    ULONG ExceptionFlags;
    nt::EXCEPTION_RECORD* ExceptionRecord;
    PVOID ExceptionAddress;
    ULONG NumberParameters;
    ULONG_PTR ExceptionInformation[EXCEPTION_MAXIMUM_PARAMETERS];
};
using PEXCEPTION_RECORD = EXCEPTION_RECORD*;

struct EXCEPTION_POINTERS {
    EXCEPTION_RECORD* ExceptionRecord;
    CONTEXT* ContextRecord;
};
using PEXCEPTION_POINTERS = EXCEPTION_POINTERS*;

inline constexpr ULONG EXCEPTION_NONCONTINUABLE = 0x1;
inline constexpr ULONG EXCEPTION_UNWINDING = 0x2;
inline constexpr ULONG EXCEPTION_EXIT_UNWIND = 0x4;
inline constexpr ULONG EXCEPTION_STACK_INVALID = 0x8;
inline constexpr ULONG EXCEPTION_NESTED_CALL = 0x10;
inline constexpr ULONG EXCEPTION_TARGET_UNWIND = 0x20;
inline constexpr ULONG EXCEPTION_COLLIDED_UNWIND = 0x40;
inline constexpr ULONG EXCEPTION_SOFTWARE_ORIGINATE = 0x80;
inline constexpr ULONG EXCEPTION_UNWIND =
    EXCEPTION_UNWINDING | EXCEPTION_EXIT_UNWIND | EXCEPTION_TARGET_UNWIND | EXCEPTION_COLLIDED_UNWIND;

// ExceptionInformation[0] of an access violation.
inline constexpr ULONG_PTR EXCEPTION_READ_FAULT = 0;
inline constexpr ULONG_PTR EXCEPTION_WRITE_FAULT = 1;
inline constexpr ULONG_PTR EXCEPTION_EXECUTE_FAULT = 8;

// What a filter returns.
inline constexpr LONG EXCEPTION_EXECUTE_HANDLER = 1;
inline constexpr LONG EXCEPTION_CONTINUE_SEARCH = 0;
inline constexpr LONG EXCEPTION_CONTINUE_EXECUTION = -1;

enum EXCEPTION_DISPOSITION {
    ExceptionContinueExecution,
    ExceptionContinueSearch,
    ExceptionNestedException,
    ExceptionCollidedUnwind,
};

typedef EXCEPTION_DISPOSITION NTAPI EXCEPTION_ROUTINE(EXCEPTION_RECORD* ExceptionRecord,
                                                      PVOID EstablisherFrame, CONTEXT* ContextRecord,
                                                      PVOID DispatcherContext);
using PEXCEPTION_ROUTINE = EXCEPTION_ROUTINE*;
typedef LONG NTAPI EXCEPTION_FILTER(EXCEPTION_POINTERS* ExceptionPointers, PVOID EstablisherFrame);
using PEXCEPTION_FILTER = EXCEPTION_FILTER*;
typedef void NTAPI TERMINATION_HANDLER(BOOLEAN AbnormalTermination, PVOID EstablisherFrame);
using PTERMINATION_HANDLER = TERMINATION_HANDLER*;

// Entry of .pdata; image-relative addresses.
struct RUNTIME_FUNCTION {
    ULONG BeginAddress;
    ULONG EndAddress;
    union {
        ULONG UnwindInfoAddress;
        ULONG UnwindData;
    };
};
using PRUNTIME_FUNCTION = RUNTIME_FUNCTION*;
inline constexpr ULONG RUNTIME_FUNCTION_INDIRECT = 0x1;

enum UNWIND_OP_CODES {
    UWOP_PUSH_NONVOL = 0,
    UWOP_ALLOC_LARGE = 1,
    UWOP_ALLOC_SMALL = 2,
    UWOP_SET_FPREG = 3,
    UWOP_SAVE_NONVOL = 4,
    UWOP_SAVE_NONVOL_FAR = 5,
    UWOP_EPILOG = 6,
    UWOP_SPARE_CODE = 7,
    UWOP_SAVE_XMM128 = 8,
    UWOP_SAVE_XMM128_FAR = 9,
    UWOP_PUSH_MACHFRAME = 10,
};

union UNWIND_CODE {
    struct MS_BITS {
        UCHAR CodeOffset;
        UCHAR UnwindOp : 4;
        UCHAR OpInfo : 4;
    };
    USHORT FrameOffset;
};
using PUNWIND_CODE = UNWIND_CODE*;

// Codes are followed, 4-aligned, by the handler's address and data, or by a chained RUNTIME_FUNCTION.
struct MS_BITS UNWIND_INFO {
    UCHAR Version : 3;
    UCHAR Flags : 5;
    UCHAR SizeOfProlog;
    UCHAR CountOfCodes;
    UCHAR FrameRegister : 4;
    UCHAR FrameOffset : 4;
    UNWIND_CODE UnwindCode[1];
};
using PUNWIND_INFO = UNWIND_INFO*;

inline constexpr UCHAR UNW_FLAG_NHANDLER = 0x0;
inline constexpr UCHAR UNW_FLAG_EHANDLER = 0x1;
inline constexpr UCHAR UNW_FLAG_UHANDLER = 0x2;
inline constexpr UCHAR UNW_FLAG_CHAININFO = 0x4;
inline constexpr ULONG UNW_FLAG_NO_EPILOGUE = 0x80000000;

inline constexpr ULONG UNWIND_HISTORY_TABLE_SIZE = 12;
struct UNWIND_HISTORY_TABLE_ENTRY {
    ULONG_PTR ImageBase;
    RUNTIME_FUNCTION* FunctionEntry;
};
struct UNWIND_HISTORY_TABLE {
    ULONG Count;
    UCHAR LocalHint;
    UCHAR GlobalHint;
    UCHAR Search;
    UCHAR Once;
    ULONG_PTR LowAddress;
    ULONG_PTR HighAddress;
    UNWIND_HISTORY_TABLE_ENTRY Entry[UNWIND_HISTORY_TABLE_SIZE];
};
using PUNWIND_HISTORY_TABLE = UNWIND_HISTORY_TABLE*;

struct DISPATCHER_CONTEXT {
    ULONG_PTR ControlPc;
    ULONG_PTR ImageBase;
    RUNTIME_FUNCTION* FunctionEntry;
    ULONG_PTR EstablisherFrame;
    ULONG_PTR TargetIp;
    CONTEXT* ContextRecord;
    PEXCEPTION_ROUTINE LanguageHandler;
    PVOID HandlerData;
    UNWIND_HISTORY_TABLE* HistoryTable;
    ULONG ScopeIndex;
    ULONG Fill0;
};
using PDISPATCHER_CONTEXT = DISPATCHER_CONTEXT*;

// Handler data of __C_specific_handler; image-relative addresses.
struct SCOPE_TABLE {
    ULONG Count;
    struct {
        ULONG BeginAddress;
        ULONG EndAddress;
        ULONG HandlerAddress; // filter, or termination handler when JumpTarget is 0; 1 = execute the handler
        ULONG JumpTarget;
    } ScopeRecord[1];
};
using PSCOPE_TABLE = SCOPE_TABLE*;

struct KNONVOLATILE_CONTEXT_POINTERS {
    union {
        M128A* FloatingContext[16];
        struct {
            M128A* Xmm0;
            M128A* Xmm1;
            M128A* Xmm2;
            M128A* Xmm3;
            M128A* Xmm4;
            M128A* Xmm5;
            M128A* Xmm6;
            M128A* Xmm7;
            M128A* Xmm8;
            M128A* Xmm9;
            M128A* Xmm10;
            M128A* Xmm11;
            M128A* Xmm12;
            M128A* Xmm13;
            M128A* Xmm14;
            M128A* Xmm15;
        };
    };
    union {
        ULONG64* IntegerContext[16];
        struct {
            ULONG64* Rax;
            ULONG64* Rcx;
            ULONG64* Rdx;
            ULONG64* Rbx;
            ULONG64* Rsp;
            ULONG64* Rbp;
            ULONG64* Rsi;
            ULONG64* Rdi;
            ULONG64* R8;
            ULONG64* R9;
            ULONG64* R10;
            ULONG64* R11;
            ULONG64* R12;
            ULONG64* R13;
            ULONG64* R14;
            ULONG64* R15;
        };
    };
};
using PKNONVOLATILE_CONTEXT_POINTERS = KNONVOLATILE_CONTEXT_POINTERS*;

// What the hardware pushes on a trap.
struct MACHINE_FRAME {
    ULONG64 Rip;
    USHORT SegCs;
    USHORT Fill1[3];
    ULONG EFlags;
    ULONG Fill2;
    ULONG64 Rsp;
    USHORT SegSs;
    USHORT Fill3[3];
};

// longjmp buffer of the x64 C run-time.
struct alignas(16) JUMP_BUFFER {
    ULONG64 Frame;
    ULONG64 Rbx;
    ULONG64 Rsp;
    ULONG64 Rbp;
    ULONG64 Rsi;
    ULONG64 Rdi;
    ULONG64 R12;
    ULONG64 R13;
    ULONG64 R14;
    ULONG64 R15;
    ULONG64 Rip;
    ULONG MxCsr;
    USHORT FpCsr;
    USHORT Spare;
    M128A Xmm6;
    M128A Xmm7;
    M128A Xmm8;
    M128A Xmm9;
    M128A Xmm10;
    M128A Xmm11;
    M128A Xmm12;
    M128A Xmm13;
    M128A Xmm14;
    M128A Xmm15;
};

// Selectors that code sees.
inline constexpr USHORT KGDT64_R0_CODE = 0x10;
inline constexpr USHORT KGDT64_R0_DATA = 0x18;
inline constexpr USHORT KGDT64_R3_CMCODE = 0x20;
inline constexpr USHORT KGDT64_R3_DATA = 0x28;
inline constexpr USHORT KGDT64_R3_CODE = 0x30;
inline constexpr USHORT RPL_MASK = 0x3;

inline constexpr ULONG INITIAL_MXCSR = 0x1f80;
inline constexpr USHORT INITIAL_FPCSR = 0x27f;

} // namespace nt
