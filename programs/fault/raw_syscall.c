// Closes a bad handle with a raw system call, with the number of Windows 10 2004: STATUS_INVALID_HANDLE.
// Exit status 0 if the system call was dispatched as on Windows.
int main(void) {
    unsigned long long status = 0x0f; // NtClose
    __asm__ volatile("mov %1, %%r10\n\tsyscall"
                     : "+a"(status)
                     : "r"(0x7777ull)
                     : "rcx", "r10", "r11", "memory");
    return (unsigned)status == 0xC0000008u ? 0 : 1;
}
