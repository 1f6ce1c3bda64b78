// Calls a wild pointer: 0xC0000005 with 8 as its first parameter.
int main(void) {
    void (*volatile call)(void) = (void (*)(void))0x123456789000;
    call();
    return 0;
}
