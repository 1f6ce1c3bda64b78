// nf-wdm-rtltimetotimefields, nf-wdm-rtltimefieldstotime, nf-ntddk-rtltimetosecondssince1970 …
#include "kernel/exports/gate.h"
#include "kernel/exports/touch.h"
#include "rtl/time.h"

using namespace nt;
using namespace nt::exports;

extern "C" void RtlTimeToTimeFields(const LARGE_INTEGER* time, TIME_FIELDS* fields) {
    rtl::time_to_fields(need_in(time).QuadPart, need_out(fields));
}
GATE(RtlTimeToTimeFields);

extern "C" BOOLEAN RtlTimeFieldsToTime(const TIME_FIELDS* fields, LARGE_INTEGER* time) {
    LONGLONG result;
    if (!rtl::fields_to_time(need_in(fields), result)) return FALSE;
    need_out(time).QuadPart = result;
    return TRUE;
}
GATE(RtlTimeFieldsToTime);

extern "C" BOOLEAN RtlTimeToSecondsSince1970(const LARGE_INTEGER* time, ULONG* seconds) {
    return rtl::time_to_seconds_since_1970(need_in(time).QuadPart, need_out(seconds));
}
GATE(RtlTimeToSecondsSince1970);

extern "C" BOOLEAN RtlTimeToSecondsSince1980(const LARGE_INTEGER* time, ULONG* seconds) {
    return rtl::time_to_seconds_since_1980(need_in(time).QuadPart, need_out(seconds));
}
GATE(RtlTimeToSecondsSince1980);

extern "C" void RtlSecondsSince1970ToTime(ULONG seconds, LARGE_INTEGER* time) {
    need_out(time).QuadPart = rtl::seconds_since_1970_to_time(seconds);
}
GATE(RtlSecondsSince1970ToTime);

extern "C" void RtlSecondsSince1980ToTime(ULONG seconds, LARGE_INTEGER* time) {
    need_out(time).QuadPart = rtl::seconds_since_1980_to_time(seconds);
}
GATE(RtlSecondsSince1980ToTime);
