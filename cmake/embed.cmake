# tenon_embed_migrations(LAYER OUT FILES…): core/LAYER/migrations/NNNN_name.sql
# become the array `LAYER_migrations` (store/migrate.h) in a generated C file.
function(tenon_embed_migrations layer out)
  set(target ${CMAKE_BINARY_DIR}/generated/${layer}_migrations.c)
  set(files ${ARGN})
  list(SORT files)
  add_custom_command(OUTPUT ${target}
    COMMAND ${CMAKE_COMMAND} -DOUT=${target} -DLAYER=${layer}
            "-DFILES=${files}" -P ${CMAKE_SOURCE_DIR}/cmake/embed-migrations.cmake
    DEPENDS ${files} ${CMAKE_SOURCE_DIR}/cmake/embed-migrations.cmake
    VERBATIM)
  set(${out} ${target} PARENT_SCOPE)
endfunction()
