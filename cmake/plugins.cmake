# Modules of this repository, built against the SDK's headers alone:
# plugins/NAME (C) and scripts/NAME (Lua) into the share folder,
# tests/plugins/NAME and tests/scripts/NAME into build/…/test-plugins, and
# those of sdk/examples, which the SDK's reference quotes, into
# build/…/sdk-examples.
set(TENON_SDK_INCLUDE ${CMAKE_SOURCE_DIR}/sdk/include)
include(sdk/cmake/tenon-sdkConfig.cmake)

# tenon_module(TARGET FROM TO): the folder FROM becomes TO, with its code.
function(tenon_module target from to)
  get_filename_component(name ${from} NAME)
  file(GLOB sources CONFIGURE_DEPENDS ${from}/*.c)
  if(sources)
    tenon_add_plugin(${name} ${sources})
    target_compile_options(plugin_${name} PRIVATE ${TENON_WARNINGS}
                           -Wno-missing-prototypes)
    set_target_properties(plugin_${name} PROPERTIES EXCLUDE_FROM_ALL ON
                          LIBRARY_OUTPUT_DIRECTORY ${to})
    if(target STREQUAL "test_modules")
      # What they do wrong shall reach the worker as it is.
      target_compile_options(plugin_${name} PRIVATE -fno-sanitize=all)
    endif()
    add_dependencies(${target} plugin_${name})
  endif()
  add_custom_target(module_${name}
    COMMAND ${CMAKE_COMMAND} -DFROM=${from} -DTO=${to}
            -P ${TENON_SDK_COPY}
    COMMENT "module ${name}")
  add_dependencies(${target} module_${name})
endfunction()

# tenon_modules(TARGET FROM TO [ALL]): all modules of a folder.
function(tenon_modules target from to)
  add_custom_target(${target} ${ARGN})
  foreach(kind plugins scripts)
    file(GLOB folders CONFIGURE_DEPENDS ${from}/${kind}/*)
    foreach(folder ${folders})
      get_filename_component(name ${folder} NAME)
      if(EXISTS ${folder}/plugin.cfg)
        tenon_module(${target} ${folder} ${to}/${kind}/${name})
      endif()
    endforeach()
  endforeach()
endfunction()

tenon_modules(modules ${CMAKE_SOURCE_DIR} ${TENON_SHARE} ALL)
# Where somebody asks for them (test_support.cmake), in any build.
tenon_modules(test_modules ${CMAKE_SOURCE_DIR}/tests
              ${CMAKE_BINARY_DIR}/test-plugins)
# It was built long ago: against the first header of 1.0.
target_include_directories(plugin_old_abi BEFORE PRIVATE sdk/abi/1.0.0-first)
tenon_modules(sdk_examples ${CMAKE_SOURCE_DIR}/sdk/examples
              ${CMAKE_BINARY_DIR}/sdk-examples)

include(CMakePackageConfigHelpers)
write_basic_package_version_file(
  ${CMAKE_BINARY_DIR}/sdk/tenon-sdkConfigVersion.cmake VERSION 1.0.0
  COMPATIBILITY SameMajorVersion ARCH_INDEPENDENT)
configure_file(sdk/tenon-sdk.pc.in ${CMAKE_BINARY_DIR}/sdk/tenon-sdk.pc @ONLY)
install(FILES sdk/cmake/tenon-sdkConfig.cmake
              sdk/cmake/tenon-copy-module.cmake
              ${CMAKE_BINARY_DIR}/sdk/tenon-sdkConfigVersion.cmake
        DESTINATION ${CMAKE_INSTALL_DATADIR}/cmake/tenon-sdk)
install(FILES ${CMAKE_BINARY_DIR}/sdk/tenon-sdk.pc
        DESTINATION ${CMAKE_INSTALL_DATADIR}/pkgconfig)
