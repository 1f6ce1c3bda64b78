// What the files about services share: a request to the service control manager, and answers laid out in the
// caller's buffer. sdk-api pages winsvc/nf-winsvc-…
#pragma once
#include "abi/scm.h"
#include "user/kernel32/api_trace.h"
#include "user/kernel32/kernel32.h"

namespace nt {

using SC_HANDLE = ULONGLONG; // as wide as a pointer

namespace svc {
using namespace k32;

// Errors that only services have.
constexpr DWORD ERROR_INVALID_SERVICE_CONTROL = 1052, ERROR_SERVICE_CANNOT_ACCEPT_CTRL = 1061,
                ERROR_SERVICE_NOT_ACTIVE = 1062, ERROR_FAILED_SERVICE_CONTROLLER_CONNECT = 1063,
                ERROR_DATABASE_DOES_NOT_EXIST = 1065, ERROR_INVALID_SERVICE_LOCK = 1071,
                ERROR_CANNOT_DETECT_DRIVER_FAILURE = 1080, ERROR_SERVICE_NOT_IN_EXE = 1083;
constexpr DWORD error_invalid_level = 124, error_invalid_security_descriptor = 1338;

inline ULONG length_of(const WCHAR* s) { return s ? ULONG(wcslen(s)) : 0; }
// A list of strings, each with its terminator, and one more.
template <class Char> ULONG length_of_list(const Char* s) {
    ULONG n = 0;
    if (s)
        while (s[n]) {
            while (s[n])
                ++n;
            ++n;
        }
    return n;
}

// A list of strings in UTF-16.
class WideList {
  public:
    explicit WideList(const CHAR* from);
    WideList(const WideList&) = delete;
    WideList& operator=(const WideList&) = delete;
    ~WideList() { heap_free(text_); }
    bool ok() const { return ok_; }
    WCHAR* get() const { return text_; }

  private:
    WCHAR* text_ = nullptr;
    bool ok_ = true;
};

struct Request : SCM_REQUEST {
    Request(SCM_CALL call, SC_HANDLE handle) : SCM_REQUEST{} {
        Call = call;
        Handle = handle;
    }
    void text(unsigned index, const WCHAR* s) { Text[index] = {s, length_of(s)}; }
    // FALSE with the last error.
    BOOL send();
    // With the configuration of a service; *tag (may be null) gets the one that was given out.
    BOOL send_configuration(ULONG type, ULONG start, ULONG error_control, const WCHAR* path,
                            const WCHAR* group, ULONG* tag, const WCHAR* dependencies, const WCHAR* account,
                            const WCHAR* display);
};

// A request whose answer has data, in a heap buffer of this.
class Answer {
  public:
    explicit Answer(Request& request) : request_(request) {}
    Answer(const Answer&) = delete;
    Answer& operator=(const Answer&) = delete;
    ~Answer() { heap_free(data_); }
    BOOL get();
    ULONG number();
    const WCHAR* text(ULONG& length); // not terminated
    SERVICE_STATUS_PROCESS status();
    const UCHAR* data() const { return data_; }

  private:
    Request& request_;
    UCHAR* data_ = nullptr;
    ULONG at_ = 0;
};

inline ULONG size_in(const WCHAR*, const WCHAR*, ULONG length) { return (length + 1) * sizeof(WCHAR); }
inline ULONG size_in(const CHAR*, const WCHAR* s, ULONG length) { return ansi_size(s, length) + 1; }

// Strings behind a structure in the caller's buffer, in the caller's kind of characters.
template <class Char> class Strings {
  public:
    Strings(PVOID buffer, ULONG fixed) : at_(static_cast<UCHAR*>(buffer) + fixed) {}
    static ULONG size(const WCHAR* s, ULONG length) {
        return size_in(static_cast<Char*>(nullptr), s, length);
    }
    Char* add(const WCHAR* s, ULONG length) {
        const ULONG bytes = size(s, length);
        auto* to = reinterpret_cast<Char*>(at_);
        return_string(to, bytes / sizeof(Char), s, length);
        at_ += bytes;
        return to;
    }

  private:
    UCHAR* at_;
};

} // namespace svc
} // namespace nt
