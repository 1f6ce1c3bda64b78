// The C run-time and memory functions that ntoskrnl.exe exports, as guest code: tools/gen_code_rows.py
// compiles each function by itself into a row of rtl_code.rows. They run in ntoskrnl's text, so a bad pointer
// faults there as it does on Windows, on the caller's stack and without a crossing.
//
// Every function must be a leaf without relocations: no calls, no tables, no stack, volatile registers only.
// "C" locale: case means ASCII.
typedef unsigned long long size_t;
typedef unsigned short wchar;
typedef unsigned char byte;
typedef unsigned int ulong;
typedef size_t word __attribute__((aligned(1)));
typedef byte block __attribute__((vector_size(16), aligned(1)));

#define LOWER(c) ((unsigned)(c) - 'A' < 26 ? (c) + 32 : (c))
#define UPPER(c) ((unsigned)(c) - 'a' < 26 ? (c) - 32 : (c))
#define SAME_LETTER(x, y) (((x) ^ (y)) == 32 && (unsigned)((x) | 32) - 'a' < 26)
#define INLINE static inline __attribute__((always_inline))

// Four blocks a turn: with one, the loop's own instructions take as long again as the stores.
INLINE void* move(void* to, const void* from, size_t n) {
    byte* t = to;
    const byte* f = from;
    if ((size_t)(t - f) >= n) { // not inside the source: forward is safe
        for (; n >= 64; n -= 64, t += 64, f += 64) {
            block* b = (block*)t;
            const block* c = (const block*)f;
            b[0] = c[0], b[1] = c[1], b[2] = c[2], b[3] = c[3];
        }
        for (; n >= 16; n -= 16, t += 16, f += 16)
            *(block*)t = *(const block*)f;
        for (; n; n--)
            *t++ = *f++;
    } else {
        t += n, f += n;
        for (; n >= 64; n -= 64) {
            t -= 64, f -= 64;
            block* b = (block*)t;
            const block* c = (const block*)f;
            b[3] = c[3], b[2] = c[2], b[1] = c[1], b[0] = c[0];
        }
        for (; n >= 16; n -= 16)
            t -= 16, f -= 16, *(block*)t = *(const block*)f;
        for (; n; n--)
            *--t = *--f;
    }
    return to;
}
INLINE void* fill(void* to, byte c, size_t n) {
    byte* t = to;
    const block b = {c, c, c, c, c, c, c, c, c, c, c, c, c, c, c, c};
    for (; n >= 64; n -= 64, t += 64)
        ((block*)t)[0] = b, ((block*)t)[1] = b, ((block*)t)[2] = b, ((block*)t)[3] = b;
    for (; n >= 16; n -= 16, t += 16)
        *(block*)t = b;
    for (; n; n--)
        *t++ = c;
    return to;
}
void* memcpy(void* to, const void* from, size_t n) { return move(to, from, n); }
void* memmove(void* to, const void* from, size_t n) { return move(to, from, n); }
void RtlCopyMemory(void* to, const void* from, size_t n) { move(to, from, n); }
void RtlMoveMemory(void* to, const void* from, size_t n) { move(to, from, n); }
void RtlCopyMemoryNonTemporal(void* to, const void* from, size_t n) { move(to, from, n); }
void* memset(void* to, int c, size_t n) { return fill(to, (byte)c, n); }
void RtlFillMemory(void* to, size_t n, int c) { fill(to, (byte)c, n); }
void RtlZeroMemory(void* to, size_t n) { fill(to, 0, n); }
void RtlSecureZeroMemory(void* to, size_t n) { fill(to, 0, n); }
int memcmp(const void* a, const void* b, size_t n) {
    const byte *x = a, *y = b;
    for (; n >= 8 && *(const word*)x == *(const word*)y; n -= 8)
        x += 8, y += 8;
    for (; n; n--, x++, y++)
        if (*x != *y) return *x < *y ? -1 : 1;
    return 0;
}
size_t RtlCompareMemory(const void* a, const void* b, size_t n) {
    const byte *x = a, *y = b;
    size_t i = 0;
    for (; i + 8 <= n && *(const word*)(x + i) == *(const word*)(y + i);)
        i += 8;
    for (; i < n && x[i] == y[i];)
        i++;
    return i;
}
size_t RtlCompareMemoryUlong(const void* source, size_t n, ulong pattern) {
    const ulong* s = source;
    size_t i = 0;
    if ((size_t)s & 3) return 0;
    for (; i < n / 4 && s[i] == pattern;)
        i++;
    return i * 4;
}
void RtlFillMemoryUlong(void* to, size_t n, ulong pattern) {
    ulong* t = to;
    for (n /= 4; n; n--)
        *t++ = pattern;
}
void* memchr(const void* s, int c, size_t n) {
    const byte* p = s;
    for (; n; n--, p++)
        if (*p == (byte)c) return (void*)p;
    return 0;
}
void* memccpy(void* to, const void* from, int c, size_t n) {
    byte* t = to;
    const byte* f = from;
    for (; n; n--)
        if ((*t++ = *f++) == (byte)c) return t;
    return 0;
}

// Each function for char and for wchar.
#define STRINGS(C, U, LEN, NLEN, CMP, NCMP, ICMP, NICMP, CPY, NCPY, CAT, NCAT, CHR, RCHR, STR, SPN, UPR,     \
                LWR)                                                                                         \
    size_t LEN(const C* s) {                                                                                 \
        size_t n = 0;                                                                                        \
        for (; s[n];)                                                                                        \
            n++;                                                                                             \
        return n;                                                                                            \
    }                                                                                                        \
    size_t NLEN(const C* s, size_t most) {                                                                   \
        size_t n = 0;                                                                                        \
        for (; n < most && s[n];)                                                                            \
            n++;                                                                                             \
        return n;                                                                                            \
    }                                                                                                        \
    int CMP(const C* a, const C* b) {                                                                        \
        for (; *a && *a == *b; a++)                                                                          \
            b++;                                                                                             \
        return (U) * a<(U) * b ? -1 : (U) * a>(U) * b;                                                       \
    }                                                                                                        \
    int NCMP(const C* a, const C* b, size_t n) {                                                             \
        for (; n; n--, a++, b++) {                                                                           \
            if (*a != *b) return (U) * a - (U) * b;                                                          \
            if (!*a) break;                                                                                  \
        }                                                                                                    \
        return 0;                                                                                            \
    }                                                                                                        \
    int ICMP(const C* a, const C* b) {                                                                       \
        for (;; a++, b++) {                                                                                  \
            int x = (U) * a, y = (U) * b;                                                                    \
            if (x != y && !SAME_LETTER(x, y)) return LOWER(x) - LOWER(y);                                    \
            if (!x) return 0;                                                                                \
        }                                                                                                    \
    }                                                                                                        \
    int NICMP(const C* a, const C* b, size_t n) {                                                            \
        for (; n; n--, a++, b++) {                                                                           \
            int x = (U) * a, y = (U) * b;                                                                    \
            if (x != y && !SAME_LETTER(x, y)) return LOWER(x) - LOWER(y);                                    \
            if (!x) break;                                                                                   \
        }                                                                                                    \
        return 0;                                                                                            \
    }                                                                                                        \
    C* CPY(C* to, const C* from) {                                                                           \
        C* t = to;                                                                                           \
        for (; (*t++ = *from++);) {                                                                          \
        }                                                                                                    \
        return to;                                                                                           \
    }                                                                                                        \
    C* NCPY(C* to, const C* from, size_t n) {                                                                \
        C* t = to;                                                                                           \
        for (; n && *from; n--)                                                                              \
            *t++ = *from++;                                                                                  \
        for (; n; n--)                                                                                       \
            *t++ = 0;                                                                                        \
        return to;                                                                                           \
    }                                                                                                        \
    C* CAT(C* to, const C* from) {                                                                           \
        C* t = to;                                                                                           \
        for (; *t;)                                                                                          \
            t++;                                                                                             \
        for (; (*t++ = *from++);) {                                                                          \
        }                                                                                                    \
        return to;                                                                                           \
    }                                                                                                        \
    C* NCAT(C* to, const C* from, size_t n) {                                                                \
        C* t = to;                                                                                           \
        for (; *t;)                                                                                          \
            t++;                                                                                             \
        for (; n && *from; n--)                                                                              \
            *t++ = *from++;                                                                                  \
        *t = 0;                                                                                              \
        return to;                                                                                           \
    }                                                                                                        \
    C* CHR(const C* s, int c) {                                                                              \
        for (;; s++) {                                                                                       \
            if (*s == (C)c) return (C*)s;                                                                    \
            if (!*s) return 0;                                                                               \
        }                                                                                                    \
    }                                                                                                        \
    C* RCHR(const C* s, int c) {                                                                             \
        const C* found = 0;                                                                                  \
        for (;; s++) {                                                                                       \
            if (*s == (C)c) found = s;                                                                       \
            if (!*s) return (C*)found;                                                                       \
        }                                                                                                    \
    }                                                                                                        \
    C* STR(const C* s, const C* what) {                                                                      \
        for (;; s++) {                                                                                       \
            size_t i = 0;                                                                                    \
            for (; what[i] && s[i] == what[i];)                                                              \
                i++;                                                                                         \
            if (!what[i]) return (C*)s;                                                                      \
            if (!s[i]) return 0;                                                                             \
        }                                                                                                    \
    }                                                                                                        \
    size_t SPN(const C* s, const C* set) {                                                                   \
        size_t n = 0;                                                                                        \
        for (;; n++) {                                                                                       \
            const C* p = set;                                                                                \
            for (; *p && *p != s[n];)                                                                        \
                p++;                                                                                         \
            if (!s[n] || !*p) return n;                                                                      \
        }                                                                                                    \
    }                                                                                                        \
    C* UPR(C* s) {                                                                                           \
        for (C* p = s; *p; p++)                                                                              \
            *p = (C)UPPER(*p);                                                                               \
        return s;                                                                                            \
    }                                                                                                        \
    C* LWR(C* s) {                                                                                           \
        for (C* p = s; *p; p++)                                                                              \
            *p = (C)LOWER(*p);                                                                               \
        return s;                                                                                            \
    }
STRINGS(char, byte, strlen, strnlen, strcmp, strncmp, _stricmp, _strnicmp, strcpy, strncpy, strcat, strncat,
        strchr, strrchr, strstr, strspn, _strupr, _strlwr)
STRINGS(wchar, wchar, wcslen, wcsnlen, wcscmp, wcsncmp, _wcsicmp, _wcsnicmp, wcscpy, wcsncpy, wcscat, wcsncat,
        wcschr, wcsrchr, wcsstr, wcsspn, _wcsupr, _wcslwr)

char* _strrev(char* s) {
    char *end = s, *at = s;
    for (; *end;)
        end++;
    for (; end-- > at; at++) {
        char c = *at;
        *at = *end, *end = c;
    }
    return s;
}
wchar* _wcsrev(wchar* s) {
    wchar *end = s, *at = s;
    for (; *end;)
        end++;
    for (; end-- > at; at++) {
        wchar c = *at;
        *at = *end, *end = c;
    }
    return s;
}

int toupper(int c) { return UPPER(c); }
int tolower(int c) { return LOWER(c); }
wchar towupper(wchar c) { return (wchar)UPPER(c); }
wchar towlower(wchar c) { return (wchar)LOWER(c); }
int isdigit(int c) { return c >= '0' && c <= '9'; }
int isxdigit(int c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
int isspace(int c) { return c == ' ' || (c >= 9 && c <= 13); }
int isupper(int c) { return c >= 'A' && c <= 'Z'; }
int islower(int c) { return c >= 'a' && c <= 'z'; }
int isprint(int c) { return c >= ' ' && c < 127; }
int iswdigit(wchar c) { return c >= '0' && c <= '9'; }
int iswspace(wchar c) { return c == ' ' || (c >= 9 && c <= 13); }

INLINE long long number(const char* s) {
    unsigned long long n = 0;
    for (; *s == ' ' || (*s >= 9 && *s <= 13);)
        s++;
    const char sign = *s;
    if (sign == '-' || sign == '+') s++;
    for (; *s >= '0' && *s <= '9'; s++)
        n = n * 10 + (unsigned long long)(*s - '0');
    return (long long)(sign == '-' ? 0 - n : n);
}
int atoi(const char* s) { return (int)number(s); }
int atol(const char* s) { return (int)number(s); }
long long _atoi64(const char* s) { return number(s); }

// Code page 1252 would need a table; the C locale has only the first 256.
size_t mbstowcs(wchar* to, const char* from, size_t n) {
    size_t i = 0;
    for (;; i++) {
        if (to && i >= n) return i;
        if (to) to[i] = (byte)from[i];
        if (!from[i]) return i;
    }
}
size_t wcstombs(char* to, const wchar* from, size_t n) {
    size_t i = 0;
    for (;; i++) {
        if (to && i >= n) return i;
        if (from[i] > 255) return (size_t)-1;
        if (to) to[i] = (char)from[i];
        if (!from[i]) return i;
    }
}

unsigned short RtlUshortByteSwap(unsigned short v) { return __builtin_bswap16(v); }
ulong RtlUlongByteSwap(ulong v) { return __builtin_bswap32(v); }
unsigned long long RtlUlonglongByteSwap(unsigned long long v) { return __builtin_bswap64(v); }

// Stack probe of large frames: rax = size. A kernel stack is there as a whole.
__attribute__((naked)) void __chkstk(void) { __asm__("ret"); }
void DbgBreakPoint(void) { __asm__ volatile("int3"); }
void DbgBreakPointWithStatus(ulong status) {
    (void)status;
    __asm__ volatile("int3");
}
