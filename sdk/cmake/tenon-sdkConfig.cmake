# For modules of Tenon in C, in a project of your own:
#   find_package(tenon-sdk 1.0 REQUIRED)
#   enable_testing()
#   tenon_add_module(vehicle vehicle.c)
#
# tenon_add_plugin(NAME SOURCE…)  the shared object NAME.so alone
# tenon_add_module(NAME SOURCE…)  build/NAME: the whole module, of the folder of
#                                 this CMakeLists.txt; ctest runs its tests
if(NOT DEFINED TENON_SDK_INCLUDE)
  get_filename_component(TENON_SDK_INCLUDE
    "${CMAKE_CURRENT_LIST_DIR}/../../../include" ABSOLUTE)
endif()
set(TENON_SDK_INCLUDE "${TENON_SDK_INCLUDE}" CACHE INTERNAL "headers of the SDK")
set(TENON_SDK_COPY "${CMAKE_CURRENT_LIST_DIR}/tenon-copy-module.cmake"
    CACHE INTERNAL "copies a module's folder")

function(tenon_add_plugin name)
  add_library(plugin_${name} MODULE ${ARGN})
  target_include_directories(plugin_${name} PRIVATE ${TENON_SDK_INCLUDE})
  target_compile_features(plugin_${name} PRIVATE c_std_11)
  target_compile_options(plugin_${name} PRIVATE -fPIC -fvisibility=hidden
                         -fstack-protector-strong)
  # Nothing of the host is linked: an undefined symbol shows now, not in
  # somebody's worker.
  target_link_options(plugin_${name} PRIVATE -Wl,--no-undefined
                      -Wl,-z,relro,-z,now,-z,noexecstack)
  set_target_properties(plugin_${name} PROPERTIES PREFIX ""
    OUTPUT_NAME ${name} SUFFIX ".so" SKIP_BUILD_RPATH ON INSTALL_RPATH "")
endfunction()

function(tenon_add_module name)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${name})
  tenon_add_plugin(${name} ${ARGN})
  set_target_properties(plugin_${name} PROPERTIES
                        LIBRARY_OUTPUT_DIRECTORY ${folder})
  add_custom_target(module_${name} ALL
    COMMAND ${CMAKE_COMMAND} -DFROM=${CMAKE_CURRENT_SOURCE_DIR} -DTO=${folder}
            -DTESTS=ON -DWITHOUT=${CMAKE_CURRENT_BINARY_DIR}
            -P ${TENON_SDK_COPY}
    COMMENT "module ${name}" VERBATIM)
  add_dependencies(module_${name} plugin_${name})
  find_program(TENON_PROGRAM tenon HINTS ${TENON_SDK_INCLUDE}/../bin)
  if(TENON_PROGRAM)
    add_test(NAME ${name} COMMAND ${TENON_PROGRAM} plugin test ${folder})
  endif()
endfunction()
