// Memory that has a name (CreateFileMapping, OpenFileMapping, MapViewOfFile).
#include <windows.h>

#include "../common/program.h"

int main(void) {
    HANDLE section =
        CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 100000, "Local\\Shared");
    CHECK(section && GetLastError() == ERROR_SUCCESS, "a named section");
    HANDLE again = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 4096, "Shared");
    CHECK(again && GetLastError() == ERROR_ALREADY_EXISTS, "the same name again: ERROR_ALREADY_EXISTS");
    HANDLE opened = OpenFileMappingA(FILE_MAP_READ, FALSE, "Local\\Shared");
    CHECK(opened != NULL, "opened by its name");
    CHECK(!OpenFileMappingA(FILE_MAP_READ, FALSE, "NoSuchSection") && GetLastError() == ERROR_FILE_NOT_FOUND,
          "a name that is not there: ERROR_FILE_NOT_FOUND");
    char* writer = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
    const char* reader = MapViewOfFile(opened, FILE_MAP_READ, 0, 0, 0);
    CHECK(writer && reader && writer != reader, "two views");
    strcpy(writer + 99000, "through one view");
    CHECK(strcmp(reader + 99000, "through one view") == 0, "what one writes the other reads");
    CHECK(!MapViewOfFile(section, FILE_MAP_READ, 0, 0, 1 << 24) && GetLastError() == ERROR_ACCESS_DENIED,
          "a view longer than the section is refused");
    CHECK(!MapViewOfFile(opened, FILE_MAP_WRITE, 0, 0, 0) && GetLastError() == ERROR_ACCESS_DENIED,
          "a handle for reading maps no view for writing: ERROR_ACCESS_DENIED");
    HANDLE writing = OpenFileMappingA(FILE_MAP_WRITE, FALSE, "Local\\Shared");
    char* both = MapViewOfFile(writing, FILE_MAP_WRITE, 0, 0, 0);
    CHECK(both && !strcmp(both + 99000, "through one view") && strcpy(both + 99000, "both"),
          "FILE_MAP_WRITE alone opens for a view that is read and written");
    const char* read_only = MapViewOfFile(writing, FILE_MAP_READ, 0, 0, 0);
    CHECK(read_only && !strcmp(read_only + 99000, "both"), "and for one that is only read");
    UnmapViewOfFile(both), UnmapViewOfFile(read_only);
    CloseHandle(writing);
    CHECK(FlushViewOfFile(writer, 0), "FlushViewOfFile");
    CHECK(!FlushViewOfFile(&section, 0) && GetLastError() == ERROR_INVALID_ADDRESS,
          "of what is no view: ERROR_INVALID_ADDRESS");
    CHECK(UnmapViewOfFile(reader) && UnmapViewOfFile(writer), "UnmapViewOfFile");
    CHECK(!UnmapViewOfFile(reader) && GetLastError() == ERROR_INVALID_ADDRESS,
          "twice: ERROR_INVALID_ADDRESS");
    CloseHandle(section), CloseHandle(again), CloseHandle(opened);
    CHECK(!OpenFileMappingA(FILE_MAP_READ, FALSE, "Local\\Shared"), "it goes with its last handle");

    char* page = VirtualAlloc(NULL, 8192, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    CHECK(VirtualLock(page, 8192) && VirtualUnlock(page, 8192), "VirtualLock and VirtualUnlock");
    MEMORYSTATUS status;
    GlobalMemoryStatus(&status);
    CHECK(status.dwTotalPhys && status.dwAvailPhys <= status.dwTotalPhys, "GlobalMemoryStatus");
    return finish();
}
