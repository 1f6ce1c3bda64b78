// Reads through a null pointer: 0xC0000005.
int main(void) {
    int* volatile nowhere = 0;
    return *(volatile int*)nowhere;
}
