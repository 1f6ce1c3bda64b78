// FormatMessage: inserts of the form %n!format!, over text given by the caller or the system's messages.
#include "codepage.h"
#include "messages.h"

namespace nt {
using namespace k32;

namespace {

constexpr DWORD ALLOCATE_BUFFER = 0x100, IGNORE_INSERTS = 0x200, FROM_STRING = 0x400, FROM_HMODULE = 0x800,
                FROM_SYSTEM = 0x1000, ARGUMENT_ARRAY = 0x2000;

// Text that grows. After a failed allocation ok() is false and nothing more is added.
class Text {
  public:
    ~Text() { heap_free(buffer_); }
    void add(WCHAR c) {
        if (size_ + 1 >= room_) {
            SIZE_T room = room_ ? room_ * 2 : 256;
            PVOID grown =
                buffer_ ? RtlReAllocateHeap(process_heap(), 0, buffer_, room * 2) : heap_allocate(room * 2);
            if (!grown) {
                ok_ = false;
                return;
            }
            buffer_ = static_cast<WCHAR*>(grown);
            room_ = room;
        }
        buffer_[size_++] = c;
        buffer_[size_] = 0;
    }
    void add(const WCHAR* s) {
        while (*s && ok_)
            add(*s++);
    }
    bool ok() const { return ok_; }
    const WCHAR* get() const { return buffer_ ? buffer_ : u""; }
    DWORD size() const { return DWORD(size_); }

  private:
    WCHAR* buffer_ = nullptr;
    SIZE_T size_ = 0, room_ = 0;
    bool ok_ = true;
};

// One insert: printf's conversions for strings, characters and integers, with flags, width and precision.
void insert(Text& out, const WCHAR* format, SIZE_T length, ULONG_PTR value, bool ansi_strings) {
    WCHAR spec[40] = u"%", piece[128];
    if (length > 30) return;
    WCHAR kind = length ? format[length - 1] : u's';
    RtlMoveMemory(spec + 1, format, length * 2);
    if (kind == 's' || kind == 'S') {
        bool wide = kind == 's' ? !ansi_strings : ansi_strings;
        for (SIZE_T i = 0; i + 1 < length; ++i) {
            if (format[i] == 'l' || format[i] == 'w') wide = true;
            if (format[i] == 'h') wide = false;
        }
        if (!value) return out.add(u"(null)");
        if (wide) return out.add(reinterpret_cast<const WCHAR*>(value));
        Wide text(reinterpret_cast<const CHAR*>(value));
        if (text.ok()) out.add(text.get());
        return;
    }
    if (kind == 'c' || kind == 'C') return out.add(WCHAR(value));
    _snwprintf(piece, 127, spec, value);
    piece[127] = 0;
    out.add(piece);
}

bool format(Text& out, const WCHAR* from, DWORD flags, const ULONG_PTR* arguments, bool ansi_strings) {
    bool ignore = flags & IGNORE_INSERTS;
    for (; *from; ++from) {
        if (*from != '%') {
            out.add(*from);
            continue;
        }
        ++from;
        if (*from >= '1' && *from <= '9') {
            const WCHAR* start = from;
            ULONG number = *from++ - u'0';
            if (*from >= '0' && *from <= '9') number = number * 10 + (*from++ - u'0');
            const WCHAR* spec = u"s";
            SIZE_T length = 1;
            if (*from == '!') {
                spec = ++from;
                while (*from && *from != '!')
                    ++from;
                length = SIZE_T(from - spec);
                if (*from) ++from;
            }
            if (ignore) {
                out.add('%');
                while (start < from)
                    out.add(*start++);
            } else {
                if (!arguments) return fail_with(ERROR_INVALID_PARAMETER);
                insert(out, spec, length, arguments[number - 1], ansi_strings);
            }
            --from;
            continue;
        }
        switch (*from) {
        case 0:
            return fail_with(ERROR_INVALID_PARAMETER);
        case '0':
            return true; // ends the message without a new line
        case 'n':
            out.add(u"\r\n");
            break;
        case 'r':
            out.add('\r');
            break;
        case 't':
            out.add('\t');
            break;
        default:
            if (ignore) out.add('%');
            out.add(*from);
        }
    }
    return true;
}

// MESSAGE_RESOURCE_DATA: blocks of consecutive identifiers; an entry has its length, whether it is UTF-16,
// and text.
struct Block {
    ULONG low, high, offset;
};
struct Entry {
    USHORT length, unicode;
};
constexpr ULONG longest_message = 0x8000;

bool module_message(const void* module, DWORD id, WCHAR* to) {
    if (!module) module = NtCurrentPeb()->ImageBaseAddress;
    const ULONG_PTR path[] = {11 /* RT_MESSAGETABLE */, 1, 0};
    PVOID data = nullptr, table = nullptr;
    NTSTATUS status = LdrFindResource_U(const_cast<PVOID>(module), path, 3, &data);
    if (NT_SUCCESS(status)) status = LdrAccessResource(const_cast<PVOID>(module), data, &table, nullptr);
    if (!NT_SUCCESS(status)) return fail(status);
    const auto* bytes = static_cast<const UCHAR*>(table);
    ULONG count = *static_cast<const ULONG*>(table);
    for (auto* block = reinterpret_cast<const Block*>(bytes + sizeof(ULONG)); count; --count, ++block) {
        if (id < block->low || id > block->high) continue;
        const UCHAR* at = bytes + block->offset;
        for (ULONG n = block->low; n < id; ++n)
            at += reinterpret_cast<const Entry*>(at)->length;
        const auto& entry = *reinterpret_cast<const Entry*>(at);
        const ULONG size = entry.length - sizeof(Entry);
        ULONG length = size / sizeof(WCHAR);
        if (entry.unicode)
            RtlMoveMemory(to, at + sizeof(Entry), size);
        else
            length = ULONG(MultiByteToWideChar(CP_ACP, 0, reinterpret_cast<const CHAR*>(at + sizeof(Entry)),
                                               INT(size), to, INT(longest_message - 1)));
        to[length] = 0;
        return true;
    }
    return fail_with(ERROR_MR_MID_NOT_FOUND);
}

template <class Char>
DWORD format_message(DWORD flags, const void* source, DWORD id, Char* to, DWORD size, PVOID arguments) {
    Text text;
    const WCHAR* from;
    Scratch<WCHAR> wide(
        sizeof(Char) == 1 && (flags & FROM_STRING) ? strlen(static_cast<const CHAR*>(source)) + 1 : 1);
    Scratch<WCHAR> of_module(longest_message);
    if (!wide || !of_module) return DWORD(fail_with(ERROR_NOT_ENOUGH_MEMORY));
    if (flags & FROM_STRING) {
        from = static_cast<const WCHAR*>(source);
        if (sizeof(Char) == 1) {
            INT n = INT(strlen(static_cast<const CHAR*>(source))) + 1;
            MultiByteToWideChar(CP_ACP, 0, static_cast<const CHAR*>(source), n, wide.get(), n);
            from = wide.get();
        }
    } else if (flags & (FROM_HMODULE | FROM_SYSTEM)) {
        // The module's table comes first, the system's is the fallback.
        from = nullptr;
        if ((flags & FROM_HMODULE) && module_message(source, id, of_module.get())) from = of_module.get();
        if (!from && (flags & FROM_HMODULE) && !(flags & FROM_SYSTEM)) return 0;
        if (!from)
            from = system_message(id >> 16 == 0x8007 ? id & 0xffff : id); // an HRESULT of FACILITY_WIN32
        if (!from) return DWORD(fail_with(ERROR_MR_MID_NOT_FOUND));
    } else
        return DWORD(fail_with(ERROR_INVALID_PARAMETER));
    // Both forms of the argument list are arrays of 64-bit words: va_list points to them, or is one.
    const ULONG_PTR* words = nullptr;
    if (arguments)
        words = flags & ARGUMENT_ARRAY ? static_cast<ULONG_PTR*>(arguments)
                                       : *static_cast<ULONG_PTR**>(arguments);
    if (!format(text, from, flags, words, sizeof(Char) == 1)) return 0;
    if (!(flags & FROM_STRING) && from != of_module.get())
        text.add(u"\r\n"); // a module's texts have their own
    if (!text.ok()) return DWORD(fail_with(ERROR_NOT_ENOUGH_MEMORY));
    if (flags & ALLOCATE_BUFFER) {
        DWORD needed = sizeof(Char) == 1 ? ansi_size(text.get(), text.size()) + 1 : text.size() + 1;
        if (needed < size) needed = size;
        auto* made = static_cast<Char*>(heap_allocate(needed * sizeof(Char)));
        if (!made) return DWORD(fail_with(ERROR_NOT_ENOUGH_MEMORY));
        *reinterpret_cast<Char**>(to) = made;
        return return_string(made, needed, text.get(), text.size());
    }
    DWORD n = return_string(to, size, text.get(), text.size());
    return n < size ? n : DWORD(fail_with(ERROR_INSUFFICIENT_BUFFER));
}

} // namespace

extern "C" {

DWORD FormatMessageW(DWORD flags, const void* source, DWORD id, DWORD, WCHAR* to, DWORD size,
                     PVOID arguments) {
    return format_message(flags, source, id, to, size, arguments);
}
DWORD FormatMessageA(DWORD flags, const void* source, DWORD id, DWORD, CHAR* to, DWORD size,
                     PVOID arguments) {
    return format_message(flags, source, id, to, size, arguments);
}

} // extern "C"
} // namespace nt
