#include "kernel/ps/process_notify.h"
#include "abi/peb.h"
#include "abi/status.h"
#include "host/utf16.h"
#include "kernel/ke/apc.h"
#include "kernel/mm/address_space.h"
#include "kernel/ob/object.h"
#include "kernel/pool/pool.h"
#include "kernel/ps/detail/notify_list.h"
#include "kernel/ps/process.h"
#include "kernel/ps/thread_notify.h"
#include <cstring>

namespace nt::ps {

namespace {

detail::NotifyList<64> routines;

// A string of pool memory, which drivers may read; null: there was none, or no memory.
UNICODE_STRING* pool_string(const WCHAR* text, std::size_t bytes) {
    constexpr std::size_t longest = 0xfffc;
    bytes = std::min(bytes, longest);
    auto* string = static_cast<UNICODE_STRING*>(
        pool::allocate(pool::Kind::paged, sizeof(UNICODE_STRING) + bytes + 2, pool::tag("PsNt"), 0, true));
    if (!string) return nullptr;
    auto* characters = reinterpret_cast<WCHAR*>(string + 1);
    std::memcpy(characters, text, bytes);
    *string = {static_cast<USHORT>(bytes), static_cast<USHORT>(bytes + 2), characters};
    return string;
}

UNICODE_STRING* image_name(const Process& process) { // the name that the image was opened by
    const std::u16string name = u"\\??\\" + host::utf16(*process.path);
    return pool_string(name.data(), name.size() * 2);
}

UNICODE_STRING* command_line(const Process& process) {
    const std::u16string text = command_line_of(process);
    return pool_string(text.data(), text.size() * 2);
}

void free_string(const UNICODE_STRING* string) {
    if (string) pool::release(const_cast<UNICODE_STRING*>(string));
}

} // namespace

NTSTATUS add_process_notify_routine(PVOID routine, bool is_extended) {
    return routines.find(routine, is_extended) || !routines.add(routine, is_extended)
               ? STATUS_INVALID_PARAMETER
               : STATUS_SUCCESS;
}

NTSTATUS remove_process_notify_routine(PVOID routine, bool is_extended) {
    return routines.remove(routine, is_extended) ? STATUS_SUCCESS : STATUS_PROCEDURE_NOT_FOUND;
}

void for_each_process_notify_routine(void (*visit)(void*, ULONG_PTR), void* context) {
    routines.for_each(visit, context);
}

static NTSTATUS ask(EPROCESS& object) {
    Process& process = body(&object);
    const ke::Thread& self = ke::current_thread();
    auto* info = static_cast<PS_CREATE_NOTIFY_INFO*>(
        pool::allocate(pool::Kind::paged, sizeof(PS_CREATE_NOTIFY_INFO), pool::tag("PsNt"), 0, true));
    if (!info) return STATUS_INSUFFICIENT_RESOURCES;
    *info = {.Size = sizeof *info,
             .Flags = 1,
             .ParentProcessId = process.InheritedFromUniqueProcessId,
             .CreatingThreadId = self.Cid,
             .FileObject = nullptr,
             .ImageFileName = image_name(process),
             .CommandLine = command_line(process),
             .CreationStatus = STATUS_SUCCESS};
    const UNICODE_STRING *name = info->ImageFileName, *line = info->CommandLine;
    routines.call([&](PVOID routine, bool is_extended) {
        if (is_extended)
            seh::call_out(reinterpret_cast<CREATE_PROCESS_NOTIFY_ROUTINE_EX*>(routine), &object,
                          static_cast<HANDLE>(object.UniqueProcessId), info);
        else
            seh::call_out(reinterpret_cast<CREATE_PROCESS_NOTIFY_ROUTINE*>(routine),
                          static_cast<HANDLE>(object.InheritedFromUniqueProcessId),
                          static_cast<HANDLE>(object.UniqueProcessId), BOOLEAN{1});
    });
    const NTSTATUS status = info->CreationStatus;
    free_string(name);
    free_string(line);
    pool::release(info);
    return status;
}

NTSTATUS notify_process_created(EPROCESS& process) {
    body(&process).announced = true;
    if (!routines.empty())
        if (const NTSTATUS status = ask(process); !NT_SUCCESS(status)) return status;
    // Others have been told of when they were made. No list is held: a routine may raise.
    ke::Thread* first = nullptr;
    for_each_thread(process, [&](ke::Thread& thread) {
        if (!first) first = &thread;
    });
    if (!first) return STATUS_SUCCESS;
    ob::reference(first);
    notify_thread_created(*first);
    ob::dereference(first);
    return STATUS_SUCCESS;
}

void notify_process_ends(EPROCESS& object) {
    if (!body(&object).announced || routines.empty()) return;
    routines.call([&](PVOID routine, bool is_extended) {
        if (is_extended)
            seh::call_out(reinterpret_cast<CREATE_PROCESS_NOTIFY_ROUTINE_EX*>(routine), &object,
                          static_cast<HANDLE>(object.UniqueProcessId),
                          static_cast<PS_CREATE_NOTIFY_INFO*>(nullptr));
        else
            seh::call_out(reinterpret_cast<CREATE_PROCESS_NOTIFY_ROUTINE*>(routine),
                          static_cast<HANDLE>(object.InheritedFromUniqueProcessId),
                          static_cast<HANDLE>(object.UniqueProcessId), BOOLEAN{0});
    });
}

} // namespace nt::ps
