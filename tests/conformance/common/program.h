// The frame of a conformance program: CHECK prints a line per check; finish() gives the exit status, 1 if
// anything failed.
#pragma once
#include <stdio.h>
#include <string.h>

static int failures, passes;

static inline void check_at(int pass, const char* what, const char* file, int line) {
    const char* base = file;
    for (const char* p = file; *p; ++p)
        if (*p == '/' || *p == '\\') base = p + 1;
    if (pass)
        printf("PASS %s\n", what), ++passes;
    else
        printf("FAIL %s (%s:%d)\n", what, base, line), ++failures;
}
#define CHECK(condition, what) check_at((condition) ? 1 : 0, what, __FILE__, __LINE__)

static inline int finish(void) {
    printf("%d passed, %d failed\n", passes, failures);
    fflush(stdout);
    return failures ? 1 : 0;
}
