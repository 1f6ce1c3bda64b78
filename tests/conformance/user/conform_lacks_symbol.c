// Imports a function that kernel32.dll does not have.
#include <windows.h>
__declspec(dllexport) void* use(void);
asm(".section .idata$2\n .rva names\n .long 0, 0\n .rva dll\n .rva slots\n"
    ".section .idata$4\nnames: .rva symbol\n .long 0\n .quad 0\n"
    ".section .idata$5\nslots: .rva symbol\n .long 0\n .quad 0\n"
    ".section .idata$6\nsymbol: .short 0\n .asciz \"NoSuchFunctionAtAll\"\n .p2align 1\ndll: .asciz "
    "\"KERNEL32.dll\"\n .text");
void* use(void) { return NULL; }
