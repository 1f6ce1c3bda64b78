// Returns to 32-bit code, which there is none of.
#include <windows.h>
int main(void) {
    unsigned char* code =
        VirtualAlloc((void*)0x10000000, 4096, MEM_COMMIT | MEM_RESERVE, PAGE_EXECUTE_READWRITE);
    code[0] = 0xCC;
    __asm__ volatile("pushq $0x23; pushq %0; lretq" : : "r"(code));
    return 0;
}
