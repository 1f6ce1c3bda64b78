// What a callback can say while it runs: nf-threadpoolapiset-callbackmayrunlong,
// -disassociatecurrentthreadfromcallback, -…whencallbackreturns.
#include "threadpool.h"

namespace nt {
namespace k32 {

void CallbackInstance::finish() {
    if (section) RtlLeaveCriticalSection(section);
    if (mutex) NtReleaseMutant(mutex, nullptr);
    if (semaphore) NtReleaseSemaphore(semaphore, semaphore_count, nullptr);
    if (event) NtSetEvent(event, nullptr);
    if (library) LdrUnloadDll(library);
    if (!disassociated) task->end_running();
}

} // namespace k32

using namespace k32;

extern "C" {

BOOL CallbackMayRunLong(CallbackInstance*) { return thread_pool.ready(); }
void DisassociateCurrentThreadFromCallback(CallbackInstance* instance) {
    if (instance->disassociated) return;
    instance->disassociated = true;
    instance->task->end_running();
}
void SetEventWhenCallbackReturns(CallbackInstance* instance, HANDLE event) { instance->event = event; }
void ReleaseSemaphoreWhenCallbackReturns(CallbackInstance* instance, HANDLE semaphore, DWORD count) {
    instance->semaphore = semaphore;
    instance->semaphore_count = LONG(count);
}
void ReleaseMutexWhenCallbackReturns(CallbackInstance* instance, HANDLE mutex) { instance->mutex = mutex; }
void LeaveCriticalSectionWhenCallbackReturns(CallbackInstance* instance, RTL_CRITICAL_SECTION* section) {
    instance->section = section;
}
void FreeLibraryWhenCallbackReturns(CallbackInstance* instance, HMODULE library) {
    instance->library = library;
}

} // extern "C"
} // namespace nt
