#include "app/recorder_thread.h"
#include "trace/recorder.h"
#include <csignal>
#include <pthread.h>

namespace app {
namespace {

struct Thread {
    pthread_t id;
    void (*body)(void*);
    void* argument;
} thread;

void* run(void*) {
    thread.body(thread.argument);
    return nullptr;
}

bool start(void (*body)(void*), void* argument) {
    thread.body = body;
    thread.argument = argument;
    sigset_t all, before; // no signal is for this thread
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const bool good = pthread_create(&thread.id, nullptr, run, nullptr) == 0;
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return good;
}

void join() { pthread_join(thread.id, nullptr); }

} // namespace

void plug_recorder_thread() { trace::use_helper_thread({start, join}); }

} // namespace app
