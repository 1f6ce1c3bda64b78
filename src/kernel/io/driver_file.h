// Where the file of a driver lies. There is no file system yet: the names under which Windows keeps drivers
// lead into folders of the host, and to nothing else.
//
//   \SystemRoot\System32\drivers\X.sys, System32\drivers\X.sys (relative names begin at \SystemRoot) and
//   \??\C:\Windows\System32\drivers\X.sys        the driver store
//   \??\C:\Program Files\Drvlab\…\X.sys          the folders of the programs
//   \??\C:\X.sys                                 the same: a program's current directory is C:\ at its start
//
// Names are looked up without case; of names that differ in case only, the first in the folder's order
// counts.
#pragma once
#include "abi/types.h"
#include "base/result.h"
#include <string>
#include <string_view>
#include <vector>

namespace nt::io {

// Folders of the host, the first that has the file counts. Plugged in by app.
struct DriverFolders {
    std::vector<std::string> store;
    std::vector<std::string> programs;
};
extern DriverFolders driver_folders;

struct DriverFile {
    std::string host_path;
    std::u16string path;      // as the loaded-module list shows it: \SystemRoot\… or \??\C:\…
    std::u16string file_name; // last part, as the folder has it
};
// `image_path` is a service's ImagePath; empty: System32\drivers\SERVICE.sys. STATUS_OBJECT_NAME_INVALID,
// STATUS_OBJECT_PATH_NOT_FOUND (no such folder), STATUS_OBJECT_NAME_NOT_FOUND.
Result<DriverFile> find_driver_file(std::u16string_view image_path, std::u16string_view service);

} // namespace nt::io
