# What tests need beside the programs, in any build (they also run against the
# release); not installed. The target test_support is all of it.
#   worker_stub   the worker that misbehaves on request
#   fail_nth, power, disk   preloaded: the n-th call fails; a disk whose power
#                 can be cut; a disk of another kind or nearly full
#   s3_drive      the client of object stores by hand (tests/http/s3.test.mjs)
#   logic_native  the server's side of tests/conformance/logic
if(TENON_TESTS)
  add_custom_target(test_support ALL)
else()
  add_custom_target(test_support)
endif()
add_dependencies(test_support test_modules sdk_examples)

function(tenon_test_program name layer source)
  if(NOT TARGET tenon_${layer})
    return()
  endif()
  add_executable(${name} EXCLUDE_FROM_ALL ${source})
  target_compile_options(${name} PRIVATE ${TENON_WARNINGS})
  target_link_libraries(${name} PRIVATE tenon_${layer})
  add_dependencies(test_support ${name})
endfunction()
tenon_test_program(worker_stub worker tests/faults/worker_stub.c)
tenon_test_program(s3_drive store tests/http/s3_drive.c)
tenon_test_program(logic_native script tests/conformance/logic/native.c)

foreach(name fail_nth power disk)
  add_library(${name} MODULE EXCLUDE_FROM_ALL tests/faults/${name}.c)
  target_compile_options(${name} PRIVATE -fvisibility=default -fno-builtin
                         -U_FORTIFY_SOURCE -fno-sanitize=all -Wall -Wextra)
  target_link_libraries(${name} PRIVATE dl)
  set_target_properties(${name} PROPERTIES PREFIX "")
  add_dependencies(test_support ${name})
endforeach()
