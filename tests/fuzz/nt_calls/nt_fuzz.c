// Plays a script of system calls: `nt_fuzz PROCESS PROCESSES < script`. The script comes on the standard
// input of process 0, which shows it to the others (`--client`); tools/fuzz_nt_calls.py writes scripts and
// says what they look like. All threads of all processes start together, each with its own lines.
//
// Nothing here looks at what a call does: hostile arguments fail, and what must hold afterwards the host
// sees. The main thread only supervises. When the others have not ended after two seconds it ends the process
// with whatever they wait for.
#define WIN32_NO_STATUS
#include <windows.h>
#undef WIN32_NO_STATUS

#include <ntstatus.h>
#include <winternl.h>

#include <stdlib.h>

#define MOST_PROCESSES 4
#define MOST_THREADS 4
#define MOST_TEXT 0x80000
#define MOST_SERVICES 256
#define MOST_ARGUMENTS 11

// The memory that scripts use, at the same address in each process: read and write, nothing, read only,
// reserved, guarded. Its start is the table of handles.
#define ARENA 0x280000000000ull
#define WRITABLE 0x10000
#define SLOTS 64

typedef struct {
    volatile LONG written, arrived;
    DWORD process_ids[MOST_PROCESSES];
    DWORD thread_ids[MOST_PROCESSES][MOST_THREADS];
    char text[MOST_TEXT];
} SHARED;

typedef struct {
    char name[40];
    NTSTATUS (*call)(ULONG64, ...);
} SERVICE;

NTSYSAPI NTSTATUS NTAPI NtTerminateProcess(HANDLE, NTSTATUS);

static SHARED* script; // private, once everybody has arrived
static SERVICE services[MOST_SERVICES];
static int service_count, this_process;
static volatile LONG ready;

static void copy(void* to, const void* from, SIZE_T bytes) { __movsb(to, from, bytes); }

// ---- words of a script

typedef struct {
    const char *at, *end;
} TEXT;

static int next_word(TEXT* text, TEXT* word) {
    while (text->at < text->end && *text->at == ' ')
        text->at++;
    word->at = text->at;
    while (text->at < text->end && *text->at != ' ')
        text->at++;
    word->end = text->at;
    return word->at < word->end;
}

static int digit(char c) { return c >= 'a' ? c - 'a' + 10 : c - '0'; }

static ULONG64 number(const char* at, const char* end) {
    ULONG64 value = 0;
    for (; at < end; at++)
        value = value << 4 | (digit(*at) & 15);
    return value;
}

static void NTAPI apc(ULONG64 a, ULONG64 b, ULONG64 c) { (void)a, (void)b, (void)c; }

static DWORD WINAPI short_thread(void* context) {
    (void)context;
    Sleep(3);
    return 0;
}

// A hexadecimal number, or one behind a letter.
static ULONG64 value_of(TEXT word) {
    char kind = *word.at;
    ULONG64 n = number(word.at + 1, word.end);
    switch (kind) {
    case '@': // in the arena
        return ARENA + n;
    case 'h': // what is in a slot of the table of handles
        return ((volatile ULONG64*)ARENA)[n % SLOTS];
    case 'i': // a process
        return script->process_ids[n % MOST_PROCESSES];
    case 'j': // a thread: process and thread
        return script->thread_ids[n / 16 % MOST_PROCESSES][n % MOST_THREADS];
    case 'r': // a routine
        return n ? (ULONG64)apc : (ULONG64)short_thread;
    case '-':
        return -n;
    default:
        return number(word.at, word.end);
    }
}

// ---- what a line can do

static SERVICE* find_service(TEXT name) {
    SIZE_T length = name.end - name.at;
    for (int i = 0; i < service_count; i++)
        if (!strncmp(services[i].name, name.at, length) && !services[i].name[length]) return &services[i];
    return NULL;
}

static void write_bytes(char* to, TEXT word) {
    for (const char* at = word.at; at + 1 < word.end; at += 2)
        *to++ = (char)number(at, at + 2);
}

// A UNICODE_STRING with its text behind it.
static void write_string(char* to, TEXT text) {
    UNICODE_STRING string = {0, 0, (PWSTR)(to + sizeof string)};
    while (text.at < text.end)
        string.Buffer[string.Length++] = (UCHAR)*text.at++;
    string.Length *= sizeof(WCHAR);
    string.MaximumLength = string.Length;
    copy(to, &string, sizeof string);
}

static void play(TEXT text) {
    TEXT word, first;
    ULONG64 a[MOST_ARGUMENTS] = {0};
    if (!next_word(&text, &word)) return;
    if (word.end - word.at == 1) {
        if (!next_word(&text, &first)) return;
        char* to = (char*)value_of(first);
        if (to < (char*)ARENA || to >= (char*)ARENA + WRITABLE - 0x200) return;
        if (*word.at == 's') { // s ADDRESS text: a string
            text.at += text.at < text.end;
            write_string(to, text);
        } else if (next_word(&text, &first)) {
            if (*word.at == 'w') write_bytes(to, first);                   // w ADDRESS bytes
            if (*word.at == 'q') *(volatile ULONG64*)to = value_of(first); // q ADDRESS VALUE
        }
        return;
    }
    SERVICE* service = find_service(word);
    if (!service || !service->call) return;
    for (int i = 0; i < MOST_ARGUMENTS && next_word(&text, &word); i++)
        a[i] = value_of(word);
    // Without a process it ends all threads but its own: nobody would be left to end that.
    if ((void*)service->call == (void*)NtTerminateProcess && !a[0]) return;
    service->call(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10]);
}

// Calls play_part for each part of the lines of a thread; with a negative thread, of all lines.
static void for_each_part(int thread, void (*play_part)(TEXT)) {
    const char* at = script->text;
    while (*at) {
        TEXT line = {at, at};
        while (*line.end && *line.end != '\n')
            line.end++;
        at = line.end + (*line.end == '\n');
        if (line.end - line.at < 4 || line.at[1] != '.') continue;
        if (thread >= 0 && (digit(line.at[0]) != this_process || digit(line.at[2]) != thread)) continue;
        line.at += 4;
        while (line.at < line.end) {
            TEXT part = {line.at, line.at};
            while (part.end < line.end && *part.end != ';')
                part.end++;
            line.at = part.end + (part.end < line.end);
            play_part(part);
        }
    }
}

static DWORD WINAPI player(void* context) {
    while (!ready) // another process may resume this thread before its own does
        Sleep(1);
    for_each_part((int)(ULONG_PTR)context, play);
    return 0;
}

// ---- start and end

static void learn_service(TEXT part) {
    TEXT word;
    if (!next_word(&part, &word) || word.end - word.at < 3 || find_service(word)) return;
    if (service_count == MOST_SERVICES || word.end - word.at >= (int)sizeof services[0].name) exit(243);
    SERVICE* service = &services[service_count++];
    copy(service->name, word.at, word.end - word.at);
    service->call = (void*)GetProcAddress(GetModuleHandleA("ntdll"), service->name);
}

static HANDLE section; // its name is there as long as somebody has a handle

static SHARED* share_script(void) {
    SHARED* shared;
    if (this_process == 0) {
        DWORD length = 0, got;
        section =
            CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, sizeof(SHARED), "nt_fuzz");
        shared = section ? MapViewOfFile(section, FILE_MAP_ALL_ACCESS, 0, 0, 0) : NULL;
        if (!shared) exit(244);
        while (length < MOST_TEXT - 1 &&
               ReadFile(GetStdHandle(STD_INPUT_HANDLE), shared->text + length, MOST_TEXT - 1 - length, &got,
                        NULL) &&
               got)
            length += got;
        shared->written = 1;
    } else {
        while (!(section = OpenFileMappingA(FILE_MAP_ALL_ACCESS, FALSE, "nt_fuzz")))
            Sleep(1);
        shared = MapViewOfFile(section, FILE_MAP_ALL_ACCESS, 0, 0, 0);
        if (!shared) exit(244);
        while (!shared->written)
            Sleep(1);
    }
    return shared;
}

static void make_arena(void) {
    char* arena = VirtualAlloc((void*)ARENA, 0x20000, MEM_RESERVE, PAGE_READWRITE);
    if (!arena || !VirtualAlloc(arena, WRITABLE, MEM_COMMIT, PAGE_READWRITE) ||
        !VirtualAlloc(arena + 0x11000, 0x1000, MEM_COMMIT, PAGE_READONLY) ||
        !VirtualAlloc(arena + 0x13000, 0x1000, MEM_COMMIT, PAGE_READWRITE | PAGE_GUARD))
        exit(245);
    for (int i = 0; i < SLOTS; i++)
        ((ULONG64*)arena)[i] = 0x7ffe0;
}

int main(int count, char** arguments) {
    if (count != 3) return 242;
    int processes = atoi(arguments[2]), threads = 0;
    this_process = atoi(arguments[1]);
    if (this_process < 0 || this_process >= processes || processes > MOST_PROCESSES) return 242;
    SHARED* shared = script = share_script();
    make_arena();
    for_each_part(-1, learn_service);

    HANDLE players[MOST_THREADS];
    for (; threads < MOST_THREADS; threads++) {
        players[threads] = CreateThread(NULL, 0, player, (void*)(ULONG_PTR)threads, CREATE_SUSPENDED,
                                        &shared->thread_ids[this_process][threads]);
        if (!players[threads]) return 246;
    }
    shared->process_ids[this_process] = GetCurrentProcessId();
    InterlockedIncrement(&shared->arrived);
    while (shared->arrived < processes)
        Sleep(1);
    script = VirtualAlloc(NULL, sizeof(SHARED), MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (!script) return 247;
    copy(script, shared, sizeof(SHARED));
    UnmapViewOfFile(shared);
    CloseHandle(section);
    ready = 1;
    for (int i = 0; i < threads; i++)
        ResumeThread(players[i]);
    WaitForMultipleObjects(threads, players, TRUE, 2000);
    return NtTerminateProcess(GetCurrentProcess(), 0);
}
