// wdm pages nf-wdm-dbgprint, nf-wdm-dbgprintex, nf-wdm-vdbgprintex. At most 512 bytes a call, as documented.
#include "kernel/exports/dbg_print.h"
#include "abi/status.h"
#include "host/guest.h"
#include "kernel/exports/gate.h"
#include "kernel/ke/processor.h"
#include "rtl/format.h"
#include "trace/trace.h"
#include <algorithm>
#include <cstring>

using namespace nt;

void (*exports::debug_output)(const char* text, std::size_t length) = [](const char*, std::size_t) {};

namespace {

constexpr std::size_t largest = 512;

const rtl::MemoryReader reader{[](const rtl::MemoryReader&, std::uint64_t address, void* to, std::size_t n) {
    return guest::copy_from(to, address, n);
}};

struct Line {
    char text[largest];
    std::size_t length = 0;
};

NTSTATUS print(ULONG component, ULONG level, const char* format, const ULONG_PTR* args) {
    Line line;
    const rtl::FormatSink<CHAR> sink{[](void* context, const CHAR* s, std::size_t n) {
                                         auto& l = *static_cast<Line*>(context);
                                         const std::size_t fits = std::min(n, largest - l.length);
                                         std::memcpy(l.text + l.length, s, fits);
                                         l.length += fits;
                                         return fits == n;
                                     },
                                     &line};
    ULONG_PTR fault = 0;
    rtl::format(reader, sink, format, args, &fault); // what could be formatted is printed
    exports::debug_print(component, level, line.text, line.length);
    return STATUS_SUCCESS;
}

} // namespace

void exports::debug_print(ULONG component, ULONG level, const char* text, std::size_t length) {
    if (trace::on) trace::emit_debug_print(component, level, std::string_view(text, length));
    debug_output(text, length);
}

constexpr ULONG default_component = 101; // DPFLTR_DEFAULT_ID
constexpr ULONG info_level = 3;          // DPFLTR_INFO_LEVEL

extern "C" ULONG DbgPrint(const char* format, const ULONG_PTR* args) {
    return static_cast<ULONG>(print(default_component, info_level, format, args));
}
VARARG_GATE(DbgPrint);

extern "C" ULONG DbgPrintEx(ULONG component, ULONG level, const char* format, const ULONG_PTR* args) {
    return static_cast<ULONG>(print(component, level, format, args));
}
VARARG_GATE(DbgPrintEx);

extern "C" ULONG vDbgPrintEx(ULONG component, ULONG level, const char* format, const ULONG_PTR* args) {
    return static_cast<ULONG>(print(component, level, format, args));
}
GATE(vDbgPrintEx);
