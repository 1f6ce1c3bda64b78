#include "kernel/io/condrv.h"
#include "abi/ioctl.h"
#include "abi/status.h"
#include "host/guest.h"
#include "kernel/io/device.h"
#include "kernel/io/driver.h"
#include "kernel/io/irp.h"
#include "rtl/strings.h"

namespace nt::io {

namespace {

ConsoleHost* host_;

struct Face {
    const char16_t* name;
    DEVICE_TYPE type;
    HostKind kind;
    const char16_t* standard[3];
};
constexpr Face faces[] = {
    {u"\\Device\\ConDrv",
     FILE_DEVICE_CONSOLE,
     HostKind::terminal,
     {u"\\Device\\ConDrv\\Input", u"\\Device\\ConDrv\\Output", u"\\Device\\ConDrv\\Error"}},
    {u"\\Device\\HostFile",
     FILE_DEVICE_DISK_FILE_SYSTEM,
     HostKind::file,
     {u"\\Device\\HostFile\\Input", u"\\Device\\HostFile\\Output", u"\\Device\\HostFile\\Error"}},
    {u"\\Device\\HostPipe",
     FILE_DEVICE_NAMED_PIPE,
     HostKind::pipe,
     {u"\\Device\\HostPipe\\Input", u"\\Device\\HostPipe\\Output", u"\\Device\\HostPipe\\Error"}},
    {u"\\Device\\HostNull",
     FILE_DEVICE_NULL,
     HostKind::null,
     {u"\\Device\\HostNull\\Input", u"\\Device\\HostNull\\Output", u"\\Device\\HostNull\\Error"}},
};

struct Name {
    const char16_t* text;
    std::int8_t read_fd, write_fd; // -1: not possible
};
constexpr Name names[] = {
    {u"", 0, 1},
    {u"\\Console", 0, 1},
    {u"\\Connect", 0, 1},
    {u"\\Input", 0, -1},
    {u"\\CurrentIn", 0, 1},
    {u"\\Output", -1, 1},
    {u"\\CurrentOut", -1, 1},
    {u"\\Error", -1, 2},
};

// FsContext holds the index of the name plus one.
const Name* find_name(const UNICODE_STRING& given) {
    for (const Name& name : names) {
        UNICODE_STRING text;
        rtl::init(text, name.text);
        if (rtl::equal(given, text, true)) return &name;
    }
    return nullptr;
}
const Name& name_of(const FILE_OBJECT* file) {
    return names[reinterpret_cast<ULONG_PTR>(file->FsContext) - 1];
}

struct Result2 {
    NTSTATUS status;
    ULONG_PTR information;
};

int descriptor_of(const FILE_OBJECT* file) {
    const Name& name = name_of(file);
    return name.read_fd >= 0 ? name.read_fd : name.write_fd;
}
bool is_file(const IO_STACK_LOCATION& s) {
    return s.DeviceObject->DeviceType == FILE_DEVICE_DISK_FILE_SYSTEM;
}
// FsContext2 holds where a file's next request comes if the program does not move its position; 0 at first.
void expect(FILE_OBJECT* file, LONGLONG at) { file->FsContext2 = reinterpret_cast<PVOID>(at); }
bool is_moved(const FILE_OBJECT* file, LONGLONG at) {
    return file->FsContext2 != reinterpret_cast<PVOID>(at);
}

Result2 create(const IO_STACK_LOCATION& s) {
    const Name* name = find_name(s.FileObject->FileName);
    if (!name) return {STATUS_OBJECT_NAME_NOT_FOUND, 0};
    s.FileObject->FsContext = reinterpret_cast<PVOID>(static_cast<ULONG_PTR>(name - names) + 1);
    return {STATUS_SUCCESS, FILE_OPENED};
}

// False: the host's file cannot be there.
bool go_to(const IO_STACK_LOCATION& s, int fd, LONGLONG offset) {
    if (!is_file(s) || !is_moved(s.FileObject, offset)) return true;
    return host_->seek(fd, offset < 0 ? host_->size(fd) : offset); // FILE_WRITE_TO_END_OF_FILE
}
void went(const IO_STACK_LOCATION& s, LONGLONG offset, std::int64_t bytes) {
    if (is_file(s) && offset >= 0) expect(s.FileObject, offset + bytes);
}

NTSTATUS status_of(std::int64_t failure) {
    switch (failure) {
    case host_no_reader:
        return STATUS_PIPE_CLOSING;
    case host_full:
        return STATUS_DISK_FULL;
    case host_not_open:
        return STATUS_INVALID_HANDLE;
    default:
        return STATUS_IO_DEVICE_ERROR;
    }
}

// Buffered devices: the data is in the system buffer.
Result2 write(IRP* irp, const IO_STACK_LOCATION& s) {
    const int fd = name_of(s.FileObject).write_fd;
    if (fd < 0) return {STATUS_ACCESS_DENIED, 0};
    const ULONG length = s.Parameters.Write.Length;
    if (length == 0) return {STATUS_SUCCESS, 0};
    const LONGLONG offset = s.Parameters.Write.ByteOffset.QuadPart;
    if (!go_to(s, fd, offset)) return {STATUS_INVALID_PARAMETER, 0};
    const std::int64_t done = host_->write(fd, irp->AssociatedIrp.SystemBuffer, length);
    if (done < 0) return {status_of(done), 0};
    went(s, offset, done);
    return {STATUS_SUCCESS, static_cast<ULONG_PTR>(done)};
}

// At the end of input a terminal gives 0 bytes, a file or NUL says end of file, a pipe that nobody writes to
// any more.
Result2 read(IRP* irp, const IO_STACK_LOCATION& s) {
    const int fd = name_of(s.FileObject).read_fd;
    if (fd < 0) return {STATUS_ACCESS_DENIED, 0};
    const ULONG length = s.Parameters.Read.Length;
    if (length == 0) return {STATUS_SUCCESS, 0};
    const LONGLONG offset = s.Parameters.Read.ByteOffset.QuadPart;
    if (!go_to(s, fd, offset)) return {STATUS_INVALID_PARAMETER, 0};
    const std::int64_t done = host_->read(fd, irp->AssociatedIrp.SystemBuffer, length);
    if (done < 0) return {status_of(done), 0};
    went(s, offset, done);
    if (done > 0) return {STATUS_SUCCESS, static_cast<ULONG_PTR>(done)};
    switch (s.DeviceObject->DeviceType) {
    case FILE_DEVICE_CONSOLE:
        return {STATUS_SUCCESS, 0};
    case FILE_DEVICE_NAMED_PIPE:
        return {STATUS_PIPE_BROKEN, 0};
    default:
        return {STATUS_END_OF_FILE, 0};
    }
}

// The size of a file; nothing else is known of what a standard handle leads to.
Result2 query(IRP* irp, const IO_STACK_LOCATION& s) {
    const std::int64_t size = is_file(s) ? host_->size(descriptor_of(s.FileObject)) : -1;
    if (size < 0 || s.Parameters.QueryFile.FileInformationClass != FileStandardInformation)
        return {STATUS_INVALID_DEVICE_REQUEST, 0};
    auto& answer = *static_cast<FILE_STANDARD_INFORMATION*>(irp->AssociatedIrp.SystemBuffer);
    answer = {};
    answer.AllocationSize.QuadPart = answer.EndOfFile.QuadPart = size;
    answer.NumberOfLinks = 1;
    return {STATUS_SUCCESS, sizeof answer};
}

Result2 dispatch(IRP* irp, const IO_STACK_LOCATION& s) {
    switch (s.MajorFunction) {
    case IRP_MJ_CREATE:
        return create(s);
    case IRP_MJ_CLEANUP:
    case IRP_MJ_CLOSE:
    case IRP_MJ_FLUSH_BUFFERS:
        return {STATUS_SUCCESS, 0};
    case IRP_MJ_WRITE:
        return write(irp, s);
    case IRP_MJ_READ:
        return read(irp, s);
    case IRP_MJ_QUERY_INFORMATION:
        return query(irp, s);
    default:
        return {STATUS_INVALID_DEVICE_REQUEST, 0};
    }
}

} // namespace

NTSTATUS console_dispatch(DEVICE_OBJECT*, IRP* irp) {
    const Result2 result = dispatch(irp, *current_location(irp));
    irp->IoStatus.Status = result.status;
    irp->IoStatus.Information = result.information;
    static const ULONG_PTR self = internal_address("CdpDispatch");
    complete_request(irp, IO_NO_INCREMENT, self);
    return result.status;
}

const char16_t* standard_path(int fd) {
    const HostKind kind = host_->kind(fd);
    for (const Face& face : faces)
        if (face.kind == kind) return face.standard[fd];
    return faces[0].standard[fd];
}

NTSTATUS initialize_console(ConsoleHost* host) {
    host_ = host;
    constexpr InternalDispatch routines[] = {
        {IRP_MJ_CREATE, "CdpDispatch"},
        {IRP_MJ_CLOSE, "CdpDispatch"},
        {IRP_MJ_CLEANUP, "CdpDispatch"},
        {IRP_MJ_READ, "CdpDispatch"},
        {IRP_MJ_WRITE, "CdpDispatch"},
        {IRP_MJ_FLUSH_BUFFERS, "CdpDispatch"},
        {IRP_MJ_QUERY_INFORMATION, "CdpDispatch"},
    };
    const Result<DRIVER_OBJECT*> driver = create_internal_driver(u"condrv", routines, std::size(routines));
    if (!driver) return driver.error();
    for (const Face& face : faces) {
        UNICODE_STRING name;
        rtl::init(name, face.name);
        const Result<DEVICE_OBJECT*> device =
            create_device({.driver = *driver, .name = &name, .type = face.type});
        if (!device) return device.error();
        (*device)->Flags |= DO_BUFFERED_IO;
        (*device)->Flags &= ~DO_DEVICE_INITIALIZING;
    }
    return STATUS_SUCCESS;
}

} // namespace nt::io
