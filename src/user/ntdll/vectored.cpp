// nf-errhandlingapi-addvectoredexceptionhandler and kin. A handler may remove itself or others while it runs:
// nodes are counted.
#include "vectored.h"

namespace nt {

namespace {

struct Node {
    LIST_ENTRY link;
    PTOP_LEVEL_EXCEPTION_FILTER handler;
    ULONG references;
    bool removed;
};

struct List {
    LIST_ENTRY head;
    RTL_CRITICAL_SECTION lock;
};
List exception_handlers{{&exception_handlers.head, &exception_handlers.head}, unlocked_section};
List continue_handlers{{&continue_handlers.head, &continue_handlers.head}, unlocked_section};

PVOID add(List& list, bool first, PTOP_LEVEL_EXCEPTION_FILTER handler) {
    auto* node = static_cast<Node*>(allocate(sizeof(Node)));
    if (!node) return nullptr;
    node->handler = handler;
    node->references = 1;
    Guard guard(list.lock);
    if (first)
        insert_head(list.head, node->link);
    else
        insert_tail(list.head, node->link);
    return node;
}

void drop(Node* node) { // with the lock held
    if (--node->references) return;
    remove_entry(node->link);
    release(node);
}

ULONG remove(List& list, PVOID handle) {
    Guard guard(list.lock);
    for (LIST_ENTRY* e = list.head.Flink; e != &list.head; e = e->Flink) {
        Node* node = container(e, &Node::link);
        if (node != handle || node->removed) continue;
        node->removed = true;
        drop(node);
        return 1;
    }
    return 0;
}

bool call(List& list, EXCEPTION_RECORD* record, CONTEXT* context) {
    if (is_empty(list.head)) return false;
    EXCEPTION_POINTERS pointers{record, context};
    RtlEnterCriticalSection(&list.lock);
    bool handled = false;
    LIST_ENTRY* e = list.head.Flink;
    while (e != &list.head && !handled) {
        Node* node = container(e, &Node::link);
        if (node->removed) {
            e = e->Flink;
            continue;
        }
        node->references++;
        RtlLeaveCriticalSection(&list.lock);
        handled = node->handler(&pointers) == EXCEPTION_CONTINUE_EXECUTION;
        RtlEnterCriticalSection(&list.lock);
        e = e->Flink;
        drop(node);
    }
    RtlLeaveCriticalSection(&list.lock);
    return handled;
}

} // namespace

bool call_vectored_exception_handlers(EXCEPTION_RECORD* record, CONTEXT* context) {
    return call(exception_handlers, record, context);
}
void call_vectored_continue_handlers(EXCEPTION_RECORD* record, CONTEXT* context) {
    call(continue_handlers, record, context);
}

extern "C" {

PVOID NTAPI RtlAddVectoredExceptionHandler(ULONG first, PTOP_LEVEL_EXCEPTION_FILTER handler) {
    return add(exception_handlers, first != 0, handler);
}
ULONG NTAPI RtlRemoveVectoredExceptionHandler(PVOID handle) { return remove(exception_handlers, handle); }
PVOID NTAPI RtlAddVectoredContinueHandler(ULONG first, PTOP_LEVEL_EXCEPTION_FILTER handler) {
    return add(continue_handlers, first != 0, handler);
}
ULONG NTAPI RtlRemoveVectoredContinueHandler(PVOID handle) { return remove(continue_handlers, handle); }

} // extern "C"
} // namespace nt
