// A Win32 path on its way to the I/O system.
#pragma once
#include "kernel32.h"

namespace nt::k32 {

// An NT path from a Win32 path, with the attributes to open it.
class Name {
  public:
    explicit Name(const WCHAR* path) {
        ok_ = path && RtlDosPathNameToNtPathName_U(path, &string_, &part_, nullptr);
        if (!ok_) RtlSetLastWin32Error(ERROR_PATH_NOT_FOUND);
        attributes_ = {sizeof attributes_, nullptr, &string_, OBJ_CASE_INSENSITIVE, nullptr, nullptr};
    }
    Name(const Name&) = delete;
    Name& operator=(const Name&) = delete;
    ~Name() {
        if (ok_) RtlFreeUnicodeString(&string_);
    }
    explicit operator bool() const { return ok_; }
    OBJECT_ATTRIBUTES* attributes() { return &attributes_; }
    UNICODE_STRING& string() { return string_; }
    // For the last error of a file that should have been there.
    NTSTATUS missing(NTSTATUS status) const { return DrvlabStatusOfMissing(&string_, status); }
    const WCHAR* part() const {
        return part_;
    } // last component, in string()'s buffer; null after a backslash

  private:
    bool ok_;
    WCHAR* part_ = nullptr;
    UNICODE_STRING string_{};
    OBJECT_ATTRIBUTES attributes_;
};

// Whether an NT path leads to something below `head`, which is in small letters and ends with a backslash.
bool is_below(const UNICODE_STRING& path, const WCHAR* head);

inline constexpr ULONG SHARE_ALL = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

inline NTSTATUS open(HANDLE* file, Name& name, ACCESS_MASK access, ULONG options) {
    IO_STATUS_BLOCK iosb;
    return NtOpenFile(file, access | SYNCHRONIZE, name.attributes(), &iosb, SHARE_ALL,
                      options | FILE_SYNCHRONOUS_IO_NONALERT | FILE_OPEN_FOR_BACKUP_INTENT);
}

} // namespace nt::k32
