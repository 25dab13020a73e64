/* src/wire/udp.c: headers of any bytes and lengths. */
#include "support/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "wire/udp.h"

/* In a heap block of its own size, so that reading past it is caught. */
static enum rill_drop parse_exact(const uint8_t *data, size_t length_bytes, struct udp_datagram *out)
{
    uint8_t *block = malloc(length_bytes + (length_bytes == 0));
    enum rill_drop verdict;

    assert_non_null(block);
    memcpy(block, data, length_bytes);
    verdict = udp_parse(block, length_bytes, out);
    if (verdict == RILL_DROP_NONE)
        out->data = data + (out->data - block);
    free(block);
    return verdict;
}

static const uint8_t query[] = {0x9c, 0x40, 0, 53, 0, 12, 0x12, 0x34, 'd', 'a', 't', 'a', 'x', 'y'};

static void a_header_gives_its_fields(void **state)
{
    struct udp_datagram out;

    (void)state;
    assert_int_equal(parse_exact(query, 12, &out), RILL_DROP_NONE);
    assert_int_equal(out.source_port, 40000);
    assert_int_equal(out.destination_port, 53);
    assert_int_equal(out.checksum, 0x1234);
    assert_int_equal(out.data_bytes, 4);
    assert_ptr_equal(out.data, query + 8);
}

/* R768-2 */
static void bytes_behind_the_length_are_not_part_of_it(void **state)
{
    struct udp_datagram out;

    (void)state;
    assert_int_equal(parse_exact(query, sizeof query, &out), RILL_DROP_NONE);
    assert_int_equal(out.data_bytes, 4);
}

/* R768-2 */
static void fewer_than_eight_bytes_are_no_datagram(void **state)
{
    struct udp_datagram out;

    (void)state;
    for (size_t n = 0; n < 8; n++)
        assert_int_equal(parse_exact(query, n, &out), RILL_DROP_UDP_SHORT);
}

/* R768-2: every length there is, on 60 bytes. */
static void a_length_below_eight_or_past_the_end_is_refused(void **state)
{
    uint8_t data[60] = {0, 1, 0, 2};
    struct udp_datagram out;

    (void)state;
    for (unsigned length = 0; length <= UINT16_MAX; length++) {
        put_be16(data + 4, (uint16_t)length);
        if (length >= 8 && length <= sizeof data) {
            assert_int_equal(parse_exact(data, sizeof data, &out), RILL_DROP_NONE);
            assert_int_equal(out.data_bytes, length - 8);
        } else {
            assert_int_equal(udp_parse(data, sizeof data, &out), RILL_DROP_UDP_LENGTH);
        }
    }
}

/* RFC 768: a source port of 0 says that no reply is wanted; a destination of 0 is nobody's. */
static void port_zero_is_refused_as_destination_only(void **state)
{
    uint8_t data[8] = {0, 0, 0, 7, 0, 8};
    struct udp_datagram out;

    (void)state;
    assert_int_equal(parse_exact(data, sizeof data, &out), RILL_DROP_NONE);
    data[3] = 0;
    assert_int_equal(parse_exact(data, sizeof data, &out), RILL_DROP_UDP_PORT_ZERO);
}

static void what_is_built_is_parsed_to_the_same(void **state)
{
    struct udp_datagram in = {.source_port = 0xfffe, .destination_port = 0x0102, .data_bytes = 3}, out;
    uint8_t data[11] = {0};

    (void)state;
    udp_build_template(data, &in);
    assert_int_equal(parse_exact(data, sizeof data, &out), RILL_DROP_NONE);
    assert_int_equal(out.source_port, 0xfffe);
    assert_int_equal(out.destination_port, 0x0102);
    assert_int_equal(out.data_bytes, 3);
    assert_int_equal(out.checksum, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_gives_its_fields),
        cmocka_unit_test(bytes_behind_the_length_are_not_part_of_it),
        cmocka_unit_test(fewer_than_eight_bytes_are_no_datagram),
        cmocka_unit_test(a_length_below_eight_or_past_the_end_is_refused),
        cmocka_unit_test(port_zero_is_refused_as_destination_only),
        cmocka_unit_test(what_is_built_is_parsed_to_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
