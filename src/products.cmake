# What is built from the layers: the libraries, the drop-in, the programs, and what `cmake --install` puts where.
# Included by the top CMakeLists.txt.
#
#   libperlite.a, libperlite.so     the library; dropin/libsqlite3.so.0 is the same objects under the stock SONAME
#   perlite, perlite-test           programs over the public interface, linked to the static library
#   perlite-dump                    a program over the storage layers
#
# With PERLITE_LTO the objects of the layers are joined once, into one ordinary object, and every product links that.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

if(NOT TARGET perlite_api)
  return()
endif()

# The public functions are the only names that leave the shared libraries.
target_compile_definitions(perlite_api PRIVATE "SQLITE_API=__attribute__((visibility(\"default\")))")

find_package(ZLIB)
perlite_objects(PERLITE_OBJECTS api)

if(PERLITE_LTO)
  get_property(layers GLOBAL PROPERTY perlite_layers)
  set(one ${CMAKE_BINARY_DIR}/perlite-all.o)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # The tests link the layers' objects too, without LTO: fat objects serve both.
    foreach(layer IN LISTS layers)
      target_compile_options(perlite_${layer} PRIVATE -flto -ffat-lto-objects)
    endforeach()
    set(join -flto=2 -flinker-output=nolto-rel)
  else()
    set(join "")  # other compilers: the objects are joined as they are
  endif()
  separate_arguments(release_flags UNIX_COMMAND "${CMAKE_CXX_FLAGS_RELEASE}")
  set(inputs ${PERLITE_OBJECTS})
  file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/perlite-all.rsp CONTENT "$<JOIN:${inputs},\n>\n")
  set(layer_targets "")
  foreach(layer IN LISTS layers)
    list(APPEND layer_targets perlite_${layer})
  endforeach()
  add_custom_command(
    OUTPUT ${one}
    COMMAND ${CMAKE_CXX_COMPILER} ${release_flags} ${join} -fPIC -r -nostdlib -o ${one} @${CMAKE_BINARY_DIR}/perlite-all.rsp
    DEPENDS ${inputs} ${layer_targets} ${CMAKE_BINARY_DIR}/perlite-all.rsp
    COMMENT "Joining the layers into one object" VERBATIM COMMAND_EXPAND_LISTS)
  add_custom_target(perlite_all_object DEPENDS ${one})
  set_source_files_properties(${one} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
  set(PERLITE_PRODUCT_OBJECTS ${one})
else()
  set(PERLITE_PRODUCT_OBJECTS ${PERLITE_OBJECTS})
endif()

set(PERLITE_LINK_LIBRARIES Threads::Threads ${CMAKE_DL_LIBS} m)
if(ZLIB_FOUND)
  list(APPEND PERLITE_LINK_LIBRARIES ZLIB::ZLIB)
endif()

# perlite_product(TARGET KIND): a library from the joined objects.
function(perlite_product name kind)
  add_library(${name} ${kind} ${PERLITE_PRODUCT_OBJECTS})
  target_include_directories(${name} PUBLIC $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/perlite>)
  target_link_libraries(${name} PRIVATE ${PERLITE_LINK_LIBRARIES})
  if(PERLITE_LTO)
    add_dependencies(${name} perlite_all_object)
  endif()
  if(PERLITE_SANITIZE)
    target_link_options(${name} PUBLIC -fsanitize=${PERLITE_SANITIZE})
  endif()
  if(PERLITE_COVERAGE)
    target_link_options(${name} PUBLIC --coverage)
  endif()
  if(PERLITE_FUZZ)
    target_link_options(${name} PUBLIC -fsanitize=address,undefined)
  endif()
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX)
  if(kind STREQUAL "SHARED")
    target_link_options(${name} PRIVATE -Wl,--version-script=${CMAKE_SOURCE_DIR}/src/api/exports.map -Wl,-Bsymbolic-functions)
    if(NOT PERLITE_SANITIZE AND NOT PERLITE_FUZZ)  # a sanitizer's runtime is found in the program
      target_link_options(${name} PRIVATE -Wl,-z,defs)
    endif()
    set_property(TARGET ${name} PROPERTY LINK_DEPENDS ${CMAKE_SOURCE_DIR}/src/api/exports.map)
  endif()
endfunction()

perlite_product(perlite_static STATIC)
set_target_properties(perlite_static PROPERTIES OUTPUT_NAME perlite EXPORT_NAME perlite-static)
target_link_libraries(perlite_static INTERFACE ${PERLITE_LINK_LIBRARIES})

perlite_product(perlite_shared SHARED)
set_target_properties(perlite_shared PROPERTIES OUTPUT_NAME perlite EXPORT_NAME perlite VERSION ${PROJECT_VERSION} SOVERSION 0)

perlite_product(perlite_dropin SHARED)
set_target_properties(perlite_dropin PROPERTIES OUTPUT_NAME sqlite3 SOVERSION 0 LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/dropin)

# ---- programs ----

# perlite_program(NAME SOURCE...): a program over the public interface.
function(perlite_program name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE perlite_flags perlite_static)
  # The API is used as any stranger uses it; only the linker decides whose it is.
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
endfunction()

find_path(LIBEDIT_INCLUDE editline/readline.h)
find_library(LIBEDIT_LIBRARY edit)
function(perlite_use_libedit name)
  if(LIBEDIT_INCLUDE AND LIBEDIT_LIBRARY)
    target_compile_definitions(${name} PRIVATE PERLITE_HAVE_LIBEDIT=1)
    target_include_directories(${name} PRIVATE ${LIBEDIT_INCLUDE})
    target_link_libraries(${name} PRIVATE ${LIBEDIT_LIBRARY})
  endif()
endfunction()

file(GLOB PERLITE_SHELL_SOURCES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/shell/*.cc)
file(GLOB PERLITE_TEST_SOURCES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/tools/perlite_test*.cc)
file(GLOB PERLITE_DUMP_SOURCES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/tools/perlite_dump*.cc)
set(PERLITE_PROGRAMS "")
if(PERLITE_SHELL_SOURCES)
  perlite_program(perlite ${PERLITE_SHELL_SOURCES})
  perlite_use_libedit(perlite)
  list(APPEND PERLITE_PROGRAMS perlite)
endif()
if(PERLITE_TEST_SOURCES)
  perlite_program(perlite-test ${PERLITE_TEST_SOURCES})
  list(APPEND PERLITE_PROGRAMS perlite-test)
endif()
if(PERLITE_DUMP_SOURCES)
  perlite_objects(dump_objects btree)
  add_executable(perlite-dump ${PERLITE_DUMP_SOURCES} ${dump_objects})
  target_link_libraries(perlite-dump PRIVATE perlite_flags)
  set_target_properties(perlite-dump PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
  list(APPEND PERLITE_PROGRAMS perlite-dump)
endif()

# ---- cmake --install ----

option(PERLITE_INSTALL_SQLITE3_PC "Install a sqlite3.pc that leads to Perlite" OFF)
install(TARGETS perlite_static perlite_shared EXPORT perlite-targets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS ${PERLITE_PROGRAMS} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS perlite_dropin LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/perlite/dropin)
install(FILES ${CMAKE_SOURCE_DIR}/include/sqlite3.h ${CMAKE_SOURCE_DIR}/include/sqlite3ext.h
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/perlite)
install(EXPORT perlite-targets NAMESPACE perlite:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/perlite)

set(config_dependencies "include(CMakeFindDependencyMacro)\nfind_dependency(Threads)\n")
if(ZLIB_FOUND)
  string(APPEND config_dependencies "find_dependency(ZLIB)\n")
endif()
file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/perlite-config.cmake
  CONTENT "${config_dependencies}include(\${CMAKE_CURRENT_LIST_DIR}/perlite-targets.cmake)\n")
write_basic_package_version_file(${CMAKE_BINARY_DIR}/perlite-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/perlite-config.cmake ${CMAKE_BINARY_DIR}/perlite-config-version.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/perlite)

# perlite_pc(FILE VERSION): a pkg-config file for the library.
function(perlite_pc name version)
  file(WRITE ${CMAKE_BINARY_DIR}/${name}.pc
"prefix=${CMAKE_INSTALL_PREFIX}
libdir=\${prefix}/${CMAKE_INSTALL_LIBDIR}
includedir=\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}/perlite

Name: ${name}
Description: Embedded SQL database engine, compatible with SQLite
Version: ${version}
Libs: -L\${libdir} -lperlite
Libs.private: -lstdc++ -lm -lpthread -ldl
Cflags: -I\${includedir}
")
  install(FILES ${CMAKE_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()
perlite_pc(perlite ${PROJECT_VERSION})
if(PERLITE_INSTALL_SQLITE3_PC)
  perlite_pc(sqlite3 3.54.0)
endif()
