// A program whose DLL refuses to attach: it must not start.
#include <stdio.h>
__declspec(dllimport) int nothing(void);
int main(void) {
    puts("it runs");
    return nothing();
}
