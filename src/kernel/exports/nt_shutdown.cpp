// NtShutdownSystem: what ends a Windows system after its programs have been told. It has no page; its
// argument and errors are publicly known.
#include "abi/se.h"
#include "abi/status.h"
#include "kernel/exports/runtime.h"
#include "kernel/io/shutdown.h"
#include "kernel/ke/bugcheck.h"
#include "kernel/se/subject.h"

using namespace nt;

namespace {
enum class ShutdownAction : ULONG { no_reboot, reboot, power_off };
}

// Drivers get IRP_MJ_SHUTDOWN in the caller's thread, then the machine stands still: whatever the action is,
// that is all there is to it here. assumed: programs that still run are not ended before
extern "C" NTSTATUS NtShutdownSystem(ULONG action) {
    if (action > static_cast<ULONG>(ShutdownAction::power_off)) return STATUS_INVALID_PARAMETER;
    if (!se::check_privilege(SE_SHUTDOWN_PRIVILEGE, exports::previous_mode()))
        return STATUS_PRIVILEGE_NOT_HELD;
    io::shut_down();
    ke::Stop stop;
    stop.kind = ke::StopKind::client_exited;
    ke::stop_machine(stop);
}
GATE(NtShutdownSystem);
