// nf-ntddk-kebugcheck, nf-wdm-kebugcheckex.
#include "kernel/exports/gate.h"
#include "kernel/ke/bugcheck.h"

using namespace nt;

extern "C" void KeBugCheckEx(ULONG code, ULONG_PTR p1, ULONG_PTR p2, ULONG_PTR p3, ULONG_PTR p4) {
    ke::bug_check(code, p1, p2, p3, p4);
}
GATE(KeBugCheckEx);

extern "C" void KeBugCheck(ULONG code) { ke::bug_check(code); }
GATE(KeBugCheck);
