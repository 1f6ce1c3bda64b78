// Facts of nf-ntifs-ntqueryinformationfile, nf-ntifs-ntsetinformationfile,
// nf-ntifs-ntqueryvolumeinformationfile, nf-ntifs-zwsetvolumeinformationfile and the pages of the structures.
// Structures that only drivers look into are given by their size.
#include "kernel/io/detail/information_classes.h"
#include "abi/status.h"
#include "kernel/io/detail/request.h"
#include "kernel/io/file.h"

namespace nt::io {

namespace detail {

namespace {

constexpr ACCESS_MASK any_data = FILE_READ_DATA | FILE_WRITE_DATA;

} // namespace

ClassFacts query_facts(ULONG c) {
    switch (c) {
    case FileBasicInformation:
        return {sizeof(FILE_BASIC_INFORMATION), FILE_READ_ATTRIBUTES};
    case FileStandardInformation:
        return {sizeof(FILE_STANDARD_INFORMATION)};
    case FileInternalInformation:
        return {sizeof(FILE_INTERNAL_INFORMATION)};
    case FileEaInformation:
        return {sizeof(FILE_EA_INFORMATION)};
    case FileAccessInformation:
        return {sizeof(FILE_ACCESS_INFORMATION)};
    case FileNameInformation:
    case FileAlternateNameInformation:
    case FileNormalizedNameInformation:
    case FileNetworkPhysicalNameInformation:
    case FileVolumeNameInformation:
        return {sizeof(FILE_NAME_INFORMATION)};
    case FilePositionInformation:
        return {sizeof(FILE_POSITION_INFORMATION), any_data};
    case FileModeInformation:
        return {sizeof(FILE_MODE_INFORMATION)};
    case FileAlignmentInformation:
        return {sizeof(FILE_ALIGNMENT_INFORMATION)};
    case FileAllInformation:
        return {sizeof(FILE_ALL_INFORMATION), FILE_READ_ATTRIBUTES};
    case FileStreamInformation:
        return {sizeof(FILE_STREAM_INFORMATION)};
    case FilePipeInformation:
        return {sizeof(FILE_PIPE_INFORMATION), FILE_READ_ATTRIBUTES};
    case FilePipeLocalInformation:
        return {sizeof(FILE_PIPE_LOCAL_INFORMATION), FILE_READ_ATTRIBUTES};
    case FilePipeRemoteInformation:
        return {16, FILE_READ_ATTRIBUTES};
    case FileMailslotQueryInformation:
        return {24};
    case FileCompressionInformation:
        return {16};
    case FileObjectIdInformation:
        return {72};
    case FileReparsePointInformation:
        return {16};
    case FileNetworkOpenInformation:
        return {sizeof(FILE_NETWORK_OPEN_INFORMATION), FILE_READ_ATTRIBUTES};
    case FileAttributeTagInformation:
        return {sizeof(FILE_ATTRIBUTE_TAG_INFORMATION), FILE_READ_ATTRIBUTES};
    case FileIoCompletionNotificationInformation:
        return {sizeof(FILE_IO_COMPLETION_NOTIFICATION_INFORMATION)};
    case FileIoPriorityHintInformation:
        return {sizeof(FILE_IO_PRIORITY_HINT_INFORMATION), FILE_READ_DATA};
    case FileSfioReserveInformation:
        return {20};
    case FileSfioVolumeInformation:
        return {12};
    case FileHardLinkInformation:
        return {32};
    case FileProcessIdsUsingFileInformation:
        return {16, FILE_READ_ATTRIBUTES};
    case FileIsRemoteDeviceInformation:
        return {sizeof(FILE_IS_REMOTE_DEVICE_INFORMATION), 0, 1};
    case FileStandardLinkInformation:
        return {12};
    case FileRemoteProtocolInformation:
        return {116};
    case FileIdInformation:
        return {24};
    case FileHardLinkFullIdInformation:
        return {36};
    case FileDesiredStorageClassInformation:
        return {8};
    case FileStatInformation:
        return {72, FILE_READ_ATTRIBUTES};
    case FileStatLxInformation:
        return {96, FILE_READ_ATTRIBUTES | FILE_READ_EA};
    case FileCaseSensitiveInformation:
        return {4, FILE_READ_ATTRIBUTES};
    case FileCaseSensitiveInformationForceAccessCheck:
        return {.length = 4, .access = FILE_READ_ATTRIBUTES, .checks_kernel = true};
    case FileStorageReserveIdInformation:
    case FileKnownFolderInformation:
        return {4};
    default:
        return {};
    }
}

ClassFacts set_facts(ULONG c) {
    switch (c) {
    case FileBasicInformation:
        return {sizeof(FILE_BASIC_INFORMATION), FILE_WRITE_ATTRIBUTES};
    case FileRenameInformation:
    case FileRenameInformationEx:
        return {sizeof(FILE_RENAME_INFORMATION), DELETE};
    case FileRenameInformationBypassAccessCheck:
    case FileRenameInformationExBypassAccessCheck:
        return {sizeof(FILE_RENAME_INFORMATION), DELETE, 4, true};
    case FileLinkInformation:
    case FileLinkInformationEx:
        return {sizeof(FILE_LINK_INFORMATION)};
    case FileLinkInformationBypassAccessCheck:
    case FileLinkInformationExBypassAccessCheck:
        return {sizeof(FILE_LINK_INFORMATION), 0, 4, true};
    case FileDispositionInformation:
        return {sizeof(FILE_DISPOSITION_INFORMATION), DELETE, 1};
    case FileDispositionInformationEx:
        return {sizeof(FILE_DISPOSITION_INFORMATION_EX), DELETE};
    case FilePositionInformation:
        return {sizeof(FILE_POSITION_INFORMATION), any_data};
    case FileModeInformation:
        return {sizeof(FILE_MODE_INFORMATION)};
    case FileAllocationInformation:
        return {sizeof(FILE_ALLOCATION_INFORMATION), FILE_WRITE_DATA};
    case FileEndOfFileInformation:
        return {sizeof(FILE_END_OF_FILE_INFORMATION), FILE_WRITE_DATA};
    case FileValidDataLengthInformation:
        return {sizeof(FILE_VALID_DATA_LENGTH_INFORMATION), FILE_WRITE_DATA};
    case FilePipeInformation:
        return {sizeof(FILE_PIPE_INFORMATION), FILE_WRITE_ATTRIBUTES};
    case FilePipeRemoteInformation:
        return {16, FILE_WRITE_ATTRIBUTES};
    case FileMailslotSetInformation:
        return {8};
    case FileShortNameInformation:
        return {sizeof(FILE_NAME_INFORMATION), DELETE};
    case FileIoCompletionNotificationInformation:
        return {sizeof(FILE_IO_COMPLETION_NOTIFICATION_INFORMATION)};
    case FileIoPriorityHintInformation:
        return {sizeof(FILE_IO_PRIORITY_HINT_INFORMATION), 0, 8};
    case FileSfioReserveInformation:
        return {20, any_data};
    case FileCompletionInformation:
    case FileReplaceCompletionInformation:
        return {sizeof(FILE_COMPLETION_INFORMATION)};
    case FileDesiredStorageClassInformation:
        return {8, FILE_WRITE_ATTRIBUTES};
    case FileCaseSensitiveInformation:
        return {4, FILE_WRITE_ATTRIBUTES};
    case FileCaseSensitiveInformationForceAccessCheck:
        return {.length = 4, .access = FILE_WRITE_ATTRIBUTES, .checks_kernel = true};
    case FileStorageReserveIdInformation:
    case FileKnownFolderInformation:
        return {4, FILE_WRITE_ATTRIBUTES};
    default:
        return {};
    }
}

ClassFacts query_volume_facts(ULONG c) {
    switch (c) {
    case FileFsVolumeInformation:
        return {sizeof(FILE_FS_VOLUME_INFORMATION)};
    case FileFsSizeInformation:
        return {sizeof(FILE_FS_SIZE_INFORMATION)};
    case FileFsDeviceInformation:
        return {sizeof(FILE_FS_DEVICE_INFORMATION)};
    case FileFsAttributeInformation:
        return {sizeof(FILE_FS_ATTRIBUTE_INFORMATION)};
    case FileFsControlInformation:
        return {48, FILE_READ_DATA};
    case FileFsFullSizeInformation:
        return {sizeof(FILE_FS_FULL_SIZE_INFORMATION)};
    case FileFsObjectIdInformation:
        return {64};
    case FileFsDriverPathInformation:
        return {.length = sizeof(FILE_FS_DRIVER_PATH_INFORMATION), .alignment = 8};
    case FileFsVolumeFlagsInformation:
        return {4};
    case FileFsSectorSizeInformation:
        return {28};
    case FileFsDataCopyInformation:
        return {4};
    case FileFsMetadataSizeInformation:
        return {16};
    case FileFsFullSizeInformationEx:
        return {96};
    default:
        return {};
    }
}

ClassFacts set_volume_facts(ULONG c) {
    switch (c) {
    case FileFsLabelInformation:
        return {sizeof(FILE_FS_LABEL_INFORMATION), FILE_WRITE_DATA};
    case FileFsControlInformation:
        return {48, FILE_WRITE_DATA};
    case FileFsObjectIdInformation:
        return {64, FILE_WRITE_DATA};
    default:
        return {};
    }
}

ULONG directory_entry_length(ULONG c) {
    switch (c) {
    case FileDirectoryInformation:
        return sizeof(FILE_DIRECTORY_INFORMATION);
    case FileFullDirectoryInformation:
        return sizeof(FILE_FULL_DIR_INFORMATION);
    case FileBothDirectoryInformation:
        return sizeof(FILE_BOTH_DIR_INFORMATION);
    case FileNamesInformation:
        return sizeof(FILE_NAMES_INFORMATION);
    case FileObjectIdInformation:
        return 72;
    case FileQuotaInformation:
        return sizeof(FILE_QUOTA_INFORMATION);
    case FileReparsePointInformation:
        return 16;
    case FileIdBothDirectoryInformation:
        return sizeof(FILE_ID_BOTH_DIR_INFORMATION);
    case FileIdFullDirectoryInformation:
        return 88;
    case FileIdGlobalTxDirectoryInformation:
    case FileIdExtdDirectoryInformation:
        return 96;
    case FileIdExtdBothDirectoryInformation:
        return 120;
    default:
        return 0;
    }
}

NTSTATUS check_length(const ClassFacts& facts, ULONG length) {
    if (facts.length == 0) return STATUS_INVALID_INFO_CLASS;
    return length < facts.length ? STATUS_INFO_LENGTH_MISMATCH : STATUS_SUCCESS;
}

// A class for drivers only is none to programs.
static NTSTATUS check_caller(const Request& request, const ClassFacts& facts, ULONG length) {
    if (const NTSTATUS status = check_length(facts, length); !NT_SUCCESS(status)) return status;
    if (request.caller.mode == KernelMode && !facts.checks_kernel) return STATUS_SUCCESS;
    if (facts.kernel_only) return STATUS_INVALID_INFO_CLASS;
    return facts.access && !(request.granted & facts.access) ? STATUS_ACCESS_DENIED : STATUS_SUCCESS;
}

NTSTATUS check_query(const Request& request, const ClassFacts& facts, PVOID buffer, ULONG length) {
    const NTSTATUS status = check_caller(request, facts, length);
    return NT_SUCCESS(status) ? probe_output(request.caller, buffer, length, facts.alignment) : status;
}
NTSTATUS check_set(const Request& request, const ClassFacts& facts, PVOID buffer, ULONG length) {
    const NTSTATUS status = check_caller(request, facts, length);
    return NT_SUCCESS(status) ? probe_input(request.caller, buffer, length, facts.alignment) : status;
}

} // namespace detail

NTSTATUS check_query_set(ULONG info_class, ULONG length, bool set) {
    return detail::check_length(set ? detail::set_facts(info_class) : detail::query_facts(info_class),
                                length);
}
NTSTATUS check_query_set_volume(ULONG info_class, ULONG length, bool set) {
    return detail::check_length(
        set ? detail::set_volume_facts(info_class) : detail::query_volume_facts(info_class), length);
}

} // namespace nt::io
