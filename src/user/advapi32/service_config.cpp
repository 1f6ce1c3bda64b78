// Configurations, names and descriptors of services.
#include "rtl/security.h"
#include "services.h"

namespace nt {
using namespace svc;

namespace {

template <class Char> struct Config {
    ULONG type, start, error_control;
    Char *path, *group;
    ULONG tag;
    Char *dependencies, *account, *display;
};

template <class Char> BOOL query_config(SC_HANDLE service, Config<Char>* to, ULONG size, ULONG* needed) {
    Request request(ScmQueryConfig, service);
    Answer answer(request);
    if (!answer.get()) return FALSE;
    const ULONG type = answer.number(), start = answer.number(), error_control = answer.number(),
                tag = answer.number();
    const WCHAR* text[5];
    ULONG length[5], total = sizeof *to;
    for (int i = 0; i < 5; ++i) {
        text[i] = answer.text(length[i]);
        total += Strings<Char>::size(text[i], length[i]);
    }
    *needed = total;
    if (size < total) return fail_with(ERROR_INSUFFICIENT_BUFFER);
    Strings<Char> strings(to, sizeof *to);
    Char* out[5];
    for (int i = 0; i < 5; ++i)
        out[i] = strings.add(text[i], length[i]);
    *to = {type, start, error_control, out[0], out[1], tag, out[2], out[3], out[4]};
    return TRUE;
}

BOOL change_config(SC_HANDLE service, ULONG type, ULONG start, ULONG error_control, const WCHAR* path,
                   const WCHAR* group, ULONG* tag, const WCHAR* dependencies, const WCHAR* account,
                   const WCHAR* display) {
    Request request(ScmChangeConfig, service);
    return request.send_configuration(type, start, error_control, path, group, tag, dependencies, account,
                                      display);
}

enum { DESCRIPTION = 1, FAILURE_ACTIONS = 2, DELAYED_AUTO_START = 3, LAST_LEVEL = 12 };

bool is_level(ULONG level) {
    return level >= DESCRIPTION && level <= LAST_LEVEL && level != 10 && level != 11;
}

ULONG type_of(SC_HANDLE service, ULONG access) {
    Request request(ScmCheckService, service);
    request.Access = access;
    return request.send() ? request.Numbers[0] : 0;
}

template <class Char> struct Description {
    Char* text;
};

template <class Char>
BOOL query_config2(SC_HANDLE service, ULONG level, UCHAR* to, ULONG size, ULONG* needed) {
    if (!is_level(level)) return fail_with(error_invalid_level);
    if (level == DESCRIPTION) {
        Request request(ScmQueryDescription, service);
        Answer answer(request);
        if (!answer.get()) return FALSE;
        ULONG length;
        const WCHAR* text = answer.text(length);
        *needed = sizeof(Description<Char>) + (length ? Strings<Char>::size(text, length) : 0);
        if (size < *needed) return fail_with(ERROR_INSUFFICIENT_BUFFER);
        auto* description = reinterpret_cast<Description<Char>*>(to);
        description->text = length ? Strings<Char>(to, sizeof *description).add(text, length) : nullptr;
        return TRUE;
    }
    if (level == DELAYED_AUTO_START) {
        Request request(ScmQueryDelayed, service);
        if (!request.send()) return FALSE;
        *needed = sizeof(BOOL);
        if (size < *needed) return fail_with(ERROR_INSUFFICIENT_BUFFER);
        *reinterpret_cast<BOOL*>(to) = BOOL(request.Numbers[0]);
        return TRUE;
    }
    if (!type_of(service, SERVICE_QUERY_CONFIG)) return FALSE;
    stop("QueryServiceConfig2 (of this level)");
}

BOOL change_config2(SC_HANDLE service, ULONG level, const WCHAR* description, BOOL delayed) {
    if (!is_level(level)) return fail_with(error_invalid_level);
    if (level == DESCRIPTION) {
        Request request(ScmSetDescription, service);
        request.text(0, description);
        return request.send();
    }
    if (level == DELAYED_AUTO_START) {
        Request request(ScmSetDelayed, service);
        request.Numbers[0] = ULONG(delayed);
        return request.send();
    }
    const ULONG type = type_of(service, SERVICE_CHANGE_CONFIG);
    if (!type) return FALSE;
    // "Failure actions can only be set for Win32 services, not for drivers."
    if (level == FAILURE_ACTIONS && type & SERVICE_DRIVER)
        return fail_with(ERROR_CANNOT_DETECT_DRIVER_FAILURE);
    stop("ChangeServiceConfig2 (of this level)");
}

// A text answer in a buffer of *size characters; *size gets its length.
template <class Char>
BOOL give_name(SCM_CALL call, SC_HANDLE manager, const WCHAR* name, Char* to, ULONG* size) {
    if (!name) return fail_with(ERROR_INVALID_ADDRESS);
    Request request(call, manager);
    request.text(ScmName, name);
    Answer answer(request);
    if (!answer.get()) return FALSE;
    ULONG length;
    const WCHAR* text = answer.text(length);
    const ULONG room = to ? *size : 0, needed = Strings<Char>::size(text, length) / sizeof(Char);
    *size = needed - 1;
    if (needed > room) return fail_with(ERROR_INSUFFICIENT_BUFFER);
    return_string(to, room, text, length);
    return TRUE;
}

} // namespace

extern "C" {

BOOL QueryServiceConfigW(SC_HANDLE service, Config<WCHAR>* to, ULONG size, ULONG* needed) {
    return query_config(service, to, size, needed);
}
BOOL QueryServiceConfigA(SC_HANDLE service, Config<CHAR>* to, ULONG size, ULONG* needed) {
    return query_config(service, to, size, needed);
}
BOOL ChangeServiceConfigW(SC_HANDLE service, ULONG type, ULONG start, ULONG error_control, const WCHAR* path,
                          const WCHAR* group, ULONG* tag, const WCHAR* dependencies, const WCHAR* account,
                          const WCHAR*, const WCHAR* display) {
    return traced<change_config>("ChangeServiceConfigW", display, service, type, start, error_control, path,
                                 group, tag, dependencies, account, display);
}
BOOL ChangeServiceConfigA(SC_HANDLE service, ULONG type, ULONG start, ULONG error_control, const CHAR* path,
                          const CHAR* group, ULONG* tag, const CHAR* dependencies, const CHAR* account,
                          const CHAR*, const CHAR* display) {
    Wide p(path), g(group), a(account), d(display);
    WideList list(dependencies);
    if (!p.ok() || !g.ok() || !a.ok() || !d.ok() || !list.ok()) return FALSE;
    return ChangeServiceConfigW(service, type, start, error_control, p.get(), g.get(), tag, list.get(),
                                a.get(), nullptr, d.get());
}
BOOL QueryServiceConfig2W(SC_HANDLE service, ULONG level, UCHAR* to, ULONG size, ULONG* needed) {
    return query_config2<WCHAR>(service, level, to, size, needed);
}
BOOL QueryServiceConfig2A(SC_HANDLE service, ULONG level, UCHAR* to, ULONG size, ULONG* needed) {
    return query_config2<CHAR>(service, level, to, size, needed);
}
// "If this value is NULL, the information is not changed."
BOOL ChangeServiceConfig2W(SC_HANDLE service, ULONG level, const void* information) {
    const auto* text = static_cast<WCHAR* const*>(information);
    return change_config2(service, level, level == DESCRIPTION && text ? *text : nullptr,
                          level == DELAYED_AUTO_START && information ? *static_cast<const BOOL*>(information)
                                                                     : FALSE);
}
BOOL ChangeServiceConfig2A(SC_HANDLE service, ULONG level, const void* information) {
    if (level != DESCRIPTION || !information) return ChangeServiceConfig2W(service, level, information);
    Wide text(*static_cast<CHAR* const*>(information));
    WCHAR* wide = text.get();
    return text.ok() ? ChangeServiceConfig2W(service, level, &wide) : BOOL(FALSE);
}

BOOL GetServiceDisplayNameW(SC_HANDLE manager, const WCHAR* name, WCHAR* to, ULONG* size) {
    return give_name(ScmDisplayName, manager, name, to, size);
}
BOOL GetServiceDisplayNameA(SC_HANDLE manager, const CHAR* name, CHAR* to, ULONG* size) {
    Wide n(name);
    return n.ok() ? give_name(ScmDisplayName, manager, n.get(), to, size) : BOOL(FALSE);
}
BOOL GetServiceKeyNameW(SC_HANDLE manager, const WCHAR* display, WCHAR* to, ULONG* size) {
    return give_name(ScmKeyName, manager, display, to, size);
}
BOOL GetServiceKeyNameA(SC_HANDLE manager, const CHAR* display, CHAR* to, ULONG* size) {
    Wide d(display);
    return d.ok() ? give_name(ScmKeyName, manager, d.get(), to, size) : BOOL(FALSE);
}

BOOL QueryServiceObjectSecurity(SC_HANDLE service, ULONG parts, void* to, ULONG size, ULONG* needed) {
    Request request(ScmQuerySecurity, service);
    request.Numbers[0] = parts;
    Answer answer(request);
    if (!answer.get()) return FALSE;
    *needed = request.DataLength;
    if (size < *needed) return fail_with(ERROR_INSUFFICIENT_BUFFER);
    RtlMoveMemory(to, answer.data(), *needed);
    return TRUE;
}
BOOL SetServiceObjectSecurity(SC_HANDLE service, ULONG parts, void* descriptor) {
    if (!descriptor || !rtl::valid_descriptor(descriptor))
        return fail_with(error_invalid_security_descriptor);
    ULONG size = rtl::length_descriptor(descriptor);
    Scratch<UCHAR> relative(size);
    if (!relative) return fail_with(ERROR_NOT_ENOUGH_MEMORY);
    if (rtl::absolute_to_relative(descriptor, relative.get(), &size) == STATUS_BAD_DESCRIPTOR_FORMAT)
        RtlMoveMemory(relative.get(), descriptor, size); // it is so already
    Request request(ScmSetSecurity, service);
    request.Numbers[0] = parts;
    request.In = relative.get();
    request.InLength = size;
    return request.send();
}

} // extern "C"
} // namespace nt
