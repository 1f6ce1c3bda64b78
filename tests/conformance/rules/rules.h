// Control codes of the Rules driver: each makes it break one rule about pending, completing or cancelling
// requests. Include after <ntddk.h> or <windows.h> and <winioctl.h>. X(name, function, what the driver does).
#pragma once

#define RULES(X)                                                                                             \
    X(unmarked_completed, 0xc01, "completes without marking, returns STATUS_PENDING")                        \
    X(unmarked_kept, 0xc02, "keeps it without marking, returns STATUS_PENDING")                              \
    X(marked_completed, 0xc03, "marks, completes, returns STATUS_SUCCESS")                                   \
    X(marked_kept, 0xc04, "marks, keeps it, returns STATUS_SUCCESS")                                         \
    X(forgotten, 0xc05, "does nothing, returns STATUS_SUCCESS")                                              \
    X(completed_pending, 0xc06, "completes with STATUS_PENDING")                                             \
    X(completed_cancelable, 0xc07, "completes with a cancel routine still set")                              \
    X(completed_high, 0xc08, "completes above DISPATCH_LEVEL")                                               \
    X(completed_twice, 0xc09, "completes twice")                                                             \
    X(kept, 0xc0a, "marks, keeps it for ever without a cancel routine, returns STATUS_PENDING")              \
    X(holds_cancel_lock, 0xc0b, "keeps it; the cancel routine does not release the cancel spin lock")        \
    X(unmarked_routine, 0xc0c, "a filter whose completion routine does not pass the mark on")                \
    X(returns_other, 0xc0d, "a filter that returns STATUS_SUCCESS for what is pending below")

#define RULE_CODE(function) CTL_CODE(FILE_DEVICE_UNKNOWN, function, METHOD_BUFFERED, FILE_ANY_ACCESS)
