// Fast I/O entry points of file systems and the few drivers that offer them to programs.
#pragma once
#include "abi/file.h"
#include "abi/mm.h"

namespace nt {

struct COMPRESSED_DATA_INFO;

typedef BOOLEAN NTAPI FAST_IO_CHECK_IF_POSSIBLE(FILE_OBJECT*, LARGE_INTEGER* FileOffset, ULONG Length,
                                                BOOLEAN Wait, ULONG LockKey, BOOLEAN CheckForReadOperation,
                                                IO_STATUS_BLOCK*, DEVICE_OBJECT*);
typedef BOOLEAN NTAPI FAST_IO_READ(FILE_OBJECT*, LARGE_INTEGER* FileOffset, ULONG Length, BOOLEAN Wait,
                                   ULONG LockKey, PVOID Buffer, IO_STATUS_BLOCK*, DEVICE_OBJECT*);
typedef BOOLEAN NTAPI FAST_IO_WRITE(FILE_OBJECT*, LARGE_INTEGER* FileOffset, ULONG Length, BOOLEAN Wait,
                                    ULONG LockKey, PVOID Buffer, IO_STATUS_BLOCK*, DEVICE_OBJECT*);
typedef BOOLEAN NTAPI FAST_IO_QUERY_BASIC_INFO(FILE_OBJECT*, BOOLEAN Wait, FILE_BASIC_INFORMATION*,
                                               IO_STATUS_BLOCK*, DEVICE_OBJECT*);
typedef BOOLEAN NTAPI FAST_IO_QUERY_STANDARD_INFO(FILE_OBJECT*, BOOLEAN Wait, FILE_STANDARD_INFORMATION*,
                                                  IO_STATUS_BLOCK*, DEVICE_OBJECT*);
typedef BOOLEAN NTAPI FAST_IO_LOCK(FILE_OBJECT*, LARGE_INTEGER* FileOffset, LARGE_INTEGER* Length, EPROCESS*,
                                   ULONG Key, BOOLEAN FailImmediately, BOOLEAN ExclusiveLock,
                                   IO_STATUS_BLOCK*, DEVICE_OBJECT*);
typedef BOOLEAN NTAPI FAST_IO_UNLOCK_SINGLE(FILE_OBJECT*, LARGE_INTEGER* FileOffset, LARGE_INTEGER* Length,
                                            EPROCESS*, ULONG Key, IO_STATUS_BLOCK*, DEVICE_OBJECT*);
typedef BOOLEAN NTAPI FAST_IO_UNLOCK_ALL(FILE_OBJECT*, EPROCESS*, IO_STATUS_BLOCK*, DEVICE_OBJECT*);
typedef BOOLEAN NTAPI FAST_IO_UNLOCK_ALL_BY_KEY(FILE_OBJECT*, PVOID ProcessId, ULONG Key, IO_STATUS_BLOCK*,
                                                DEVICE_OBJECT*);
typedef BOOLEAN NTAPI FAST_IO_DEVICE_CONTROL(FILE_OBJECT*, BOOLEAN Wait, PVOID InputBuffer,
                                             ULONG InputBufferLength, PVOID OutputBuffer,
                                             ULONG OutputBufferLength, ULONG IoControlCode, IO_STATUS_BLOCK*,
                                             DEVICE_OBJECT*);
typedef void NTAPI FAST_IO_ACQUIRE_FILE(FILE_OBJECT*);
typedef void NTAPI FAST_IO_RELEASE_FILE(FILE_OBJECT*);
typedef void NTAPI FAST_IO_DETACH_DEVICE(DEVICE_OBJECT* SourceDevice, DEVICE_OBJECT* TargetDevice);
typedef BOOLEAN NTAPI FAST_IO_QUERY_NETWORK_OPEN_INFO(FILE_OBJECT*, BOOLEAN Wait,
                                                      FILE_NETWORK_OPEN_INFORMATION*, IO_STATUS_BLOCK*,
                                                      DEVICE_OBJECT*);
typedef NTSTATUS NTAPI FAST_IO_ACQUIRE_FOR_MOD_WRITE(FILE_OBJECT*, LARGE_INTEGER* EndingOffset,
                                                     ERESOURCE** ResourceToRelease, DEVICE_OBJECT*);
typedef BOOLEAN NTAPI FAST_IO_MDL_READ(FILE_OBJECT*, LARGE_INTEGER* FileOffset, ULONG Length, ULONG LockKey,
                                       MDL** MdlChain, IO_STATUS_BLOCK*, DEVICE_OBJECT*);
typedef BOOLEAN NTAPI FAST_IO_MDL_READ_COMPLETE(FILE_OBJECT*, MDL* MdlChain, DEVICE_OBJECT*);
typedef BOOLEAN NTAPI FAST_IO_PREPARE_MDL_WRITE(FILE_OBJECT*, LARGE_INTEGER* FileOffset, ULONG Length,
                                                ULONG LockKey, MDL** MdlChain, IO_STATUS_BLOCK*,
                                                DEVICE_OBJECT*);
typedef BOOLEAN NTAPI FAST_IO_MDL_WRITE_COMPLETE(FILE_OBJECT*, LARGE_INTEGER* FileOffset, MDL* MdlChain,
                                                 DEVICE_OBJECT*);
typedef BOOLEAN NTAPI FAST_IO_READ_COMPRESSED(FILE_OBJECT*, LARGE_INTEGER* FileOffset, ULONG Length,
                                              ULONG LockKey, PVOID Buffer, MDL** MdlChain, IO_STATUS_BLOCK*,
                                              COMPRESSED_DATA_INFO*, ULONG CompressedDataInfoLength,
                                              DEVICE_OBJECT*);
typedef BOOLEAN NTAPI FAST_IO_WRITE_COMPRESSED(FILE_OBJECT*, LARGE_INTEGER* FileOffset, ULONG Length,
                                               ULONG LockKey, PVOID Buffer, MDL** MdlChain, IO_STATUS_BLOCK*,
                                               COMPRESSED_DATA_INFO*, ULONG CompressedDataInfoLength,
                                               DEVICE_OBJECT*);
typedef BOOLEAN NTAPI FAST_IO_MDL_READ_COMPLETE_COMPRESSED(FILE_OBJECT*, MDL* MdlChain, DEVICE_OBJECT*);
typedef BOOLEAN NTAPI FAST_IO_MDL_WRITE_COMPLETE_COMPRESSED(FILE_OBJECT*, LARGE_INTEGER* FileOffset,
                                                            MDL* MdlChain, DEVICE_OBJECT*);
typedef BOOLEAN NTAPI FAST_IO_QUERY_OPEN(IRP*, FILE_NETWORK_OPEN_INFORMATION*, DEVICE_OBJECT*);
typedef NTSTATUS NTAPI FAST_IO_RELEASE_FOR_MOD_WRITE(FILE_OBJECT*, ERESOURCE* ResourceToRelease,
                                                     DEVICE_OBJECT*);
typedef NTSTATUS NTAPI FAST_IO_ACQUIRE_FOR_CCFLUSH(FILE_OBJECT*, DEVICE_OBJECT*);
typedef NTSTATUS NTAPI FAST_IO_RELEASE_FOR_CCFLUSH(FILE_OBJECT*, DEVICE_OBJECT*);

struct FAST_IO_DISPATCH {
    ULONG SizeOfFastIoDispatch;
    FAST_IO_CHECK_IF_POSSIBLE* FastIoCheckIfPossible;
    FAST_IO_READ* FastIoRead;
    FAST_IO_WRITE* FastIoWrite;
    FAST_IO_QUERY_BASIC_INFO* FastIoQueryBasicInfo;
    FAST_IO_QUERY_STANDARD_INFO* FastIoQueryStandardInfo;
    FAST_IO_LOCK* FastIoLock;
    FAST_IO_UNLOCK_SINGLE* FastIoUnlockSingle;
    FAST_IO_UNLOCK_ALL* FastIoUnlockAll;
    FAST_IO_UNLOCK_ALL_BY_KEY* FastIoUnlockAllByKey;
    FAST_IO_DEVICE_CONTROL* FastIoDeviceControl;
    FAST_IO_ACQUIRE_FILE* AcquireFileForNtCreateSection;
    FAST_IO_RELEASE_FILE* ReleaseFileForNtCreateSection;
    FAST_IO_DETACH_DEVICE* FastIoDetachDevice;
    FAST_IO_QUERY_NETWORK_OPEN_INFO* FastIoQueryNetworkOpenInfo;
    FAST_IO_ACQUIRE_FOR_MOD_WRITE* AcquireForModWrite;
    FAST_IO_MDL_READ* MdlRead;
    FAST_IO_MDL_READ_COMPLETE* MdlReadComplete;
    FAST_IO_PREPARE_MDL_WRITE* PrepareMdlWrite;
    FAST_IO_MDL_WRITE_COMPLETE* MdlWriteComplete;
    FAST_IO_READ_COMPRESSED* FastIoReadCompressed;
    FAST_IO_WRITE_COMPRESSED* FastIoWriteCompressed;
    FAST_IO_MDL_READ_COMPLETE_COMPRESSED* MdlReadCompleteCompressed;
    FAST_IO_MDL_WRITE_COMPLETE_COMPRESSED* MdlWriteCompleteCompressed;
    FAST_IO_QUERY_OPEN* FastIoQueryOpen;
    FAST_IO_RELEASE_FOR_MOD_WRITE* ReleaseForModWrite;
    FAST_IO_ACQUIRE_FOR_CCFLUSH* AcquireForCcFlush;
    FAST_IO_RELEASE_FOR_CCFLUSH* ReleaseForCcFlush;
};
using PFAST_IO_DISPATCH = FAST_IO_DISPATCH*;

} // namespace nt
