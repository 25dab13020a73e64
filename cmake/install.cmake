# What `cmake --install` puts down: headers, the archive (and librill.so), rill.pc, rill::rill, the command, man pages.
include(CMakePackageConfigHelpers)

install(DIRECTORY include/rill DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(TARGETS rill EXPORT rill-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
if(RILL_SHARED)
    install(TARGETS rill_shared EXPORT rill-targets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()
if(TARGET rill_packetdrill)
    install(TARGETS rill_packetdrill LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()
if(TARGET rill_command)
    install(TARGETS rill_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

configure_file(cmake/rill.pc.in ${PROJECT_BINARY_DIR}/rill.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/rill.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

set(config_folder ${CMAKE_INSTALL_LIBDIR}/cmake/rill)
install(EXPORT rill-targets NAMESPACE rill:: DESTINATION ${config_folder})
configure_package_config_file(cmake/rill-config.cmake.in ${PROJECT_BINARY_DIR}/rill-config.cmake
    INSTALL_DESTINATION ${config_folder})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/rill-config-version.cmake
    VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/rill-config.cmake ${PROJECT_BINARY_DIR}/rill-config-version.cmake
    DESTINATION ${config_folder})

file(GLOB man1 CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/man/*.1 ${PROJECT_SOURCE_DIR}/docs/man/*.1)
if(man1)
    install(FILES ${man1} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()
