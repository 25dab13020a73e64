/* src/resolve/name.c: names in text and in messages. UDP-02 of the hostile inputs. */
#include "support/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resolve/name.h"

/* In a heap block of its own size, so that reading past it is caught. */
static size_t parse(const uint8_t *message, size_t bytes, size_t at, struct dns_name *out)
{
    uint8_t *block = malloc(bytes + (bytes == 0));
    size_t behind;

    assert_non_null(block);
    memcpy(block, message, bytes);
    behind = dns_name_parse(block, bytes, at, out);
    free(block);
    return behind;
}

static bool from_text(const char *text, struct dns_name *out)
{
    return dns_name_from_text(text, strlen(text), out);
}

static void text_becomes_labels(void **state)
{
    struct dns_name name;

    (void)state;
    assert_true(from_text("www.example.org", &name));
    assert_int_equal(name.length_bytes, 17);
    assert_memory_equal(name.bytes, "\3www\7example\3org\0", 17);
    assert_true(from_text("a.", &name));
    assert_memory_equal(name.bytes, "\1a\0", 3);
}

static void text_that_is_no_name_is_refused(void **state)
{
    char label[66], whole[300];
    struct dns_name name;

    (void)state;
    assert_false(from_text("", &name));
    assert_false(from_text(".", &name));
    assert_false(from_text("a..b", &name));
    assert_false(from_text(".a", &name));
    snprintf(label, sizeof label, "%064d", 0);
    assert_false(from_text(label, &name));
    assert_true(from_text(label + 1, &name)); /* 63 */
    snprintf(whole, sizeof whole, "%s.%s.%s.%.61s", label + 1, label + 1, label + 1, label);
    assert_true(from_text(whole, &name));
    assert_int_equal(name.length_bytes, 255);
    snprintf(whole, sizeof whole, "%s.%s.%s.%.62s", label + 1, label + 1, label + 1, label);
    assert_false(from_text(whole, &name));
}

static void a_name_ends_behind_its_zero_or_its_first_pointer(void **state)
{
    const uint8_t message[] = "\3org\0\7example\300\0\3www\300\5tail";
    struct dns_name name, expected;

    (void)state;
    assert_int_equal(parse(message, sizeof message, 0, &name), 5);
    assert_int_equal(parse(message, sizeof message, 5, &name), 15);
    assert_true(from_text("example.org", &expected) && dns_name_equal(&name, &expected));
    assert_int_equal(parse(message, sizeof message, 15, &name), 21);
    assert_true(from_text("WWW.Example.ORG", &expected) && dns_name_equal(&name, &expected));
}

static void pointers_that_do_not_lead_back_are_refused(void **state)
{
    const uint8_t self[] = {0xc0, 0}, forward[] = {0xc0, 2, 1, 'a', 0}, past[] = {0xc0, 200}, cut[] = {1, 'a', 0xc0};
    const uint8_t to_last[] = {0, 0xc0, 2}, mutual[] = {0xc0, 2, 0xc0, 0}, into_itself[] = {1, 'a', 0xc0, 0};
    uint8_t twelve[14] = {0};
    struct dns_name name;

    (void)state;
    twelve[12] = 0xc0;
    twelve[13] = 0x0c;
    assert_int_equal(parse(twelve, sizeof twelve, 12, &name), 0);
    assert_int_equal(parse(self, sizeof self, 0, &name), 0);
    assert_int_equal(parse(forward, sizeof forward, 0, &name), 0);
    assert_int_equal(parse(past, sizeof past, 0, &name), 0);
    assert_int_equal(parse(cut, sizeof cut, 0, &name), 0);
    assert_int_equal(parse(to_last, sizeof to_last, 1, &name), 0);
    assert_int_equal(parse(mutual, sizeof mutual, 2, &name), 0);
    assert_int_equal(parse(into_itself, sizeof into_itself, 0, &name), 0);
}

static void labels_of_no_known_kind_or_too_long_are_refused(void **state)
{
    uint8_t message[80] = {0};
    struct dns_name name;

    (void)state;
    for (int kind = 0x40; kind <= 0xbf; kind++) {
        message[0] = (uint8_t)kind;
        assert_int_equal(parse(message, sizeof message, 0, &name), 0);
    }
    message[0] = 63;
    memset(message + 1, 'a', 63);
    assert_int_equal(parse(message, sizeof message, 0, &name), 65);
    assert_int_equal(parse(message, 64, 0, &name), 0);  /* without its end */
    assert_int_equal(parse(message, 60, 0, &name), 0);  /* cut in the label */
    assert_int_equal(parse(message, 80, 80, &name), 0); /* nothing there */
}

static void more_than_126_pointers_are_refused(void **state)
{
    uint8_t message[2 + 2 * 130] = {0};
    struct dns_name name;

    (void)state;
    for (int i = 0; i < 130; i++) {
        size_t at = 2 + 2 * (size_t)i, to = i == 0 ? 0 : at - 2;

        message[at] = (uint8_t)(0xc0 | to >> 8);
        message[at + 1] = (uint8_t)to;
    }
    assert_int_not_equal(parse(message, sizeof message, 2 + 2 * 125, &name), 0);
    assert_int_equal(parse(message, sizeof message, 2 + 2 * 127, &name), 0);
}

static void a_name_of_more_than_255_bytes_is_refused(void **state)
{
    uint8_t message[300];
    struct dns_name name;
    size_t at = 0;

    (void)state;
    for (; at < 254; at += 2)
        memcpy(message + at, "\1a", 2);
    message[at] = 0;
    assert_int_equal(parse(message, at + 1, 0, &name), 255);
    memcpy(message + at, "\1a\0", 3);
    assert_int_equal(parse(message, at + 3, 0, &name), 0);
}

static void names_are_shown_without_what_no_host_has(void **state)
{
    const uint8_t message[] = "\5a\0b\nc\3o-g\0";
    struct dns_name name;
    char text[256], little[4];

    (void)state;
    assert_int_not_equal(parse(message, sizeof message, 0, &name), 0);
    dns_name_to_text(&name, text, sizeof text);
    assert_string_equal(text, "a?b?c.o-g");
    dns_name_to_text(&name, little, sizeof little);
    assert_string_equal(little, "a?b");
}

static void names_differ_by_letters_and_by_where_labels_end(void **state)
{
    struct dns_name a, b;

    (void)state;
    assert_true(from_text("ab.c", &a) && from_text("a.bc", &b));
    assert_false(dns_name_equal(&a, &b));
    assert_true(from_text("abc", &a) && from_text("abd", &b));
    assert_false(dns_name_equal(&a, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_becomes_labels),
        cmocka_unit_test(text_that_is_no_name_is_refused),
        cmocka_unit_test(a_name_ends_behind_its_zero_or_its_first_pointer),
        cmocka_unit_test(pointers_that_do_not_lead_back_are_refused),
        cmocka_unit_test(labels_of_no_known_kind_or_too_long_are_refused),
        cmocka_unit_test(more_than_126_pointers_are_refused),
        cmocka_unit_test(a_name_of_more_than_255_bytes_is_refused),
        cmocka_unit_test(names_are_shown_without_what_no_host_has),
        cmocka_unit_test(names_differ_by_letters_and_by_where_labels_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
