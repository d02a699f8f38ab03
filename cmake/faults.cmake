# worker_stub: the worker that misbehaves on request, for tests/http and
# tests/faults (any build: they also run against the release). Not installed.
if(TARGET tenon_worker)
  add_executable(worker_stub tests/faults/worker_stub.c)
  target_compile_options(worker_stub PRIVATE ${TENON_WARNINGS})
  target_link_libraries(worker_stub PRIVATE tenon_worker)
endif()
