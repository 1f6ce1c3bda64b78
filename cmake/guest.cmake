# Windows images: drivers, programs and our DLLs, built by mingw-w64 gcc or by clang for the same target.
# Reproducible: no timestamps, no paths of the build machine, so one source gives one image wherever it is built.
find_program(MINGW_CC x86_64-w64-mingw32-gcc REQUIRED)
find_program(MINGW_CXX x86_64-w64-mingw32-g++ REQUIRED)
find_program(GUEST_CLANG clang-19 REQUIRED)
set(GUEST_DIR ${CMAKE_BINARY_DIR}/guest CACHE PATH "where Windows images are built")
file(MAKE_DIRECTORY ${GUEST_DIR})
add_custom_target(guest ALL)

set(GUEST_FLAGS -O2 -gdwarf-4 -Wall -Wextra -Werror -ffile-prefix-map=${CMAKE_SOURCE_DIR}=. -Wl,--no-insert-timestamp)
set(GUEST_CLANG_FLAGS --target=x86_64-w64-windows-gnu -fms-extensions -Xclang -fasync-exceptions -fexceptions -fuse-ld=lld-19)

# guest_image(OUTPUT NAME.ext COMPILER path SOURCES … [FLAGS …] [DEPENDS …])
function(guest_image)
  cmake_parse_arguments(G "" "OUTPUT" "COMPILER;SOURCES;FLAGS;DEPENDS" ${ARGN})
  set(sources)
  foreach(s ${G_SOURCES})
    get_filename_component(s ${s} ABSOLUTE)
    list(APPEND sources ${s})
  endforeach()
  file(GLOB headers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.h)
  add_custom_command(OUTPUT ${GUEST_DIR}/${G_OUTPUT}
    COMMAND ${G_COMPILER} ${GUEST_FLAGS} ${sources} -o ${GUEST_DIR}/${G_OUTPUT} ${G_FLAGS}
    DEPENDS ${sources} ${headers} ${G_DEPENDS} VERBATIM)
  string(REPLACE "." "_" target guest_${G_OUTPUT})
  add_custom_target(${target} DEPENDS ${GUEST_DIR}/${G_OUTPUT})
  add_dependencies(guest ${target})
endfunction()

# guest_driver(NAME SOURCES … [CLANG] [FLAGS …]): NAME.sys, a native image that imports ntoskrnl.exe and hal.dll only.
function(guest_driver name)
  cmake_parse_arguments(D "CLANG" "" "SOURCES;FLAGS" ${ARGN})
  if(D_CLANG)
    set(compiler ${GUEST_CLANG} ${GUEST_CLANG_FLAGS})
  else()
    set(compiler ${MINGW_CC})
  endif()
  guest_image(OUTPUT ${name}.sys COMPILER ${compiler} SOURCES ${D_SOURCES}
    FLAGS -I/usr/x86_64-w64-mingw32/include/ddk -shared -nostdlib -nostartfiles
          -Wl,--subsystem,native -Wl,--entry,DriverEntry -Wl,--image-base,0x140000000 -Wl,--dynamicbase -Wl,--nxcompat
          ${D_FLAGS} -lntoskrnl -lhal)
endfunction()

# guest_program(NAME SOURCES … [CXX] [FLAGS …]): NAME.exe, an unmodified mingw-w64 console program.
function(guest_program name)
  cmake_parse_arguments(P "CXX" "" "SOURCES;FLAGS" ${ARGN})
  set(compiler ${MINGW_CC})
  if(P_CXX)
    set(compiler ${MINGW_CXX})
  endif()
  guest_image(OUTPUT ${name}.exe COMPILER ${compiler} SOURCES ${P_SOURCES} FLAGS ${P_FLAGS})
endfunction()
