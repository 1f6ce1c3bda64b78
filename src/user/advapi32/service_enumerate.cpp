// Lists of services: EnumServicesStatus(Ex), EnumDependentServices.
#include "services.h"

namespace nt {
using namespace svc;

namespace {

template <class Char, class Status> struct Entry {
    Char *name, *display;
    Status status;
};

SERVICE_STATUS only(const SERVICE_STATUS_PROCESS& status, const SERVICE_STATUS*) { return status.Status; }
SERVICE_STATUS_PROCESS only(const SERVICE_STATUS_PROCESS& status, const SERVICE_STATUS_PROCESS*) {
    return status;
}

// The entries from *resume on, as many as fit: structures from the front, their strings from the back. With
// some left over, ERROR_MORE_DATA, the bytes that these need, and where to go on.
template <class Char, class Status>
BOOL list(Request& request, UCHAR* to, ULONG size, ULONG* needed, ULONG* returned, ULONG* resume) {
    using E = Entry<Char, Status>;
    if (!needed || !returned || (size && !to)) return fail_with(ERROR_INVALID_ADDRESS);
    Answer answer(request);
    if (!answer.get()) return FALSE;
    const ULONG from = resume ? *resume : 0;
    ULONG front = 0, back = size, done = 0, left = 0, next = 0;
    for (ULONG i = 0; i < request.Count; ++i) {
        ULONG name_length, display_length;
        const WCHAR* name = answer.text(name_length);
        const WCHAR* display = answer.text(display_length);
        const SERVICE_STATUS_PROCESS status = answer.status();
        if (i < from) continue;
        const ULONG strings =
            Strings<Char>::size(name, name_length) + Strings<Char>::size(display, display_length);
        const ULONG aligned = (back - (strings <= back ? strings : back)) & ~ULONG(sizeof(Char) - 1);
        if (left || strings > back || aligned < front + sizeof(E)) {
            if (!left) next = i;
            left += sizeof(E) + strings;
            continue;
        }
        back = aligned;
        Strings<Char> texts(to, back);
        auto* entry = reinterpret_cast<E*>(to + front);
        entry->name = texts.add(name, name_length);
        entry->display = texts.add(display, display_length);
        entry->status = only(status, static_cast<Status*>(nullptr));
        front += sizeof(E);
        ++done;
    }
    *returned = done;
    *needed = left;
    if (resume) *resume = left ? next : 0;
    return left ? fail_with(ERROR_MORE_DATA) : BOOL(TRUE);
}

template <class Char, class Status>
BOOL list_all(SC_HANDLE manager, ULONG types, ULONG states, UCHAR* to, ULONG size, ULONG* needed,
              ULONG* returned, ULONG* resume, const WCHAR* group) {
    Request request(ScmEnumerate, manager);
    request.Numbers[0] = types;
    request.Numbers[1] = states;
    request.text(0, group);
    return list<Char, Status>(request, to, size, needed, returned, resume);
}

template <class Char>
BOOL list_dependents(SC_HANDLE service, ULONG states, UCHAR* to, ULONG size, ULONG* needed, ULONG* returned) {
    Request request(ScmEnumerateDependents, service);
    request.Numbers[0] = states;
    return list<Char, SERVICE_STATUS>(request, to, size, needed, returned, nullptr);
}

} // namespace

extern "C" {

BOOL EnumServicesStatusW(SC_HANDLE manager, ULONG types, ULONG states, UCHAR* to, ULONG size, ULONG* needed,
                         ULONG* returned, ULONG* resume) {
    return list_all<WCHAR, SERVICE_STATUS>(manager, types, states, to, size, needed, returned, resume,
                                           nullptr);
}
BOOL EnumServicesStatusA(SC_HANDLE manager, ULONG types, ULONG states, UCHAR* to, ULONG size, ULONG* needed,
                         ULONG* returned, ULONG* resume) {
    return list_all<CHAR, SERVICE_STATUS>(manager, types, states, to, size, needed, returned, resume,
                                          nullptr);
}
BOOL EnumServicesStatusExW(SC_HANDLE manager, ULONG level, ULONG types, ULONG states, UCHAR* to, ULONG size,
                           ULONG* needed, ULONG* returned, ULONG* resume, const WCHAR* group) {
    if (level != 0) return fail_with(error_invalid_level); // SC_ENUM_PROCESS_INFO
    return list_all<WCHAR, SERVICE_STATUS_PROCESS>(manager, types, states, to, size, needed, returned, resume,
                                                   group);
}
BOOL EnumServicesStatusExA(SC_HANDLE manager, ULONG level, ULONG types, ULONG states, UCHAR* to, ULONG size,
                           ULONG* needed, ULONG* returned, ULONG* resume, const CHAR* group) {
    if (level != 0) return fail_with(error_invalid_level);
    Wide g(group);
    if (!g.ok()) return FALSE;
    return list_all<CHAR, SERVICE_STATUS_PROCESS>(manager, types, states, to, size, needed, returned, resume,
                                                  g.get());
}
BOOL EnumDependentServicesW(SC_HANDLE service, ULONG states, UCHAR* to, ULONG size, ULONG* needed,
                            ULONG* returned) {
    return list_dependents<WCHAR>(service, states, to, size, needed, returned);
}
BOOL EnumDependentServicesA(SC_HANDLE service, ULONG states, UCHAR* to, ULONG size, ULONG* needed,
                            ULONG* returned) {
    return list_dependents<CHAR>(service, states, to, size, needed, returned);
}

} // extern "C"
} // namespace nt
