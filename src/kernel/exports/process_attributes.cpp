#include "kernel/exports/process_attributes.h"
#include "kernel/exports/capture.h"
#include "kernel/exports/process_image.h"
#include "kernel/ps/priority_class.h"

namespace nt::exports {

namespace {

// Number, 0x10000: of the thread, 0x20000: input, 0x40000: may be added to an existing process.
enum Number : ULONG_PTR {
    parent_process = 0x60000,
    client_id = 0x10003,
    teb_address = 0x10004,
    image_name_attribute = 0x20005,
    image_information = 0x6,
    priority_class_attribute = 0x20008,
    error_mode_attribute = 0x20009,
    standard_handle_information = 0x2000a,
    handle_list = 0x2000b,
};

struct Attribute {
    ULONG_PTR number;
    SIZE_T size;
    ULONG_PTR value; // an address or the value itself
    SIZE_T* returned;
};

} // namespace

NTSTATUS ProcessAttributes::read(const void* list) {
    SIZE_T total;
    const auto* at = static_cast<const UCHAR*>(list);
    if (!copy_in(&total, at, sizeof total)) return STATUS_ACCESS_VIOLATION;
    constexpr SIZE_T most = sizeof total + 32 * sizeof(Attribute);
    if (total < sizeof total || total > most || (total - sizeof total) % sizeof(Attribute))
        return STATUS_INVALID_PARAMETER;
    for (SIZE_T i = sizeof total; i < total; i += sizeof(Attribute)) {
        Attribute a;
        if (!copy_in(&a, at + i, sizeof a)) return STATUS_ACCESS_VIOLATION;
        const auto* value = reinterpret_cast<const UCHAR*>(a.value);
        switch (a.number) {
        case parent_process:
            parent = reinterpret_cast<HANDLE>(a.value);
            break;
        case image_name_attribute:
            if (a.size % 2 || a.size > 0xfffe) return STATUS_INVALID_PARAMETER;
            image_name.assign(a.size / 2, u'\0');
            if (!copy_in(image_name.data(), value, a.size)) return STATUS_ACCESS_VIOLATION;
            break;
        case priority_class_attribute: { // PROCESS_PRIORITY_CLASS: foreground, class
            UCHAR pair[2];
            if (a.size != sizeof pair) return STATUS_INVALID_PARAMETER;
            if (!copy_in(pair, value, sizeof pair)) return STATUS_ACCESS_VIOLATION;
            if (pair[1] < 1 || pair[1] >= ps::priority_class_count) return STATUS_INVALID_PARAMETER;
            priority_class = pair[1];
            break;
        }
        case error_mode_attribute: // the value itself
            if (a.size != sizeof(ULONG)) return STATUS_INVALID_PARAMETER;
            error_mode = static_cast<ULONG>(a.value);
            break;
        case standard_handle_information: { // PS_STD_HANDLE_INFO: bits 0-1 say 0 never, 1 on request, 2
                                            // always
            ULONG info[2];
            if (a.size != sizeof info) return STATUS_INVALID_PARAMETER;
            if (!copy_in(info, value, sizeof info)) return STATUS_ACCESS_VIOLATION;
            standard_handles = (info[0] & 3) != 0;
            break;
        }
        case handle_list:
            if (a.size % sizeof(HANDLE) || a.size > 0x10000) return STATUS_INVALID_PARAMETER;
            has_handles = true;
            handles.assign(a.size / sizeof(HANDLE) + 1, 0); // never empty: its address is asked for
            if (!copy_in(handles.data(), value, a.size)) return STATUS_ACCESS_VIOLATION;
            handles.pop_back();
            break;
        case client_id:
        case teb_address:
        case image_information:
            wanted_.push_back({a.number, a.size, reinterpret_cast<PVOID>(a.value), a.returned});
            break;
        default:
            return STATUS_NOT_SUPPORTED;
        }
    }
    return STATUS_SUCCESS;
}

NTSTATUS ProcessAttributes::answer(const EPROCESS& process, const ke::Thread& thread) const {
    for (const Wanted& w : wanted_) {
        const CLIENT_ID id = thread.Cid;
        const ULONG_PTR teb = thread.teb;
        const auto image = exports::image_information_of(static_cast<const ps::Process&>(process));
        const void* from = w.number == client_id     ? &id
                           : w.number == teb_address ? static_cast<const void*>(&teb)
                                                     : &image;
        const SIZE_T size = w.number == client_id     ? sizeof id
                            : w.number == teb_address ? sizeof teb
                                                      : sizeof image;
        if (w.size < size) return STATUS_INVALID_PARAMETER;
        if (!copy_out(w.to, from, size)) return STATUS_ACCESS_VIOLATION;
        if (w.returned && !write_parameter(w.returned, size)) return STATUS_ACCESS_VIOLATION;
    }
    return STATUS_SUCCESS;
}

} // namespace nt::exports
