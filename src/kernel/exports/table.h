// The export tables as data: one Row per export of ntoskrnl.exe and hal.dll, one ServiceRow per system
// service. generated/table.cpp is made from the *.rows and *.services files by tools/gen_exports.py.
#pragma once
#include "kernel/exports/gate.h"

namespace nt::exports {

enum class Kind : UCHAR { func, variadic, data, code, internal, zw, stub };
enum class Status : UCHAR { full, partial, stub };
enum class Image : UCHAR { ntoskrnl, hal };

struct Row {
    const char* name;
    const char* note;
    const char* code;    // kind code: machine code as hexadecimal digits
    const Adapter* gate; // func, variadic, internal
    ULONG data_size;     // kind data: bytes
    ULONG service;       // kind zw: service number
    Kind kind;
    Status status;
    Image image;
    KIRQL max_irql; // highest IRQL the caller may have
    bool raises;
};

struct ServiceRow {
    const char* name;
    const Adapter* gate;
    ULONG number;
    ULONG argument_count;
    ULONG narrow; // bit n: argument n has 32 bits or less, the rest of its register is undefined
};

extern const Row rows[]; // ntoskrnl.exe by name, then hal.dll by name; the position is the export index
extern const ULONG row_count;
extern const ServiceRow services[]; // by number
extern const ULONG service_count;
extern const char* const also_hal[]; // exports of ntoskrnl.exe that hal.dll has too; ended by null

} // namespace nt::exports
