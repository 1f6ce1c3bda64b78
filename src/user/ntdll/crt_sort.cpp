// qsort (heap sort: no recursion, no extra memory) and bsearch.
#include "internal.h"

namespace nt {

namespace {

using Compare = int (*)(const void*, const void*);

void swap(UCHAR* a, UCHAR* b, std::size_t size) {
    for (; size; size--, a++, b++) {
        const UCHAR t = *a;
        *a = *b;
        *b = t;
    }
}

void sift(UCHAR* base, std::size_t root, std::size_t n, std::size_t size, Compare compare) {
    for (;;) {
        std::size_t child = 2 * root + 1;
        if (child >= n) return;
        if (child + 1 < n && compare(base + child * size, base + (child + 1) * size) < 0) child++;
        if (compare(base + root * size, base + child * size) >= 0) return;
        swap(base + root * size, base + child * size, size);
        root = child;
    }
}

} // namespace

extern "C" {

void qsort(void* first, std::size_t n, std::size_t size, Compare compare) {
    auto* base = static_cast<UCHAR*>(first);
    if (n < 2) return;
    for (std::size_t i = n / 2; i-- > 0;)
        sift(base, i, n, size, compare);
    for (std::size_t end = n - 1; end > 0; end--) {
        swap(base, base + end * size, size);
        sift(base, 0, end, size, compare);
    }
}

void* bsearch(const void* key, const void* first, std::size_t n, std::size_t size, Compare compare) {
    const auto* base = static_cast<const UCHAR*>(first);
    while (n) {
        const UCHAR* middle = base + n / 2 * size;
        const int order = compare(key, middle);
        if (order == 0) return const_cast<UCHAR*>(middle);
        if (order > 0) {
            base = middle + size;
            n -= n / 2 + 1;
        } else {
            n /= 2;
        }
    }
    return nullptr;
}

} // extern "C"
} // namespace nt
