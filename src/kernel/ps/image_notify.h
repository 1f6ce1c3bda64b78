// Drivers that want to hear of images: nf-ntddk-pssetloadimagenotifyroutine,
// nc-ntddk-pload_image_notify_routine. Routines run at PASSIVE_LEVEL in a critical region, after the image is
// mapped and before its entry is called: for a program and its ntdll.dll in the first thread of the new
// process, for a DLL in the thread that maps it.
#pragma once
#include "abi/thread.h"

namespace nt::ldr {
class Module;
}

namespace nt::ps {

struct IMAGE_INFO {
    ULONG Properties; // image_addressing_mode, bit 8: SystemModeImage
    PVOID ImageBase;
    ULONG ImageSelector;
    SIZE_T ImageSize;
    ULONG ImageSectionNumber;
};
static_assert(sizeof(IMAGE_INFO) == 0x28);

typedef void NTAPI LOAD_IMAGE_NOTIFY_ROUTINE(UNICODE_STRING* FullImageName, HANDLE ProcessId,
                                             IMAGE_INFO* ImageInfo);

NTSTATUS add_image_notify_routine(LOAD_IMAGE_NOTIFY_ROUTINE* routine);    // STATUS_INSUFFICIENT_RESOURCES: 64
NTSTATUS remove_image_notify_routine(LOAD_IMAGE_NOTIFY_ROUTINE* routine); // STATUS_PROCEDURE_NOT_FOUND
void for_each_image_notify_routine(void (*visit)(void* context, ULONG_PTR routine), void* context);

void notify_driver_image(const ldr::Module& module);
void notify_user_image(EPROCESS& process, ULONG_PTR base); // the image of its list that lies there
// What a new process begins with; the first call only.
void notify_first_images(EPROCESS& process);

} // namespace nt::ps
