// The body of a Driver object.
#pragma once
#include "abi/irp.h"

namespace nt::io::detail {

struct DriverBody {
    DRIVER_OBJECT driver;
    DRIVER_EXTENSION extension;   // drivers find it at + 0x150
    UNICODE_STRING registry_path; // until DriverEntry has returned
    bool by_service;              // unloaded by NtUnloadDriver: the image is to go with the object
};
static_assert(offsetof(DriverBody, extension) == 0x150);
inline DriverBody& body_of_driver(DRIVER_OBJECT* driver) { return *reinterpret_cast<DriverBody*>(driver); }

void release_string(UNICODE_STRING& string); // from pool, tag IoNm
void release_extensions(DRIVER_OBJECT* driver);
void create_driver_type();

} // namespace nt::io::detail
