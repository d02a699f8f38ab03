# The share folder: what the program reads at run time. In the build tree it
# is build/…/share/tenon; installed it is /usr/share/tenon.
set(TENON_SHARE ${CMAKE_BINARY_DIR}/share/tenon)
find_program(NODE node REQUIRED)
file(GLOB theme_sources CONFIGURE_DEPENDS themes/default/scss/*
     themes/default/scss/*/* themes/default/web/* themes/default/web/*/*
     themes/default/icons/* core/view/locale/*.json)
set(theme_manifest ${TENON_SHARE}/themes/default/assets/manifest.json)
add_custom_command(OUTPUT ${theme_manifest}
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${TENON_SHARE}/themes/default/assets
  COMMAND ${NODE} tools/build-theme.mjs --out ${TENON_SHARE}/themes/default
  DEPENDS ${theme_sources} tools/build-theme.mjs package-lock.json
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
  COMMENT "theme default: styles, icons, browser code" VERBATIM)
add_custom_target(share ALL
  DEPENDS ${theme_manifest}
  COMMAND ${CMAKE_COMMAND} -DSOURCE=${CMAKE_SOURCE_DIR} -DSHARE=${TENON_SHARE}
          -P ${CMAKE_SOURCE_DIR}/cmake/copy-share.cmake
  COMMENT "share folder: catalogs, pages, themes")
install(DIRECTORY ${TENON_SHARE}/ DESTINATION ${CMAKE_INSTALL_DATADIR}/tenon)
install(DIRECTORY sdk/include/tenon DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
