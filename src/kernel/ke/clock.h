// Virtual time. Nothing in the machine reads a host clock: each crossing charges a fixed amount, and when
// every thread waits the clock jumps to the next timeout. Units: 100 ns, as Windows counts.
#pragma once
#include "kernel/ke/processor.h"

namespace nt {
struct KUSER_SHARED_DATA;
struct KSYSTEM_TIME;
} // namespace nt

namespace nt::ke {

inline constexpr ULONGLONG tick_length = 156'250; // 15.625 ms
// 2026-01-01 00:00:00 UTC as a FILETIME: boot time is constant unless asked otherwise.
inline constexpr LONGLONG default_boot_time = 134'116'992'000'000'000;
inline constexpr ULONGLONG performance_frequency = 10'000'000;

// Interrupt time: 100 ns units since boot. It stands in the KPCR, where crossings and guest code of ours add
// to it.
inline ULONGLONG& virtual_time() { return *reinterpret_cast<ULONGLONG*>(pcr_address + KPCR_VIRTUAL_TIME); }
inline ULONGLONG interrupt_time() { return virtual_time(); }
LONGLONG system_time(); // FILETIME, UTC
ULONGLONG tick_count(); // clock ticks since boot
LONGLONG boot_time();
void set_boot_time(LONGLONG filetime);

inline void charge(ULONGLONG units) { virtual_time() += units; }
// Code that reads the clock again and again waits for it to move on: a reading takes 100 ns, and more the
// longer nothing else has moved it, up to 10 µs.
void charge_reading_of_time();
// What an interrupt's way into and out of the kernel takes: 1 µs.
inline constexpr ULONGLONG interrupt_cost = 10;
// Brings KUSER_SHARED_DATA up to the last tick: always, and cheaply when no tick has passed.
void publish_shared_time();
void update_shared_time();
// The page behind KUSER_SHARED_DATA, set by app; null in unit tests.
extern KUSER_SHARED_DATA* shared_data;
// Up to the next tick or event, for code that spins.
void let_time_pass();
// The variable nt!KeTickCount, which goes with it; set by app.
extern volatile KSYSTEM_TIME* tick_count_export;
// The idle processor's step: moves time forward to `due` (interrupt time).
void advance_to(ULONGLONG due);

} // namespace nt::ke
