# The baselines of tests/bench: tests/bench/baseline_NAME.c, each a program of
# its own without the core, built by the target `bench` into build/…/bench.
add_custom_target(bench)
add_dependencies(bench test_support)
file(GLOB baselines CONFIGURE_DEPENDS tests/bench/baseline_*.c)
foreach(source ${baselines})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} EXCLUDE_FROM_ALL ${source})
  target_include_directories(${name} PRIVATE core)
  target_compile_options(${name} PRIVATE ${TENON_WARNINGS})
  target_link_libraries(${name} PRIVATE PkgConfig::sqlite PkgConfig::sodium
    PkgConfig::libevent_core Threads::Threads)
  if(name STREQUAL baseline_evhttp)
    target_link_libraries(${name} PRIVATE event_extra)
  endif()
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY
    ${CMAKE_BINARY_DIR}/bench)
  add_dependencies(bench ${name})
endforeach()

# What writes down the product's statements, what makes syncs slower, and what
# fills a site.
add_library(trace_statements SHARED EXCLUDE_FROM_ALL
  tests/bench/trace_statements.c)
add_library(slow_sync SHARED EXCLUDE_FROM_ALL tests/bench/slow_sync.c)
add_executable(bench_sql EXCLUDE_FROM_ALL tests/bench/sql.c)
foreach(name trace_statements slow_sync bench_sql)
  target_include_directories(${name} PRIVATE core)
  target_compile_options(${name} PRIVATE ${TENON_WARNINGS})
  target_link_libraries(${name} PRIVATE PkgConfig::sqlite dl)
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
  add_dependencies(bench ${name})
endforeach()
target_link_libraries(bench_sql PRIVATE tenon_form)
target_link_libraries(baseline_list PRIVATE tenon_store)

# The module in C that measures what modules pay (tests/bench/sdk.mjs).
tenon_add_plugin(bench_c tests/bench/modules/bench_c/bench_c.c)
target_compile_options(plugin_bench_c PRIVATE ${TENON_WARNINGS}
  -Wno-missing-prototypes)
set_target_properties(plugin_bench_c PROPERTIES EXCLUDE_FROM_ALL ON
  LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
add_dependencies(bench plugin_bench_c)
