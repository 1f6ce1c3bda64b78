// Heaps: HeapCreate, HeapAlloc, HeapReAlloc, HeapFree, HeapSize, HeapValidate, HeapWalk and virtual memory
// beside them.
#include <windows.h>

#include "../common/program.h"

static DWORD code_of_double_free;
static LONG CALLBACK note_corruption(EXCEPTION_POINTERS* e) {
    if (e->ExceptionRecord->ExceptionCode != 0xC0000374) return EXCEPTION_CONTINUE_SEARCH;
    code_of_double_free = e->ExceptionRecord->ExceptionCode;
    e->ContextRecord->Rip = e->ContextRecord->Rip;
    ExitThread(3);
}

static DWORD WINAPI frees_twice(void* heap) {
    void* p = HeapAlloc(heap, 0, 32);
    HeapFree(heap, 0, p);
    HeapFree(heap, 0, p);
    return 1;
}

static void basics(HANDLE heap) {
    int aligned = 1, sized = 1, zero = 1;
    for (SIZE_T n = 0; n < 70000; n = n * 5 / 4 + 1) {
        char* p = HeapAlloc(heap, HEAP_ZERO_MEMORY, n);
        aligned &= p && ((ULONG_PTR)p & 15) == 0;
        sized &= HeapSize(heap, 0, p) == n;
        for (SIZE_T i = 0; i < n; i++)
            zero &= p[i] == 0;
        memset(p, 0xa5, n);
        HeapFree(heap, 0, p);
    }
    CHECK(aligned, "blocks are 16-aligned");
    CHECK(sized, "HeapSize is what was asked for");
    CHECK(zero, "HEAP_ZERO_MEMORY clears blocks that were used before");
    char* p = HeapAlloc(heap, 0, 10);
    memcpy(p, "123456789", 10);
    p = HeapReAlloc(heap, HEAP_ZERO_MEMORY, p, 1000000);
    CHECK(p && !strcmp(p, "123456789") && p[10] == 0 && p[999999] == 0,
          "HeapReAlloc keeps the contents and clears the rest");
    CHECK(!HeapReAlloc(heap, HEAP_REALLOC_IN_PLACE_ONLY, p, 9000000),
          "HEAP_REALLOC_IN_PLACE_ONLY does not move");
    p = HeapReAlloc(heap, 0, p, 5);
    CHECK(p && !memcmp(p, "12345", 5) && HeapSize(heap, 0, p) == 5, "and shrinks");
    CHECK(HeapValidate(heap, 0, NULL) && HeapValidate(heap, 0, p), "HeapValidate");
    HeapFree(heap, 0, p);
    CHECK(!HeapValidate(heap, 0, p), "HeapValidate of a freed block");
    CHECK(HeapFree(heap, 0, NULL), "HeapFree of NULL");
}

static void walk(void) {
    HANDLE heap = HeapCreate(0, 0, 0);
    void* blocks[100];
    for (int i = 0; i < 100; i++)
        blocks[i] = HeapAlloc(heap, 0, 24 + i);
    void* big = HeapAlloc(heap, 0, 3000000);
    for (int i = 0; i < 100; i += 2)
        HeapFree(heap, 0, blocks[i]);
    PROCESS_HEAP_ENTRY e = {0};
    int busy = 0, found = 0, saw_big = 0;
    while (HeapWalk(heap, &e)) {
        if (!(e.wFlags & PROCESS_HEAP_ENTRY_BUSY)) continue;
        busy++;
        for (int i = 1; i < 100; i += 2)
            found += e.lpData == blocks[i] && e.cbData == 24u + i;
        saw_big |= e.lpData == big;
    }
    CHECK(GetLastError() == ERROR_NO_MORE_ITEMS, "HeapWalk ends with ERROR_NO_MORE_ITEMS");
    CHECK(busy == 51 && found == 50 && saw_big, "HeapWalk meets every block");
    CHECK(HeapDestroy(heap), "HeapDestroy");
}

static void limits(void) {
    HANDLE heap = HeapCreate(0, 0x1000, 0x40000);
    int n = 0;
    while (HeapAlloc(heap, 0, 1000))
        n++;
    CHECK(n > 100 && n < 300, "a heap of fixed size comes to its end");
    HeapDestroy(heap);
    heap = HeapCreate(HEAP_NO_SERIALIZE, 0, 0);
    CHECK(HeapAlloc(heap, 0, (SIZE_T)1 << 60) == NULL, "an impossible size: NULL");
    HeapDestroy(heap);
}

static void many(HANDLE heap) {
    enum { count = 20000 };
    static char* blocks[count];
    unsigned seed = 1;
    int intact = 1;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < count; i++) {
            seed = seed * 1103515245 + 12345;
            const SIZE_T n = (seed >> 16) % 700 + 1;
            if (blocks[i]) {
                intact &= blocks[i][0] == (char)i;
                HeapFree(heap, 0, blocks[i]);
            }
            blocks[i] = HeapAlloc(heap, 0, n);
            memset(blocks[i], i, n);
        }
    }
    for (int i = 0; i < count; i++) {
        intact &= blocks[i][0] == (char)i;
        HeapFree(heap, 0, blocks[i]);
    }
    CHECK(intact && HeapValidate(heap, 0, NULL), "60,000 blocks keep their contents");
}

static void corruption(HANDLE heap) {
    PVOID handler = AddVectoredExceptionHandler(1, note_corruption);
    HANDLE private_heap = HeapCreate(0, 0, 0);
    HANDLE t = CreateThread(NULL, 0, frees_twice, private_heap, 0, NULL);
    WaitForSingleObject(t, INFINITE);
    DWORD code = 0;
    GetExitCodeThread(t, &code);
    CHECK(code == 3 && code_of_double_free == 0xC0000374, "freeing twice is STATUS_HEAP_CORRUPTION");
    RemoveVectoredExceptionHandler(handler);
    (void)heap;
}

int main(void) {
    HANDLE heap = GetProcessHeap();
    basics(heap);
    walk();
    limits();
    many(heap);
    corruption(heap);
    return finish();
}
