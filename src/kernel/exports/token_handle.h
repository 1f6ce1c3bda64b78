// A token named by a handle, for the length of a service.
#pragma once
#include "kernel/exports/runtime.h"
#include "kernel/ob/handle.h"
#include "kernel/se/token.h"

namespace nt::exports {

struct TokenReference {
    NTSTATUS status;
    TOKEN* token = nullptr;
    // STATUS_INVALID_HANDLE, STATUS_OBJECT_TYPE_MISMATCH, STATUS_ACCESS_DENIED.
    TokenReference(HANDLE handle, ACCESS_MASK access) {
        PVOID body = nullptr;
        status = ob::reference_by_handle(handle, access, se::token_type, previous_mode(), &body, nullptr);
        token = static_cast<TOKEN*>(body);
    }
    ~TokenReference() {
        if (token) ob::dereference(token);
    }
    TokenReference(const TokenReference&) = delete;
    TokenReference& operator=(const TokenReference&) = delete;
};

} // namespace nt::exports
