# Unit tests: each tests/FOLDER/test_FILE.c is a program of its own, known to ctest as FOLDER.FILE. Those of
# tests/sim and tests/run, when they come, follow the same rule.
find_path(CMOCKA_INCLUDE_DIR cmocka.h)
find_library(CMOCKA_LIBRARY cmocka)
mark_as_advanced(CMOCKA_INCLUDE_DIR CMOCKA_LIBRARY)
if(NOT CMOCKA_INCLUDE_DIR OR NOT CMOCKA_LIBRARY)
    message(STATUS "cmocka was not found: unit tests are not built (scripts/setup test installs it)")
    return()
endif()

rill_sources(support_sources tests/support)
add_library(rill_test_support STATIC ${support_sources} ${PROJECT_SOURCE_DIR}/tests/model/reference.c)
target_link_libraries(rill_test_support PRIVATE rill_flags PUBLIC rill_sockets rill_drivers ${CMOCKA_LIBRARY})
target_include_directories(rill_test_support PUBLIC
    ${CMOCKA_INCLUDE_DIR} ${PROJECT_SOURCE_DIR}/tests ${PROJECT_SOURCE_DIR}/src)
target_compile_definitions(rill_test_support PUBLIC _GNU_SOURCE)

file(GLOB_RECURSE test_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/test_*.c)
foreach(file IN LISTS test_files)
    file(RELATIVE_PATH name ${PROJECT_SOURCE_DIR}/tests ${file})
    if(name MATCHES "^cli/" AND NOT TARGET rill_cli)
        continue()
    endif()
    string(REGEX REPLACE "\\.c$" "" name ${name})
    string(REGEX REPLACE "/test_" "/" name ${name})
    string(REPLACE "/" "." name ${name})
    string(REPLACE "." "_" target ${name})
    add_executable(test_${target} ${file})
    set_target_properties(test_${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
    target_link_libraries(test_${target} PRIVATE rill_flags rill_test_support)
    if(name MATCHES "^cli\\.")
        target_link_libraries(test_${target} PRIVATE rill_cli)
    endif()
    target_compile_definitions(test_${target} PRIVATE
        RILL_SOURCE_DIR="${PROJECT_SOURCE_DIR}" RILL_BINARY_DIR="${PROJECT_BINARY_DIR}")
    add_test(NAME ${name} COMMAND test_${target} WORKING_DIRECTORY ${PROJECT_BINARY_DIR})
    set_tests_properties(${name} PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77)
endforeach()

# Examples that run by themselves are facts too.
if(TARGET example_hello)
    add_test(NAME examples.hello COMMAND example_hello)
    set_tests_properties(examples.hello PROPERTIES PASS_REGULAR_EXPRESSION "^hello over rill" TIMEOUT 60)
endif()
