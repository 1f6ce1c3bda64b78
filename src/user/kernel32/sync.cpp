// Waiting, and objects to wait for. Names are relative to the session's directory of named objects.
#include "kernel32.h"

namespace nt {
using namespace k32;

namespace {

constexpr ACCESS_MASK ALL = 0x1f0000;
constexpr ACCESS_MASK EVENT_ALL = ALL | 3, MUTEX_ALL = ALL | 1, SEMAPHORE_ALL = ALL | 3, TIMER_ALL = ALL | 3;

// Result of a create service: the handle (by reference, as the service in the argument list fills it in),
// with ERROR_ALREADY_EXISTS when OBJ_OPENIF opened one.
HANDLE created(NTSTATUS status, const HANDLE& handle) {
    if (!NT_SUCCESS(status)) {
        fail(status);
        return nullptr;
    }
    RtlSetLastWin32Error(status == STATUS_OBJECT_NAME_EXISTS ? ERROR_ALREADY_EXISTS : ERROR_SUCCESS);
    return handle;
}
HANDLE opened(NTSTATUS status, const HANDLE& handle) {
    return NT_SUCCESS(status) ? handle : (fail(status), nullptr);
}

SECURITY_ATTRIBUTES* inheriting(BOOL inherit, SECURITY_ATTRIBUTES* storage) {
    *storage = {sizeof *storage, nullptr, inherit};
    return storage;
}

HANDLE create_event(SECURITY_ATTRIBUTES* security, const WCHAR* name, bool manual, bool state,
                    ACCESS_MASK access) {
    NamedObject object(name, security, OBJ_OPENIF);
    if (!object) return nullptr;
    HANDLE handle = nullptr;
    return created(NtCreateEvent(&handle, access, object.get(), manual ? 0 : 1, state), handle);
}
HANDLE create_mutex(SECURITY_ATTRIBUTES* security, const WCHAR* name, bool owned, ACCESS_MASK access) {
    NamedObject object(name, security, OBJ_OPENIF);
    if (!object) return nullptr;
    HANDLE handle = nullptr;
    return created(NtCreateMutant(&handle, access, object.get(), owned), handle);
}
HANDLE create_semaphore(SECURITY_ATTRIBUTES* security, const WCHAR* name, LONG initial, LONG maximum,
                        ACCESS_MASK access) {
    NamedObject object(name, security, OBJ_OPENIF);
    if (!object) return nullptr;
    HANDLE handle = nullptr;
    return created(NtCreateSemaphore(&handle, access, object.get(), initial, maximum), handle);
}

DWORD waited(NTSTATUS status) { return NT_SUCCESS(status) ? DWORD(status) : (fail(status), WAIT_FAILED); }

// A timer that the system cannot wake for is set all the same.
BOOL timer_set(NTSTATUS status) {
    if (!NT_SUCCESS(status)) return fail(status);
    RtlSetLastWin32Error(status == STATUS_TIMER_RESUME_IGNORED ? ERROR_NOT_SUPPORTED : ERROR_SUCCESS);
    return TRUE;
}
// TIMER_SET_COALESCABLE_TIMER_INFO
struct CoalescableTimer {
    LARGE_INTEGER DueTime;
    PVOID TimerApcRoutine, TimerContext, WakeContext;
    ULONG TimerPeriod, TolerableDelay;
    BOOLEAN* PreviousState;
};

// \Sessions\1\BaseNamedObjects
void session_directory(ULONG session, WCHAR* to) {
    const auto append = [&](const WCHAR* text) {
        while (*text)
            *to++ = *text++;
    };
    WCHAR digits[12];
    int n = 12;
    digits[--n] = 0;
    for (; session; session /= 10)
        digits[--n] = WCHAR('0' + session % 10);
    append(u"\\Sessions\\");
    append(digits + n);
    append(u"\\BaseNamedObjects");
    *to = 0;
}

// Flags that a function does not know are refused; those of semaphores are reserved.
bool are_known(DWORD flags, DWORD known) { return !(flags & ~known) || fail_with(ERROR_INVALID_PARAMETER); }

template <class F> HANDLE with_wide(const CHAR* name, F f) {
    Wide wide(name);
    return wide.ok() ? f(wide.get()) : nullptr;
}

} // namespace

// Names are those of the program's session; Global\, Local\ and Session\ are links in its directory.
k32::NamedObject::NamedObject(const WCHAR* name, const SECURITY_ATTRIBUTES* security, ULONG flags) {
    static HANDLE directory;
    attributes = {sizeof attributes, nullptr, nullptr, 0, nullptr, nullptr};
    if (security) {
        attributes.SecurityDescriptor = security->lpSecurityDescriptor;
        if (security->bInheritHandle) attributes.Attributes |= OBJ_INHERIT;
    }
    if (!name) {
        if (flags & OBJ_OPENIF) return;
        RtlSetLastWin32Error(ERROR_INVALID_PARAMETER); // there is no object without a name to open
        ok = false;
        return;
    }
    if (!directory) {
        UNICODE_STRING path;
        WCHAR text[48] = u"\\BaseNamedObjects";
        if (const ULONG session = NtCurrentPeb()->SessionId) session_directory(session, text);
        RtlInitUnicodeString(&path, text);
        OBJECT_ATTRIBUTES at{sizeof at, nullptr, &path, OBJ_CASE_INSENSITIVE, nullptr, nullptr};
        HANDLE found;
        if (NT_SUCCESS(NtOpenDirectoryObject(&found, 0xf, &at))) directory = found;
    }
    SIZE_T length = 0;
    while (name[length])
        ++length;
    if (length > 0x7ffe) { // STATUS_NAME_TOO_LONG of RtlInitUnicodeStringEx
        RtlSetLastWin32Error(ERROR_FILENAME_EXCED_RANGE);
        ok = false;
        return;
    }
    const HANDLE own = namespace_of(name);
    RtlInitUnicodeString(&string, name);
    attributes.ObjectName = &string;
    attributes.RootDirectory = own ? own : directory;
    attributes.Attributes |= flags; // names are case-sensitive
}

extern "C" {

DWORD WaitForSingleObjectEx(HANDLE handle, DWORD milliseconds, BOOL alertable) {
    LARGE_INTEGER storage;
    return waited(NtWaitForSingleObject(real_handle(handle), BOOLEAN(alertable != 0),
                                        timeout_of(milliseconds, &storage)));
}
DWORD WaitForSingleObject(HANDLE handle, DWORD milliseconds) {
    return WaitForSingleObjectEx(handle, milliseconds, FALSE);
}
DWORD WaitForMultipleObjectsEx(DWORD count, const HANDLE* handles, BOOL all, DWORD milliseconds,
                               BOOL alertable) {
    LARGE_INTEGER storage;
    return waited(NtWaitForMultipleObjects(count, const_cast<HANDLE*>(handles), all ? 0 : 1,
                                           BOOLEAN(alertable != 0), timeout_of(milliseconds, &storage)));
}
DWORD WaitForMultipleObjects(DWORD count, const HANDLE* handles, BOOL all, DWORD milliseconds) {
    return WaitForMultipleObjectsEx(count, handles, all, milliseconds, FALSE);
}
DWORD SignalObjectAndWait(HANDLE signal, HANDLE wait, DWORD milliseconds, BOOL alertable) {
    LARGE_INTEGER storage;
    return waited(NtSignalAndWaitForSingleObject(signal, wait, BOOLEAN(alertable != 0),
                                                 timeout_of(milliseconds, &storage)));
}
// An alertable sleep that ends early returns WAIT_IO_COMPLETION.
DWORD SleepEx(DWORD milliseconds, BOOL alertable) {
    LARGE_INTEGER interval;
    if (!timeout_of(milliseconds, &interval)) interval.QuadPart = LONGLONG(1) << 63;
    NTSTATUS status;
    do
        status = NtDelayExecution(BOOLEAN(alertable != 0), &interval);
    while (milliseconds == INFINITE && status == STATUS_SUCCESS);
    return status == STATUS_USER_APC ? WAIT_IO_COMPLETION : 0;
}
void Sleep(DWORD milliseconds) { SleepEx(milliseconds, FALSE); }

// Events. CREATE_EVENT_MANUAL_RESET 1, CREATE_EVENT_INITIAL_SET 2.
HANDLE CreateEventExW(SECURITY_ATTRIBUTES* security, const WCHAR* name, DWORD flags, DWORD access) {
    return are_known(flags, 3) ? create_event(security, name, flags & 1, flags & 2, access) : nullptr;
}
HANDLE CreateEventExA(SECURITY_ATTRIBUTES* security, const CHAR* name, DWORD flags, DWORD access) {
    return with_wide(name, [&](const WCHAR* w) { return CreateEventExW(security, w, flags, access); });
}
HANDLE CreateEventW(SECURITY_ATTRIBUTES* security, BOOL manual, BOOL state, const WCHAR* name) {
    return create_event(security, name, manual, state, EVENT_ALL);
}
HANDLE CreateEventA(SECURITY_ATTRIBUTES* security, BOOL manual, BOOL state, const CHAR* name) {
    return with_wide(name,
                     [&](const WCHAR* w) { return create_event(security, w, manual, state, EVENT_ALL); });
}
HANDLE OpenEventW(DWORD access, BOOL inherit, const WCHAR* name) {
    SECURITY_ATTRIBUTES storage;
    NamedObject object(name, inheriting(inherit, &storage), 0);
    if (!object) return nullptr;
    HANDLE handle = nullptr;
    return opened(NtOpenEvent(&handle, access, object.get()), handle);
}
HANDLE OpenEventA(DWORD access, BOOL inherit, const CHAR* name) {
    return with_wide(name, [&](const WCHAR* w) { return OpenEventW(access, inherit, w); });
}
BOOL SetEvent(HANDLE event) { return answer(NtSetEvent(event, nullptr)); }
BOOL ResetEvent(HANDLE event) { return answer(NtClearEvent(event)); }
BOOL PulseEvent(HANDLE event) { return answer(NtPulseEvent(event, nullptr)); }

// Mutexes. CREATE_MUTEX_INITIAL_OWNER 1.
HANDLE CreateMutexExW(SECURITY_ATTRIBUTES* security, const WCHAR* name, DWORD flags, DWORD access) {
    return are_known(flags, 1) ? create_mutex(security, name, flags & 1, access) : nullptr;
}
HANDLE CreateMutexW(SECURITY_ATTRIBUTES* security, BOOL owned, const WCHAR* name) {
    return create_mutex(security, name, owned, MUTEX_ALL);
}
HANDLE CreateMutexA(SECURITY_ATTRIBUTES* security, BOOL owned, const CHAR* name) {
    return with_wide(name, [&](const WCHAR* w) { return create_mutex(security, w, owned, MUTEX_ALL); });
}
HANDLE CreateMutexExA(SECURITY_ATTRIBUTES* security, const CHAR* name, DWORD flags, DWORD access) {
    return with_wide(name, [&](const WCHAR* w) { return CreateMutexExW(security, w, flags, access); });
}
HANDLE OpenMutexW(DWORD access, BOOL inherit, const WCHAR* name) {
    SECURITY_ATTRIBUTES storage;
    NamedObject object(name, inheriting(inherit, &storage), 0);
    if (!object) return nullptr;
    HANDLE handle = nullptr;
    return opened(NtOpenMutant(&handle, access, object.get()), handle);
}
HANDLE OpenMutexA(DWORD access, BOOL inherit, const CHAR* name) {
    return with_wide(name, [&](const WCHAR* w) { return OpenMutexW(access, inherit, w); });
}
BOOL ReleaseMutex(HANDLE mutex) { return answer(NtReleaseMutant(mutex, nullptr)); }

// Semaphores
HANDLE CreateSemaphoreExW(SECURITY_ATTRIBUTES* security, LONG initial, LONG maximum, const WCHAR* name,
                          DWORD flags, DWORD access) {
    return are_known(flags, 0) ? create_semaphore(security, name, initial, maximum, access) : nullptr;
}
HANDLE CreateSemaphoreW(SECURITY_ATTRIBUTES* security, LONG initial, LONG maximum, const WCHAR* name) {
    return create_semaphore(security, name, initial, maximum, SEMAPHORE_ALL);
}
HANDLE CreateSemaphoreA(SECURITY_ATTRIBUTES* security, LONG initial, LONG maximum, const CHAR* name) {
    return with_wide(
        name, [&](const WCHAR* w) { return create_semaphore(security, w, initial, maximum, SEMAPHORE_ALL); });
}
HANDLE CreateSemaphoreExA(SECURITY_ATTRIBUTES* security, LONG initial, LONG maximum, const CHAR* name,
                          DWORD flags, DWORD access) {
    return with_wide(name, [&](const WCHAR* w) {
        return CreateSemaphoreExW(security, initial, maximum, w, flags, access);
    });
}
HANDLE OpenSemaphoreW(DWORD access, BOOL inherit, const WCHAR* name) {
    SECURITY_ATTRIBUTES storage;
    NamedObject object(name, inheriting(inherit, &storage), 0);
    if (!object) return nullptr;
    HANDLE handle = nullptr;
    return opened(NtOpenSemaphore(&handle, access, object.get()), handle);
}
HANDLE OpenSemaphoreA(DWORD access, BOOL inherit, const CHAR* name) {
    return with_wide(name, [&](const WCHAR* w) { return OpenSemaphoreW(access, inherit, w); });
}
BOOL ReleaseSemaphore(HANDLE semaphore, LONG count, LONG* previous) {
    return answer(NtReleaseSemaphore(semaphore, count, previous));
}

// Waitable timers
HANDLE CreateWaitableTimerExW(SECURITY_ATTRIBUTES* security, const WCHAR* name, DWORD flags, DWORD access) {
    if (!are_known(flags, 3)) return nullptr; // CREATE_WAITABLE_TIMER_MANUAL_RESET, …_HIGH_RESOLUTION
    NamedObject object(name, security, OBJ_OPENIF);
    if (!object) return nullptr;
    HANDLE handle = nullptr;
    return created(NtCreateTimer(&handle, access, object.get(), flags & 1 ? 0 : 1), handle);
}
HANDLE CreateWaitableTimerW(SECURITY_ATTRIBUTES* security, BOOL manual, const WCHAR* name) {
    return CreateWaitableTimerExW(security, name, manual ? 1 : 0, TIMER_ALL);
}
HANDLE CreateWaitableTimerA(SECURITY_ATTRIBUTES* security, BOOL manual, const CHAR* name) {
    return with_wide(name, [&](const WCHAR* w) { return CreateWaitableTimerW(security, manual, w); });
}
HANDLE CreateWaitableTimerExA(SECURITY_ATTRIBUTES* security, const CHAR* name, DWORD flags, DWORD access) {
    return with_wide(name,
                     [&](const WCHAR* w) { return CreateWaitableTimerExW(security, w, flags, access); });
}
BOOL SetWaitableTimer(HANDLE timer, const LARGE_INTEGER* due, LONG period, PVOID routine, PVOID argument,
                      BOOL resume) {
    return timer_set(NtSetTimer(timer, const_cast<LARGE_INTEGER*>(due), routine, argument,
                                BOOLEAN(resume != 0), period, nullptr));
}
BOOL SetWaitableTimerEx(HANDLE timer, const LARGE_INTEGER* due, LONG period, PVOID routine, PVOID argument,
                        PVOID wake_context, ULONG tolerable_delay) {
    if (period < 0) return fail(STATUS_INVALID_PARAMETER);
    CoalescableTimer what{*due, routine, argument, wake_context, ULONG(period), tolerable_delay, nullptr};
    return timer_set(NtSetTimerEx(timer, 0, &what, sizeof what));
}
HANDLE OpenWaitableTimerW(DWORD access, BOOL inherit, const WCHAR* name) {
    SECURITY_ATTRIBUTES storage;
    NamedObject object(name, inheriting(inherit, &storage), 0);
    if (!object) return nullptr;
    HANDLE handle = nullptr;
    return opened(NtOpenTimer(&handle, access, object.get()), handle);
}
HANDLE OpenWaitableTimerA(DWORD access, BOOL inherit, const CHAR* name) {
    return with_wide(name, [&](const WCHAR* w) { return OpenWaitableTimerW(access, inherit, w); });
}
BOOL CancelWaitableTimer(HANDLE timer) { return answer(NtCancelTimer(timer, nullptr)); }

// Locks in memory. Those without a result are forwarded to ntdll in kernel32.def.
BOOL InitializeCriticalSectionAndSpinCount(RTL_CRITICAL_SECTION* section, DWORD spin) {
    return answer(RtlInitializeCriticalSectionAndSpinCount(section, spin));
}
BOOL InitializeCriticalSectionEx(RTL_CRITICAL_SECTION* section, DWORD spin, DWORD flags) {
    return answer(RtlInitializeCriticalSectionEx(section, spin, flags));
}
void InitializeCriticalSection(RTL_CRITICAL_SECTION* section) {
    NTSTATUS status = RtlInitializeCriticalSection(section);
    if (!NT_SUCCESS(status)) RtlRaiseStatus(status);
}
BOOL TryEnterCriticalSection(RTL_CRITICAL_SECTION* section) { return RtlTryEnterCriticalSection(section); }

BOOL SleepConditionVariableCS(RTL_CONDITION_VARIABLE* variable, RTL_CRITICAL_SECTION* section,
                              DWORD milliseconds) {
    LARGE_INTEGER storage;
    NTSTATUS status = RtlSleepConditionVariableCS(variable, section, timeout_of(milliseconds, &storage));
    return status == STATUS_TIMEOUT ? fail_with(ERROR_TIMEOUT) : answer(status);
}
BOOL SleepConditionVariableSRW(RTL_CONDITION_VARIABLE* variable, RTL_SRWLOCK* lock, DWORD milliseconds,
                               ULONG flags) {
    LARGE_INTEGER storage;
    NTSTATUS status = RtlSleepConditionVariableSRW(variable, lock, timeout_of(milliseconds, &storage), flags);
    return status == STATUS_TIMEOUT ? fail_with(ERROR_TIMEOUT) : answer(status);
}
BOOL WaitOnAddress(volatile void* address, PVOID compare, SIZE_T size, DWORD milliseconds) {
    LARGE_INTEGER storage;
    NTSTATUS status =
        RtlWaitOnAddress(const_cast<PVOID>(address), compare, size, timeout_of(milliseconds, &storage));
    return status == STATUS_TIMEOUT ? fail_with(ERROR_TIMEOUT) : answer(status);
}

// The routine of InitOnceExecuteOnce returns a BOOL, which is what the run-once service expects.
BOOL InitOnceExecuteOnce(RTL_RUN_ONCE* once, ULONG (*init)(RTL_RUN_ONCE*, PVOID, PVOID*), PVOID parameter,
                         PVOID* context) {
    NTSTATUS status = RtlRunOnceExecuteOnce(once, init, parameter, context);
    return NT_SUCCESS(status); // the routine set the last error
}
BOOL InitOnceBeginInitialize(RTL_RUN_ONCE* once, DWORD flags, BOOL* pending, PVOID* context) {
    NTSTATUS status = RtlRunOnceBeginInitialize(once, flags, context);
    if (!NT_SUCCESS(status)) return fail(status);
    *pending = status == STATUS_PENDING;
    return TRUE;
}
BOOL InitOnceComplete(RTL_RUN_ONCE* once, DWORD flags, PVOID context) {
    return answer(RtlRunOnceComplete(once, flags, context));
}

} // extern "C"
} // namespace nt
