// Overflows its stack: 0xC00000FD.
static volatile int depth;
#pragma GCC diagnostic ignored "-Winfinite-recursion"
static __attribute__((noinline)) int recurse(int n) {
    volatile char frame[2048];
    frame[0] = (char)n;
    ++depth;
    return recurse(n + 1) + frame[0];
}
int main(void) { return recurse(0); }
