// Result<T>: a value or an NTSTATUS. Functions that can fail return this or a plain NTSTATUS.
#pragma once
#include "abi/types.h"
#include <expected>

namespace nt {

template <class T> using Result = std::expected<T, NTSTATUS>;

inline std::unexpected<NTSTATUS> fail(NTSTATUS status) { return std::unexpected<NTSTATUS>(status); }

} // namespace nt

// Evaluates an expression that gives a Result; on failure returns its status from the enclosing function.
#define TRY_STATUS(expr)                                                                                     \
    ({                                                                                                       \
        auto _result = (expr);                                                                               \
        if (!_result) return _result.error();                                                                \
        std::move(*_result);                                                                                 \
    })
// The same in a function that itself returns a Result.
#define TRY(expr)                                                                                            \
    ({                                                                                                       \
        auto _result = (expr);                                                                               \
        if (!_result) return std::unexpected(_result.error());                                               \
        std::move(*_result);                                                                                 \
    })
