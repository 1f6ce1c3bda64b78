// The C run-time library that an unmodified program gets: printf and scanf families, conversions, strings,
// time, sorting, setjmp, errors of files, atexit.
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include <wchar.h>

#include "../common/program.h"

static int prints(const char* expected, const char* format, ...) {
    char buffer[200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(buffer, sizeof buffer, format, arguments);
    va_end(arguments);
    if (strcmp(buffer, expected) == 0) return 1;
    printf("     got <%s>\n", buffer);
    return 0;
}
static int by_value(const void* a, const void* b) { return *(const int*)a - *(const int*)b; }

static jmp_buf back;
static volatile int depth;
static __attribute__((noinline)) int jump(int n) {
    if (n == 0) longjmp(back, 5);
    if (n < 0) return 0;
    ++depth;
    return jump(n - 1) + depth;
}

static void at_end(void) {
    CHECK(1, "atexit functions run");
    finish();
}

int main(int argc, char** argv) {
    CHECK(argc >= 1 && argv[0] && argv[0][0] && !argv[argc], "argc and argv");
    CHECK(prints("42 -7 0x2a 052 +5", "%d %i %#x %#o %+d", 42, -7, 42, 42, 5), "integers");
    // Exponents have two digits; the old msvcrt.dll of Windows has three.
    CHECK(prints("3.141593 1.50e+10 1e+06 0.5", "%f %.2e %g %g", 3.14159265, 1.5e10, 1e6, 0.5),
          "floating point");
    CHECK(prints("[   hi] [hi   ] [hel]", "[%5s] [%-5s] [%.3s]", "hi", "hi", "hello"),
          "strings with width and precision");
    CHECK(prints("18446744073709551615 -1", "%I64u %I64d", ~0ULL, -1LL), "64-bit integers");
    CHECK(prints("A %", "%c %%", 'A'), "characters");
    int a = 0, b = 0;
    char word[10] = "";
    double d = 0;
    CHECK(sscanf("12 abc 2.5 ff", "%d %9s %lf %x", &a, word, &d, &b) == 4 && a == 12 &&
              !strcmp(word, "abc") && d == 2.5 && b == 255,
          "sscanf");
    CHECK(strtol("0x7f", NULL, 0) == 127 && strtoul("-1", NULL, 10) == ~0u && atof("1e3") == 1000,
          "strtol, strtoul, atof");
    errno = 0;
    CHECK(strtol("99999999999", NULL, 10) == 2147483647L && errno == ERANGE, "a long is 32 bits: ERANGE");
    CHECK(strcmp("a", "b") < 0 && strstr("needle in hay", "in hay") && strtok(word, "b") && strlen(word) == 1,
          "strings");
    CHECK(fabs(sqrt(2) * sqrt(2) - 2) < 1e-12 && fabs(sin(1) - 0.8414709848078965) < 1e-12 &&
              pow(2, 10) == 1024,
          "mathematics");
    int numbers[] = {5, 3, 9, 1};
    qsort(numbers, 4, sizeof *numbers, by_value);
    int key = 9;
    CHECK(numbers[0] == 1 && numbers[3] == 9 &&
              bsearch(&key, numbers, 4, sizeof *numbers, by_value) == &numbers[3],
          "qsort, bsearch");
    volatile int passes_here = 0;
    int came = setjmp(back);
    if (came == 0) jump(20);
    ++passes_here;
    CHECK(came == 5 && passes_here == 1, "setjmp, longjmp");
    struct tm* t;
    time_t moment = 1000000000;
    t = gmtime(&moment);
    char date[40] = "";
    CHECK(t && strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", t) && !strcmp(date, "2001-09-09 01:46:40"),
          "gmtime, strftime");
    CHECK(mktime(t) == moment, "mktime: local time is UTC");
    CHECK(time(NULL) > 1500000000, "time");
    errno = 0;
    FILE* file = fopen("Z:\\no\\such\\file", "r");
    CHECK(!file && errno == ENOENT, "fopen of a file on no drive: ENOENT");
    file = fopen("NUL", "w");
    CHECK(file && fprintf(file, "gone") == 4 && fclose(file) == 0, "stdio writes to NUL");
    file = fopen("NUL", "r");
    CHECK(file && fgetc(file) == EOF && feof(file), "and reads the end of file from it");
    if (file) fclose(file);
    char* heap = malloc(1000);
    heap = realloc(heap, 100000);
    CHECK(heap != NULL, "malloc, realloc");
    memset(heap, 1, 100000);
    free(heap);
    CHECK(calloc(100, 100) != NULL, "calloc");
    wchar_t wide[20];
    CHECK(mbstowcs(wide, "wide", 20) == 4 && wcslen(wide) == 4 &&
              swprintf(wide, 20, L"%ls-%d", L"x", 3) == 3 && !wcscmp(wide, L"x-3"),
          "wide characters");
    CHECK(getenv("NO_SUCH_VARIABLE") == NULL && putenv("CONFORM=1") == 0 && getenv("CONFORM") &&
              *getenv("CONFORM") == '1',
          "getenv, putenv");
    srand(1);
    int first = rand();
    srand(1);
    CHECK(rand() == first, "rand repeats");
    CHECK(setlocale(LC_ALL, "C") != NULL && localeconv()->decimal_point[0] == '.', "the C locale");
    fprintf(stderr, "this line goes to standard error\n");
    atexit(at_end);
    return failures ? 1 : 0;
}
