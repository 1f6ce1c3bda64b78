// Several system threads for conformance drivers of locks. Include after driver.h.
#pragma once

typedef void body_t(PVOID context);

typedef struct {
    body_t* body;
    PVOID context;
    PETHREAD thread;
} helper_t;

static VOID NTAPI helper_start(PVOID context) {
    helper_t* helper = context;
    helper->body(helper->context);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static BOOLEAN start(helper_t* helper, body_t* body, PVOID context) {
    HANDLE handle;
    helper->body = body;
    helper->context = context;
    NTSTATUS status =
        PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, helper_start, helper);
    if (!NT_SUCCESS(status)) return FALSE;
    ObReferenceObjectByHandle(handle, THREAD_ALL_ACCESS, TYPE_OF(PsThreadType), KernelMode,
                              (PVOID*)&helper->thread, NULL);
    ZwClose(handle);
    return TRUE;
}

static void join(helper_t* helper) {
    KeWaitForSingleObject(helper->thread, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(helper->thread);
}

static inline BOOLEAN has_ended(helper_t* helper) {
    LARGE_INTEGER zero = {.QuadPart = 0};
    return KeWaitForSingleObject(helper->thread, Executive, KernelMode, FALSE, &zero) == STATUS_SUCCESS;
}

// Runs it in a thread of its own, to the end.
static inline void in_thread(body_t* body, PVOID context) {
    helper_t helper;
    if (start(&helper, body, context)) join(&helper);
}

// Long enough that every other thread has come to its next wait.
static inline void let_others_run(void) {
    LARGE_INTEGER a_while = {.QuadPart = -500000};
    KeDelayExecutionThread(KernelMode, FALSE, &a_while);
}
