// Divides by zero: 0xC0000094.
int main(void) {
    volatile int zero = 0;
    return 1000 / zero;
}
