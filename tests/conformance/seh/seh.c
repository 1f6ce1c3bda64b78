// Structured exception handling in a dispatch routine, which the system calls for a program.
#define TOPIC L"Seh"
#include "../common/driver.h"

#define SEH_DEVICE L"\\Device\\ConformSehRaises"
#include "seh_body.h"

static void checks(void) { seh_checks(); }
