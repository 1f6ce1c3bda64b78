// What few requests carry beside an IRP's fields: IRP.Tail.Overlay.IrpExtension leads to it. It goes when the
// request has ended, or its driver frees it or uses it again.
#pragma once
#include "abi/irp.h"

namespace nt::io::detail {

struct IrpExtension {
    GUID activity;
    bool has_activity;
    PVOID ecps; // EcpList of a driver's own IRP_MJ_CREATE
};
inline IrpExtension* irp_extension(const IRP* irp) {
    return static_cast<IrpExtension*>(irp->Tail.Overlay.IrpExtension);
}
// Makes it if there is none. Null: no memory. Any IRQL that pool has.
IrpExtension* take_extension(IRP* irp);
void drop_extension(IRP* irp);

} // namespace nt::io::detail
