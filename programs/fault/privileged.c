// Issues a privileged instruction: 0xC0000096.
int main(void) {
    __asm__ volatile("hlt");
    return 0;
}
