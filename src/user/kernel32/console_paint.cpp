// Colours and places of a console's characters. The terminal keeps the cells: what programs ask for goes
// there as control sequences, and only to a terminal.
#include "console.h"

namespace nt {
using namespace k32;

namespace {

constexpr COORD buffer_size{80, 25};
constexpr WORD REVERSE_VIDEO = 0x4000, UNDERSCORE = 0x8000;

struct Sequence {
    CHAR text[64];
    ULONG size = 0;
    void add(const CHAR* s) {
        while (*s)
            text[size++] = *s++;
    }
    void number(ULONG n) {
        if (n >= 10) number(n / 10);
        text[size++] = CHAR('0' + n % 10);
    }
    BOOL send(HANDLE console) const { return write_to_console(console, text, size); }
};

// Windows' bits are blue, green, red; the terminal's red, green, blue.
ULONG colour(ULONG bits) { return (bits & 4 ? 1 : 0) | (bits & 2) | (bits & 1 ? 4 : 0); }

// The usual attributes are the terminal's own colours, whatever those are.
void paint(Sequence& s, WORD attributes) {
    s.add("\x1b[0");
    if ((attributes & 0xff) != usual_attributes) {
        s.add(";");
        s.number((attributes & 8 ? 90 : 30) + colour(attributes));
        s.add(";");
        s.number((attributes & 0x80 ? 100 : 40) + colour(attributes >> 4));
    }
    if (attributes & UNDERSCORE) s.add(";4");
    if (attributes & REVERSE_VIDEO) s.add(";7");
    s.add("m");
}

bool inside(COORD at) { return at.X >= 0 && at.Y >= 0 && at.X < buffer_size.X && at.Y < buffer_size.Y; }

void go_to(Sequence& s, COORD at) {
    s.add("\x1b[");
    s.number(ULONG(at.Y) + 1);
    s.add(";");
    s.number(ULONG(at.X) + 1);
    s.add("H");
}

// Writes the character `count` times from `at`, row after row, no further than the buffer's end.
BOOL fill(HANDLE console, WCHAR c, DWORD count, COORD at, DWORD* written) {
    if (!is_console_output(console)) return fail_with(ERROR_INVALID_HANDLE);
    if (!inside(at)) return fail_with(ERROR_INVALID_PARAMETER);
    const DWORD room = DWORD(buffer_size.X) * DWORD(buffer_size.Y - at.Y) - DWORD(at.X);
    if (count > room) count = room;
    *written = count;
    WCHAR row[80];
    for (WCHAR& cell : row)
        cell = c;
    Sequence save, restore;
    save.add("\x1b"
             "7");
    restore.add("\x1b"
                "8");
    BOOL ok = save.send(console);
    while (ok && count) {
        Sequence place;
        go_to(place, at);
        DWORD n = DWORD(buffer_size.X - at.X);
        if (n > count) n = count;
        ok = place.send(console) && write_text_to_console(console, row, n);
        count -= n;
        at = {0, SHORT(at.Y + 1)};
    }
    return ok && restore.send(console);
}

} // namespace

extern "C" {

INT MultiByteToWideChar(UINT, DWORD, const CHAR*, INT, WCHAR*, INT);

BOOL SetConsoleTextAttribute(HANDLE handle, WORD attributes) {
    handle = real_handle(handle);
    if (!is_console_output(handle)) return fail_with(ERROR_INVALID_HANDLE);
    Sequence s;
    paint(s, attributes);
    if (!s.send(handle)) return FALSE;
    text_attributes = attributes;
    return TRUE;
}
BOOL SetConsoleCursorPosition(HANDLE handle, COORD at) {
    handle = real_handle(handle);
    if (!is_console_output(handle)) return fail_with(ERROR_INVALID_HANDLE);
    if (!inside(at)) return fail_with(ERROR_INVALID_PARAMETER);
    Sequence s;
    go_to(s, at);
    return s.send(handle);
}
BOOL FillConsoleOutputCharacterW(HANDLE handle, WCHAR c, DWORD count, COORD at, DWORD* written) {
    return fill(real_handle(handle), c, count, at, written);
}
BOOL FillConsoleOutputCharacterA(HANDLE handle, CHAR c, DWORD count, COORD at, DWORD* written) {
    WCHAR wide = ' ';
    MultiByteToWideChar(437, 0, &c, 1, &wide, 1);
    return fill(real_handle(handle), wide, count, at, written);
}
// A process has one console, and this one has it from its start.
BOOL AllocConsole() { return fail_with(ERROR_ACCESS_DENIED); }

} // extern "C"
} // namespace nt
