// Exports that the compiler's headers replace by macros or inline code, or do not declare: the import slot
// itself, under the name import_<Name>, so that a test calls what the kernel exports.
#pragma once

#define IMPORT(result, name, ...)                                                                            \
    extern result(NTAPI* const import_##name)(__VA_ARGS__) __asm__("__imp_" #name)
// The address of a variable that the kernel exports.
#define IMPORT_DATA(type, name) extern type* const import_##name __asm__("__imp_" #name)
