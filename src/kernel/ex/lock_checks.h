// How drivers may call the locks' functions: IRQL and APCs. Broken, each is a report; the call goes on.
#pragma once
#include "abi/dispatcher.h"

namespace nt::ex {

enum class Use { acquire, release };

// Normal kernel APCs are disabled; a resource also is aligned and initialized.
void check_resource_use(const ERESOURCE& resource, Use use);
void check_push_lock_use(const EX_PUSH_LOCK& lock, Use use);
// ExReleaseFastMutex: "must be running at IRQL = APC_LEVEL".
void check_fast_mutex_release(const FAST_MUTEX& mutex);
// The unsafe forms: at APC_LEVEL, or with APCs disabled otherwise.
void check_unsafe_use(const FAST_MUTEX& mutex, Use use);

} // namespace nt::ex
