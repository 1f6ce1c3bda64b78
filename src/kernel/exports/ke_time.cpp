// Time: nf-wdm-kequerysystemtime, nf-wdm-kequeryinterrupttime, nf-wdm-kequerytickcount,
// nf-wdm-kequeryperformancecounter. All of it is virtual (ke/clock.h).
#include "kernel/exports/gate.h"
#include "kernel/ke/clock.h"
#include "kernel/ke/spinning.h"

using namespace nt;

extern "C" void KeQuerySystemTime(LARGE_INTEGER* time) {
    time->QuadPart = ke::boot_time() + static_cast<LONGLONG>(ke::tick_count() * ke::tick_length);
}
GATE(KeQuerySystemTime);

extern "C" void KeQuerySystemTimePrecise(LARGE_INTEGER* time) { time->QuadPart = ke::system_time(); }
GATE(KeQuerySystemTimePrecise);

extern "C" ULONGLONG KeQueryInterruptTime() { return ke::tick_count() * ke::tick_length; }
GATE(KeQueryInterruptTime);

extern "C" ULONGLONG KeQueryInterruptTimePrecise(ULONGLONG* counter) {
    if (counter) *counter = ke::interrupt_time();
    return ke::interrupt_time();
}
GATE(KeQueryInterruptTimePrecise);

extern "C" ULONGLONG KeQueryUnbiasedInterruptTime() { return ke::tick_count() * ke::tick_length; }
GATE(KeQueryUnbiasedInterruptTime);

extern "C" void KeQueryTickCount(LARGE_INTEGER* count) {
    count->QuadPart = static_cast<LONGLONG>(ke::tick_count());
}
GATE(KeQueryTickCount);

extern "C" ULONG KeQueryTimeIncrement() { return static_cast<ULONG>(ke::tick_length); }
GATE(KeQueryTimeIncrement);

extern "C" LARGE_INTEGER KeQueryPerformanceCounter(LARGE_INTEGER* frequency) {
    if (frequency) frequency->QuadPart = static_cast<LONGLONG>(ke::performance_frequency);
    LARGE_INTEGER counter;
    counter.QuadPart = static_cast<LONGLONG>(ke::interrupt_time());
    return counter;
}
GATE(KeQueryPerformanceCounter);

// Microseconds; the caller spins: time passes, what is due meanwhile happens as far as its IRQL allows, and
// other processors go on.
extern "C" void KeStallExecutionProcessor(ULONG microseconds) { ke::spin_once(10ull * microseconds); }
GATE(KeStallExecutionProcessor);

extern "C" void ExSystemTimeToLocalTime(const LARGE_INTEGER* system, LARGE_INTEGER* local) {
    *local = *system;
}
GATE(ExSystemTimeToLocalTime);

extern "C" void ExLocalTimeToSystemTime(const LARGE_INTEGER* local, LARGE_INTEGER* system) {
    *system = *local;
}
GATE(ExLocalTimeToSystemTime);
