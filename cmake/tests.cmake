# Unit tests: tests/unit/LAYER/test_NAME.c is one cmocka program, linked with
# its layer and those below. ctest name: unit.LAYER.NAME
pkg_check_modules(cmocka REQUIRED IMPORTED_TARGET cmocka)
file(GLOB support CONFIGURE_DEPENDS tests/unit/support/*.c)
foreach(layer ${TENON_LAYERS})
  if(NOT TARGET tenon_${layer})
    continue()
  endif()
  file(GLOB tests CONFIGURE_DEPENDS tests/unit/${layer}/test_*.c)
  add_custom_target(tests_${layer})
  foreach(test ${tests})
    get_filename_component(name ${test} NAME_WE)
    string(REPLACE "test_" "" short ${name})
    set(target unit_${layer}_${short})
    add_executable(${target} ${test})
    target_compile_options(${target} PRIVATE ${TENON_WARNINGS})
    target_include_directories(${target} PRIVATE tests/unit)
    target_link_libraries(${target} PRIVATE tenon_${layer} PkgConfig::cmocka)
    add_test(NAME unit.${layer}.${short} COMMAND ${target}
             WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(unit.${layer}.${short} PROPERTIES
      TIMEOUT 300 LABELS unit ENVIRONMENT
      "TENON_SHARE=${TENON_SHARE};TENON_BUILD=${CMAKE_BINARY_DIR}")
    add_dependencies(tests_${layer} ${target})
  endforeach()
endforeach()
