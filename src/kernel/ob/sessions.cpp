// What smss.exe and csrss.exe make for sessions: win32 page termserv/kernel-object-namespaces. Session 0 has
// the services and \BaseNamedObjects, session 1 the programs.
#include "abi/status.h"
#include "kernel/ob/detail/bootstrap.h"
#include "kernel/ob/directory.h"
#include "kernel/ob/namespace.h"

namespace nt::ob {

namespace {

UNICODE_STRING string(std::u16string_view v) {
    return {static_cast<USHORT>(v.size() * 2), static_cast<USHORT>(v.size() * 2),
            const_cast<WCHAR*>(v.data())};
}

} // namespace

void detail::create_sessions() {
    for (std::u16string_view path :
         {u"\\BaseNamedObjects\\Restricted", u"\\Windows\\WindowStations",
          u"\\Sessions\\0\\AppContainerNamedObjects", u"\\Sessions\\1",
          u"\\Sessions\\1\\AppContainerNamedObjects", u"\\Sessions\\1\\BaseNamedObjects",
          u"\\Sessions\\1\\DosDevices", u"\\Sessions\\1\\Windows", u"\\Sessions\\1\\Windows\\WindowStations"})
        (void)create_directory(path);
    static_cast<OBJECT_DIRECTORY*>(find_in(root_directory, string(u"BaseNamedObjects"), false))->IsGlobal =
        TRUE;
    for (const auto& [name, target] : {
             std::pair{u"\\BaseNamedObjects\\Global", u"\\BaseNamedObjects"},
             std::pair{u"\\BaseNamedObjects\\Local", u"\\BaseNamedObjects"},
             std::pair{u"\\BaseNamedObjects\\Session", u"\\Sessions\\BNOLINKS"},
             std::pair{u"\\BaseNamedObjects\\AppContainerNamedObjects",
                       u"\\Sessions\\0\\AppContainerNamedObjects"},
             std::pair{u"\\Sessions\\BNOLINKS\\0", u"\\BaseNamedObjects"},
             std::pair{u"\\Sessions\\BNOLINKS\\1", u"\\Sessions\\1\\BaseNamedObjects"},
             std::pair{u"\\Sessions\\1\\BaseNamedObjects\\Global", u"\\BaseNamedObjects"},
             std::pair{u"\\Sessions\\1\\BaseNamedObjects\\Local", u"\\Sessions\\1\\BaseNamedObjects"},
             std::pair{u"\\Sessions\\1\\BaseNamedObjects\\Session", u"\\Sessions\\BNOLINKS"},
             std::pair{u"\\Sessions\\1\\BaseNamedObjects\\AppContainerNamedObjects",
                       u"\\Sessions\\1\\AppContainerNamedObjects"},
             std::pair{u"\\SystemRoot", u"\\Device\\BootDevice\\Windows"},
         })
        (void)create_symbolic_link(string(name), string(target), OBJ_PERMANENT);
}

} // namespace nt::ob
