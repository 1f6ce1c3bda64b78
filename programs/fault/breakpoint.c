// Runs into a breakpoint without a debugger: 0x80000003.
int main(void) {
    __asm__ volatile("int3");
    return 0;
}
