#include "kernel/ke/polling.h"
#include "abi/context.h"
#include "host/places.h"
#include "kernel/ke/detail/processor_state.h"
#include "kernel/ke/spin.h"
#include <cstring>

namespace nt::ke {

namespace {

ULONGLONG value_at(const UCHAR* place, ULONG size) {
    ULONGLONG value = 0;
    std::memcpy(&value, place, size);
    return value;
}

struct Poll {
    const PolledWords& words;
    Thread& thread;
    UCHAR processor;
    bool of_processor;
};

bool ends(void* context) {
    const Poll& poll = *static_cast<Poll*>(context);
    return poll.words.changed() || poll.thread.exiting ||
           (poll.of_processor && poll.thread.Tcb.NextProcessor != poll.processor);
}

} // namespace

bool PolledWords::add(const UCHAR* place, ULONG_PTR address, ULONG size, bool of_processor) {
    if (count == most) return false;
    words[count++] = {place, address, value_at(place, size), static_cast<UCHAR>(size), of_processor};
    return true;
}

bool PolledWords::changed() const {
    for (ULONG i = 0; i < count; i++)
        if (value_at(words[i].place, words[i].size) != words[i].value) return true;
    return false;
}

ULONG_PTR PolledWords::shared(const CONTEXT& code) const {
    for (ULONG i = 0; i < count; i++)
        if (words[i].address - (code.Rsp - 0x1000) >= 0x3000) return words[i].address;
    return 0;
}

void poll(const PolledWords& words, const CONTEXT& context, bool user) {
    Poll poll{words, current_thread(), static_cast<UCHAR>(current_processor_number()), false};
    SpinWait wait{ends, &poll, reinterpret_cast<const void*>(words.shared(context)), 0, &context, user};
    for (ULONG i = 0; i < words.count; i++) {
        if (words.words[i].of_processor) poll.of_processor = true;
        if (words.words[i].address >> 12 == host::places::user_shared_data >> 12) wait.sees_time = true;
    }
    spin(wait);
}

} // namespace nt::ke
