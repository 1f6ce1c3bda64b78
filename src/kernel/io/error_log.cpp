#include "kernel/io/error_log.h"
#include "kernel/io/detail/describe.h"
#include "kernel/io/hard_error.h"
#include "kernel/ob/namespace.h"
#include "kernel/ob/object.h"
#include "kernel/pool/pool.h"
#include "rtl/strings.h"
#include "trace/trace.h"
#include <algorithm>
#include <cstdio>

namespace nt::io {

namespace {

// In front of what the driver gets.
struct Entry {
    CSHORT Type;
    CSHORT Size;
    DEVICE_OBJECT* device; // referenced; null: the driver itself is the source
    DRIVER_OBJECT* driver; // referenced
};
static_assert(sizeof(Entry) % 8 == 0);

Entry* entry_of(IO_ERROR_LOG_PACKET* packet) { return reinterpret_cast<Entry*>(packet) - 1; }

// An insertion string; what does not end within the entry ends there.
ULONG append_text(char* to, ULONG room, const WCHAR* text, ULONG bytes) {
    ULONG length = 0;
    while ((length + 1) * sizeof(WCHAR) <= bytes && text[length])
        ++length;
    ULONG written = 0;
    rtl::unicode_to_utf8(to, room, &written, text, length * sizeof(WCHAR));
    return length + 1;
}

std::string words_of(const Entry& entry, const IO_ERROR_LOG_PACKET& packet) {
    static const char* const levels[] = {"Information", "Information", "Warning", "Error"};
    char text[400];
    const auto code = static_cast<ULONG>(packet.ErrorCode);
    std::snprintf(text, sizeof text, "%s, source %s, event %u (0x%08X), unique value 0x%x, status %s",
                  levels[code >> 30], detail::name_of(entry.driver).text, code & 0xffff, code,
                  packet.UniqueErrorValue, detail::status_name(packet.FinalStatus).text);
    std::string words = text;
    WCHAR name[160];
    UNICODE_STRING device{0, sizeof name, name};
    if (entry.device && NT_SUCCESS(ob::query_name(entry.device, device)) && device.Length) {
        char shown[200] = "";
        append_text(shown, sizeof shown - 1, device.Buffer, device.Length);
        words += std::string(", ") + shown;
    }
    const ULONG size = static_cast<ULONG>(entry.Size);
    ULONG at = packet.StringOffset;
    for (ULONG i = 0; i < packet.NumberOfStrings && at + sizeof(WCHAR) <= size; ++i) {
        char shown[300] = "";
        at += static_cast<ULONG>(
            append_text(shown, sizeof shown - 1,
                        reinterpret_cast<const WCHAR*>(reinterpret_cast<const UCHAR*>(&packet) + at),
                        size - at) *
            sizeof(WCHAR));
        words += std::string(", \"") + shown + "\"";
    }
    const ULONG room = (size - offsetof(IO_ERROR_LOG_PACKET, DumpData)) / sizeof(ULONG);
    for (ULONG i = 0; i < std::min<ULONG>(packet.DumpDataSize / sizeof(ULONG), room); ++i) {
        std::snprintf(text, sizeof text, "%s%08x", i ? " " : ", data ", packet.DumpData[i]);
        words += text;
    }
    return words;
}

} // namespace

IO_ERROR_LOG_PACKET* allocate_error_log_entry(PVOID object, UCHAR size) {
    if (!object || size > ERROR_LOG_MAXIMUM_SIZE || size < sizeof(IO_ERROR_LOG_PACKET)) return nullptr;
    const CSHORT type = *static_cast<const CSHORT*>(object);
    if (type != IO_TYPE_DEVICE && type != IO_TYPE_DRIVER) return nullptr;
    auto* device = type == IO_TYPE_DEVICE ? static_cast<DEVICE_OBJECT*>(object) : nullptr;
    auto* driver = device ? device->DriverObject : static_cast<DRIVER_OBJECT*>(object);
    auto* entry = static_cast<Entry*>(
        pool::allocate(pool::Kind::nonpaged, sizeof(Entry) + size, pool::tag("IoEr"), 0, true));
    if (!entry) return nullptr;
    *entry = {IO_TYPE_ERROR_LOG, static_cast<CSHORT>(size), device, driver};
    if (device) ob::reference(device);
    ob::reference(driver);
    return reinterpret_cast<IO_ERROR_LOG_PACKET*>(entry + 1);
}

// assumed: at once; Windows has a thread write it.
void write_error_log_entry(IO_ERROR_LOG_PACKET* packet) {
    const Entry& entry = *entry_of(packet);
    const std::string words = words_of(entry, *packet);
    if (trace::on) [[unlikely]]
        trace::emit_error_logged(entry.device, entry.driver, packet->ErrorCode, words);
    write_system_log(words.c_str());
    free_error_log_entry(packet);
}

void free_error_log_entry(IO_ERROR_LOG_PACKET* packet) {
    const Entry entry = *entry_of(packet);
    pool::release(entry_of(packet));
    if (entry.device) ob::dereference(entry.device);
    ob::dereference(entry.driver);
}

} // namespace nt::io
