// What drivers want to do when the machine stops: nf-wdm-keregisterbugcheckcallback,
// nf-wdm-keregisterbugcheckreasoncallback, nc-wdm-kbugcheck_callback_routine.
//
// The routines run at HIGH_LEVEL while every other processor stands still. One that goes wrong ends them all:
// the report is still that of the first bug check. Reason callbacks take part in writing a crash dump, which
// there is none of, so they are only kept.
#pragma once
#include "abi/list.h"

namespace nt::ke {

typedef void NTAPI KBUGCHECK_CALLBACK_ROUTINE(PVOID Buffer, ULONG Length);
enum BugCheckBufferState : UCHAR {
    BufferEmpty,
    BufferInserted,
    BufferStarted,
    BufferFinished,
    BufferIncomplete
};

struct KBUGCHECK_CALLBACK_RECORD {
    LIST_ENTRY Entry;
    KBUGCHECK_CALLBACK_ROUTINE* CallbackRoutine;
    PVOID Buffer;
    ULONG Length;
    UCHAR* Component;
    ULONG_PTR Checksum;
    UCHAR State;
};
struct KBUGCHECK_REASON_CALLBACK_RECORD {
    LIST_ENTRY Entry;
    PVOID CallbackRoutine;
    UCHAR* Component;
    ULONG_PTR Checksum;
    ULONG Reason;
    UCHAR State;
};

// Lists of records start in `heads`: guest memory for two list heads, once.
void initialize_bugcheck_callbacks(LIST_ENTRY heads[2]);
// False: it is registered already.
bool register_bugcheck_callback(KBUGCHECK_CALLBACK_RECORD& record);
bool register_bugcheck_callback(KBUGCHECK_REASON_CALLBACK_RECORD& record);
// False: it is not registered.
bool deregister_bugcheck_callback(KBUGCHECK_CALLBACK_RECORD& record);
bool deregister_bugcheck_callback(KBUGCHECK_REASON_CALLBACK_RECORD& record);

// The address of the record and of its routine, for each.
void for_each_bugcheck_callback(void (*visit)(void* context, ULONG_PTR record, ULONG_PTR routine),
                                void* context);

// The machine is about to stop: calls them.
void run_bugcheck_callbacks();

} // namespace nt::ke
