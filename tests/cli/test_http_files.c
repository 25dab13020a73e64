/*
 * What the file server finds below its root, and what it never opens.
 */
#include "support/cmocka_all.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/http_files.h"

static char root[64];
static int root_fd;

static void make_file(const char *name, const char *text)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", root, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void make_directory(const char *name)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", root, name);
    assert_int_equal(mkdir(path, 0755), 0);
}

static void make_link(const char *to, const char *name)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", root, name);
    assert_int_equal(symlink(to, path), 0);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(root, sizeof root, "/tmp/rill-files-XXXXXX");
    assert_non_null(mkdtemp(root));
    make_file("a.txt", "hello");
    make_directory("empty");
    make_directory("site");
    make_file("site/index.html", "<p>");
    make_file("a b<&>.txt", "");
    make_link("/etc/passwd", "passwd");
    make_link("../..", "up");
    make_link("a.txt", "inside");
    root_fd = open(root, O_RDONLY | O_DIRECTORY);
    return root_fd >= 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"a.txt", "site/index.html", "a b<&>.txt", "passwd", "up", "inside"};
    char path[128];

    (void)state;
    close(root_fd);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", root, names[i]);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/empty", root);
    rmdir(path);
    snprintf(path, sizeof path, "%s/site", root);
    rmdir(path);
    return rmdir(root);
}

static enum http_files_result find(const char *path)
{
    struct http_found found;
    enum http_files_result result = http_files_open(root_fd, path, &found);

    if (result == HTTP_FILE)
        close(found.file);
    free(found.listing);
    return result;
}

static void a_file_is_opened_with_its_size(void **state)
{
    struct http_found found;

    (void)state;
    assert_int_equal(http_files_open(root_fd, "/a.txt", &found), HTTP_FILE);
    assert_int_equal(found.size, 5);
    close(found.file);
}

static void a_directory_without_slash_needs_one(void **state)
{
    (void)state;
    assert_int_equal(find("/site"), HTTP_NEEDS_SLASH);
}

static void a_directory_is_its_index(void **state)
{
    (void)state;
    assert_int_equal(find("/site/"), HTTP_FILE);
}

static void a_directory_without_index_is_listed_and_escaped(void **state)
{
    struct http_found found;

    (void)state;
    assert_int_equal(http_files_open(root_fd, "/", &found), HTTP_DIRECTORY);
    assert_non_null(strstr(found.listing, "<a href=\"site/\">site/</a>"));
    assert_non_null(strstr(found.listing, "<a href=\"a%20b%3C%26%3E.txt\">a b&#60;&#38;&#62;.txt</a>"));
    free(found.listing);
}

static void a_file_is_no_directory(void **state)
{
    (void)state;
    assert_int_equal(find("/a.txt/"), HTTP_NOT_FOUND);
    assert_int_equal(find("/missing"), HTTP_NOT_FOUND);
}

static void a_link_to_the_outside_is_not_followed(void **state)
{
    (void)state;
    assert_int_not_equal(find("/passwd"), HTTP_FILE);
    assert_int_not_equal(find("/up/etc/passwd"), HTTP_FILE);
    assert_int_not_equal(find("/up/"), HTTP_DIRECTORY);
}

static void a_link_within_is_followed(void **state)
{
    (void)state;
    assert_int_equal(find("/inside"), HTTP_FILE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_opened_with_its_size),
        cmocka_unit_test(a_directory_without_slash_needs_one),
        cmocka_unit_test(a_directory_is_its_index),
        cmocka_unit_test(a_directory_without_index_is_listed_and_escaped),
        cmocka_unit_test(a_file_is_no_directory),
        cmocka_unit_test(a_link_to_the_outside_is_not_followed),
        cmocka_unit_test(a_link_within_is_followed),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
