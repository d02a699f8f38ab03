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

# The SDK's reference: of its headers, and of the examples that are tested.
file(GLOB reference_sources CONFIGURE_DEPENDS sdk/include/tenon/*.h
     sdk/examples/plugins/sdk_c/*.c sdk/examples/scripts/sdk_lua/*.lua)
set(reference ${CMAKE_BINARY_DIR}/share/doc/tenon/sdk)
add_custom_command(OUTPUT ${reference}/index.html
  COMMAND ${NODE} tools/make-reference.mjs --out ${reference}
  DEPENDS ${reference_sources} tools/make-reference.mjs tools/sdk-headers.mjs
          sdk/reference.css
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
  COMMENT "reference of the SDK" VERBATIM)
add_custom_target(reference ALL DEPENDS ${reference}/index.html)
install(DIRECTORY ${reference}/
        DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/tenon/sdk)
