# tenon_add_plugin(NAME SOURCE…): the shared object NAME.so of a module,
# against the public headers alone. In a project of your own:
#   find_package(tenon-sdk 1.0 REQUIRED)
#   tenon_add_plugin(vehicle vehicle.c)
if(NOT DEFINED TENON_SDK_INCLUDE)
  get_filename_component(TENON_SDK_INCLUDE
    "${CMAKE_CURRENT_LIST_DIR}/../../../include" ABSOLUTE)
endif()
set(TENON_SDK_INCLUDE "${TENON_SDK_INCLUDE}" CACHE INTERNAL "headers of the SDK")

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
