// Variables of the kernel that drivers read, as the pages of KeQueryTickCount, PsGetCurrentProcess,
// ObReferenceObjectByHandle, MmIsAddressValid and RtlGetVersion let a driver check them.
#define TOPIC L"Data"
#include "../common/driver.h"

// The headers disagree about types and levels of indirection: the variables themselves, by name.
static PVOID variable(const WCHAR* text) {
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, text);
    return MmGetSystemRoutineAddress(&name);
}

extern const volatile KSYSTEM_TIME* const ticks __asm__("__imp_KeTickCount");

static void tick_count(void) {
    CHECK(ticks == variable(L"KeTickCount"), "KeTickCount has one address, imported or asked for");
    LARGE_INTEGER interval, queried;
    ULONG before = ticks->LowPart;
    interval.QuadPart = -1000 * 10000LL;
    KeDelayExecutionThread(KernelMode, FALSE, &interval);
    ULONG after = ticks->LowPart;
    CHECK(after - before >= 63 && after - before <= 66,
          "KeTickCount advances by 64 ticks of 15.625 ms in a second");
    CHECK(ticks->High1Time == ticks->High2Time, "both halves of its upper part agree");
    KeQueryTickCount(&queried);
    CHECK(queried.LowPart - ticks->LowPart <= 1, "it is what KeQueryTickCount gives");
}

static void checks(void) {
    tick_count();
    RTL_OSVERSIONINFOW version = {.dwOSVersionInfoSize = sizeof version};
    RtlGetVersion(&version);
    const ULONG* build = variable(L"NtBuildNumber");
    CHECK(build && (*build & 0xFFFF) == version.dwBuildNumber, "NtBuildNumber is RtlGetVersion's build");
    CHECK(build && *build >> 28 == 0xF, "of a free build");
    const CCHAR* processors = variable(L"KeNumberProcessors");
    CHECK(processors && (ULONG)*processors == KeQueryActiveProcessorCount(NULL),
          "KeNumberProcessors counts the processors");
    const BOOLEAN *enabled = variable(L"KdDebuggerEnabled"), *absent = variable(L"KdDebuggerNotPresent");
    CHECK(enabled && !*enabled && absent && *absent, "no kernel debugger is attached");
    const ULONG* safe = variable(L"InitSafeBootMode");
    CHECK(safe && *safe == 0, "this is no safe mode");

    const ULONG_PTR *probe = variable(L"MmUserProbeAddress"), *highest = variable(L"MmHighestUserAddress"),
                    *start = variable(L"MmSystemRangeStart");
    CHECK(probe && highest && start && *highest < *probe && *probe <= *start,
          "user addresses end below the system range");
    CHECK(highest && *highest + 1 == *probe, "MmUserProbeAddress follows MmHighestUserAddress");
    CHECK(start && (ULONG_PTR)checks >= *start, "drivers lie in the system range");

    const PEPROCESS* system = variable(L"PsInitialSystemProcess");
    CHECK(system && *system && PsGetProcessId(*system) == (HANDLE)4, "PsInitialSystemProcess is process 4");
    const struct {
        const WCHAR* name;
        const WCHAR* type;
    } types[] = {{L"PsProcessType", L"Process"},          {L"PsThreadType", L"Thread"},
                 {L"IoFileObjectType", L"File"},          {L"IoDeviceObjectType", L"Device"},
                 {L"IoDriverObjectType", L"Driver"},      {L"ExEventObjectType", L"Event"},
                 {L"ExSemaphoreObjectType", L"Semaphore"}};
    for (int i = 0; i < 7; ++i) {
        // OBJECT_TYPE begins with its list head, then its name.
        struct named {
            LIST_ENTRY list;
            UNICODE_STRING name;
        }** type = variable(types[i].name);
        UNICODE_STRING want;
        RtlInitUnicodeString(&want, types[i].type);
        CHECK(type && *type && RtlEqualUnicodeString(&(*type)->name, &want, FALSE),
              "a variable of an object type leads to it");
    }
    const LIST_ENTRY* modules = variable(L"PsLoadedModuleList");
    CHECK(modules && modules->Flink->Blink == modules && modules->Blink->Flink == modules,
          "PsLoadedModuleList is a list");
}
