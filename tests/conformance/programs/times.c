// Times of threads and processes (GetThreadTimes, GetProcessTimes), and what else kernel32 tells of the
// running thread.
#include <windows.h>

#include "../common/program.h"

static ULONGLONG number(FILETIME t) { return (ULONGLONG)t.dwHighDateTime << 32 | t.dwLowDateTime; }

static DWORD WINAPI sleeper(void* argument) {
    (void)argument;
    Sleep(100);
    return 0;
}

int main(void) {
    ULONGLONG since_start = 0;
    CHECK(QueryUnbiasedInterruptTime(&since_start) && since_start > 0,
          "the interrupt time is the time since the system was started, which is before any program");
    FILETIME created, ended, kernel, user, now;
    GetSystemTimeAsFileTime(&now);
    CHECK(GetThreadTimes(GetCurrentThread(), &created, &ended, &kernel, &user), "GetThreadTimes");
    CHECK(number(created) && number(created) <= number(now), "a thread was created before now");
    CHECK(number(ended) == 0, "a running thread has no exit time");
    CHECK(GetProcessTimes(GetCurrentProcess(), &created, &ended, &kernel, &user) && number(created) &&
              number(created) <= number(now) && number(ended) == 0,
          "GetProcessTimes of a running process");

    HANDLE thread = CreateThread(NULL, 0, sleeper, NULL, 0, NULL);
    WaitForSingleObject(thread, INFINITE);
    CHECK(GetThreadTimes(thread, &created, &ended, &kernel, &user),
          "GetThreadTimes of a thread that has ended");
    CHECK(number(created) >= number(now) && number(ended) - number(created) >= 93 * 10000,
          "it ended when it had slept, told in ticks");
    CHECK(number(kernel) + number(user) < 100 * 10000, "sleeping takes no processor time");
    CloseHandle(thread);
    CHECK(!GetThreadTimes(thread, &created, &ended, &kernel, &user) && GetLastError() == ERROR_INVALID_HANDLE,
          "a closed handle: ERROR_INVALID_HANDLE");

    CHECK(GetThreadTimes(GetCurrentThread(), &created, &ended, &kernel, &user) && number(user),
          "a thread that runs takes processor time");
    ULONG64 cycles = 0, all = 0;
    CHECK(QueryThreadCycleTime(GetCurrentThread(), &cycles) &&
              QueryProcessCycleTime(GetCurrentProcess(), &all) && all >= cycles && cycles,
          "cycles of a thread are among its process's");

    ULONG_PTR low, high;
    GetCurrentThreadStackLimits(&low, &high);
    CHECK(low < (ULONG_PTR)&low && (ULONG_PTR)&low < high, "GetCurrentThreadStackLimits");
    MEMORY_BASIC_INFORMATION information;
    CHECK(VirtualQuery(&low, &information, sizeof information) &&
              (ULONG_PTR)information.AllocationBase == low,
          "its low limit is where the stack's reservation begins");
    return finish();
}
