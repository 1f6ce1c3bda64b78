// What the services of events, mutants, semaphores and timers share: finding, making and opening objects by
// handle and name.
#pragma once
#include "abi/status.h"
#include "kernel/exports/capture.h"
#include "kernel/ob/handle.h"
#include "kernel/ob/namespace.h"

namespace nt::exports {

inline constexpr ACCESS_MASK modify_state = 0x2, query_state = 0x1;

// An object named by a handle, for the length of a service.
class Reference {
  public:
    Reference(HANDLE handle, ACCESS_MASK desired, OBJECT_TYPE* type) {
        status = ob::reference_by_handle(handle, desired, type, previous_mode(), &body_, nullptr);
    }
    ~Reference() {
        if (body_) ob::dereference(body_);
    }
    Reference(const Reference&) = delete;
    Reference& operator=(const Reference&) = delete;
    template <class T> T& as() { return *static_cast<T*>(body_); }
    NTSTATUS status;

  private:
    PVOID body_ = nullptr;
};

inline NTSTATUS give(HANDLE* to, HANDLE handle, NTSTATUS status) {
    if (write_parameter(to, handle)) return status;
    ob::close_handle(handle, previous_mode());
    return STATUS_ACCESS_VIOLATION;
}

// Makes an object of a type, prepared by `prepare`, under the caller's attributes.
template <class T, class Prepare>
NTSTATUS create(HANDLE* handle, ACCESS_MASK desired, const OBJECT_ATTRIBUTES* given, OBJECT_TYPE* type,
                Prepare prepare) {
    const KPROCESSOR_MODE mode = previous_mode();
    if (!is_writable(handle)) return STATUS_ACCESS_VIOLATION;
    ob::Attributes attributes;
    if (const NTSTATUS status = attributes.capture(given, mode); !NT_SUCCESS(status)) return status;
    std::u16string_view last{attributes.name.Buffer, attributes.name.Length / sizeof(WCHAR)};
    if (const auto slash = last.rfind(u'\\'); slash != last.npos) last.remove_prefix(slash + 1);
    PVOID body = TRY_STATUS(ob::create_object(
        {.type = type, .body_size = sizeof(T), .name = last, .attributes = attributes.attributes}));
    prepare(*static_cast<T*>(body));
    HANDLE made = nullptr;
    const NTSTATUS status = ob::insert(body, attributes, mode, desired, &made);
    return NT_SUCCESS(status) ? give(handle, made, status) : status;
}

inline NTSTATUS open(HANDLE* handle, ACCESS_MASK desired, const OBJECT_ATTRIBUTES* given, OBJECT_TYPE* type) {
    if (!given) return STATUS_INVALID_PARAMETER;
    const KPROCESSOR_MODE mode = previous_mode();
    ob::Attributes attributes;
    if (const NTSTATUS status = attributes.capture(given, mode); !NT_SUCCESS(status)) return status;
    const HANDLE made = TRY_STATUS(ob::open_by_name(attributes, type, mode, nullptr, desired, nullptr));
    return give(handle, made, STATUS_SUCCESS);
}

inline NTSTATUS report(LONG* to, LONG previous) {
    return !to || write_parameter(to, previous) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}

} // namespace nt::exports
