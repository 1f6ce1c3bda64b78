// Trace events of API calls: our kernel32.dll sends them while the byte at 0x7ffe0ff0 says that tracing is
// on.
#include "abi/list.h"
#include "abi/status.h"
#include "kernel/exports/capture.h"
#include "kernel/exports/gate.h"
#include "trace/trace.h"
#include <algorithm>
#include <cstdint>

using namespace nt;

namespace {

// A zero-terminated name of at most 39 characters.
struct Name {
    explicit Name(const CHAR* from) {
        while (length < sizeof text && exports::copy_in(text + length, from + length, 1) && text[length])
            ++length;
    }
    std::string_view view() const { return {text, length}; }
    char text[40];
    std::size_t length = 0;
};

} // namespace

extern "C" NTSTATUS NtDrvlabTraceApiCall(const CHAR* name, const UNICODE_STRING* text,
                                         const ULONG_PTR* arguments, ULONG count) {
    if (!trace::on) return STATUS_SUCCESS;
    Name api(name);
    UNICODE_STRING string{};
    char16_t characters[260];
    if (text && !exports::read_parameter(text, string)) return STATUS_ACCESS_VIOLATION;
    const std::size_t bytes = std::min<std::size_t>(string.Length & ~1u, sizeof characters);
    if (!exports::copy_in(characters, string.Buffer, bytes)) return STATUS_ACCESS_VIOLATION;
    std::uint64_t words[12];
    count = std::min<ULONG>(count, std::size(words));
    if (!exports::copy_in(words, arguments, count * sizeof *words)) return STATUS_ACCESS_VIOLATION;
    trace::emit_api_call(api.view(), std::u16string_view(characters, bytes / 2), {words, count});
    return STATUS_SUCCESS;
}
GATE(NtDrvlabTraceApiCall);

extern "C" NTSTATUS NtDrvlabTraceApiReturn(const CHAR* name, ULONG_PTR result, ULONG error) {
    if (trace::on) trace::emit_api_return(Name(name).view(), result, error);
    return STATUS_SUCCESS;
}
GATE(NtDrvlabTraceApiReturn);
