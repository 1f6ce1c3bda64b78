// What the files of kernel32.dll share. A function that Win32 documents is a thin layer over ntdll: it
// converts arguments, calls one service and turns the NTSTATUS into the last error. Results and errors are
// those that its page documents.
#pragma once
#include "win32.h"

namespace nt::k32 {

// Set the last error and return FALSE.
inline BOOL fail(NTSTATUS status) {
    RtlSetLastWin32ErrorAndNtStatusFromNtStatus(status);
    return FALSE;
}
inline BOOL fail_with(DWORD error) {
    RtlSetLastWin32Error(error);
    return FALSE;
}
inline BOOL answer(NTSTATUS status) { return NT_SUCCESS(status) ? BOOL(TRUE) : fail(status); }

// Stops the machine with the name of a function, or a use of one, that is not implemented.
[[noreturn]] void stop(const char* what);

// CreateFile and others accept STD_…_HANDLE in place of a handle.
inline HANDLE real_handle(HANDLE handle) {
    ULONG_PTR n = ULONG_PTR(handle);
    if (n - ULONG_PTR(STD_ERROR_HANDLE) > 2) [[likely]]
        return handle;
    auto* p = NtCurrentPeb()->ProcessParameters;
    return DWORD(n) == STD_INPUT_HANDLE    ? p->StandardInput
           : DWORD(n) == STD_OUTPUT_HANDLE ? p->StandardOutput
                                           : p->StandardError;
}

inline PVOID process_heap() { return NtCurrentPeb()->ProcessHeap; }
inline PVOID heap_allocate(SIZE_T bytes) { return RtlAllocateHeap(process_heap(), 0, bytes); }
inline void heap_free(PVOID p) {
    if (p) RtlFreeHeap(process_heap(), 0, p);
}

// A zero-terminated UTF-16 copy of a string in the ANSI code page, on the stack when it is short. After
// construction ok() tells whether there was memory; a null source gives a null string.
class Wide {
  public:
    explicit Wide(const CHAR* from);
    Wide(const Wide&) = delete;
    Wide& operator=(const Wide&) = delete;
    ~Wide() {
        if (text_ != short_) heap_free(text_);
    }
    bool ok() const { return ok_; }
    WCHAR* get() const { return text_; }

  private:
    WCHAR* text_ = nullptr;
    bool ok_ = true;
    WCHAR short_[MAX_PATH];
};

// A heap buffer that goes with its scope.
template <class T> class Scratch {
  public:
    Scratch() = default; // nothing yet
    explicit Scratch(SIZE_T count) : p_(static_cast<T*>(heap_allocate(count * sizeof(T)))) {}
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() { heap_free(p_); }
    explicit operator bool() const { return p_; }
    T* get() const { return p_; }
    void reset(SIZE_T count) {
        heap_free(p_);
        p_ = static_cast<T*>(heap_allocate(count * sizeof(T)));
    }
    T& operator[](SIZE_T i) const { return p_[i]; }

  private:
    T* p_ = nullptr;
};

// Length in ANSI bytes of UTF-16 text; and the conversion, which does not terminate.
ULONG ansi_size(const WCHAR* from, SIZE_T length);
ULONG to_ansi(CHAR* to, ULONG size, const WCHAR* from, SIZE_T length);

// The A form of a function that fills a buffer and returns a length: `length` characters without the
// terminator were found. Returns what the documentation asks of such functions: the length, or the size
// needed with the terminator when it is more than `size`.
DWORD return_string(WCHAR* to, DWORD size, const WCHAR* from, DWORD length);
DWORD return_string(CHAR* to, DWORD size, const WCHAR* from, DWORD length);

// The private namespace that the program knows by the part of a name before its first backslash, and what
// follows that; null: the name is none of a namespace.
HANDLE namespace_of(const WCHAR*& name);

// Fills attributes for a name in the directory that Win32 names of kernel objects live in, or in a private
// namespace; OBJ_INHERIT from `security`. The name is only pointed to.
struct NamedObject {
    NamedObject(const WCHAR* name, const SECURITY_ATTRIBUTES* security, ULONG flags);
    explicit operator bool() const { return ok; } // else the last error says why not
    OBJECT_ATTRIBUTES* get() { return &attributes; }
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING string;
    bool ok = true;
};

// The low bit of an OVERLAPPED's event keeps the completion away from a completion port.
inline HANDLE event_of(OVERLAPPED* o) {
    return reinterpret_cast<HANDLE>(ULONG_PTR(o->hEvent) & ~ULONG_PTR(1));
}
inline PVOID context_of(OVERLAPPED* o) { return ULONG_PTR(o->hEvent) & 1 ? nullptr : o; }
// The kernel's APC of an extended request, whose context is the program's routine.
void completion_apc(PVOID routine, IO_STATUS_BLOCK* iosb, ULONG);

inline LARGE_INTEGER* timeout_of(DWORD milliseconds, LARGE_INTEGER* storage) {
    if (milliseconds == INFINITE) return nullptr;
    storage->QuadPart = LONGLONG(milliseconds) * -10000;
    return storage;
}

void initialize_command_line(); // at process attach
void initialize_exceptions();

} // namespace nt::k32
