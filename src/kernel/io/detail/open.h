// What travels from the services that open files to the parse procedures of Device and File objects.
#pragma once
#include "abi/irp.h"
#include "kernel/io/ecp.h"
#include "kernel/ob/namespace.h"

namespace nt::io::detail {

// Seen by drivers while IRP_MJ_CREATE lasts, so it lies in pool.
struct OpenBlock {
    ACCESS_STATE access;
    alignas(8) UCHAR auxiliary[0xe0]; // its AuxData: AUX_ACCESS_DATA
    IO_SECURITY_CONTEXT security;
    SECURITY_QUALITY_OF_SERVICE qos;
    IO_STATUS_BLOCK iosb;
    union {
        NAMED_PIPE_CREATE_PARAMETERS pipe;
        MAILSLOT_CREATE_PARAMETERS mailslot;
    };
    FILE_NETWORK_OPEN_INFORMATION network; // what FastIoQueryOpen tells
    EcpList* ecps;                         // that the request has now
    OpenBlock* next_free;
};
OpenBlock* take_open_block(); // its access state with the caller's security context
void give_open_block(OpenBlock* block);

struct OpenPacket {
    static constexpr ULONG magic = 'O' << 24 | 'p' << 16 | 'e' << 8 | 'n';
    ULONG mark = magic; // ParseRequest::context may be something else
    OpenBlock* block = nullptr;
    FILE_OBJECT* related = nullptr;
    LARGE_INTEGER allocation_size{};
    ULONG file_attributes = 0;
    ULONG share = 0;
    ULONG disposition = FILE_OPEN;
    ULONG options = 0;
    PVOID ea = nullptr; // captured, pool
    ULONG ea_length = 0;
    UCHAR major = IRP_MJ_CREATE; // or that of a pipe or mailslot, whose parameters are in the block
    UCHAR location_flags = 0;    // SL_OPEN_PAGING_FILE, SL_OPEN_TARGET_DIRECTORY, SL_STOP_ON_SYMLINK
    bool ignore_sharing = false;
    bool query_open = false; // only to ask for FILE_NETWORK_OPEN_INFORMATION: FastIoQueryOpen may answer
    bool force_access_check = false;
    bool attach = false; // IoAttachDevice: device exclusivity does not matter
    DEVICE_OBJECT* hint = nullptr;
    EcpList* ecps = nullptr; // the caller's
    // out
    NTSTATUS status = 0; // of the create, once a device was reached
    bool parsed = false;
    bool asked = false; // a driver has answered the create
    ULONG_PTR information = 0;
    FILE_OBJECT* file = nullptr;
    bool answered = false; // by FastIoQueryOpen: there is no file
};
inline OpenPacket* packet_of(const ob::ParseRequest& request) {
    auto* packet = static_cast<OpenPacket*>(request.context);
    return packet && packet->mark == OpenPacket::magic ? packet : nullptr;
}

NTSTATUS parse_device(PVOID object, const ob::ParseRequest& request, const UNICODE_STRING& remaining,
                      PVOID* found);
NTSTATUS parse_file(PVOID object, const ob::ParseRequest& request, const UNICODE_STRING& remaining,
                    PVOID* found);
void close_file(PVOID object, EPROCESS* process, ACCESS_MASK granted, LONG64 left);
void remove_file(PVOID object);
NTSTATUS query_file_name(PVOID object, UNICODE_STRING& to);
// Of Device and File objects (security.cpp).
NTSTATUS set_device_security(PVOID object, ULONG information, const void* captured, KPROCESSOR_MODE mode);
NTSTATUS query_file_security(PVOID object, ULONG information, PVOID to, ULONG& length, KPROCESSOR_MODE mode);
NTSTATUS set_file_security(PVOID object, ULONG information, const void* captured, KPROCESSOR_MODE mode);

// A new File object on the device, not opened by anybody yet.
Result<FILE_OBJECT*> new_file(DEVICE_OBJECT* device, const OpenPacket& packet, ULONG attributes,
                              const UNICODE_STRING& name);
// Opens by name with a filled packet. On success packet.file is referenced; no handle.
NTSTATUS open_packet(const ob::Attributes& attributes, OpenPacket& packet, ACCESS_MASK desired,
                     KPROCESSOR_MODE mode);

} // namespace nt::io::detail
