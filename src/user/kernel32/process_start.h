// What the files behind CreateProcess share. Pages: nf-processthreadsapi-createprocessw,
// -updateprocthreadattribute, ns-winbase-startupinfoexw.
#pragma once
#include "kernel32.h"

namespace nt::k32 {

// STARTUPINFOEX.lpAttributeList: opaque to programs.
struct AttributeList {
    DWORD Room, Count;
    ULONGLONG Reserved[2];
    struct Entry {
        ULONG_PTR attribute;
        SIZE_T size;
        PVOID value;
    } entries[1];
    const Entry* find(ULONG_PTR attribute) const {
        for (DWORD i = 0; i < Count; i++)
            if (entries[i].attribute == attribute) return &entries[i];
        return nullptr;
    }
};
inline constexpr ULONG_PTR PROC_THREAD_ATTRIBUTE_PARENT_PROCESS = 0x20000,
                           PROC_THREAD_ATTRIBUTE_HANDLE_LIST = 0x20002;

// A terminated string on the heap.
class Text {
  public:
    Text() = default;
    Text(const Text&) = delete;
    Text& operator=(const Text&) = delete;
    ~Text() { heap_free(text_); }
    bool reserve(SIZE_T characters); // false: no memory, the last error is set
    bool append(const WCHAR* from, SIZE_T characters);
    bool append(const WCHAR* from) { return append(from, wcslen(from)); }
    void clear() {
        length_ = 0;
        if (text_) text_[0] = 0;
    }
    WCHAR* get() const { return text_; }
    SIZE_T length() const { return length_; }
    UNICODE_STRING string() const;

  private:
    WCHAR* text_ = nullptr;
    SIZE_T length_ = 0, room_ = 0;
};

// The full path of the program that CreateProcess means. False: the last error says why.
bool find_program(const WCHAR* application, const WCHAR* command_line, Text& path);
// Whether an image that the machine has named lies at a full path.
bool is_image(const WCHAR* full_path);
// Full name of a path, from the current directory.
bool full_path(const WCHAR* name, Text& to);

} // namespace nt::k32
