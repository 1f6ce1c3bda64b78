// Loops for ever without touching memory.
int main(void) {
    for (;;)
        __asm__ volatile("");
}
