// System services of ntdll.dll: every NtX also has the name ZwX. The stubs are generated from the kernel's
// table (tools/gen_ntdll_stubs.py); one that the kernel lacks stops the machine with its name.
#pragma once
#include "abi/list.h"
#include "abi/ob.h"
#include "abi/peb.h"

namespace nt {

struct IO_STATUS_BLOCK;
struct CONTEXT;
struct PROCESSOR_NUMBER;
struct TOKEN_PRIVILEGES;
struct TOKEN_GROUPS;
struct PRIVILEGE_SET;
struct EXCEPTION_RECORD;
using USER_APC_ROUTINE = void NTAPI(PVOID context, IO_STATUS_BLOCK* iosb, ULONG reserved);

union FILE_SEGMENT_ELEMENT;

extern "C" {

// Files and devices
NTSTATUS NTAPI NtCreateFile(HANDLE* file, ACCESS_MASK access, OBJECT_ATTRIBUTES* attributes,
                            IO_STATUS_BLOCK* iosb, LARGE_INTEGER* allocation_size, ULONG file_attributes,
                            ULONG share, ULONG disposition, ULONG options, PVOID ea, ULONG ea_length);
NTSTATUS NTAPI NtOpenFile(HANDLE* file, ACCESS_MASK access, OBJECT_ATTRIBUTES* attributes,
                          IO_STATUS_BLOCK* iosb, ULONG share, ULONG options);
NTSTATUS NTAPI NtReadFile(HANDLE file, HANDLE event, USER_APC_ROUTINE* apc, PVOID apc_context,
                          IO_STATUS_BLOCK* iosb, PVOID buffer, ULONG length, LARGE_INTEGER* offset,
                          ULONG* key);
NTSTATUS NTAPI NtWriteFile(HANDLE file, HANDLE event, USER_APC_ROUTINE* apc, PVOID apc_context,
                           IO_STATUS_BLOCK* iosb, const void* buffer, ULONG length, LARGE_INTEGER* offset,
                           ULONG* key);
NTSTATUS NTAPI NtDeviceIoControlFile(HANDLE file, HANDLE event, USER_APC_ROUTINE* apc, PVOID apc_context,
                                     IO_STATUS_BLOCK* iosb, ULONG code, PVOID in, ULONG in_length, PVOID out,
                                     ULONG out_length);
NTSTATUS NTAPI NtFsControlFile(HANDLE file, HANDLE event, USER_APC_ROUTINE* apc, PVOID apc_context,
                               IO_STATUS_BLOCK* iosb, ULONG code, PVOID in, ULONG in_length, PVOID out,
                               ULONG out_length);
NTSTATUS NTAPI NtCancelIoFile(HANDLE file, IO_STATUS_BLOCK* iosb);
NTSTATUS NTAPI NtCancelIoFileEx(HANDLE file, IO_STATUS_BLOCK* request, IO_STATUS_BLOCK* iosb);
NTSTATUS NTAPI NtCancelSynchronousIoFile(HANDLE thread, IO_STATUS_BLOCK* request, IO_STATUS_BLOCK* iosb);
NTSTATUS NTAPI NtFlushBuffersFile(HANDLE file, IO_STATUS_BLOCK* iosb);
NTSTATUS NTAPI NtQueryInformationFile(HANDLE file, IO_STATUS_BLOCK* iosb, PVOID information, ULONG length,
                                      ULONG cls);
NTSTATUS NTAPI NtSetInformationFile(HANDLE file, IO_STATUS_BLOCK* iosb, PVOID information, ULONG length,
                                    ULONG cls);
NTSTATUS NTAPI NtQueryVolumeInformationFile(HANDLE file, IO_STATUS_BLOCK* iosb, PVOID information,
                                            ULONG length, ULONG cls);
NTSTATUS NTAPI NtSetVolumeInformationFile(HANDLE file, IO_STATUS_BLOCK* iosb, PVOID information, ULONG length,
                                          ULONG cls);
NTSTATUS NTAPI NtQueryDirectoryFile(HANDLE file, HANDLE event, USER_APC_ROUTINE* apc, PVOID apc_context,
                                    IO_STATUS_BLOCK* iosb, PVOID information, ULONG length, ULONG cls,
                                    BOOLEAN single, UNICODE_STRING* name, BOOLEAN restart);
NTSTATUS NTAPI NtQueryAttributesFile(OBJECT_ATTRIBUTES* attributes, PVOID basic_information);
NTSTATUS NTAPI NtQueryFullAttributesFile(OBJECT_ATTRIBUTES* attributes, PVOID network_open_information);
NTSTATUS NTAPI NtDeleteFile(OBJECT_ATTRIBUTES* attributes);
NTSTATUS NTAPI NtLockFile(HANDLE file, HANDLE event, USER_APC_ROUTINE* apc, PVOID apc_context,
                          IO_STATUS_BLOCK* iosb, LARGE_INTEGER* offset, LARGE_INTEGER* length, ULONG key,
                          BOOLEAN fail, BOOLEAN exclusive);
NTSTATUS NTAPI NtUnlockFile(HANDLE file, IO_STATUS_BLOCK* iosb, LARGE_INTEGER* offset, LARGE_INTEGER* length,
                            ULONG key);
NTSTATUS NTAPI NtNotifyChangeDirectoryFile(HANDLE file, HANDLE event, USER_APC_ROUTINE* apc,
                                           PVOID apc_context, IO_STATUS_BLOCK* iosb, PVOID buffer,
                                           ULONG length, ULONG filter, BOOLEAN tree);
NTSTATUS NTAPI NtNotifyChangeDirectoryFileEx(HANDLE file, HANDLE event, USER_APC_ROUTINE* apc,
                                             PVOID apc_context, IO_STATUS_BLOCK* iosb, PVOID buffer,
                                             ULONG length, ULONG filter, BOOLEAN tree, ULONG cls);
NTSTATUS NTAPI NtQueryEaFile(HANDLE file, IO_STATUS_BLOCK* iosb, PVOID buffer, ULONG length, BOOLEAN single,
                             PVOID list, ULONG list_length, ULONG* index, BOOLEAN restart);
NTSTATUS NTAPI NtCreateNamedPipeFile(HANDLE* file, ULONG access, OBJECT_ATTRIBUTES* attributes,
                                     IO_STATUS_BLOCK* iosb, ULONG share, ULONG disposition, ULONG options,
                                     ULONG type, ULONG read_mode, ULONG completion_mode, ULONG instances,
                                     ULONG inbound, ULONG outbound, LARGE_INTEGER* timeout);
NTSTATUS NTAPI NtCreateMailslotFile(HANDLE* file, ULONG access, OBJECT_ATTRIBUTES* attributes,
                                    IO_STATUS_BLOCK* iosb, ULONG options, ULONG quota, ULONG maximum_message,
                                    LARGE_INTEGER* timeout);
NTSTATUS NTAPI NtReadFileScatter(HANDLE file, HANDLE event, USER_APC_ROUTINE* apc, PVOID apc_context,
                                 IO_STATUS_BLOCK* iosb, FILE_SEGMENT_ELEMENT* segments, ULONG length,
                                 LARGE_INTEGER* offset, ULONG* key);
NTSTATUS NTAPI NtWriteFileGather(HANDLE file, HANDLE event, USER_APC_ROUTINE* apc, PVOID apc_context,
                                 IO_STATUS_BLOCK* iosb, FILE_SEGMENT_ELEMENT* segments, ULONG length,
                                 LARGE_INTEGER* offset, ULONG* key);
NTSTATUS NTAPI NtCreateIoCompletion(HANDLE* port, ACCESS_MASK access, OBJECT_ATTRIBUTES* attributes,
                                    ULONG threads);
NTSTATUS NTAPI NtSetIoCompletion(HANDLE port, PVOID key, PVOID context, NTSTATUS status,
                                 ULONG_PTR information);
NTSTATUS NTAPI NtRemoveIoCompletion(HANDLE port, PVOID* key, PVOID* context, IO_STATUS_BLOCK* iosb,
                                    LARGE_INTEGER* timeout);
NTSTATUS NTAPI NtRemoveIoCompletionEx(HANDLE port, PVOID entries, ULONG count, ULONG* removed,
                                      LARGE_INTEGER* timeout, BOOLEAN alertable);
NTSTATUS NTAPI NtOpenIoCompletion(HANDLE* port, ACCESS_MASK access, OBJECT_ATTRIBUTES* attributes);
NTSTATUS NTAPI NtQueryIoCompletion(HANDLE port, ULONG cls, PVOID information, ULONG length, ULONG* needed);
NTSTATUS NTAPI NtLoadDriver(UNICODE_STRING* service);
NTSTATUS NTAPI NtUnloadDriver(UNICODE_STRING* service);

// Tokens and descriptors
NTSTATUS NTAPI NtQuerySecurityObject(HANDLE handle, ULONG information, PVOID to, ULONG length, ULONG* needed);
NTSTATUS NTAPI NtSetSecurityObject(HANDLE handle, ULONG information, const void* descriptor);
NTSTATUS NTAPI NtOpenProcessToken(HANDLE process, ACCESS_MASK access, HANDLE* token);
NTSTATUS NTAPI NtOpenThreadToken(HANDLE thread, ACCESS_MASK access, BOOLEAN as_self, HANDLE* token);
NTSTATUS NTAPI NtQueryInformationToken(HANDLE token, ULONG cls, PVOID to, ULONG length, ULONG* needed);
NTSTATUS NTAPI NtSetInformationToken(HANDLE token, ULONG cls, const void* from, ULONG length);
NTSTATUS NTAPI NtAdjustPrivilegesToken(HANDLE token, BOOLEAN disable_all, const TOKEN_PRIVILEGES* state,
                                       ULONG length, TOKEN_PRIVILEGES* previous, ULONG* needed);
NTSTATUS NTAPI NtAdjustGroupsToken(HANDLE token, BOOLEAN reset, const TOKEN_GROUPS* state, ULONG length,
                                   TOKEN_GROUPS* previous, ULONG* needed);
NTSTATUS NTAPI NtDuplicateToken(HANDLE existing, ACCESS_MASK access, OBJECT_ATTRIBUTES* attributes,
                                BOOLEAN effective_only, ULONG type, HANDLE* token);
NTSTATUS NTAPI NtFilterToken(HANDLE existing, ULONG flags, const TOKEN_GROUPS* disable,
                             const TOKEN_PRIVILEGES* remove, const TOKEN_GROUPS* restrict, HANDLE* token);
NTSTATUS NTAPI NtAccessCheck(const void* descriptor, HANDLE client, ACCESS_MASK desired,
                             const GENERIC_MAPPING* mapping, PRIVILEGE_SET* privileges, ULONG* length,
                             ACCESS_MASK* granted, NTSTATUS* status);
NTSTATUS NTAPI NtPrivilegeCheck(HANDLE client, PRIVILEGE_SET* required, BOOLEAN* result);
NTSTATUS NTAPI NtImpersonateAnonymousToken(HANDLE thread);
NTSTATUS NTAPI NtAllocateLocallyUniqueId(LUID* luid);

// Objects and handles
NTSTATUS NTAPI NtClose(HANDLE handle);
NTSTATUS NTAPI NtDuplicateObject(HANDLE source_process, HANDLE source, HANDLE target_process, HANDLE* target,
                                 ACCESS_MASK access, ULONG attributes, ULONG options);
NTSTATUS NTAPI NtQueryObject(HANDLE handle, OBJECT_INFORMATION_CLASS cls, PVOID information, ULONG length,
                             ULONG* needed);
NTSTATUS NTAPI NtSetInformationObject(HANDLE handle, OBJECT_INFORMATION_CLASS cls, PVOID information,
                                      ULONG length);
NTSTATUS NTAPI NtMakeTemporaryObject(HANDLE handle);
NTSTATUS NTAPI NtMakePermanentObject(HANDLE handle);
NTSTATUS NTAPI NtCompareObjects(HANDLE first, HANDLE second);
NTSTATUS NTAPI NtCreatePrivateNamespace(HANDLE* handle, ACCESS_MASK access, OBJECT_ATTRIBUTES* attributes,
                                        const void* boundary);
NTSTATUS NTAPI NtOpenPrivateNamespace(HANDLE* handle, ACCESS_MASK access, OBJECT_ATTRIBUTES* attributes,
                                      const void* boundary);
NTSTATUS NTAPI NtDeletePrivateNamespace(HANDLE handle);
NTSTATUS NTAPI NtCreateDirectoryObject(HANDLE* handle, ACCESS_MASK access, OBJECT_ATTRIBUTES* attributes);
NTSTATUS NTAPI NtOpenDirectoryObject(HANDLE* handle, ACCESS_MASK access, OBJECT_ATTRIBUTES* attributes);
NTSTATUS NTAPI NtQueryDirectoryObject(HANDLE handle, PVOID buffer, ULONG length, BOOLEAN single,
                                      BOOLEAN restart, ULONG* context, ULONG* needed);
NTSTATUS NTAPI NtCreateSymbolicLinkObject(HANDLE* handle, ACCESS_MASK access, OBJECT_ATTRIBUTES* attributes,
                                          UNICODE_STRING* target);
NTSTATUS NTAPI NtOpenSymbolicLinkObject(HANDLE* handle, ACCESS_MASK access, OBJECT_ATTRIBUTES* attributes);
NTSTATUS NTAPI NtQuerySymbolicLinkObject(HANDLE handle, UNICODE_STRING* target, ULONG* needed);

// Waiting and synchronization
NTSTATUS NTAPI NtWaitForSingleObject(HANDLE handle, BOOLEAN alertable, LARGE_INTEGER* timeout);
NTSTATUS NTAPI NtWaitForMultipleObjects(ULONG count, HANDLE* handles, ULONG wait_type, BOOLEAN alertable,
                                        LARGE_INTEGER* timeout);
NTSTATUS NTAPI NtSignalAndWaitForSingleObject(HANDLE signal, HANDLE wait, BOOLEAN alertable,
                                              LARGE_INTEGER* timeout);
NTSTATUS NTAPI NtDelayExecution(BOOLEAN alertable, LARGE_INTEGER* interval);
NTSTATUS NTAPI NtYieldExecution();
NTSTATUS NTAPI NtCreateEvent(HANDLE* handle, ACCESS_MASK access, OBJECT_ATTRIBUTES* attributes, ULONG type,
                             BOOLEAN state);
NTSTATUS NTAPI NtOpenEvent(HANDLE* handle, ACCESS_MASK access, OBJECT_ATTRIBUTES* attributes);
NTSTATUS NTAPI NtSetEvent(HANDLE handle, LONG* previous);
NTSTATUS NTAPI NtResetEvent(HANDLE handle, LONG* previous);
NTSTATUS NTAPI NtClearEvent(HANDLE handle);
NTSTATUS NTAPI NtPulseEvent(HANDLE handle, LONG* previous);
NTSTATUS NTAPI NtQueryEvent(HANDLE handle, ULONG cls, PVOID information, ULONG length, ULONG* needed);
NTSTATUS NTAPI NtCreateMutant(HANDLE* handle, ACCESS_MASK access, OBJECT_ATTRIBUTES* attributes,
                              BOOLEAN owner);
NTSTATUS NTAPI NtOpenMutant(HANDLE* handle, ACCESS_MASK access, OBJECT_ATTRIBUTES* attributes);
NTSTATUS NTAPI NtReleaseMutant(HANDLE handle, LONG* previous);
NTSTATUS NTAPI NtCreateSemaphore(HANDLE* handle, ACCESS_MASK access, OBJECT_ATTRIBUTES* attributes,
                                 LONG initial, LONG maximum);
NTSTATUS NTAPI NtOpenSemaphore(HANDLE* handle, ACCESS_MASK access, OBJECT_ATTRIBUTES* attributes);
NTSTATUS NTAPI NtReleaseSemaphore(HANDLE handle, LONG count, LONG* previous);
NTSTATUS NTAPI NtCreateTimer(HANDLE* handle, ACCESS_MASK access, OBJECT_ATTRIBUTES* attributes, ULONG type);
NTSTATUS NTAPI NtOpenTimer(HANDLE* handle, ACCESS_MASK access, OBJECT_ATTRIBUTES* attributes);
NTSTATUS NTAPI NtSetTimer(HANDLE handle, LARGE_INTEGER* due, PVOID apc, PVOID context, BOOLEAN resume,
                          LONG period, BOOLEAN* previous);
NTSTATUS NTAPI NtSetTimerEx(HANDLE handle, ULONG cls, PVOID information, ULONG length);
NTSTATUS NTAPI NtCancelTimer(HANDLE handle, BOOLEAN* state);
NTSTATUS NTAPI NtQueryTimer(HANDLE handle, ULONG cls, PVOID information, ULONG length, ULONG* needed);
NTSTATUS NTAPI NtSetTimerResolution(ULONG wanted, BOOLEAN set, ULONG* current);
NTSTATUS NTAPI NtCreateKeyedEvent(HANDLE* handle, ACCESS_MASK access, OBJECT_ATTRIBUTES* attributes,
                                  ULONG flags);
NTSTATUS NTAPI NtWaitForAlertByThreadId(PVOID address, LARGE_INTEGER* timeout);
NTSTATUS NTAPI NtAlertThreadByThreadId(HANDLE thread_id);

// Threads
NTSTATUS NTAPI NtCreateThreadEx(HANDLE* thread, ACCESS_MASK access, OBJECT_ATTRIBUTES* attributes,
                                HANDLE process, PVOID start, PVOID argument, ULONG flags, SIZE_T zero_bits,
                                SIZE_T stack_commit, SIZE_T stack_reserve, PVOID attribute_list);
NTSTATUS NTAPI NtTerminateThread(HANDLE thread, NTSTATUS status);
NTSTATUS NTAPI NtOpenThread(HANDLE* thread, ACCESS_MASK access, OBJECT_ATTRIBUTES* attributes, CLIENT_ID* id);
NTSTATUS NTAPI NtSuspendThread(HANDLE thread, ULONG* previous);
NTSTATUS NTAPI NtResumeThread(HANDLE thread, ULONG* previous);
NTSTATUS NTAPI NtQueryInformationThread(HANDLE thread, ULONG cls, PVOID information, ULONG length,
                                        ULONG* needed);
NTSTATUS NTAPI NtSetInformationThread(HANDLE thread, ULONG cls, PVOID information, ULONG length);
NTSTATUS NTAPI NtQueueApcThread(HANDLE thread, PVOID routine, PVOID a1, PVOID a2, PVOID a3);
NTSTATUS NTAPI NtQueueApcThreadEx(HANDLE thread, HANDLE reserve, PVOID routine, PVOID a1, PVOID a2, PVOID a3);
NTSTATUS NTAPI NtTestAlert();
NTSTATUS NTAPI NtAlertResumeThread(HANDLE thread, ULONG* previous);
NTSTATUS NTAPI NtAlertThread(HANDLE thread);
NTSTATUS NTAPI NtContinue(CONTEXT* context, BOOLEAN test_alert);
NTSTATUS NTAPI NtRaiseException(EXCEPTION_RECORD* record, CONTEXT* context, BOOLEAN first_chance);
NTSTATUS NTAPI NtGetContextThread(HANDLE thread, CONTEXT* context);
NTSTATUS NTAPI NtSetContextThread(HANDLE thread, CONTEXT* context);
ULONG NTAPI NtGetCurrentProcessorNumber();
ULONG NTAPI NtGetCurrentProcessorNumberEx(PROCESSOR_NUMBER* number);

// Processes
NTSTATUS NTAPI NtTerminateProcess(HANDLE process, NTSTATUS status);
NTSTATUS NTAPI NtOpenProcess(HANDLE* process, ACCESS_MASK access, OBJECT_ATTRIBUTES* attributes,
                             CLIENT_ID* id);
NTSTATUS NTAPI NtQueryInformationProcess(HANDLE process, ULONG cls, PVOID information, ULONG length,
                                         ULONG* needed);
NTSTATUS NTAPI NtSetInformationProcess(HANDLE process, ULONG cls, PVOID information, ULONG length);
NTSTATUS NTAPI NtCreateUserProcess(HANDLE* process, HANDLE* thread, ACCESS_MASK process_access,
                                   ACCESS_MASK thread_access, OBJECT_ATTRIBUTES* process_attributes,
                                   OBJECT_ATTRIBUTES* thread_attributes, ULONG process_flags,
                                   ULONG thread_flags, RTL_USER_PROCESS_PARAMETERS* parameters,
                                   PVOID create_info, PVOID attribute_list);
NTSTATUS NTAPI NtSuspendProcess(HANDLE process);
NTSTATUS NTAPI NtResumeProcess(HANDLE process);
NTSTATUS NTAPI NtFlushInstructionCache(HANDLE process, PVOID base, SIZE_T size);

// Memory and sections
NTSTATUS NTAPI NtAllocateVirtualMemory(HANDLE process, PVOID* base, ULONG_PTR zero_bits, SIZE_T* size,
                                       ULONG type, ULONG protection);
NTSTATUS NTAPI NtFreeVirtualMemory(HANDLE process, PVOID* base, SIZE_T* size, ULONG type);
NTSTATUS NTAPI NtProtectVirtualMemory(HANDLE process, PVOID* base, SIZE_T* size, ULONG protection,
                                      ULONG* old);
NTSTATUS NTAPI NtQueryVirtualMemory(HANDLE process, PVOID base, ULONG cls, PVOID information, SIZE_T length,
                                    SIZE_T* needed);
NTSTATUS NTAPI NtReadVirtualMemory(HANDLE process, PVOID base, PVOID buffer, SIZE_T length, SIZE_T* done);
NTSTATUS NTAPI NtWriteVirtualMemory(HANDLE process, PVOID base, const void* buffer, SIZE_T length,
                                    SIZE_T* done);
NTSTATUS NTAPI NtCreateSection(HANDLE* section, ACCESS_MASK access, OBJECT_ATTRIBUTES* attributes,
                               LARGE_INTEGER* maximum_size, ULONG protection, ULONG allocation, HANDLE file);
NTSTATUS NTAPI NtOpenSection(HANDLE* section, ACCESS_MASK access, OBJECT_ATTRIBUTES* attributes);
NTSTATUS NTAPI NtMapViewOfSection(HANDLE section, HANDLE process, PVOID* base, ULONG_PTR zero_bits,
                                  SIZE_T commit, LARGE_INTEGER* offset, SIZE_T* size, ULONG inherit,
                                  ULONG allocation, ULONG protection);
NTSTATUS NTAPI NtUnmapViewOfSection(HANDLE process, PVOID base);
NTSTATUS NTAPI NtQuerySection(HANDLE section, ULONG cls, PVOID information, SIZE_T length, SIZE_T* needed);

// System
NTSTATUS NTAPI NtQuerySystemInformation(ULONG cls, PVOID information, ULONG length, ULONG* needed);
NTSTATUS NTAPI NtQuerySystemInformationEx(ULONG cls, PVOID input, ULONG input_length, PVOID information,
                                          ULONG length, ULONG* needed);
NTSTATUS NTAPI NtQuerySystemTime(LARGE_INTEGER* time);
NTSTATUS NTAPI NtQueryPerformanceCounter(LARGE_INTEGER* counter, LARGE_INTEGER* frequency);
NTSTATUS NTAPI NtQueryTimerResolution(ULONG* coarsest, ULONG* finest, ULONG* current);
ULONG NTAPI NtGetTickCount();
NTSTATUS NTAPI NtDisplayString(UNICODE_STRING* text);
NTSTATUS NTAPI NtQueryDefaultLocale(BOOLEAN user, ULONG* locale);
NTSTATUS NTAPI NtRaiseHardError(NTSTATUS status, ULONG count, ULONG string_mask, ULONG_PTR* parameters,
                                ULONG option, ULONG* response);

// Registry
NTSTATUS NTAPI NtCreateKey(HANDLE* key, ACCESS_MASK access, OBJECT_ATTRIBUTES* attributes, ULONG title_index,
                           UNICODE_STRING* cls, ULONG options, ULONG* disposition);
NTSTATUS NTAPI NtOpenKey(HANDLE* key, ACCESS_MASK access, OBJECT_ATTRIBUTES* attributes);
NTSTATUS NTAPI NtOpenKeyEx(HANDLE* key, ACCESS_MASK access, OBJECT_ATTRIBUTES* attributes, ULONG options);
NTSTATUS NTAPI NtDeleteKey(HANDLE key);
NTSTATUS NTAPI NtEnumerateKey(HANDLE key, ULONG index, ULONG cls, PVOID information, ULONG length,
                              ULONG* needed);
NTSTATUS NTAPI NtEnumerateValueKey(HANDLE key, ULONG index, ULONG cls, PVOID information, ULONG length,
                                   ULONG* needed);
NTSTATUS NTAPI NtQueryKey(HANDLE key, ULONG cls, PVOID information, ULONG length, ULONG* needed);
NTSTATUS NTAPI NtQueryValueKey(HANDLE key, UNICODE_STRING* name, ULONG cls, PVOID information, ULONG length,
                               ULONG* needed);
NTSTATUS NTAPI NtSetValueKey(HANDLE key, UNICODE_STRING* name, ULONG title_index, ULONG type, PVOID data,
                             ULONG length);
NTSTATUS NTAPI NtDeleteValueKey(HANDLE key, UNICODE_STRING* name);
NTSTATUS NTAPI NtFlushKey(HANDLE key);

// Ours: text for the person at the terminal. kind 0: debug print; 1: why a DLL or the program could not be
// loaded; 2: the name of something that is not implemented, stops the machine.
NTSTATUS NTAPI NtDrvlabReport(ULONG kind, const CHAR* text, ULONG length);
// Trace events api_call and api_return, sent while the byte at 0x7ffe0ff0 is not zero. text: the call's
// string argument or null.
NTSTATUS NTAPI NtDrvlabTraceApiCall(const CHAR* name, const UNICODE_STRING* text, const ULONG_PTR* arguments,
                                    ULONG count);
NTSTATUS NTAPI NtDrvlabTraceApiReturn(const CHAR* name, ULONG_PTR result, ULONG error);

} // extern "C"

inline HANDLE NtCurrentProcess() { return reinterpret_cast<HANDLE>(~ULONG_PTR(0)); }
inline HANDLE NtCurrentThread() { return reinterpret_cast<HANDLE>(~ULONG_PTR(1)); }
inline TEB* NtCurrentTeb() {
    TEB* teb;
    asm("mov %%gs:0x30, %0" : "=r"(teb)); // not volatile: the same within a function
    return teb;
}
inline PEB* NtCurrentPeb() { return NtCurrentTeb()->ProcessEnvironmentBlock; }

} // namespace nt
