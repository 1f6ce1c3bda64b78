// CreatePipe. "Anonymous pipes are implemented using a named pipe with a unique name" (Anonymous Pipe
// Operations): one instance, bytes, from the writer to the reader. Without a driver for named pipes the name
// leads nowhere.
#include "kernel32.h"

namespace nt {
using namespace k32;

namespace {

// \Device\NamedPipe\Win32Pipes.<process>.<serial number>
class PipeName {
  public:
    PipeName() {
        static volatile LONG serial;
        put(u"\\Device\\NamedPipe\\Win32Pipes.");
        put(ULONG(ULONG_PTR(NtCurrentTeb()->ClientId.UniqueProcess)));
        text_[length_++] = u'.';
        put(ULONG(__atomic_add_fetch(&serial, 1, __ATOMIC_RELAXED)));
        string.Buffer = text_;
        string.Length = string.MaximumLength = USHORT(length_ * sizeof(WCHAR));
    }
    UNICODE_STRING string;

  private:
    void put(const WCHAR* text) {
        while (*text)
            text_[length_++] = *text++;
    }
    void put(ULONG number) {
        for (int shift = 28; shift >= 0; shift -= 4)
            text_[length_++] = u"0123456789abcdef"[number >> shift & 15];
    }
    WCHAR text_[64];
    ULONG length_ = 0;
};

} // namespace

extern "C" BOOL CreatePipe(HANDLE* read, HANDLE* write, SECURITY_ATTRIBUTES* security, DWORD size) {
    constexpr ULONG usual_size = 0x1000;
    constexpr ACCESS_MASK GENERIC_READ = 0x80000000, GENERIC_WRITE = 0x40000000;
    if (!size) size = usual_size;
    PipeName name;
    OBJECT_ATTRIBUTES attributes{sizeof attributes,    nullptr, &name.string,
                                 OBJ_CASE_INSENSITIVE, nullptr, nullptr};
    if (security) {
        attributes.SecurityDescriptor = security->lpSecurityDescriptor;
        if (security->bInheritHandle) attributes.Attributes |= OBJ_INHERIT;
    }
    LARGE_INTEGER timeout;
    timeout.QuadPart = LONGLONG(120) * -10'000'000;
    HANDLE reader, writer;
    IO_STATUS_BLOCK iosb;
    NTSTATUS status =
        NtCreateNamedPipeFile(&reader, GENERIC_READ | FILE_WRITE_ATTRIBUTES | SYNCHRONIZE, &attributes, &iosb,
                              FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_CREATE, FILE_SYNCHRONOUS_IO_NONALERT,
                              0, 0, 0, 1, size, size, &timeout);
    if (!NT_SUCCESS(status)) return fail(status);
    status = NtOpenFile(&writer, GENERIC_WRITE | FILE_READ_ATTRIBUTES | SYNCHRONIZE, &attributes, &iosb,
                        FILE_SHARE_READ, FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE);
    if (!NT_SUCCESS(status)) {
        NtClose(reader);
        return fail(status);
    }
    *read = reader;
    *write = writer;
    return TRUE;
}

} // namespace nt
