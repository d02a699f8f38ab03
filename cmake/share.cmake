# The share folder: what the program reads at run time. In the build tree it
# is build/…/share/tenon; installed it is /usr/share/tenon.
set(TENON_SHARE ${CMAKE_BINARY_DIR}/share/tenon)
add_custom_target(share ALL
  COMMAND ${CMAKE_COMMAND} -DSOURCE=${CMAKE_SOURCE_DIR} -DSHARE=${TENON_SHARE}
          -P ${CMAKE_SOURCE_DIR}/cmake/copy-share.cmake
  COMMENT "share folder: catalogs, pages, themes")
install(DIRECTORY ${TENON_SHARE}/ DESTINATION ${CMAKE_INSTALL_DATADIR}/tenon)
install(DIRECTORY sdk/include/tenon DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
