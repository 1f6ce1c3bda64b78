// What the files of ntdll share and nobody else sees.
#pragma once
#include "abi/context.h"
#include "abi/mm.h"
#include "abi/pe.h"
#include "abi/status.h"
#include "ntdll.h"

namespace nt {

extern "C" {
extern PVOID DrvlabSystemCallGate;
extern ULONG_PTR DrvlabLoaderFlags; // bit 0: imports that are missing get stubs; the kernel sets it
extern UCHAR __ImageBase;

[[noreturn]] void DrvlabLoadContext(const CONTEXT* context);
[[noreturn]] void DrvlabConsolidate(const CONTEXT* context, EXCEPTION_RECORD* record);
LONG DrvlabCallHandler(EXCEPTION_RECORD*, ULONG_PTR frame, CONTEXT*, DISPATCHER_CONTEXT*);
LONG DrvlabCallUnwindHandler(EXCEPTION_RECORD*, ULONG_PTR frame, CONTEXT*, DISPATCHER_CONTEXT*);
void DrvlabGuardCheck();
void DrvlabGuardDispatch();
[[noreturn]] void DrvlabMissingService(const CHAR* name);
}

// Text to the person at the terminal (NtDrvlabReport). kind as there.
void report(ULONG kind, const CHAR* format, ...);

inline PVOID process_heap() { return NtCurrentPeb()->ProcessHeap; }
inline PVOID allocate(SIZE_T size) { return RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY, size); }
inline void release(PVOID memory) { RtlFreeHeap(process_heap(), 0, memory); }

inline bool is_empty(const LIST_ENTRY& head) { return head.Flink == &head; }
inline void initialize_list(LIST_ENTRY& head) { head.Flink = head.Blink = &head; }
inline void insert_tail(LIST_ENTRY& head, LIST_ENTRY& entry) {
    entry.Flink = &head;
    entry.Blink = head.Blink;
    head.Blink->Flink = &entry;
    head.Blink = &entry;
}
inline void insert_head(LIST_ENTRY& head, LIST_ENTRY& entry) { insert_tail(*head.Flink, entry); }
inline void remove_entry(LIST_ENTRY& entry) {
    entry.Blink->Flink = entry.Flink;
    entry.Flink->Blink = entry.Blink;
    entry.Flink = entry.Blink = &entry;
}
template <class T, class M> T* container(LIST_ENTRY* entry, M T::* member) {
    const auto offset = reinterpret_cast<ULONG_PTR>(&(static_cast<T*>(nullptr)->*member));
    return reinterpret_cast<T*>(reinterpret_cast<ULONG_PTR>(entry) - offset);
}

// A critical section held for a scope. Not across code of the program.
class Guard {
  public:
    explicit Guard(RTL_CRITICAL_SECTION& section) : section_(section) { RtlEnterCriticalSection(&section_); }
    ~Guard() { RtlLeaveCriticalSection(&section_); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

  private:
    RTL_CRITICAL_SECTION& section_;
};

// A section that needs no initialisation call.
inline constexpr RTL_CRITICAL_SECTION unlocked_section{nullptr, -1, 0, nullptr, nullptr, 0};
extern RTL_CRITICAL_SECTION loader_lock;
extern RTL_CRITICAL_SECTION peb_lock;
// The other threads are gone, with the locks that they held. A DLL's detach routine that wants one of these
// ends the process.
bool is_end_of_process();
// Enters a section before the other threads are ended, which must come to pass whatever TerminateThread has
// left. One that stays without an owner was left between two steps of entering or leaving it: nobody is
// inside, so it is taken. False: its owner has ended, or, if patience is limited, does not leave it.
enum class Patience { limited, unlimited };
bool enter_at_end(RTL_CRITICAL_SECTION& section, Patience patience);
// For the end, under the PEB's lock: nobody is in the middle of a heap. One that the program itself has
// locked (HeapLock) is left alone, since it may stay so, and one that cannot be entered.
void lock_heaps();
void unlock_heaps(); // those that this thread has locked, but for HeapLock
void end_at_orphaned_lock();

// Process start, in order.
void initialize_tls_bitmaps();
void initialize_loader();
[[noreturn]] void fail_start(NTSTATUS status);
void release_thread_wait_event(); // of the parking lot, at the thread's end
void release_thread_fls();
void release_thread_tls_expansion();

// Images
IMAGE_NT_HEADERS64* nt_headers(PVOID base);
template <class T> T* at(PVOID base, ULONG_PTR rva) {
    return reinterpret_cast<T*>(static_cast<UCHAR*>(base) + rva);
}

} // namespace nt
