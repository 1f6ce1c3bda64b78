#include "kernel/io/remove_lock.h"
#include "abi/status.h"
#include "base/list.h"
#include "kernel/io/detail/describe.h"
#include "kernel/io/detail/history.h"
#include "kernel/io/detail/rules.h"
#include "kernel/ke/clock.h"
#include "kernel/ke/dispatcher.h"
#include "kernel/ke/held_locks.h"
#include "kernel/ke/report.h"
#include "kernel/ke/thread.h"
#include "kernel/ke/watched_memory.h"
#include <map>
#include <vector>

namespace nt::io {

namespace {

constexpr const char* rule = "RemoveLock";
constexpr ULONG_PTR wrong_tag = 0xD5, wrong_tag_and_wait = 0xD6, initialized_again = 0xD7;
constexpr ULONGLONG minute = 600'000'000;

struct Account {
    RemoveLockLimits limits{};
    bool removed = false;
    std::vector<RemoveLockUse> uses; // keeps its memory, so that requests cost no allocation
};
std::map<ULONG_PTR, Account> accounts;
ULONG_PTR last_lock = 0; // most requests take the lock of the one before
Account* last_account = nullptr;

ULONG_PTR number(const void* p) { return reinterpret_cast<ULONG_PTR>(p); }

Account* account_of(const IO_REMOVE_LOCK& lock) {
    if (number(&lock) == last_lock) [[likely]]
        return last_account;
    const auto found = accounts.find(number(&lock));
    if (found == accounts.end()) return nullptr;
    last_lock = number(&lock);
    return last_account = &found->second;
}

// A device extension goes, or the pool block that has the lock in it.
void forget_freed(ULONG_PTR address, SIZE_T size) {
    for (auto it = accounts.lower_bound(address); it != accounts.end() && it->first - address < size;) {
        if (!it->second.uses.empty())
            NT_REPORT(rule, {},
                      "frees memory with the remove lock 0x%lx in it, which was acquired and not released",
                      it->first);
        ke::unmark_memory(reinterpret_cast<void*>(it->first));
        it = accounts.erase(it);
        last_lock = 0;
    }
}

void note_released(Account& account, const IO_REMOVE_LOCK& lock, PVOID tag, ULONG_PTR mismatch) {
    auto& uses = account.uses;
    std::size_t i = uses.size();
    while (i && uses[i - 1].tag != tag)
        --i;
    if (!i) {
        NT_REPORT(rule, ke::verifier_stop(mismatch, number(&lock), number(tag)),
                  "releases the remove lock 0x%lx with the tag %p, by which nobody has acquired it",
                  number(&lock), tag);
        if (uses.empty()) return;
        i = uses.size();
    }
    const RemoveLockUse use = uses[i - 1];
    uses.erase(uses.begin() + static_cast<std::ptrdiff_t>(i - 1));
    if (account.limits.minutes && ke::interrupt_time() - use.since > account.limits.minutes * minute)
        NT_REPORT(rule, {},
                  "releases the remove lock 0x%lx after more than the %u minutes that the driver allows",
                  number(&lock), account.limits.minutes);
}

void drop(IO_REMOVE_LOCK& lock) {
    lock.Common.IoCount = lock.Common.IoCount - 1;
    if (lock.Common.IoCount == 0) ke::set_event(lock.Common.RemoveEvent);
}

} // namespace

void initialize_remove_lock(IO_REMOVE_LOCK& lock, ULONG tag, const RemoveLockLimits& limits, ULONG size) {
    static const bool watching = (ke::watch_freed_memory(forget_freed), true);
    (void)watching;
    Account* account = account_of(lock);
    if (account && account->removed)
        NT_REPORT(rule, ke::verifier_stop(initialized_again, number(&lock), number(&lock)),
                  "initializes the remove lock 0x%lx again after IoReleaseRemoveLockAndWait", number(&lock));
    if (!account) {
        account = &accounts[number(&lock)];
        ke::mark_memory(&lock);
    }
    account->uses.clear();
    account->limits = limits;
    account->removed = false;
    lock.Common.Removed = FALSE;
    lock.Common.IoCount = 1;
    ke::initialize_event(lock.Common.RemoveEvent, SynchronizationEvent, false);
    // A driver that was compiled for checked builds has the block behind it.
    if (size < sizeof lock.Common + sizeof(IO_REMOVE_LOCK_DBG_BLOCK)) return;
    auto& checked = *reinterpret_cast<IO_REMOVE_LOCK_DBG_BLOCK*>(&lock.Common + 1);
    checked = {};
    checked.HighWatermark = limits.high_water;
    checked.MaxLockedTicks = static_cast<LONGLONG>(limits.minutes * minute / ke::tick_length);
    checked.AllocateTag = static_cast<LONG>(tag);
    list::initialize(checked.LockList);
}

NTSTATUS acquire_remove_lock(IO_REMOVE_LOCK& lock, PVOID tag) {
    lock.Common.IoCount = lock.Common.IoCount + 1;
    if (lock.Common.Removed) {
        drop(lock);
        return STATUS_DELETE_PENDING;
    }
    Account* account = account_of(lock);
    if (!account) [[unlikely]] {
        NT_REPORT(rule, {}, "acquires the remove lock 0x%lx, which is not initialized", number(&lock));
        return STATUS_SUCCESS;
    }
    account->uses.push_back({tag, ke::calling_address(), ke::interrupt_time(), ke::current_thread().calls});
    if (account->limits.high_water && account->uses.size() > account->limits.high_water) [[unlikely]]
        NT_REPORT(rule, {},
                  "acquires the remove lock 0x%lx more often than the %u times that the driver allows",
                  number(&lock), account->limits.high_water);
    return STATUS_SUCCESS;
}

void release_remove_lock(IO_REMOVE_LOCK& lock, PVOID tag) {
    if (Account* account = account_of(lock)) note_released(*account, lock, tag, wrong_tag);
    drop(lock);
}

// Gives up the caller's acquisition and the initial count, then waits for the others.
void release_remove_lock_and_wait(IO_REMOVE_LOCK& lock, PVOID tag) {
    if (verifying) [[unlikely]]
        detail::check_removal_wait();
    if (Account* account = account_of(lock)) {
        note_released(*account, lock, tag, wrong_tag_and_wait);
        account->removed = true;
    }
    lock.Common.Removed = TRUE;
    lock.Common.IoCount = lock.Common.IoCount - 2;
    if (lock.Common.IoCount > 0)
        ke::wait_for_lock(&lock, ke::LockKind::remove_lock, &lock.Common.RemoveEvent, Executive);
}

namespace {

// devtest pages wdm-removelockreleasecreate and so on.
const char* release_rule(UCHAR major) {
    switch (major) {
    case IRP_MJ_CREATE:
        return "RemoveLockReleaseCreate";
    case IRP_MJ_CLOSE:
        return "RemoveLockReleaseClose";
    case IRP_MJ_READ:
        return "RemoveLockReleaseRead";
    case IRP_MJ_WRITE:
        return "RemoveLockReleaseWrite";
    case IRP_MJ_DEVICE_CONTROL:
        return "RemoveLockReleaseDeviceControl";
    case IRP_MJ_INTERNAL_DEVICE_CONTROL:
        return "RemoveLockReleaseInternalDeviceControl";
    case IRP_MJ_SHUTDOWN:
        return "RemoveLockReleaseShutdown";
    case IRP_MJ_CLEANUP:
        return "RemoveLockReleaseCleanup";
    case IRP_MJ_POWER:
        return "RemoveLockReleasePower";
    case IRP_MJ_SYSTEM_CONTROL:
        return "RemoveLockReleaseSystemControl";
    case IRP_MJ_PNP:
        return "RemoveLockReleasePnp";
    default:
        return "RemoveLockRelease2";
    }
}

} // namespace

void detail::check_held_locks(const Call& call) {
    for (const auto& [lock, account] : accounts)
        for (const RemoveLockUse& use : account.uses)
            if (use.call == &call && use.tag == call.irp)
                ke::report_at(use.caller, release_rule(call.major), {}, about(call.irp),
                              "acquires the remove lock 0x%lx for IRP %llx, and its dispatch routine has "
                              "returned without releasing it, though the request is completed",
                              lock, address_of(call.irp));
}

void for_each_remove_lock_use(ULONG_PTR lock, void (*visit)(void*, const RemoveLockUse&), void* context) {
    const auto found = accounts.find(lock);
    if (found == accounts.end()) return;
    for (const RemoveLockUse& use : found->second.uses)
        visit(context, use);
}

} // namespace nt::io
