#include "linux_costs.h"
#include "run.h"
#include <atomic>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace bench {

double linux_ioctl() {
    static const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    constexpr int calls = 1'000'000;
    const double begin = processor_time();
    for (int i = 0; i < calls; ++i) {
        char buffer[64];
        ioctl(null, 0x5401, buffer); // TCGETS: no terminal, ENOTTY
    }
    return (processor_time() - begin) / calls;
}

namespace {

constexpr int turns = 100'000;
std::atomic<int> turn[2]; // whose turn it is

void futex(std::atomic<int>& word, int operation, int value) {
    syscall(SYS_futex, &word, operation | FUTEX_PRIVATE_FLAG, value, nullptr, nullptr, 0);
}
void give(std::atomic<int>& word) {
    word.store(1);
    futex(word, FUTEX_WAKE, 1);
}
void take(std::atomic<int>& word) {
    while (!word.exchange(0))
        futex(word, FUTEX_WAIT, 0);
}

void* other(void*) {
    for (int i = 0; i < turns; ++i) {
        take(turn[1]);
        give(turn[0]);
    }
    return nullptr;
}

} // namespace

double linux_switch() {
    cpu_set_t before, one;
    sched_getaffinity(0, sizeof before, &before);
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    if (sched_setaffinity(0, sizeof one, &one) != 0) die("sched_setaffinity");
    pthread_t thread; // on the same core, too
    if (pthread_create(&thread, nullptr, other, nullptr) != 0) die("pthread_create");
    const double begin = processor_time();
    for (int i = 0; i < turns; ++i) {
        give(turn[1]);
        take(turn[0]);
    }
    const double cost = (processor_time() - begin) / turns;
    pthread_join(thread, nullptr);
    sched_setaffinity(0, sizeof before, &before);
    return cost;
}

} // namespace bench
