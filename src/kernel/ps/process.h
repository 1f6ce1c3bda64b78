// Process objects: an address space, a handle table, threads, and what user mode sees of it (PEB,
// parameters).
//
// How a program starts: create_process() maps ntdll.dll and the program, builds process parameters, PEB,
// stack and TEB, and makes the first thread, which enters user mode at ntdll!LdrInitializeThunk with a
// CONTEXT on its stack that says ntdll!RtlUserThreadStart(entry, PEB). Everything else (DLLs, heap, TLS) is
// ntdll's work.
#pragma once
#include "abi/peb.h"
#include "base/list.h"
#include "base/result.h"
#include "kernel/ke/thread.h"
#include "kernel/ldr/modules.h"
#include "kernel/ob/handle.h"
#include "kernel/ps/process_body.h"
#include "kernel/se/accounts.h"
#include <optional>
#include <string>
#include <vector>

namespace nt {
struct CONTEXT;
struct EXCEPTION_RECORD;
} // namespace nt
namespace nt::section {
struct Section;
}

namespace nt::ps {

extern OBJECT_TYPE* process_type;
extern EPROCESS* system_process; // PsInitialSystemProcess

// The type Process and the System process (id 4, the kernel's handle table); plugs ob's process hooks and the
// home of system threads. After initialize_threads() and section::initialize().
NTSTATUS initialize_processes();

// Process of the running thread.
EPROCESS* current_process();
ULONG session_of(const EPROCESS& process); // programs are in session 1, the system in 0
EPROCESS* find_process(ULONG_PTR pid);     // not referenced; null
// All processes, System first, in creation order.
extern LIST_ENTRY all_processes; // EPROCESS.all_link

// Its threads that have not ended, in creation order.
template <class F> void for_each_thread(EPROCESS& process, F visit) {
    for (LIST_ENTRY *e = process.ThreadListHead.Flink, *next; e != &process.ThreadListHead; e = next) {
        next = e->Flink;
        visit(*NT_CONTAINER(e, ke::Thread, ThreadListEntry));
    }
}

// The same threads, referenced: for who lets others run between one and the next.
class ThreadsOf {
  public:
    explicit ThreadsOf(EPROCESS& process);
    ~ThreadsOf();
    ThreadsOf(const ThreadsOf&) = delete;
    ThreadsOf& operator=(const ThreadsOf&) = delete;
    auto begin() const { return threads_.begin(); }
    auto end() const { return threads_.end(); }

  private:
    std::vector<ke::Thread*> threads_;
};

struct NewProcess {
    std::string host_path;                // the .exe file
    std::vector<std::string> arguments;   // UTF-8, without the program's name
    std::vector<std::string> environment; // "NAME=value", beside or instead of the default ones
    std::string file_name{};              // as guests see it; empty: last part of host_path
    std::string directory = "C:\\Program Files\\Drvlab\\"; // guest directory of the program
    bool allow_missing =
        false;              // imports that a DLL lacks are bound to stubs that stop the machine when called
    std::uint64_t seed = 0; // of security cookies and pointer encoding
};
// The process with its first thread, which does not run yet. Referenced for the caller. On failure `text`
// says why in one line ("client.exe: IMAGE_FILE_HEADER.Machine …").
Result<EPROCESS*> create_process(const NewProcess& what, std::string& text);

// What a program asks for (NtCreateUserProcess). The process has a first thread that does not run yet, and
// drivers do not know of them: notify_process_created() is the caller's part.
inline constexpr std::size_t longest_directory = 260; // of a current directory: MAX_PATH, its room is fixed
struct StartParameters {                              // RTL_USER_PROCESS_PARAMETERS, the strings apart
    RTL_USER_PROCESS_PARAMETERS plain{};
    std::u16string directory, image_path, command_line, title, desktop, shell, environment;
    std::u16string runtime; // any bytes
    std::size_t runtime_bytes = 0;
};
struct NewChild {
    section::Section* image;
    EPROCESS* parent;                // whose handles, priority and affinity it inherits
    UCHAR priority_class = 0;        // 0: as the parent's says
    std::optional<ULONG> error_mode; // none: the parent's
    bool inherit_handles = false;
    const ULONG_PTR* handles = nullptr; // null: all that are inheritable; else these, each of which must be
    ULONG handle_count = 0;
    const StartParameters* parameters;
    const void* process_descriptor = nullptr; // given for the objects; null: the default ones
    const void* thread_descriptor = nullptr;
    KPROCESSOR_MODE mode = KernelMode; // of who gives them
};
struct Child {
    EPROCESS* process; // both referenced for the caller
    ke::Thread* thread;
};
Result<Child> create_child(const NewChild& what);

// The program that an NT name means: \??\C:\Program Files\Drvlab\X.exe is \DrvlabApp\X.exe, what lies in
// C:\Windows\System32 is in \KnownDlls. Referenced. STATUS_OBJECT_NAME_NOT_FOUND,
// STATUS_OBJECT_PATH_NOT_FOUND.
Result<section::Section*> find_program(std::u16string_view nt_name);

// The process and its threads belong to this user from now on. Before the first thread runs.
NTSTATUS run_as(EPROCESS& process, se::User user);

// Standard handles of the process, put into its parameters: opened by app through io before the first thread
// runs.
void set_standard_handles(EPROCESS& process, HANDLE console, HANDLE input, HANDLE output, HANDLE error);

// A further thread in user mode: stack (0: the image's sizes), TEB, CONTEXT; runs RtlUserThreadStart(start,
// argument). STATUS_PROCESS_IS_TERMINATING, STATUS_NO_MEMORY. Referenced for the caller.
struct NewThread {
    std::uint64_t start, argument;
    std::uint64_t stack_reserve = 0, stack_commit = 0;
    const void* security_descriptor = nullptr; // null: the default one
    KPROCESSOR_MODE mode = KernelMode;         // of who gives it
    bool first = false;                        // its process tells drivers of it
};
// Does not run yet: begin_thread().
Result<ke::Thread*> create_process_thread(EPROCESS& process, const NewThread& what);

// NtTerminateProcess: every thread ends with `status`, which becomes the exit status if the process is not
// ending already. With `except_current` the calling thread goes on (the first half of ExitProcess).
void terminate_process(EPROCESS& process, NTSTATUS status, bool except_current = false);

// Called when the last thread of a process has ended.
extern void (*on_process_exit)(EPROCESS& process);

// What its parameters say now; empty if it has changed them beyond reading.
std::u16string command_line_of(const Process& process);
// A command line from arguments by the rules of the C run-time ("Parsing C command-line arguments"): what
// CommandLineToArgvW takes apart again.
std::u16string command_line(const std::string& program, const std::vector<std::string>& arguments);
// The other way: the words of a command line, the program's name first.
std::vector<std::string> split_command_line(std::string_view line);

// Puts an exception on the user stack of the running thread: afterwards `context` enters
// ntdll!KiUserExceptionDispatcher with CONTEXT at rsp and EXCEPTION_RECORD at rsp + 0x4f0. False: no room on
// the stack (the process must end).
bool deliver_user_exception(const EXCEPTION_RECORD& record, CONTEXT& context);
// NtRaiseException with first_chance FALSE and everything that cannot be delivered: the program dies of this
// exception. Traces it. A program that the app started ends the machine with StopKind::user_exception; one
// that a program started ends with the exception's code, after on_child_exception (plugged by app).
extern void (*on_child_exception)(EPROCESS& process, const EXCEPTION_RECORD& record);
[[noreturn]] void unhandled_user_exception(const EXCEPTION_RECORD& record, const CONTEXT& context);

} // namespace nt::ps
