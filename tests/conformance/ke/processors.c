// Processors, groups and nodes, as the pages of KeQueryActiveProcessorCountEx, KeGetProcessorNumberFromIndex,
// KeQueryGroupAffinity, KeQueryNodeActiveAffinity, KeRegisterProcessorChangeCallback and
// KeQueryLogicalProcessorRelationship document them.
#define TOPIC L"KeProcessors"
#include "../common/driver.h"
#include "../common/import.h"

IMPORT(USHORT, KeQueryActiveGroupCount, VOID);
IMPORT(USHORT, KeQueryMaximumGroupCount, VOID);
IMPORT(KAFFINITY, KeQueryGroupAffinity, USHORT);
IMPORT(ULONG, KeQueryMaximumProcessorCountEx, USHORT);
IMPORT(ULONG, KeQueryMaximumProcessorCount, VOID);
IMPORT(USHORT, KeQueryHighestNodeNumber, VOID);
IMPORT(USHORT, KeGetCurrentNodeNumber, VOID);
IMPORT(VOID, KeQueryNodeActiveAffinity, USHORT, PGROUP_AFFINITY, PUSHORT);
IMPORT(USHORT, KeQueryNodeMaximumProcessorCount, USHORT);
IMPORT(ULONG, KeQueryNodeActiveProcessorCount, USHORT);
IMPORT(NTSTATUS, KeGetProcessorNumberFromIndex, ULONG, PPROCESSOR_NUMBER);
IMPORT(ULONG, KeGetProcessorIndexFromNumber, PPROCESSOR_NUMBER);
IMPORT(NTSTATUS, KeQueryLogicalProcessorRelationship, PPROCESSOR_NUMBER, LOGICAL_PROCESSOR_RELATIONSHIP,
       PVOID, PULONG);
IMPORT_DATA(CCHAR, KeNumberProcessors);

static ULONG bits(KAFFINITY mask) {
    ULONG n = 0;
    for (; mask; mask &= mask - 1)
        ++n;
    return n;
}

static void counts(void) {
    KAFFINITY mask = 0;
    ULONG count = KeQueryActiveProcessorCountEx(ALL_PROCESSOR_GROUPS);
    CHECK(count >= 1 && KeQueryActiveProcessorCountEx(0) == count,
          "KeQueryActiveProcessorCountEx counts group 0");
    CHECK(KeQueryActiveProcessorCountEx(7) == 0, "and returns zero for a group that does not exist");
    CHECK(KeQueryActiveProcessorCount(&mask) == count && bits(mask) == count,
          "KeQueryActiveProcessorCount and its mask");
    CHECK(KeQueryActiveProcessors() == mask && import_KeQueryGroupAffinity(0) == mask,
          "KeQueryActiveProcessors and KeQueryGroupAffinity name the same processors");
    CHECK(import_KeQueryGroupAffinity(1) == 0, "KeQueryGroupAffinity returns zero for an invalid group");
    CHECK(import_KeQueryMaximumProcessorCountEx(ALL_PROCESSOR_GROUPS) >= count &&
              import_KeQueryMaximumProcessorCount() >= count,
          "the maximum is not below what is active");
    CHECK(*import_KeNumberProcessors == (CCHAR)count, "KeNumberProcessors");
    CHECK(import_KeQueryActiveGroupCount() == 1 && import_KeQueryMaximumGroupCount() >= 1,
          "there is a group");
    GROUP_AFFINITY affinity = {0};
    USHORT in_node = 0;
    import_KeQueryNodeActiveAffinity(0, &affinity, &in_node);
    CHECK(affinity.Group == 0 && bits(affinity.Mask) == in_node && in_node >= 1, "KeQueryNodeActiveAffinity");
    import_KeQueryNodeActiveAffinity(0, NULL, NULL);
    CHECK(import_KeQueryNodeMaximumProcessorCount(0) >= in_node &&
              import_KeQueryNodeActiveProcessorCount(0) == in_node,
          "the counts of a node agree");
    CHECK(import_KeQueryNodeActiveProcessorCount(99) == 0, "a node that does not exist has no processors");
    CHECK(import_KeGetCurrentNodeNumber() <= import_KeQueryHighestNodeNumber(), "the current node exists");
}

static void numbers(void) {
    ULONG count = KeQueryActiveProcessorCountEx(ALL_PROCESSOR_GROUPS), right = 0;
    PROCESSOR_NUMBER number;
    for (ULONG i = 0; i < count; ++i) {
        number.Group = 99;
        right += import_KeGetProcessorNumberFromIndex(i, &number) == STATUS_SUCCESS && number.Group == 0 &&
                 number.Reserved == 0 && import_KeGetProcessorIndexFromNumber(&number) == i;
    }
    CHECK(right == count, "indexes and numbers of processors are converted to each other");
    CHECK(import_KeGetProcessorNumberFromIndex(count, &number) == STATUS_INVALID_PARAMETER,
          "STATUS_INVALID_PARAMETER for an index that is not valid");
    PROCESSOR_NUMBER wrong = {3, 0, 0};
    CHECK(import_KeGetProcessorIndexFromNumber(&wrong) == INVALID_PROCESSOR_INDEX,
          "INVALID_PROCESSOR_INDEX for a number that is not valid");
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    ULONG here = KeGetCurrentProcessorNumberEx(&number);
    CHECK(here < count && import_KeGetProcessorIndexFromNumber(&number) == here,
          "KeGetCurrentProcessorNumberEx gives index and number");
    KeLowerIrql(old);
}

static LONG starts, completes, failures;
static LONG fail_at;

static VOID NTAPI changed(PVOID context, PKE_PROCESSOR_CHANGE_NOTIFY_CONTEXT change, PNTSTATUS status) {
    UNREFERENCED_PARAMETER(context);
    if (change->State == KeProcessorAddStartNotify) {
        if (starts == fail_at) *status = STATUS_INSUFFICIENT_RESOURCES;
        ++starts;
    } else if (change->State == KeProcessorAddCompleteNotify)
        ++completes;
    else
        ++failures;
}

static void changes(void) {
    LONG count = (LONG)KeQueryActiveProcessorCountEx(ALL_PROCESSOR_GROUPS);
    starts = completes = failures = 0;
    fail_at = -1;
    PVOID handle = KeRegisterProcessorChangeCallback(changed, NULL, KE_PROCESSOR_CHANGE_ADD_EXISTING);
    CHECK(handle != NULL, "KeRegisterProcessorChangeCallback returns a handle");
    CHECK(starts == count && completes == count && failures == 0,
          "with KE_PROCESSOR_CHANGE_ADD_EXISTING it is called twice for each active processor");
    KeDeregisterProcessorChangeCallback(handle);
    starts = completes = failures = 0;
    fail_at = count - 1;
    handle = KeRegisterProcessorChangeCallback(changed, NULL, KE_PROCESSOR_CHANGE_ADD_EXISTING);
    CHECK(starts == count && completes == 0 && failures == count - 1,
          "after an error it is called for those that were called before, except the one with the error");
    if (handle) KeDeregisterProcessorChangeCallback(handle);
    starts = 0;
    handle = KeRegisterProcessorChangeCallback(changed, NULL, 0);
    CHECK(handle != NULL && starts == 0, "without the flag it is not called for processors that are there");
    KeDeregisterProcessorChangeCallback(handle);
}

static void relations(void) {
    static char buffer[8192];
    ULONG length = 0, count = KeQueryActiveProcessorCountEx(ALL_PROCESSOR_GROUPS), entries = 0, cores = 0;
    CHECK(import_KeQueryLogicalProcessorRelationship(NULL, RelationAll, NULL, &length) ==
                  STATUS_INFO_LENGTH_MISMATCH &&
              length > 0 && length <= sizeof buffer,
          "KeQueryLogicalProcessorRelationship tells the size that it needs");
    CHECK(import_KeQueryLogicalProcessorRelationship(NULL, RelationAll, buffer, &length) == STATUS_SUCCESS,
          "and then the relations");
    for (ULONG at = 0; at < length; at += ((ULONG*)buffer)[at / 4 + 1]) { // Relationship, Size
        ++entries;
        cores += ((ULONG*)buffer)[at / 4] == RelationProcessorCore;
    }
    CHECK(cores == count && entries > count, "a core per processor, a package, a node, a group");
    PROCESSOR_NUMBER number = {0, 0, 0}, wrong = {0, (UCHAR)count, 0};
    ULONG one = sizeof buffer;
    CHECK(import_KeQueryLogicalProcessorRelationship(&number, RelationProcessorCore, buffer, &one) ==
                  STATUS_SUCCESS &&
              one == ((ULONG*)buffer)[1],
          "those of one processor");
    one = sizeof buffer;
    CHECK(import_KeQueryLogicalProcessorRelationship(&wrong, RelationProcessorCore, buffer, &one) ==
              STATUS_INVALID_PARAMETER,
          "of one that exists");
}

static void checks(void) {
    counts();
    numbers();
    relations();
    changes();
}
