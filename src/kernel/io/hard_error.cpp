#include "kernel/io/hard_error.h"
#include "kernel/io/detail/describe.h"
#include "kernel/io/irp.h"
#include "kernel/ke/thread.h"
#include "rtl/status.h"
#include "rtl/strings.h"
#include "trace/trace.h"
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>

namespace nt::io {

void (*tell_user)(const char* text) = [](const char*) {};
void (*write_system_log)(const char* text) = [](const char*) {};

namespace {

std::string program_of(const ke::Thread& thread) {
    const auto& name = static_cast<const EPROCESS*>(thread.process)->ImageFileName;
    return {reinterpret_cast<const char*>(name), strnlen(reinterpret_cast<const char*>(name), sizeof name)};
}

void show(const ke::Thread* thread, NTSTATUS status, const char* more) {
    // "System Process - System Error": of a thread that runs in no program.
    char text[400];
    std::snprintf(text, sizeof text, "%s - System Error: %s%s%s",
                  thread && thread->teb ? program_of(*thread).c_str() : "System Process",
                  rtl::status_name(status) ? detail::status_name(status).text : "Unknown Hard Error",
                  *more ? ", " : "", more);
    if (trace::on) [[unlikely]]
        trace::emit_hard_error(status, text);
    tell_user(text);
}

} // namespace

void raise_hard_error(IRP* irp, VPB* vpb, DEVICE_OBJECT* real_device, ULONG_PTR caller) {
    const ke::Thread& self = ke::current_thread();
    if (!self.hard_errors_off) {
        char label[40] = "";
        if (vpb && vpb->VolumeLabelLength) {
            ULONG written = 0;
            rtl::unicode_to_utf8(label, sizeof label - 1, &written, vpb->VolumeLabel,
                                 std::min<ULONG>(vpb->VolumeLabelLength, sizeof vpb->VolumeLabel));
            label[written] = 0;
        }
        char more[200];
        std::snprintf(more, sizeof more, "a device of %s%s%s",
                      detail::name_of(real_device ? real_device->DriverObject : nullptr).text,
                      *label ? ", volume " : "", label);
        show(&self, irp->IoStatus.Status, more);
    }
    irp->IoStatus.Information = 0;
    complete_request(irp, 0, caller);
}

bool raise_informational_hard_error(NTSTATUS status, const ke::Thread* thread) {
    if (thread && thread->hard_errors_off) return false;
    // "If the routine is called from a thread in session 0 (that is, from any system thread), no dialog box"
    if (ke::current_thread().teb) show(thread, status, "");
    // "If the thread is NULL or runs in a system context … the text is written to the event log."
    if ((!thread || !thread->teb) && rtl::status_name(status)) {
        char text[300];
        std::snprintf(text, sizeof text,
                      "Information, source Application Popup, event 26: System Process - System "
                      "Error: %s",
                      detail::status_name(status).text);
        write_system_log(text);
    }
    return true;
}

bool enable_hard_errors(bool on) {
    ke::Thread& self = ke::current_thread();
    const bool before = !self.hard_errors_off;
    self.hard_errors_off = !on;
    return before;
}

} // namespace nt::io
