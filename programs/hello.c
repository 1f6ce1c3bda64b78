// Speaks with its user: hello [words…]. Asks for a name and a number on standard input; prints its arguments
// and the variable GREETING. Exit status: the number.
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char** argv) {
    const char* greeting = getenv("GREETING");
    printf("%s from %d argument%s:", greeting ? greeting : "Hello", argc - 1, argc == 2 ? "" : "s");
    for (int i = 1; i < argc; ++i)
        printf(" [%s]", argv[i]);
    printf("\n");
    char name[32];
    int number;
    printf("Your name and a number? ");
    fflush(stdout);
    if (scanf("%31s %d", name, &number) != 2) {
        printf("\nnothing understood\n");
        return 1;
    }
    printf("\nGood day, %s. Half of %d is %.1f, in hexadecimal %#x.\n", name, number, number / 2.0, number);
    return number;
}
