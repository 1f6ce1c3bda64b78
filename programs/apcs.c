// User APCs: queued by another thread, by a timer, and by a thread to itself. They run only while their
// thread waits alertably. Exit status: 0 if all came, in their order.
//     drvlab run -- apcs.exe
#include <stdio.h>
#include <windows.h>

static int next_item, wrong, ticks;

static void CALLBACK on_item(ULONG_PTR number) {
    printf("  APC %d on thread %s\n", (int)number,
           number == (ULONG_PTR)next_item ? "in its order" : "OUT OF ORDER");
    wrong += number != (ULONG_PTR)next_item++;
}

static void CALLBACK on_tick(void* argument, DWORD low, DWORD high) {
    (void)low;
    (void)high;
    printf("  tick %d of the timer\n", ++*(int*)argument);
}

static DWORD WINAPI receive(void* ready) {
    int waits = 0;
    SetEvent(ready);
    while (next_item < 3) // one alertable wait may run several APCs
        if (SleepEx(INFINITE, TRUE) == WAIT_IO_COMPLETION) ++waits;
    return (DWORD)waits;
}

int main(void) {
    printf("from another thread\n");
    HANDLE ready = CreateEventW(NULL, FALSE, FALSE, NULL);
    HANDLE thread = CreateThread(NULL, 0, receive, ready, 0, NULL);
    WaitForSingleObject(ready, INFINITE);
    for (ULONG_PTR i = 0; i < 3; ++i)
        if (!QueueUserAPC(on_item, thread, i)) wrong++;
    WaitForSingleObject(thread, INFINITE);

    printf("from a timer, every 50 ms\n");
    HANDLE timer = CreateWaitableTimerW(NULL, FALSE, NULL);
    LARGE_INTEGER due = {.QuadPart = -500000};
    if (!SetWaitableTimer(timer, &due, 50, on_tick, &ticks, FALSE)) wrong++;
    while (ticks < 3)
        SleepEx(INFINITE, TRUE);
    CancelWaitableTimer(timer);

    printf("to itself\n");
    next_item = 0;
    QueueUserAPC(on_item, GetCurrentThread(), 0);
    Sleep(100);
    printf("  an ordinary Sleep runs none\n");
    if (next_item != 0) wrong++;
    if (SleepEx(0, TRUE) != WAIT_IO_COMPLETION || next_item != 1) wrong++;
    printf(wrong ? "%d things were wrong\n" : "all as documented\n", wrong);
    return wrong != 0;
}
