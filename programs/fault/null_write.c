// Writes through a null pointer: 0xC0000005.
int main(void) {
    int* volatile nowhere = 0;
    *(volatile int*)nowhere = 1;
    return 0;
}
