// Executes data: 0xC0000005 with 8 as its first parameter.
static unsigned char code[16] = {0xc3};
int main(void) {
    void (*volatile call)(void) = (void (*)(void))(void*)code;
    call();
    return 0;
}
