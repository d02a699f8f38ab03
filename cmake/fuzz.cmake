# Fuzzers: tests/fuzz/fuzz_NAME.c, with ASan and UBSan, built into
# build/PRESET/fuzzers by the presets `fuzz` (clang's libFuzzer) and `afl`
# (AFL++'s compiler, whose driver takes the same function); flags.cmake
# instruments the layers. Each is linked with the highest layer that it includes
# and those below, so that one broken layer does not stop the others' fuzzers.
if(NOT CMAKE_C_COMPILER_ID STREQUAL "Clang")
  message(FATAL_ERROR "the fuzzers need clang: cmake --preset fuzz")
endif()
file(GLOB fuzzers CONFIGURE_DEPENDS tests/fuzz/fuzz_*.c)
add_custom_target(fuzzers)
foreach(fuzzer ${fuzzers})
  get_filename_component(name ${fuzzer} NAME_WE)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${fuzzer})
  file(STRINGS ${fuzzer} includes REGEX "^#include \"[a-z]+/")
  set(highest base)
  foreach(layer ${TENON_LAYERS})
    if("${includes}" MATCHES "\"${layer}/" AND TARGET tenon_${layer})
      set(highest ${layer})
    endif()
  endforeach()
  add_executable(${name} ${fuzzer})
  target_compile_options(${name} PRIVATE ${TENON_WARNINGS}
                         -Wno-missing-prototypes)
  target_link_libraries(${name} PRIVATE tenon_${highest})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzzers)
  add_dependencies(fuzzers ${name})
endforeach()
