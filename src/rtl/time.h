// Conversions of system time: 100 ns units since 1601-01-01 00:00 UTC. Pure functions, any IRQL.
#pragma once
#include "abi/list.h"

namespace nt::rtl {

void time_to_fields(LONGLONG time, TIME_FIELDS& fields);
// False when a field is out of range (year 1601 to 30827; the weekday is ignored).
bool fields_to_time(const TIME_FIELDS& fields, LONGLONG& time);
// False when the result does not fit 32 bits.
bool time_to_seconds_since_1970(LONGLONG time, ULONG& seconds);
bool time_to_seconds_since_1980(LONGLONG time, ULONG& seconds);
LONGLONG seconds_since_1970_to_time(ULONG seconds);
LONGLONG seconds_since_1980_to_time(ULONG seconds);

} // namespace nt::rtl
