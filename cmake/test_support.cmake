# For tests/http and tests/faults, in any build (they also run against the
# release); not installed. worker_stub: the worker that misbehaves on request.
# fail_nth: preloaded, lets the n-th call fail. power: preloaded, a disk whose
# power can be cut. disk: preloaded, a disk of another kind or nearly full.
if(TARGET tenon_worker)
  add_executable(worker_stub tests/faults/worker_stub.c)
  target_compile_options(worker_stub PRIVATE ${TENON_WARNINGS})
  target_link_libraries(worker_stub PRIVATE tenon_worker)
  foreach(name fail_nth power disk)
    add_library(${name} MODULE tests/faults/${name}.c)
    target_compile_options(${name} PRIVATE -fvisibility=default -fno-builtin
                           -U_FORTIFY_SOURCE -fno-sanitize=all -Wall -Wextra)
    target_link_libraries(${name} PRIVATE dl)
    set_target_properties(${name} PROPERTIES PREFIX "")
  endforeach()
endif()
# s3_drive: the client of object stores by hand (tests/http/s3.test.mjs).
if(TARGET tenon_store)
  add_executable(s3_drive tests/http/s3_drive.c)
  target_compile_options(s3_drive PRIVATE ${TENON_WARNINGS})
  target_link_libraries(s3_drive PRIVATE tenon_store)
endif()
