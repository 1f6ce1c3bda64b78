// Executes an instruction that does not exist: 0xC000001D.
int main(void) {
    __asm__ volatile("ud2");
    return 0;
}
