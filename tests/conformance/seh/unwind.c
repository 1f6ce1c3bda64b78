// What compilers and language handlers call: RtlUnwind, RtlUnwindEx, _local_unwind, RtlCaptureContext and
// RtlRestoreContext (the Win32 pages nf-winnt-rtlunwind, nf-winnt-rtlunwindex, nf-winnt-rtlrestorecontext,
// nf-winnt-rtlpctofileheader), RtlRaiseStatus.
#define TOPIC L"SehUnwind"
#include "../common/driver.h"
#include "../common/import.h"

IMPORT(void, RtlCaptureContext, PCONTEXT);
IMPORT(void, RtlRestoreContext, PCONTEXT, PEXCEPTION_RECORD);
IMPORT(PVOID, RtlLookupFunctionEntry, ULONG64, PULONG64, PVOID);
IMPORT(PVOID, RtlVirtualUnwind, ULONG, ULONG64, ULONG64, PVOID, PCONTEXT, PVOID*, PULONG64, PVOID);
IMPORT(void, RtlUnwind, PVOID, PVOID, PEXCEPTION_RECORD, PVOID);
IMPORT(void, RtlUnwindEx, PVOID, PVOID, PEXCEPTION_RECORD, PVOID, PCONTEXT, PVOID);
IMPORT(void, _local_unwind, PVOID, PVOID);
IMPORT(void, RtlRaiseStatus, NTSTATUS);
IMPORT(PVOID, RtlPcToFileHeader, PVOID, PVOID*);
IMPORT(void, _purecall, void);

#define EXCEPTION_UNWINDING_FLAG 2
#define OPAQUE __attribute__((noinline, optnone))

static char trail[16];
static int trail_length;
static void OPAQUE mark(char c) { trail[trail_length++] = c, trail[trail_length] = 0; }
static BOOLEAN OPAQUE was(const char* expected) {
    int i = 0;
    while (expected[i] && expected[i] == trail[i])
        ++i;
    trail_length = 0;
    return expected[i] == trail[i];
}

// How the innermost frame leaves.
typedef enum { BY_UNWIND, BY_UNWIND_EX, BY_LOCAL_UNWIND } WAY;
static CONTEXT scratch;
static EXCEPTION_RECORD record;

static void OPAQUE leave(WAY way, PVOID frame, PVOID ip) {
    __try {
        mark('i');
        if (way == BY_UNWIND) import_RtlUnwind(frame, ip, &record, (PVOID)77);
        if (way == BY_UNWIND_EX) import_RtlUnwindEx(frame, ip, NULL, (PVOID)77, &scratch, NULL);
        if (way == BY_LOCAL_UNWIND) import__local_unwind(frame, ip);
        mark('!');
    } __finally {
        mark(_abnormal_termination() ? 'F' : 'n');
    }
    mark('!');
}
static void OPAQUE between(WAY way, PVOID frame, PVOID ip) {
    __try {
        leave(way, frame, ip);
        mark('!');
    } __finally {
        mark('G');
    }
}

// Comes back to the point behind RtlCaptureContext, in this frame.
static BOOLEAN OPAQUE target(WAY way) {
    volatile int rounds = 0;
    CONTEXT here, walk;
    ULONG64 base = 0, frame = 0;
    PVOID data;
    import_RtlCaptureContext(&here);
    if (++rounds == 2) return TRUE;
    walk = here;
    PVOID function = import_RtlLookupFunctionEntry(here.Rip, &base, NULL);
    import_RtlVirtualUnwind(0, base, here.Rip, function, &walk, &data, &frame, NULL);
    between(way, (PVOID)frame, (PVOID)here.Rip);
    return FALSE;
}

static volatile int restored;
static CONTEXT point;
static ULONG64 NTAPI consolidate(PEXCEPTION_RECORD r) {
    mark(r->ExceptionCode == STATUS_UNWIND_CONSOLIDATE ? 'c' : '!');
    return point.Rip;
}

static void OPAQUE restoring(void) {
    restored = 0;
    import_RtlCaptureContext(&point);
    if (++restored < 3) import_RtlRestoreContext(&point, NULL);
    CHECK(restored == 3, "RtlRestoreContext goes on where RtlCaptureContext was called");
    restored = 0;
    import_RtlCaptureContext(&point);
    if (++restored < 2) {
        EXCEPTION_RECORD r = {0};
        r.ExceptionCode = STATUS_UNWIND_CONSOLIDATE;
        r.NumberParameters = 1;
        r.ExceptionInformation[0] = (ULONG_PTR)consolidate;
        import_RtlRestoreContext(&point, &r);
    }
    CHECK(restored == 2 && was("c"),
          "with STATUS_UNWIND_CONSOLIDATE it calls the routine in the record, which gives the address");
}

static NTSTATUS OPAQUE code_of(void (*raise)(void)) {
    __try {
        raise();
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}
static void OPAQUE raise_status(void) { import_RtlRaiseStatus(STATUS_DEVICE_BUSY); }
static void OPAQUE call_pure(void) { import__purecall(); }

static void checks(void) {
    record.ExceptionCode = STATUS_UNWIND;
    CHECK(target(BY_UNWIND) && was("iFG"),
          "RtlUnwind runs the __finally blocks of the frames it leaves, and goes on at the target address");
    CHECK((record.ExceptionFlags & EXCEPTION_UNWINDING_FLAG) != 0,
          "it marks the record as that of an unwind");
    CHECK(target(BY_UNWIND_EX) && was("iFG"), "RtlUnwindEx does, without a record");
    CHECK(target(BY_LOCAL_UNWIND) && was("iFG"), "_local_unwind too");
    restoring();
    CHECK(code_of(raise_status) == STATUS_DEVICE_BUSY, "RtlRaiseStatus raises its status");
    CHECK(code_of(call_pure) != STATUS_SUCCESS, "_purecall does not come back");
    PVOID base = NULL;
    CHECK(import_RtlPcToFileHeader((PVOID)raise_status, &base) == this_driver->DriverStart &&
              base == this_driver->DriverStart,
          "RtlPcToFileHeader: the base of the image that contains the address");
    CHECK(import_RtlPcToFileHeader((PVOID)0x1234, &base) == NULL && base == NULL, "NULL if no image does");
}
