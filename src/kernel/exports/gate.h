// GATE(Name): makes the export-table entry of a driver-facing function.
//
// A gate is a plain C++ function with the WDK name and signature, in the host's calling convention:
//
//     extern "C" NTSTATUS IoDoThing(DEVICE_OBJECT* device, BOOLEAN wait) { … }
//     GATE(IoDoThing);
//
// The adapter takes the arguments from the guest's home space and stack, so a gate never sees the Microsoft
// convention; it refuses arguments that do not fit a register and drops the upper bits of small integers,
// which that convention leaves undefined. A variadic export takes its variable arguments as a `const
// ULONG_PTR*` last parameter and says VARARG_GATE(Name). A row in a *.rows file gives kind, highest IRQL,
// whether it may raise, and how complete it is; the generator joins both.
#pragma once
#include "abi/types.h"
#include "kernel/seh/crossing.h"
#include <bit>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace nt::exports {

using Adapter = ULONG_PTR (*)(const ULONG_PTR* args);

namespace detail {

template <class T> T from_register(ULONG_PTR value) {
    static_assert(sizeof(T) <= 8 && std::is_trivially_copyable_v<T>, "the argument does not fit a register");
    if constexpr (std::is_pointer_v<T>)
        return reinterpret_cast<T>(value);
    else if constexpr (std::is_enum_v<T> || std::is_integral_v<T>)
        return static_cast<T>(value);
    else {
        static_assert(sizeof(T) == 8 || sizeof(T) == 4);
        if constexpr (sizeof(T) == 8)
            return std::bit_cast<T>(value);
        else
            return std::bit_cast<T>(static_cast<ULONG>(value));
    }
}

template <class R> ULONG_PTR result_register(R value) {
    static_assert(sizeof(R) <= 8, "the result does not fit a register");
    if constexpr (std::is_pointer_v<R>)
        return reinterpret_cast<ULONG_PTR>(value);
    else if constexpr (std::is_enum_v<R>)
        return static_cast<ULONG>(value);
    else if constexpr (std::is_integral_v<R>)
        return static_cast<ULONG_PTR>(static_cast<std::make_unsigned_t<R>>(value));
    else if constexpr (sizeof(R) == 8)
        return std::bit_cast<ULONG_PTR>(value);
    else
        return std::bit_cast<ULONG>(value);
}

template <bool Variadic, auto F, class R, class... P, std::size_t... I>
ULONG_PTR invoke(R (*)(P...), const ULONG_PTR* args, std::index_sequence<I...>) {
    constexpr auto last = sizeof...(P) - 1;
    auto argument = [args]<std::size_t N, class T>() -> T {
        if constexpr (Variadic && N == last)
            return args + N; // the rest of the caller's arguments
        else
            return from_register<T>(args[N]);
    };
    (void)argument;
    (void)args;
    if constexpr (std::is_void_v<R>) {
        F(argument.template operator()<I, P>()...);
        return 0;
    } else
        return result_register<R>(F(argument.template operator()<I, P>()...));
}

template <bool Variadic, auto F, class R, class... P>
ULONG_PTR adapt_as(R (*f)(P...), const ULONG_PTR* args) {
    return invoke<Variadic, F>(f, args, std::index_sequence_for<P...>{});
}
template <bool Variadic, auto F> ULONG_PTR adapt(const ULONG_PTR* args) {
    return adapt_as<Variadic, F>(F, args);
}

} // namespace detail
} // namespace nt::exports

#define GATE(name)                                                                                           \
    extern const nt::exports::Adapter gate_##name;                                                           \
    const nt::exports::Adapter gate_##name = &nt::exports::detail::adapt<false, &name>
#define VARARG_GATE(name)                                                                                    \
    extern const nt::exports::Adapter gate_##name;                                                           \
    const nt::exports::Adapter gate_##name = &nt::exports::detail::adapt<true, &name>
