// NtCreateUserProcess, which CreateProcess stands on. Not documented: arguments and attributes by their known
// use (assumed:). Attributes understood: parent process, image name, handle list, standard handles, priority
// class; client id, TEB address and image information are answered. The rest is STATUS_NOT_SUPPORTED.
#include "abi/status.h"
#include "kernel/exports/capture.h"
#include "kernel/exports/process_attributes.h"
#include "kernel/exports/process_handle.h"
#include "kernel/ob/namespace.h"
#include "kernel/ps/priority_class.h"
#include "kernel/ps/process_notify.h"
#include "kernel/ps/thread.h"
#include "kernel/section/section.h"

using namespace nt;
using exports::ProcessAttributes;
using exports::write_parameter;

namespace {

constexpr ULONG thread_create_suspended = 0x1, process_inherit_handles = 0x4;

// PS_CREATE_INFO
struct CreateInfo {
    SIZE_T Size;
    ULONG State; // 0: PsCreateInitialState, 6: PsCreateSuccess
    ULONG_PTR Union[9];
};
static_assert(sizeof(CreateInfo) == 0x58);
constexpr ULONG create_success = 6;

// With room for a terminator in a UNICODE_STRING.
NTSTATUS read_bytes(const UNICODE_STRING& from, ULONG_PTR relative_to, std::u16string& to) {
    constexpr USHORT longest = 0xfffc;
    if (from.Length > longest) return STATUS_INVALID_PARAMETER;
    to.assign((from.Length + 1u) / sizeof(WCHAR), u'\0');
    const auto* at = reinterpret_cast<const UCHAR*>(reinterpret_cast<ULONG_PTR>(from.Buffer) + relative_to);
    return exports::copy_in(to.data(), at, from.Length) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}
NTSTATUS read_string(const UNICODE_STRING& from, ULONG_PTR relative_to, std::u16string& to) {
    return from.Length % sizeof(WCHAR) ? STATUS_INVALID_PARAMETER : read_bytes(from, relative_to, to);
}

// Bit 0 of Flags: the strings are addresses; else offsets from the structure's start.
NTSTATUS read_parameters(const RTL_USER_PROCESS_PARAMETERS* from, ps::StartParameters& to) {
    RTL_USER_PROCESS_PARAMETERS& p = to.plain;
    if (!exports::read_parameter(from, p)) return STATUS_ACCESS_VIOLATION;
    if (p.Length < sizeof p || p.MaximumLength < p.Length) return STATUS_INVALID_PARAMETER;
    const ULONG_PTR relative_to = p.Flags & 1 ? 0 : reinterpret_cast<ULONG_PTR>(from);
    struct Text {
        UNICODE_STRING& from;
        std::u16string& to;
    };
    for (const Text& text :
         {Text{p.CurrentDirectory.DosPath, to.directory}, Text{p.ImagePathName, to.image_path},
          Text{p.CommandLine, to.command_line}, Text{p.WindowTitle, to.title},
          Text{p.DesktopInfo, to.desktop}, Text{p.ShellInfo, to.shell}})
        if (const NTSTATUS status = read_string(text.from, relative_to, text.to); !NT_SUCCESS(status))
            return status;
    if (const NTSTATUS status = read_bytes(p.RuntimeData, relative_to, to.runtime); !NT_SUCCESS(status))
        return status;
    if (to.directory.size() > ps::longest_directory) return STATUS_INVALID_PARAMETER;
    to.runtime_bytes = p.RuntimeData.Length;
    constexpr SIZE_T longest_environment = 1 << 20;
    if (p.EnvironmentSize > longest_environment || p.EnvironmentSize % 2) return STATUS_INVALID_PARAMETER;
    to.environment.assign(p.EnvironmentSize / 2, u'\0');
    if (!exports::copy_in(to.environment.data(), p.Environment, p.EnvironmentSize))
        return STATUS_ACCESS_VIOLATION;
    if (to.environment.size() < 2) to.environment.assign(2, u'\0');
    p.ShellInfo = p.RuntimeData = p.DllPath = {};
    p.CurrentDirectory.Handle = nullptr;
    return STATUS_SUCCESS;
}

// A handle of the creator that the child needs, at the same value if it has inherited it.
HANDLE hand_down(ps::Process& child, HANDLE handle) {
    ps::Process& creator = ps::body(ps::current_process());
    auto& from = *static_cast<ob::HandleTable*>(creator.ObjectTable);
    auto& to = *static_cast<ob::HandleTable*>(child.ObjectTable);
    if (!handle) return handle;
    if (child.InheritedFromUniqueProcessId == creator.UniqueProcessId &&
        to.find(reinterpret_cast<ULONG_PTR>(handle)))
        return handle;
    const auto made = ob::duplicate_handle({.source_table = &from,
                                            .source = handle,
                                            .target_table = &to,
                                            .desired = 0,
                                            .attributes = 0,
                                            .options = DUPLICATE_SAME_ACCESS | DUPLICATE_SAME_ATTRIBUTES,
                                            .mode = UserMode});
    return made ? *made : nullptr;
}

void hand_down_standard(ps::Process& child, const RTL_USER_PROCESS_PARAMETERS& p, bool standard) {
    const auto pass = [&](HANDLE h, bool wanted) { return wanted ? hand_down(child, h) : h; };
    // One after the other: compilers evaluate the arguments of a call in different orders.
    const HANDLE console = pass(p.ConsoleHandle, true);
    const HANDLE input = pass(p.StandardInput, standard);
    const HANDLE output = pass(p.StandardOutput, standard);
    const HANDLE error = pass(p.StandardError, standard);
    ps::set_standard_handles(child, console, input, output, error);
}

// Everything up to the first thread, which does not run yet. Drivers hear of neither.
NTSTATUS make(const RTL_USER_PROCESS_PARAMETERS* parameters, const PVOID list, ULONG flags,
              const ob::Attributes& of_process, const ob::Attributes& of_thread,
              ProcessAttributes& attributes, ps::Child& child) {
    if (const NTSTATUS status = attributes.read(list); !NT_SUCCESS(status)) return status;
    if (attributes.image_name.empty()) return STATUS_INVALID_PARAMETER;
    ps::StartParameters start;
    if (const NTSTATUS status = read_parameters(parameters, start); !NT_SUCCESS(status)) return status;
    exports::TargetProcess parent;
    const HANDLE self = reinterpret_cast<HANDLE>(~ULONG_PTR{0});
    if (const NTSTATUS status =
            parent.open(attributes.parent ? attributes.parent : self, exports::process_create_process);
        !NT_SUCCESS(status))
        return status;
    if (parent->terminating) return STATUS_PROCESS_IS_TERMINATING;
    auto image = ps::find_program(attributes.image_name);
    if (!image) return image.error();
    const auto made =
        ps::create_child({.image = *image,
                          .parent = &*parent,
                          .priority_class = attributes.priority_class,
                          .error_mode = attributes.error_mode,
                          .inherit_handles = (flags & process_inherit_handles) != 0,
                          .handles = attributes.has_handles ? attributes.handles.data() : nullptr,
                          .handle_count = static_cast<ULONG>(attributes.handles.size()),
                          .parameters = &start,
                          .process_descriptor = of_process.security_descriptor,
                          .thread_descriptor = of_thread.security_descriptor,
                          .mode = exports::previous_mode()});
    ob::dereference(*image);
    if (!made) return made.error();
    child = *made;
    hand_down_standard(ps::body(child.process), start.plain, attributes.standard_handles);
    return STATUS_SUCCESS;
}

template <class T> NTSTATUS give_handle(T* object, ACCESS_MASK desired, ULONG attributes, HANDLE* to) {
    const KPROCESSOR_MODE mode = exports::previous_mode();
    const HANDLE made = TRY_STATUS(ob::handle_for_creator(object, attributes, desired, mode));
    if (write_parameter(to, made)) return STATUS_SUCCESS;
    ob::close_handle(made, mode);
    return STATUS_ACCESS_VIOLATION;
}

// What may be said of the objects: who may open them, and whether children inherit the handles.
NTSTATUS capture(const OBJECT_ATTRIBUTES* from, ob::Attributes& to) {
    if (const NTSTATUS status = to.capture(from, exports::previous_mode()); !NT_SUCCESS(status))
        return status;
    return to.name.Length ? STATUS_NOT_SUPPORTED : STATUS_SUCCESS; // assumed: processes have no names
}

} // namespace

extern "C" NTSTATUS NtCreateUserProcess(HANDLE* process, HANDLE* thread, ACCESS_MASK process_access,
                                        ACCESS_MASK thread_access,
                                        const OBJECT_ATTRIBUTES* process_attributes,
                                        const OBJECT_ATTRIBUTES* thread_attributes, ULONG process_flags,
                                        ULONG thread_flags, const RTL_USER_PROCESS_PARAMETERS* parameters,
                                        PVOID create_info, PVOID attribute_list) {
    if (process_flags & ~process_inherit_handles || thread_flags & ~thread_create_suspended)
        return STATUS_NOT_SUPPORTED;
    CreateInfo info;
    if (!exports::copy_in(&info, create_info, sizeof info)) return STATUS_ACCESS_VIOLATION;
    if (info.Size != sizeof info || info.State != 0) return STATUS_INVALID_PARAMETER;
    NTSTATUS status;
    ps::Child child{};
    ULONG for_process, for_thread; // OBJ_… of the handles
    {
        // Gone when drivers hear of the process: their routines may raise.
        ob::Attributes of_process, of_thread;
        ProcessAttributes attributes;
        status = capture(process_attributes, of_process);
        if (NT_SUCCESS(status)) status = capture(thread_attributes, of_thread);
        if (!NT_SUCCESS(status)) return status;
        for_process = of_process.attributes, for_thread = of_thread.attributes;
        status = make(parameters, attribute_list, process_flags, of_process, of_thread, attributes, child);
        if (!NT_SUCCESS(status)) return status;
        info.State = create_success;
        status = attributes.answer(*child.process, *child.thread);
        if (NT_SUCCESS(status) && !exports::copy_out(create_info, &info, sizeof info))
            status = STATUS_ACCESS_VIOLATION;
    }
    HANDLE made = nullptr;
    if (NT_SUCCESS(status)) status = ps::notify_process_created(*child.process);
    if (NT_SUCCESS(status)) status = give_handle(child.process, process_access, for_process, process);
    if (NT_SUCCESS(status)) {
        (void)exports::read_parameter(process, made);
        status = give_handle(child.thread, thread_access, for_thread, thread);
        if (!NT_SUCCESS(status)) ob::close_handle(made, exports::previous_mode());
    }
    if (!NT_SUCCESS(status))
        ps::terminate_process(*child.process, status);
    else
        ps::begin_thread(*child.thread, thread_flags & thread_create_suspended);
    ob::dereference(child.thread);
    ob::dereference(child.process);
    return status;
}
GATE(NtCreateUserProcess);
