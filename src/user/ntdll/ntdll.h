// What ntdll.dll exports, for it and for kernel32.dll. Freestanding; types of src/abi. Contracts are those of
// the documented Win32 functions on top of them, or said here.
#pragma once
#include "services.h"
#include <cstdarg>

namespace nt {

struct EXCEPTION_POINTERS;
struct RUNTIME_FUNCTION;
struct DISPATCHER_CONTEXT;
struct KNONVOLATILE_CONTEXT_POINTERS;
struct UNWIND_HISTORY_TABLE;

using PTOP_LEVEL_EXCEPTION_FILTER = LONG NTAPI (*)(EXCEPTION_POINTERS*);
using EXCEPTION_HANDLER = LONG NTAPI (*)(EXCEPTION_RECORD*, PVOID frame, CONTEXT*, DISPATCHER_CONTEXT*);
using GET_RUNTIME_FUNCTION_CALLBACK = RUNTIME_FUNCTION* NTAPI (*)(ULONG_PTR pc, PVOID context);
using THREAD_START = ULONG NTAPI (*)(PVOID);

// Heap flags
inline constexpr ULONG HEAP_NO_SERIALIZE = 0x1;
inline constexpr ULONG HEAP_GROWABLE = 0x2;
inline constexpr ULONG HEAP_GENERATE_EXCEPTIONS = 0x4;
inline constexpr ULONG HEAP_ZERO_MEMORY = 0x8;
inline constexpr ULONG HEAP_REALLOC_IN_PLACE_ONLY = 0x10;
inline constexpr ULONG HEAP_CREATE_ENABLE_EXECUTE = 0x40000;

// The layout of PROCESS_HEAP_ENTRY.
struct RTL_HEAP_WALK_ENTRY {
    PVOID lpData;
    ULONG cbData;
    UCHAR cbOverhead;
    UCHAR iRegionIndex;
    USHORT wFlags; // 1 region, 4 busy
    union {
        struct {
            HANDLE hMem;
            ULONG dwReserved[3];
        } Block;
        struct {
            ULONG dwCommittedSize;
            ULONG dwUnCommittedSize;
            PVOID lpFirstBlock;
            PVOID lpLastBlock;
        } Region;
    };
};

struct LDR_DLL_NOTIFICATION_DATA {
    ULONG Flags;
    UNICODE_STRING* FullDllName;
    UNICODE_STRING* BaseDllName;
    PVOID DllBase;
    ULONG SizeOfImage;
};

struct RTL_RELATIVE_NAME {
    UNICODE_STRING RelativeName;
    HANDLE ContainingDirectory;
    PVOID CurDirRef;
};

enum RTL_PATH_TYPE {
    RtlPathTypeUnknown,
    RtlPathTypeUncAbsolute,     // \\server\share
    RtlPathTypeDriveAbsolute,   // C:\x
    RtlPathTypeDriveRelative,   // C:x
    RtlPathTypeRooted,          // \x
    RtlPathTypeRelative,        // x
    RtlPathTypeLocalDevice,     // \\.\x, \\?\x
    RtlPathTypeRootLocalDevice, // \\. or \\?
};

extern "C" {

// Start of processes and threads; the kernel goes there.
void NTAPI LdrInitializeThunk(CONTEXT* context, PVOID ntdll_base, PVOID unused);
[[noreturn]] void NTAPI RtlUserThreadStart(THREAD_START start, PVOID argument);
[[noreturn]] void NTAPI RtlExitUserThread(ULONG status);
[[noreturn]] void NTAPI RtlExitUserProcess(ULONG status);
// start(argument) in a new thread of this process. stack sizes 0: the image's.
NTSTATUS NTAPI RtlCreateUserThread(HANDLE process, PVOID descriptor, BOOLEAN suspended, ULONG zero_bits,
                                   SIZE_T stack_reserve, SIZE_T stack_commit, THREAD_START start,
                                   PVOID argument, HANDLE* thread, CLIENT_ID* id);
// The hook through which kernel32 runs the base of a thread: called as f(start, argument) when it is set.
void NTAPI RtlSetThreadBaseHook(void NTAPI (*hook)(THREAD_START start, PVOID argument));

// Loader. Handles are image bases. `path` is the search path or null; names without extension get .dll.
NTSTATUS NTAPI LdrLoadDll(WCHAR* path, ULONG* characteristics, UNICODE_STRING* name, PVOID* base);
NTSTATUS NTAPI LdrUnloadDll(PVOID base);
NTSTATUS NTAPI LdrGetDllHandle(WCHAR* path, ULONG* characteristics, UNICODE_STRING* name, PVOID* base);
NTSTATUS NTAPI LdrGetDllHandleEx(ULONG flags, WCHAR* path, ULONG* characteristics, UNICODE_STRING* name,
                                 PVOID* base);
// By name, or by ordinal when name is null.
NTSTATUS NTAPI LdrGetProcedureAddress(PVOID base, ANSI_STRING* name, ULONG ordinal, PVOID* address);
NTSTATUS NTAPI LdrGetProcedureAddressForCaller(PVOID base, ANSI_STRING* name, ULONG ordinal, PVOID* address,
                                               BOOLEAN flags, PVOID caller);
NTSTATUS NTAPI LdrAddRefDll(ULONG flags, PVOID base); // flag 1: pin
NTSTATUS NTAPI LdrFindEntryForAddress(PVOID address, LDR_DATA_TABLE_ENTRY** entry);
NTSTATUS NTAPI LdrEnumerateLoadedModules(ULONG flags,
                                         void NTAPI (*callback)(LDR_DATA_TABLE_ENTRY*, PVOID, BOOLEAN* stop),
                                         PVOID context);
NTSTATUS NTAPI LdrLockLoaderLock(ULONG flags, ULONG* disposition, ULONG_PTR* cookie);
NTSTATUS NTAPI LdrUnlockLoaderLock(ULONG flags, ULONG_PTR cookie);
NTSTATUS NTAPI LdrDisableThreadCalloutsForDll(PVOID base);
NTSTATUS NTAPI LdrGetDllFullName(PVOID base, UNICODE_STRING* name);
NTSTATUS NTAPI LdrGetDllDirectory(UNICODE_STRING* directory);
NTSTATUS NTAPI LdrSetDllDirectory(UNICODE_STRING* directory);
NTSTATUS NTAPI LdrShutdownProcess();
NTSTATUS NTAPI LdrShutdownThread();
NTSTATUS NTAPI LdrRegisterDllNotification(
    ULONG flags, void NTAPI (*callback)(ULONG reason, const LDR_DLL_NOTIFICATION_DATA*, PVOID context),
    PVOID context, PVOID* cookie);
NTSTATUS NTAPI LdrUnregisterDllNotification(PVOID cookie);
PVOID NTAPI LdrResolveDelayLoadedAPI(PVOID base, const void* descriptor, PVOID failure_dll_hook,
                                     PVOID failure_system_hook, PVOID* thunk, ULONG flags);
NTSTATUS NTAPI LdrFindResource_U(PVOID base, const ULONG_PTR* path, ULONG levels, PVOID* data_entry);
NTSTATUS NTAPI LdrAccessResource(PVOID base, PVOID data_entry, PVOID* address, ULONG* size);
PVOID NTAPI RtlImageNtHeader(PVOID base);
PVOID NTAPI RtlImageDirectoryEntryToData(PVOID base, BOOLEAN mapped, USHORT directory, ULONG* size);
PVOID NTAPI RtlPcToFileHeader(PVOID pc, PVOID* base);

// Exceptions and unwinding
void NTAPI KiUserExceptionDispatcher(); // entered by the kernel: CONTEXT at rsp, EXCEPTION_RECORD behind it
void NTAPI KiUserApcDispatcher();       // entered by the kernel: CONTEXT at rsp
BOOLEAN NTAPI RtlDispatchException(EXCEPTION_RECORD* record, CONTEXT* context);
void NTAPI RtlRaiseException(EXCEPTION_RECORD* record);
[[noreturn]] void NTAPI RtlRaiseStatus(NTSTATUS status);
void NTAPI RtlUnwind(PVOID frame, PVOID target, EXCEPTION_RECORD* record, PVOID value);
void NTAPI RtlUnwindEx(PVOID frame, PVOID target, EXCEPTION_RECORD* record, PVOID value, CONTEXT* context,
                       UNWIND_HISTORY_TABLE* history);
EXCEPTION_HANDLER NTAPI RtlVirtualUnwind(ULONG type, ULONG_PTR image_base, ULONG_PTR pc,
                                         RUNTIME_FUNCTION* function, CONTEXT* context, PVOID* handler_data,
                                         ULONG_PTR* frame, KNONVOLATILE_CONTEXT_POINTERS* pointers);
RUNTIME_FUNCTION* NTAPI RtlLookupFunctionEntry(ULONG_PTR pc, ULONG_PTR* image_base,
                                               UNWIND_HISTORY_TABLE* history);
PVOID NTAPI RtlLookupFunctionTable(ULONG_PTR pc, ULONG_PTR* image_base, ULONG* length);
BOOLEAN NTAPI RtlAddFunctionTable(RUNTIME_FUNCTION* table, ULONG count, ULONG_PTR base);
BOOLEAN NTAPI RtlDeleteFunctionTable(RUNTIME_FUNCTION* table);
BOOLEAN NTAPI RtlInstallFunctionTableCallback(ULONG_PTR id, ULONG_PTR base, ULONG length,
                                              GET_RUNTIME_FUNCTION_CALLBACK callback, PVOID context,
                                              const WCHAR* dll);
void NTAPI RtlCaptureContext(CONTEXT* context);
void NTAPI RtlRestoreContext(CONTEXT* context, EXCEPTION_RECORD* record);
USHORT NTAPI RtlCaptureStackBackTrace(ULONG skip, ULONG count, PVOID* addresses, ULONG* hash);
PVOID NTAPI RtlAddVectoredExceptionHandler(ULONG first, PTOP_LEVEL_EXCEPTION_FILTER handler);
ULONG NTAPI RtlRemoveVectoredExceptionHandler(PVOID handle);
PVOID NTAPI RtlAddVectoredContinueHandler(ULONG first, PTOP_LEVEL_EXCEPTION_FILTER handler);
ULONG NTAPI RtlRemoveVectoredContinueHandler(PVOID handle);
// Kernel32's UnhandledExceptionFilter: what the base of every thread asks.
void NTAPI RtlSetUnhandledExceptionFilter(PTOP_LEVEL_EXCEPTION_FILTER filter);
LONG NTAPI RtlUnhandledExceptionFilter(EXCEPTION_POINTERS* pointers);
LONG NTAPI __C_specific_handler(EXCEPTION_RECORD* record, PVOID frame, CONTEXT* context,
                                DISPATCHER_CONTEXT* dispatcher);
PVOID NTAPI RtlEncodePointer(PVOID pointer);
PVOID NTAPI RtlDecodePointer(PVOID pointer);

// Heaps
PVOID NTAPI RtlCreateHeap(ULONG flags, PVOID base, SIZE_T reserve, SIZE_T commit, PVOID lock,
                          PVOID parameters);
PVOID NTAPI RtlDestroyHeap(PVOID heap); // null on success
PVOID NTAPI RtlAllocateHeap(PVOID heap, ULONG flags, SIZE_T size);
PVOID NTAPI RtlReAllocateHeap(PVOID heap, ULONG flags, PVOID memory, SIZE_T size);
BOOLEAN NTAPI RtlFreeHeap(PVOID heap, ULONG flags, PVOID memory);
SIZE_T NTAPI RtlSizeHeap(PVOID heap, ULONG flags, const void* memory); // ~0 on failure
BOOLEAN NTAPI RtlValidateHeap(PVOID heap, ULONG flags, const void* memory);
SIZE_T NTAPI RtlCompactHeap(PVOID heap, ULONG flags);
NTSTATUS NTAPI RtlWalkHeap(PVOID heap, RTL_HEAP_WALK_ENTRY* entry);
BOOLEAN NTAPI RtlLockHeap(PVOID heap);
BOOLEAN NTAPI RtlUnlockHeap(PVOID heap);
ULONG NTAPI RtlGetProcessHeaps(ULONG count, PVOID* heaps);
NTSTATUS NTAPI RtlSetHeapInformation(PVOID heap, ULONG cls, PVOID information, SIZE_T length);
NTSTATUS NTAPI RtlQueryHeapInformation(PVOID heap, ULONG cls, PVOID information, SIZE_T length,
                                       SIZE_T* needed);

// Locks
NTSTATUS NTAPI RtlInitializeCriticalSection(RTL_CRITICAL_SECTION* section);
NTSTATUS NTAPI RtlInitializeCriticalSectionAndSpinCount(RTL_CRITICAL_SECTION* section, ULONG spin);
NTSTATUS NTAPI RtlInitializeCriticalSectionEx(RTL_CRITICAL_SECTION* section, ULONG spin, ULONG flags);
NTSTATUS NTAPI RtlEnterCriticalSection(RTL_CRITICAL_SECTION* section);
BOOLEAN NTAPI RtlTryEnterCriticalSection(RTL_CRITICAL_SECTION* section);
NTSTATUS NTAPI RtlLeaveCriticalSection(RTL_CRITICAL_SECTION* section);
NTSTATUS NTAPI RtlDeleteCriticalSection(RTL_CRITICAL_SECTION* section);
ULONG NTAPI RtlSetCriticalSectionSpinCount(RTL_CRITICAL_SECTION* section, ULONG spin);
ULONG NTAPI RtlIsCriticalSectionLocked(RTL_CRITICAL_SECTION* section);
ULONG NTAPI RtlIsCriticalSectionLockedByThread(RTL_CRITICAL_SECTION* section);
void NTAPI RtlAcquirePebLock();
void NTAPI RtlReleasePebLock();
void NTAPI RtlInitializeSRWLock(RTL_SRWLOCK* lock);
void NTAPI RtlAcquireSRWLockExclusive(RTL_SRWLOCK* lock);
void NTAPI RtlAcquireSRWLockShared(RTL_SRWLOCK* lock);
void NTAPI RtlReleaseSRWLockExclusive(RTL_SRWLOCK* lock);
void NTAPI RtlReleaseSRWLockShared(RTL_SRWLOCK* lock);
BOOLEAN NTAPI RtlTryAcquireSRWLockExclusive(RTL_SRWLOCK* lock);
BOOLEAN NTAPI RtlTryAcquireSRWLockShared(RTL_SRWLOCK* lock);
void NTAPI RtlInitializeConditionVariable(RTL_CONDITION_VARIABLE* variable);
NTSTATUS NTAPI RtlSleepConditionVariableCS(RTL_CONDITION_VARIABLE* variable, RTL_CRITICAL_SECTION* section,
                                           const LARGE_INTEGER* timeout);
NTSTATUS NTAPI RtlSleepConditionVariableSRW(RTL_CONDITION_VARIABLE* variable, RTL_SRWLOCK* lock,
                                            const LARGE_INTEGER* timeout, ULONG flags); // flag 1: shared
void NTAPI RtlWakeConditionVariable(RTL_CONDITION_VARIABLE* variable);
void NTAPI RtlWakeAllConditionVariable(RTL_CONDITION_VARIABLE* variable);
void NTAPI RtlRunOnceInitialize(RTL_RUN_ONCE* once);
NTSTATUS NTAPI RtlRunOnceExecuteOnce(RTL_RUN_ONCE* once, ULONG NTAPI (*init)(RTL_RUN_ONCE*, PVOID, PVOID*),
                                     PVOID parameter, PVOID* context);
NTSTATUS NTAPI RtlRunOnceBeginInitialize(RTL_RUN_ONCE* once, ULONG flags, PVOID* context);
NTSTATUS NTAPI RtlRunOnceComplete(RTL_RUN_ONCE* once, ULONG flags, PVOID context);
NTSTATUS NTAPI RtlWaitOnAddress(const void* address, PVOID compare, SIZE_T size,
                                const LARGE_INTEGER* timeout);
void NTAPI RtlWakeAddressSingle(PVOID address);
void NTAPI RtlWakeAddressAll(PVOID address);
void NTAPI RtlInitializeSListHead(SLIST_HEADER* head);
SLIST_ENTRY* NTAPI RtlFirstEntrySList(const SLIST_HEADER* head);
SLIST_ENTRY* NTAPI RtlInterlockedPopEntrySList(SLIST_HEADER* head);
SLIST_ENTRY* NTAPI RtlInterlockedPushEntrySList(SLIST_HEADER* head, SLIST_ENTRY* entry);
SLIST_ENTRY* NTAPI RtlInterlockedPushListSListEx(SLIST_HEADER* head, SLIST_ENTRY* first, SLIST_ENTRY* last,
                                                 ULONG count);
SLIST_ENTRY* NTAPI RtlInterlockedFlushSList(SLIST_HEADER* head);
USHORT NTAPI RtlQueryDepthSList(SLIST_HEADER* head);

// Fiber-local storage (thread-local slots are TEB.TlsSlots and PEB.TlsBitmap under the PEB lock)
NTSTATUS NTAPI RtlFlsAlloc(void NTAPI (*callback)(PVOID), ULONG* index);
NTSTATUS NTAPI RtlFlsFree(ULONG index);
NTSTATUS NTAPI RtlFlsGetValue(ULONG index, PVOID* value);
NTSTATUS NTAPI RtlFlsSetValue(ULONG index, PVOID value);
void NTAPI RtlProcessFlsData(PVOID data, ULONG flags); // 1: call the callbacks, 2: release the data
// Slots 0 … 1087 as TlsAlloc gives them; STATUS_NO_MEMORY when none is left. Free clears the slot in every
// thread.
NTSTATUS NTAPI RtlTlsAlloc(ULONG* index);
NTSTATUS NTAPI RtlTlsFree(ULONG index);
NTSTATUS NTAPI RtlAdjustPrivilege(ULONG privilege, BOOLEAN enable, BOOLEAN of_thread, BOOLEAN* was_enabled);
NTSTATUS NTAPI RtlTlsSetValue(ULONG index, PVOID value);

// Environment: null `environment` is the process's.
NTSTATUS NTAPI RtlQueryEnvironmentVariable_U(WCHAR* environment, UNICODE_STRING* name, UNICODE_STRING* value);
NTSTATUS NTAPI RtlQueryEnvironmentVariable(WCHAR* environment, const WCHAR* name, SIZE_T name_length,
                                           WCHAR* value, SIZE_T value_length, SIZE_T* needed);
NTSTATUS NTAPI RtlSetEnvironmentVariable(WCHAR** environment, UNICODE_STRING* name, UNICODE_STRING* value);
NTSTATUS NTAPI RtlSetEnvironmentVar(WCHAR** environment, const WCHAR* name, SIZE_T name_length,
                                    const WCHAR* value, SIZE_T value_length);
NTSTATUS NTAPI RtlExpandEnvironmentStrings_U(WCHAR* environment, UNICODE_STRING* source,
                                             UNICODE_STRING* target, ULONG* needed);
NTSTATUS NTAPI RtlExpandEnvironmentStrings(WCHAR* environment, const WCHAR* source, SIZE_T source_length,
                                           WCHAR* target, SIZE_T target_length, SIZE_T* needed);
NTSTATUS NTAPI RtlCreateEnvironment(BOOLEAN clone, WCHAR** environment);
NTSTATUS NTAPI RtlDestroyEnvironment(WCHAR* environment);
NTSTATUS NTAPI RtlSetCurrentEnvironment(WCHAR* environment, WCHAR** previous);

// Paths
RTL_PATH_TYPE NTAPI RtlDetermineDosPathNameType_U(const WCHAR* path);
RTL_PATH_TYPE NTAPI RtlDetermineDosPathNameType_Ustr(const UNICODE_STRING* path);
ULONG NTAPI RtlIsDosDeviceName_U(const WCHAR* path); // (byte offset << 16) | byte length, 0: no
ULONG NTAPI RtlIsDosDeviceName_Ustr(const UNICODE_STRING* path);
ULONG NTAPI RtlGetFullPathName_U(const WCHAR* path, ULONG bytes, WCHAR* buffer, WCHAR** file_part);
BOOLEAN NTAPI RtlDosPathNameToNtPathName_U(const WCHAR* path, UNICODE_STRING* nt_path, WCHAR** file_part,
                                           RTL_RELATIVE_NAME* relative);
NTSTATUS NTAPI RtlDosPathNameToNtPathName_U_WithStatus(const WCHAR* path, UNICODE_STRING* nt_path,
                                                       WCHAR** file_part, RTL_RELATIVE_NAME* relative);
BOOLEAN NTAPI RtlDosPathNameToRelativeNtPathName_U(const WCHAR* path, UNICODE_STRING* nt_path,
                                                   WCHAR** file_part, RTL_RELATIVE_NAME* relative);
NTSTATUS NTAPI RtlDosPathNameToRelativeNtPathName_U_WithStatus(const WCHAR* path, UNICODE_STRING* nt_path,
                                                               WCHAR** file_part,
                                                               RTL_RELATIVE_NAME* relative);
void NTAPI RtlReleaseRelativeName(RTL_RELATIVE_NAME* relative);
ULONG NTAPI RtlGetCurrentDirectory_U(ULONG bytes, WCHAR* buffer);
NTSTATUS NTAPI RtlSetCurrentDirectory_U(UNICODE_STRING* path);
// Ours: whether that function would accept the path.
NTSTATUS NTAPI DrvlabCheckDirectory(const UNICODE_STRING* path);
// What a search for the file of an NT path ended with: that a path on C: leads nowhere is no news to the
// program when it is a file that is missing in a directory that the machine speaks of
// (current_directory.cpp).
NTSTATUS NTAPI DrvlabStatusOfMissing(const UNICODE_STRING* nt_name, NTSTATUS status);
BOOLEAN NTAPI RtlDoesFileExists_U(const WCHAR* path);
ULONG NTAPI RtlGetLongestNtPathLength();

// Strings. Allocating forms use the process heap; RtlFreeXxxString releases.
void NTAPI RtlInitUnicodeString(UNICODE_STRING* to, const WCHAR* from);
NTSTATUS NTAPI RtlInitUnicodeStringEx(UNICODE_STRING* to, const WCHAR* from);
void NTAPI RtlInitString(STRING* to, const CHAR* from);
void NTAPI RtlInitAnsiString(ANSI_STRING* to, const CHAR* from);
NTSTATUS NTAPI RtlInitAnsiStringEx(ANSI_STRING* to, const CHAR* from);
void NTAPI RtlFreeUnicodeString(UNICODE_STRING* s);
void NTAPI RtlFreeAnsiString(ANSI_STRING* s);
void NTAPI RtlFreeOemString(OEM_STRING* s);
void NTAPI RtlCopyUnicodeString(UNICODE_STRING* to, const UNICODE_STRING* from);
void NTAPI RtlCopyString(STRING* to, const STRING* from);
NTSTATUS NTAPI RtlAppendUnicodeStringToString(UNICODE_STRING* to, const UNICODE_STRING* from);
NTSTATUS NTAPI RtlAppendUnicodeToString(UNICODE_STRING* to, const WCHAR* from);
NTSTATUS NTAPI RtlAppendStringToString(STRING* to, const STRING* from);
NTSTATUS NTAPI RtlAppendAsciizToString(STRING* to, const CHAR* from);
LONG NTAPI RtlCompareUnicodeString(const UNICODE_STRING* a, const UNICODE_STRING* b, BOOLEAN ignore_case);
LONG NTAPI RtlCompareUnicodeStrings(const WCHAR* a, SIZE_T a_length, const WCHAR* b, SIZE_T b_length,
                                    BOOLEAN ignore_case);
LONG NTAPI RtlCompareString(const STRING* a, const STRING* b, BOOLEAN ignore_case);
struct SID;
BOOLEAN NTAPI RtlValidSid(const SID* sid);
ULONG NTAPI RtlLengthSid(const SID* sid);
BOOLEAN NTAPI RtlEqualUnicodeString(const UNICODE_STRING* a, const UNICODE_STRING* b, BOOLEAN ignore_case);
BOOLEAN NTAPI RtlEqualString(const STRING* a, const STRING* b, BOOLEAN ignore_case);
BOOLEAN NTAPI RtlPrefixUnicodeString(const UNICODE_STRING* a, const UNICODE_STRING* b, BOOLEAN ignore_case);
BOOLEAN NTAPI RtlPrefixString(const STRING* a, const STRING* b, BOOLEAN ignore_case);
NTSTATUS NTAPI RtlDuplicateUnicodeString(ULONG flags, const UNICODE_STRING* from, UNICODE_STRING* to);
BOOLEAN NTAPI RtlCreateUnicodeString(UNICODE_STRING* to, const WCHAR* from);
BOOLEAN NTAPI RtlCreateUnicodeStringFromAsciiz(UNICODE_STRING* to, const CHAR* from);
NTSTATUS NTAPI RtlUpcaseUnicodeString(UNICODE_STRING* to, const UNICODE_STRING* from, BOOLEAN allocate);
NTSTATUS NTAPI RtlDowncaseUnicodeString(UNICODE_STRING* to, const UNICODE_STRING* from, BOOLEAN allocate);
WCHAR NTAPI RtlUpcaseUnicodeChar(WCHAR c);
WCHAR NTAPI RtlDowncaseUnicodeChar(WCHAR c);
CHAR NTAPI RtlUpperChar(CHAR c);
void NTAPI RtlUpperString(STRING* to, const STRING* from);
NTSTATUS NTAPI RtlAnsiStringToUnicodeString(UNICODE_STRING* to, const ANSI_STRING* from, BOOLEAN allocate);
NTSTATUS NTAPI RtlUnicodeStringToAnsiString(ANSI_STRING* to, const UNICODE_STRING* from, BOOLEAN allocate);
NTSTATUS NTAPI RtlOemStringToUnicodeString(UNICODE_STRING* to, const OEM_STRING* from, BOOLEAN allocate);
NTSTATUS NTAPI RtlUnicodeStringToOemString(OEM_STRING* to, const UNICODE_STRING* from, BOOLEAN allocate);
ULONG NTAPI RtlxAnsiStringToUnicodeSize(const ANSI_STRING* s);
ULONG NTAPI RtlxUnicodeStringToAnsiSize(const UNICODE_STRING* s);
NTSTATUS NTAPI RtlMultiByteToUnicodeN(WCHAR* to, ULONG size, ULONG* written, const CHAR* from, ULONG bytes);
NTSTATUS NTAPI RtlMultiByteToUnicodeSize(ULONG* size, const CHAR* from, ULONG bytes);
NTSTATUS NTAPI RtlUnicodeToMultiByteN(CHAR* to, ULONG size, ULONG* written, const WCHAR* from, ULONG bytes);
NTSTATUS NTAPI RtlUnicodeToMultiByteSize(ULONG* size, const WCHAR* from, ULONG bytes);
NTSTATUS NTAPI RtlOemToUnicodeN(WCHAR* to, ULONG size, ULONG* written, const CHAR* from, ULONG bytes);
NTSTATUS NTAPI RtlUnicodeToOemN(CHAR* to, ULONG size, ULONG* written, const WCHAR* from, ULONG bytes);
NTSTATUS NTAPI RtlUnicodeToUTF8N(CHAR* to, ULONG size, ULONG* written, const WCHAR* from, ULONG bytes);
NTSTATUS NTAPI RtlUTF8ToUnicodeN(WCHAR* to, ULONG size, ULONG* written, const CHAR* from, ULONG bytes);
NTSTATUS NTAPI RtlIntegerToUnicodeString(ULONG value, ULONG base, UNICODE_STRING* to);
NTSTATUS NTAPI RtlInt64ToUnicodeString(ULONGLONG value, ULONG base, UNICODE_STRING* to);
NTSTATUS NTAPI RtlUnicodeStringToInteger(const UNICODE_STRING* s, ULONG base, ULONG* value);
NTSTATUS NTAPI RtlCharToInteger(const CHAR* s, ULONG base, ULONG* value);
NTSTATUS NTAPI RtlHashUnicodeString(const UNICODE_STRING* s, BOOLEAN ignore_case, ULONG algorithm,
                                    ULONG* hash);
NTSTATUS NTAPI RtlGUIDFromString(const UNICODE_STRING* text, GUID* guid);
NTSTATUS NTAPI RtlStringFromGUID(const GUID* guid, UNICODE_STRING* text);

// Bitmaps
void NTAPI RtlInitializeBitMap(RTL_BITMAP* map, ULONG* buffer, ULONG bits);
void NTAPI RtlClearAllBits(RTL_BITMAP* map);
void NTAPI RtlSetAllBits(RTL_BITMAP* map);
void NTAPI RtlClearBits(RTL_BITMAP* map, ULONG start, ULONG count);
void NTAPI RtlSetBits(RTL_BITMAP* map, ULONG start, ULONG count);
void NTAPI RtlClearBit(RTL_BITMAP* map, ULONG bit);
void NTAPI RtlSetBit(RTL_BITMAP* map, ULONG bit);
BOOLEAN NTAPI RtlTestBit(RTL_BITMAP* map, ULONG bit);
BOOLEAN NTAPI RtlAreBitsSet(RTL_BITMAP* map, ULONG start, ULONG count);
BOOLEAN NTAPI RtlAreBitsClear(RTL_BITMAP* map, ULONG start, ULONG count);
ULONG NTAPI RtlNumberOfSetBits(RTL_BITMAP* map);
ULONG NTAPI RtlNumberOfClearBits(RTL_BITMAP* map);
ULONG NTAPI RtlFindClearBits(RTL_BITMAP* map, ULONG count, ULONG hint);
ULONG NTAPI RtlFindSetBits(RTL_BITMAP* map, ULONG count, ULONG hint);
ULONG NTAPI RtlFindClearBitsAndSet(RTL_BITMAP* map, ULONG count, ULONG hint);
ULONG NTAPI RtlFindSetBitsAndClear(RTL_BITMAP* map, ULONG count, ULONG hint);

// Time
void NTAPI RtlTimeToTimeFields(const LARGE_INTEGER* time, TIME_FIELDS* fields);
BOOLEAN NTAPI RtlTimeFieldsToTime(const TIME_FIELDS* fields, LARGE_INTEGER* time);
BOOLEAN NTAPI RtlTimeToSecondsSince1970(const LARGE_INTEGER* time, ULONG* seconds);
void NTAPI RtlSecondsSince1970ToTime(ULONG seconds, LARGE_INTEGER* time);
BOOLEAN NTAPI RtlTimeToSecondsSince1980(const LARGE_INTEGER* time, ULONG* seconds);
void NTAPI RtlSecondsSince1980ToTime(ULONG seconds, LARGE_INTEGER* time);
NTSTATUS NTAPI RtlSystemTimeToLocalTime(const LARGE_INTEGER* system, LARGE_INTEGER* local);
NTSTATUS NTAPI RtlLocalTimeToSystemTime(const LARGE_INTEGER* local, LARGE_INTEGER* system);
BOOLEAN NTAPI RtlQueryPerformanceCounter(LARGE_INTEGER* counter);
BOOLEAN NTAPI RtlQueryPerformanceFrequency(LARGE_INTEGER* frequency);
LONGLONG NTAPI RtlGetSystemTimePrecise();

// Errors
ULONG NTAPI RtlNtStatusToDosError(NTSTATUS status); // and sets TEB.LastStatusValue
ULONG NTAPI RtlNtStatusToDosErrorNoTeb(NTSTATUS status);
ULONG NTAPI RtlGetLastWin32Error();
NTSTATUS NTAPI RtlGetLastNtStatus();
void NTAPI RtlSetLastWin32Error(ULONG error);
void NTAPI RtlRestoreLastWin32Error(ULONG error);
void NTAPI RtlSetLastWin32ErrorAndNtStatusFromNtStatus(NTSTATUS status);
ULONG NTAPI RtlGetThreadErrorMode();
NTSTATUS NTAPI RtlSetThreadErrorMode(ULONG mode, ULONG* previous);

// System
NTSTATUS NTAPI RtlGetVersion(RTL_OSVERSIONINFOW* version);
void NTAPI RtlGetNtVersionNumbers(ULONG* major, ULONG* minor, ULONG* build);
NTSTATUS NTAPI RtlVerifyVersionInfo(const RTL_OSVERSIONINFOEXW* version, ULONG mask, ULONGLONG condition);
ULONGLONG NTAPI VerSetConditionMask(ULONGLONG mask, ULONG type, UCHAR condition);
BOOLEAN NTAPI RtlGetNtProductType(ULONG* type);
PEB* NTAPI RtlGetCurrentPeb();
ULONG NTAPI RtlUniform(ULONG* seed);
ULONG NTAPI RtlRandom(ULONG* seed);
ULONG NTAPI RtlRandomEx(ULONG* seed);
ULONG NTAPI RtlComputeCrc32(ULONG initial, const void* data, ULONG length);
SIZE_T NTAPI RtlCompareMemory(const void* a, const void* b, SIZE_T length);
void NTAPI RtlFillMemory(PVOID to, SIZE_T length, UCHAR value);
void NTAPI RtlZeroMemory(PVOID to, SIZE_T length);
void NTAPI RtlMoveMemory(PVOID to, const void* from, SIZE_T length);
void NTAPI RtlCopyMemory(PVOID to, const void* from, SIZE_T length);

// Debug print: "DbgPrint" of the program goes where a driver's goes.
ULONG DbgPrint(const CHAR* format, ...);
ULONG DbgPrintEx(ULONG component, ULONG level, const CHAR* format, ...);
ULONG NTAPI vDbgPrintEx(ULONG component, ULONG level, const CHAR* format, va_list arguments);
void NTAPI DbgBreakPoint();
void NTAPI DbgUserBreakPoint();

// C functions that ntdll exports
void* memcpy(void* to, const void* from, std::size_t n);
void* memmove(void* to, const void* from, std::size_t n);
void* memset(void* to, int value, std::size_t n);
int memcmp(const void* a, const void* b, std::size_t n);
void* memchr(const void* s, int c, std::size_t n);
std::size_t strlen(const char* s);
std::size_t strnlen(const char* s, std::size_t n);
char* strcpy(char* to, const char* from);
char* strncpy(char* to, const char* from, std::size_t n);
char* strcat(char* to, const char* from);
int strcmp(const char* a, const char* b);
int strncmp(const char* a, const char* b, std::size_t n);
int _stricmp(const char* a, const char* b);
int _strnicmp(const char* a, const char* b, std::size_t n);
char* strchr(const char* s, int c);
char* strrchr(const char* s, int c);
char* strstr(const char* s, const char* part);
std::size_t wcslen(const WCHAR* s);
std::size_t wcsnlen(const WCHAR* s, std::size_t n);
WCHAR* wcscpy(WCHAR* to, const WCHAR* from);
WCHAR* wcsncpy(WCHAR* to, const WCHAR* from, std::size_t n);
WCHAR* wcscat(WCHAR* to, const WCHAR* from);
int wcscmp(const WCHAR* a, const WCHAR* b);
int wcsncmp(const WCHAR* a, const WCHAR* b, std::size_t n);
int _wcsicmp(const WCHAR* a, const WCHAR* b);
int _wcsnicmp(const WCHAR* a, const WCHAR* b, std::size_t n);
WCHAR* wcschr(const WCHAR* s, WCHAR c);
WCHAR* wcsrchr(const WCHAR* s, WCHAR c);
WCHAR* wcsstr(const WCHAR* s, const WCHAR* part);
WCHAR towupper(WCHAR c);
WCHAR towlower(WCHAR c);
int toupper(int c);
int tolower(int c);
int atoi(const char* s);
unsigned long strtoul(const char* s, char** end, int base);
long strtol(const char* s, char** end, int base);
unsigned long wcstoul(const WCHAR* s, WCHAR** end, int base);
int _snprintf(char* to, std::size_t n, const char* format, ...);
int _vsnprintf(char* to, std::size_t n, const char* format, va_list arguments);
int sprintf(char* to, const char* format, ...);
int _snwprintf(WCHAR* to, std::size_t n, const WCHAR* format, ...);
int _vsnwprintf(WCHAR* to, std::size_t n, const WCHAR* format, va_list arguments);
void qsort(void* base, std::size_t n, std::size_t size, int (*compare)(const void*, const void*));
void* bsearch(const void* key, const void* base, std::size_t n, std::size_t size,
              int (*compare)(const void*, const void*));

} // extern "C"
} // namespace nt
