/*
 * The grammar: what each construct becomes, and how what is wrong is named.
 */
#include "support/cmocka_all.h"

#include <string.h>

#include "drill/parser.h"
#include "wire/tcp.h"

static struct drill_script script;

static const struct drill_event *parse(const char *source)
{
    drill_script_free(&script);
    if (!drill_parse(&script, "x.pkt", source, "rill"))
        fail_msg("%s", text_of(&script.error));
    return script.events;
}

static const struct drill_packet *packet(const char *source)
{
    return parse(source)->packet;
}

/* The source does not parse, and the message holds this text. */
static void refused(const char *source, const char *message)
{
    drill_script_free(&script);
    assert_false(drill_parse(&script, "x.pkt", source, "rill"));
    if (strstr(text_of(&script.error), message) == NULL)
        fail_msg("no \"%s\" in: %s", message, text_of(&script.error));
}

static void times_are_absolute_relative_ranges_any_or_blocking(void **state)
{
    const struct drill_event *event = parse("0.5 close(3) = 0\n+.1 close(3) = 0\n+0~+0.2 > . 1:1(0)\n* > . 1:1(0)\n"
                                            "+0...0.2 close(3) = 0\n0.1~0.3 > . 1:1(0)\nclose(3) = 0");

    (void)state;
    assert_false(event->when.relative);
    assert_int_equal(event->when.start_us, 500000);
    event = event->next;
    assert_true(event->when.relative);
    assert_int_equal(event->when.start_us, 100000);
    event = event->next;
    assert_int_equal(event->when.form, WHEN_RANGE);
    assert_int_equal(event->when.end_us, 200000);
    event = event->next;
    assert_int_equal(event->when.form, WHEN_ANY);
    event = event->next;
    assert_int_equal(event->when.form, WHEN_BLOCKING);
    assert_int_equal(event->when.end_us, 200000);
    event = event->next;
    assert_int_equal(event->when.form, WHEN_RANGE);
    assert_false(event->when.relative);
    event = event->next;
    assert_true(event->when.relative);
    assert_int_equal(event->when.start_us, 0);
}

static void every_flag_has_its_letter(void **state)
{
    (void)state;
    assert_int_equal(packet("0 < FSRP.UEW 0:0(0)")->flags, 0xff);
    assert_int_equal(packet("0 < SEWA 0:0(0)")->flags, TCP_SYN | TCP_ECE | TCP_CWR | DRILL_FLAG_AE);
    assert_int_equal(packet("0 < - 0:0(0)")->flags, 0);
    assert_int_equal(packet("0 < P.5 0:0(0)")->ace, 5);
}

static void numbers_of_a_packet_are_read(void **state)
{
    const struct drill_packet *p = packet("0 < P.U 1:11(10) ack 7 win 300 urg 4");

    (void)state;
    assert_true(p->inbound);
    assert_int_equal(p->seq, 1);
    assert_int_equal(p->length_bytes, 10);
    assert_int_equal(p->ack, 7);
    assert_int_equal(p->window, 300);
    assert_int_equal(p->urgent, 4);
    assert_false(packet("0 > . 1:1(0)")->has_window);
}

static void a_range_must_be_as_long_as_it_says(void **state)
{
    (void)state;
    refused("0 < . 1:11(9) ack 1", "x.pkt:1:7: 1:11 is not 9 long");
}

static void options_keep_their_order(void **state)
{
    const struct drill_packet *p = packet("0 < S 0:0(0) <mss 1460,nop,wscale 7,sackOK,TS val 5 ecr 6,eol>");

    (void)state;
    assert_int_equal(p->option_count, 6);
    assert_int_equal(p->options[0].values[0], 1460);
    assert_int_equal(p->options[1].kind, 1);
    assert_int_equal(p->options[2].values[0], 7);
    assert_int_equal(p->options[4].values[1], 6);
}

static void sack_blocks_are_pairs(void **state)
{
    const struct drill_packet *p = packet("0 > . 1:1(0) ack 1 <nop,nop,sack 1:2 5:9>");

    (void)state;
    assert_int_equal(p->options[2].value_count, 4);
    assert_int_equal(p->options[2].values[3], 9);
}

static void cookies_are_hexadecimal(void **state)
{
    const struct drill_packet *p = packet("0 < S 0:0(0) <FO 12ab34cd,nop,FO>");

    (void)state;
    assert_int_equal(p->options[0].byte_count, 4);
    assert_int_equal(p->options[0].bytes[1], 0xab);
    assert_int_equal(p->options[2].byte_count, 0);
    refused("0 < S 0:0(0) <FO 123>", "pairs of hexadecimal digits");
}

static void any_options_are_said_by_three_points(void **state)
{
    (void)state;
    assert_true(packet("0 > S 0:0(0) <...>")->options_any);
    assert_false(packet("0 > S 0:0(0)")->options_any);
}

static void prefixes_say_what_ip_carries(void **state)
{
    const struct drill_packet *p = packet("0 < [tos 0x10, ect0] [ttl 5] [99 > 100] . 1:1(0)");

    (void)state;
    assert_int_equal(p->tos, 0x10);
    assert_int_equal(p->ecn, DRILL_ECN_ECT0);
    assert_int_equal(p->ttl, 5);
    assert_int_equal(p->source_port, 99);
    assert_int_equal(p->destination_port, 100);
}

static void icmp_quotes_a_segment(void **state)
{
    const struct drill_packet *p = packet("0 < icmp unreachable frag_needed mtu 1200 [1:1461(1460)]");

    (void)state;
    assert_int_equal(p->protocol, DRILL_ICMP);
    assert_int_equal(p->icmp_type, 3);
    assert_int_equal(p->icmp_code, 4);
    assert_int_equal(p->icmp_mtu, 1200);
    assert_int_equal(p->quoted_seq, 1);
}

static void udp_has_a_length(void **state)
{
    (void)state;
    assert_int_equal(packet("0 < udp (100)")->length_bytes, 100);
}

static void calls_have_arguments_a_result_an_error_and_a_note(void **state)
{
    const struct drill_call *call = parse("0 read(4, ..., 10) = -1 EAGAIN (Resource (temporarily) unavailable)")->call;

    (void)state;
    assert_string_equal(call->name, "read");
    assert_int_equal(call->arguments->number, 4);
    assert_int_equal(call->arguments->next->kind, EXPR_ANY);
    assert_int_equal(call->result->number, -1);
    assert_string_equal(call->error, "EAGAIN");
    assert_string_equal(call->note, "Resource (temporarily) unavailable");
}

static void expressions_nest(void **state)
{
    const struct drill_expr *e =
        parse("0 sendmsg(4, {msg_name(...)=..., msg_iov(1)=[{..., 1000}], msg_flags=MSG_OOB|MSG_MORE}, 0) = 1000")
            ->call->arguments->next;

    (void)state;
    assert_int_equal(e->kind, EXPR_STRUCT);
    assert_string_equal(e->child->text, "msg_name");
    assert_int_equal(e->child->next->count->number, 1);
    assert_int_equal(e->child->next->child->kind, EXPR_LIST);
    assert_int_equal(e->child->next->child->child->child->next->number, 1000);
    assert_int_equal(e->child->next->next->child->kind, EXPR_OR);
}

static void poll_takes_a_list_of_structs(void **state)
{
    const struct drill_expr *e = parse("0 poll([{fd=4, events=POLLIN, revents=0}], 1, 0) = 0")->call->arguments;

    (void)state;
    assert_int_equal(e->kind, EXPR_LIST);
    assert_string_equal(e->child->child->text, "fd");
    assert_int_equal(e->child->child->child->number, 4);
}

static void settings_stand_in_front(void **state)
{
    parse("--tolerance_usecs=100\n--ip_version=ipv4\n0 close(3) = 0");
    (void)state;
    assert_string_equal(script.settings->name, "tolerance_usecs");
    assert_string_equal(script.settings->value, "100");
    assert_string_equal(script.settings->next->name, "ip_version");
}

static void an_error_says_where_and_what_and_points_at_it(void **state)
{
    (void)state;
    refused("0 close(3) = 0\n+0 < Q 0:0(0)", "x.pkt:2:6: TCP flags");
    assert_non_null(strstr(text_of(&script.error), "    +0 < Q 0:0(0)\n         ^\n"));
}

static void what_is_not_known_is_named(void **state)
{
    (void)state;
    refused("0 < S 0:0(0) <accecn 1>", "the TCP option 'accecn' is not known");
    refused("0 < icmp strange [1:1(0)]", "the ICMP type 'strange' is not known");
    refused("0 < icmp unreachable strange", "the ICMP code 'strange' is not known");
    refused("0 < [dscp 1] . 1:1(0)", "the IP prefix 'dscp' is not known");
    refused("0 < gre: . 1:1(0)", "the tunnel or protocol 'gre' is not known");
}

static void what_is_missing_is_named(void **state)
{
    (void)state;
    refused("0 close 3", "'(' and the call's arguments expected, but here is '3'");
    refused("0 close(3)", "'=' and the call's result expected, but the script ends");
    refused("0 < S 0:0 win 1", "'(' expected, but here is 'win'");
    refused("+ close(3) = 0", "a time expected");
    refused("0", "an event");
    refused("0...1 < . 1:1(0)", "only a call can take a time that ends");
}

static void any_prefix_of_a_script_parses_or_is_refused(void **state)
{
    static const char whole[] = "--mtu=1500\n`sysctl a=1`\n0 < [ect0] S. 0:0(0) ack 1 win 5 <mss 1460,sack 1:2>\n"
                                "+.1~+.2 > icmp unreachable frag_needed mtu 5 [1:2(1)]\n#ifdef RILL\n"
                                "0...1 poll([{fd=4, events=A|B}], ~1, \"x\") = -1 EAGAIN (note)\n#endif\n%{ x }%\n";
    char part[sizeof whole];

    (void)state;
    for (size_t i = 0; i < sizeof whole; i++) {
        memcpy(part, whole, i);
        part[i] = '\0';
        drill_script_free(&script);
        if (!drill_parse(&script, "x.pkt", part, "rill"))
            assert_true(script.error.bytes > 0);
    }
    parse(whole);
}

static int end(void **state)
{
    (void)state;
    drill_script_free(&script);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_absolute_relative_ranges_any_or_blocking),
        cmocka_unit_test(every_flag_has_its_letter),
        cmocka_unit_test(numbers_of_a_packet_are_read),
        cmocka_unit_test(a_range_must_be_as_long_as_it_says),
        cmocka_unit_test(options_keep_their_order),
        cmocka_unit_test(sack_blocks_are_pairs),
        cmocka_unit_test(cookies_are_hexadecimal),
        cmocka_unit_test(any_options_are_said_by_three_points),
        cmocka_unit_test(prefixes_say_what_ip_carries),
        cmocka_unit_test(icmp_quotes_a_segment),
        cmocka_unit_test(udp_has_a_length),
        cmocka_unit_test(calls_have_arguments_a_result_an_error_and_a_note),
        cmocka_unit_test(expressions_nest),
        cmocka_unit_test(poll_takes_a_list_of_structs),
        cmocka_unit_test(settings_stand_in_front),
        cmocka_unit_test(an_error_says_where_and_what_and_points_at_it),
        cmocka_unit_test(what_is_not_known_is_named),
        cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(any_prefix_of_a_script_parses_or_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, end);
}
