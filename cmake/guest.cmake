# Windows images: drivers, programs and our DLLs, built by mingw-w64 gcc or by clang for the same target.
# Reproducible: no timestamps, no paths of the build machine, so one source gives one image wherever it is built.
find_program(MINGW_CC x86_64-w64-mingw32-gcc REQUIRED)
find_program(MINGW_CXX x86_64-w64-mingw32-g++ REQUIRED)
find_program(MINGW_DLLTOOL x86_64-w64-mingw32-dlltool REQUIRED)
find_program(MINGW_AR x86_64-w64-mingw32-ar REQUIRED)
find_program(GUEST_CLANG clang-19 REQUIRED)
set(GUEST_DIR ${CMAKE_BINARY_DIR}/guest CACHE PATH "where Windows images are built")
file(MAKE_DIRECTORY ${GUEST_DIR}/lib)
add_custom_target(guest ALL)

set(GUEST_FLAGS -O2 -gdwarf-4 -Wall -Wextra -Werror -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.
                -ffile-prefix-map=${CMAKE_BINARY_DIR}=./build -Wl,--no-insert-timestamp)
set(GUEST_CLANG_FLAGS --target=x86_64-w64-windows-gnu -fms-extensions -Xclang -fasync-exceptions -fexceptions -fuse-ld=lld-19
                      "-Wno-#warnings" -Wno-unused-command-line-argument)

# guest_image(OUTPUT NAME.ext COMPILER path… SOURCES … [FLAGS …] [LINK …] [DEPENDS …] [IN folder])
# FLAGS are seen by the compiler and, after the objects, by the linker; LINK by the linker only. The image lands in ${GUEST_DIR}[/folder].
function(guest_image)
  cmake_parse_arguments(G "" "OUTPUT;IN" "COMPILER;SOURCES;FLAGS;LINK;DEPENDS" ${ARGN})
  string(REPLACE "." "_" target guest_${G_OUTPUT})
  set(image ${GUEST_DIR}/${G_OUTPUT})
  if(G_IN)
    file(MAKE_DIRECTORY ${GUEST_DIR}/${G_IN})
    set(image ${GUEST_DIR}/${G_IN}/${G_OUTPUT})
  endif()
  set(objects_dir ${CMAKE_CURRENT_BINARY_DIR}/${target}.dir)
  file(MAKE_DIRECTORY ${objects_dir})
  set(objects)
  foreach(s ${G_SOURCES})
    get_filename_component(source ${s} ABSOLUTE)
    string(REPLACE "/" "_" object ${s})
    string(REPLACE ".." "" object ${object})
    set(object ${objects_dir}/${object}.o)
    add_custom_command(OUTPUT ${object}
      COMMAND ${CCACHE} ${G_COMPILER} ${GUEST_FLAGS} ${G_FLAGS} -MD -MT ${object} -MF ${object}.d -c ${source} -o ${object}
      DEPENDS ${source} DEPFILE ${object}.d WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} VERBATIM)
    list(APPEND objects ${object})
  endforeach()
  # By relative names: the linker sorts what is imported by the libraries' paths.
  set(link ${objects} -o ${image} ${G_FLAGS} ${G_LINK})
  list(TRANSFORM link REPLACE "${CMAKE_SOURCE_DIR}/" "")
  add_custom_command(OUTPUT ${image}
    COMMAND ${G_COMPILER} ${GUEST_FLAGS} ${link}
    DEPENDS ${objects} ${G_DEPENDS} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} VERBATIM)
  add_custom_target(${target} DEPENDS ${image})
  add_dependencies(guest ${target})
endfunction()

# guest_library(NAME C … CXX …): ${GUEST_DIR}/lib/libNAME.a, a static library for drivers; C++ is freestanding and may use src.
function(guest_library name)
  cmake_parse_arguments(L "" "" "C;CXX" ${ARGN})
  set(library ${GUEST_DIR}/lib/lib${name}.a)
  set(objects_dir ${CMAKE_CURRENT_BINARY_DIR}/guest_lib_${name}.dir)
  file(MAKE_DIRECTORY ${objects_dir})
  set(common -O2 -gdwarf-4 -Wall -Wextra -Werror -ffile-prefix-map=${CMAKE_SOURCE_DIR}=. -ffile-prefix-map=${CMAKE_BINARY_DIR}=./build
             -Wno-multichar -fno-ident -mno-stack-arg-probe)
  set(objects)
  foreach(s ${L_C} ${L_CXX})
    get_filename_component(source ${s} ABSOLUTE)
    get_filename_component(base ${s} NAME)
    set(object ${objects_dir}/${base}.o)
    if(base MATCHES "\\.cpp$")
      set(compiler ${MINGW_CXX} -std=gnu++23 -ffreestanding -fno-exceptions -fno-rtti -fno-threadsafe-statics -fno-strict-aliasing
                   -fno-delete-null-pointer-checks -fno-asynchronous-unwind-tables -I${CMAKE_SOURCE_DIR}/src)
    else()
      set(compiler ${MINGW_CC} -isystem /usr/x86_64-w64-mingw32/include/ddk)
    endif()
    add_custom_command(OUTPUT ${object} COMMAND ${CCACHE} ${compiler} ${common} -MD -MT ${object} -MF ${object}.d -c ${source} -o ${object}
      DEPENDS ${source} DEPFILE ${object}.d WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} VERBATIM)
    list(APPEND objects ${object})
  endforeach()
  add_custom_command(OUTPUT ${library} COMMAND ${CMAKE_COMMAND} -E rm -f ${library} COMMAND ${MINGW_AR} Dcr ${library} ${objects}
    DEPENDS ${objects} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} VERBATIM)
  add_custom_target(guest_lib_${name} DEPENDS ${library})
  add_dependencies(guest guest_lib_${name})
endfunction()

# guest_driver(NAME SOURCES … [CLANG] [FLAGS …] [IMPORTS name…] [LIBS name…]): NAME.sys, a native image that imports ntoskrnl.exe and
# hal.dll only. LIBS: static libraries of guest_library.
# CLANG gives __try/__except/__finally, which mingw's gcc does not have in C. IMPORTS: more import libraries, of guest_import_library.
function(guest_driver name)
  cmake_parse_arguments(D "CLANG" "" "SOURCES;FLAGS;IMPORTS;LIBS" ${ARGN})
  set(imports)
  foreach(i ${D_IMPORTS} ${D_LIBS})
    list(APPEND imports ${GUEST_DIR}/lib/lib${i}.a)
  endforeach()
  set(again)
  if(D_LIBS) # they import too
    set(again -lntoskrnl)
  endif()
  if(D_CLANG)
    set(compiler ${GUEST_CLANG} ${GUEST_CLANG_FLAGS})
  else()
    set(compiler ${MINGW_CC})
  endif()
  guest_image(OUTPUT ${name}.sys COMPILER ${compiler} SOURCES ${D_SOURCES} DEPENDS ${imports}
    FLAGS -isystem /usr/x86_64-w64-mingw32/include/ddk -Wno-multichar -shared -nostdlib -nostartfiles -Wl,--exclude-all-symbols
          -Wl,--subsystem,native -Wl,--entry,DriverEntry -Wl,--image-base,0x140000000 -Wl,--dynamicbase -Wl,--nxcompat
          ${D_FLAGS} -lntoskrnl -lhal LINK ${imports} ${again})
endfunction()

# guest_program(NAME SOURCES … [CXX | CLANG] [FLAGS …]): NAME.exe, an unmodified mingw-w64 console program; CLANG: the same C
# runtime, with __try.
function(guest_program name)
  cmake_parse_arguments(P "CXX;CLANG" "" "SOURCES;FLAGS" ${ARGN})
  set(compiler ${MINGW_CC})
  if(P_CXX)
    set(compiler ${MINGW_CXX})
  elseif(P_CLANG)
    set(compiler ${GUEST_CLANG} ${GUEST_CLANG_FLAGS})
  endif()
  guest_image(OUTPUT ${name}.exe COMPILER ${compiler} SOURCES ${P_SOURCES} FLAGS ${P_FLAGS})
endfunction()

# guest_import_library(NAME DEF): ${GUEST_DIR}/lib/libNAME.a from NAME.def; target guest_lib_NAME.
# Relative and fixed names of files: dlltool puts them into the library.
function(guest_import_library name def)
  get_filename_component(def ${def} ABSOLUTE)
  set(library ${GUEST_DIR}/lib/lib${name}.a)
  add_custom_command(OUTPUT ${library} COMMAND ${MINGW_DLLTOOL} --deterministic-libraries -t import_${name} -d ${def} -l lib${name}.a
    DEPENDS ${def} WORKING_DIRECTORY ${GUEST_DIR}/lib VERBATIM)
  add_custom_target(guest_lib_${name} DEPENDS ${library})
  add_dependencies(guest guest_lib_${name})
endfunction()

# guest_dll(NAME DEF NAME.def SOURCES … [BASE address] [FLAGS …] [IMPORTS name…]): NAME.dll, freestanding C++ without a C
# runtime (entry point DllMain), and its import library. IMPORTS: DLLs whose import libraries guest_import_library makes.
function(guest_dll name)
  cmake_parse_arguments(L "" "DEF;BASE" "SOURCES;FLAGS;IMPORTS" ${ARGN})
  get_filename_component(def ${L_DEF} ABSOLUTE)
  guest_import_library(${name} ${L_DEF})
  set(imports)
  set(import_files)
  foreach(i ${L_IMPORTS})
    list(APPEND imports ${GUEST_DIR}/lib/lib${i}.a)
  endforeach()
  set(base -Wl,--dynamicbase)
  if(L_BASE)
    list(APPEND base -Wl,--image-base,${L_BASE})
  endif()
  guest_image(OUTPUT ${name}.dll COMPILER ${MINGW_CXX} SOURCES ${L_SOURCES} DEPENDS ${def} ${imports}
    FLAGS -std=gnu++23 -ffreestanding -fno-exceptions -fno-rtti -fno-threadsafe-statics -fno-stack-protector -fno-ident
          -fno-strict-aliasing -fno-delete-null-pointer-checks
          -mno-stack-arg-probe -shared -nostdlib -nostartfiles -Wl,--entry,DllMain -Wl,--nxcompat ${base}
          ${L_FLAGS} -Wl,--exclude-all-symbols
    LINK ${def} ${imports})
endfunction()
