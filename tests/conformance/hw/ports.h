// The instructions that READ_PORT_UCHAR and its kin are in the x64 headers of the WDK.
#pragma once
#include <ntddk.h>

static inline UCHAR in8(USHORT port) {
    UCHAR value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}
static inline USHORT in16(USHORT port) {
    USHORT value;
    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}
static inline ULONG in32(USHORT port) {
    ULONG value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}
static inline void out8(USHORT port, UCHAR value) {
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}
static inline void out16(USHORT port, USHORT value) {
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port) : "memory");
}
static inline void out32(USHORT port, ULONG value) {
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}
static inline void in8_string(USHORT port, UCHAR* to, SIZE_T count) {
    __asm__ volatile("rep insb" : "+D"(to), "+c"(count) : "d"(port) : "memory");
}
static inline void out8_string(USHORT port, const UCHAR* from, SIZE_T count) {
    __asm__ volatile("rep outsb" : "+S"(from), "+c"(count) : "d"(port) : "memory");
}
