// A program that imports from a DLL which does not exist: it must not start.
asm(".section .idata$2\n .rva names\n .long 0, 0\n .rva dll\n .rva slots\n"
    ".section .idata$4\nnames: .rva symbol\n .long 0\n .quad 0\n"
    ".section .idata$5\nslots: .rva symbol\n .long 0\n .quad 0\n"
    ".section .idata$6\nsymbol: .short 0\n .asciz \"Anything\"\n .p2align 1\ndll: .asciz \"nosuchdll.dll\"\n "
    ".text");
#include <stdio.h>
int main(void) {
    puts("it runs");
    return 0;
}
