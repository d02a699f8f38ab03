# What a package adds to the program: man page, completion, units of systemd;
# and the Debian package itself (cpack -G DEB in the release build).
find_program(SCDOC scdoc)
set(manual ${CMAKE_BINARY_DIR}/manual)
file(MAKE_DIRECTORY ${manual})
set(made ${manual}/tenon.bash)
set(tenon_manual ${CMAKE_COMMAND} -E env LC_ALL=C TENON_SHARE=${TENON_SHARE}
    $<TARGET_FILE:tenon> manual)
add_custom_command(OUTPUT ${manual}/tenon.bash
  COMMAND ${tenon_manual} bash > ${manual}/tenon.bash
  DEPENDS tenon share COMMENT "bash completion" VERBATIM)
install(FILES ${manual}/tenon.bash RENAME tenon
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
if(SCDOC)
  add_custom_command(OUTPUT ${manual}/tenon.1
    COMMAND ${tenon_manual} man > ${manual}/tenon.1.scd
    COMMAND ${SCDOC} < ${manual}/tenon.1.scd > ${manual}/tenon.1
    COMMAND gzip -9nkf ${manual}/tenon.1
    DEPENDS tenon share COMMENT "man page" VERBATIM)
  list(APPEND made ${manual}/tenon.1)
  install(FILES ${manual}/tenon.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()
add_custom_target(manual ALL DEPENDS ${made})

# Below the prefix, so that a trial installation touches nothing else; the
# package's prefix is /usr, where systemd looks.
install(FILES packaging/systemd/tenon.service packaging/systemd/tenon.socket
              packaging/systemd/tenon-redirect.socket
        DESTINATION lib/systemd/system)

install(FILES LICENSE RENAME copyright
        DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/tenon)
install(FILES CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/tenon)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME tenon)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_PACKAGE_CONTACT "Tenon maintainers <maintainers@tenon.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY
    "collaboration platform: office automation, CRM, business processes")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Forms, approvals, records, modules in C and Lua: one small native program
 with an embedded database.")
set(CPACK_DEBIAN_PACKAGE_SECTION web)
set(CPACK_DEBIAN_PACKAGE_HOMEPAGE "https://tenon.example")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS
    # libcurl is loaded by who sends a mail, so nothing is linked to it.
    # libevent: its update closed holes that we stand on (docs/admin).
    "adduser, tzdata, ca-certificates, util-linux, libcurl4, libevent-2.1-7 (>= 2.1.12-stable-8+deb12u1)")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "poppler-utils, libpq5 (>= 14)")
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${CMAKE_SOURCE_DIR}/packaging/debian/postinst
    ${CMAKE_SOURCE_DIR}/packaging/debian/prerm
    ${CMAKE_SOURCE_DIR}/packaging/debian/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
