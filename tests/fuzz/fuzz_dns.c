/* dns_response_parse() and the text readers on any bytes: they end, stay inside, and say what they may say. */
#include "fuzz/input.h"
#include "resolve/message.h"
#include "resolve/settings.h"

static void check_name(const uint8_t *block, size_t size, size_t at)
{
    struct dns_name name;
    size_t behind = dns_name_parse(block, size, at, &name);
    char text[RILL_RESOLVE_NAME_BYTES];

    MUST(behind <= size);
    if (behind == 0)
        return;
    MUST(name.length_bytes >= 1 && name.bytes[name.length_bytes - 1] == 0);
    dns_name_to_text(&name, text, sizeof text);
    MUST(strlen(text) < name.length_bytes);
    MUST(dns_name_equal(&name, &name));
}

static void check_texts(const uint8_t *block, size_t size)
{
    struct rill_resolve_config config;
    struct rill_addr addrs[3];

    rill_resolve_config_default(&config);
    rill_resolve_config_take(&config, (const char *)block, size);
    MUST(config.server_count <= RILL_RESOLVE_SERVERS_MAX && config.search_count <= RILL_RESOLVE_SEARCH_MAX);
    MUST(config.ndots <= 15 && config.attempts >= 1 && config.timeout_ms >= 1000);
    MUST(hosts_find((const char *)block, size, "box", RILL_LOOKUP_V4 | RILL_LOOKUP_V6, addrs, 3) <= 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    enum dns_type type = input_number(&input, 1) % 2 == 0 ? DNS_TYPE_A : DNS_TYPE_AAAA;
    uint8_t *block = input_copy(input.data, input.left);
    struct dns_name name;
    struct dns_answer answer;

    check_name(block, input.left, 0);
    check_name(block, input.left, DNS_HEADER_BYTES);
    check_texts(block, input.left);
    if (dns_name_parse(block, input.left, DNS_HEADER_BYTES, &name) != 0) { /* as if it had been asked for */
        enum dns_verdict verdict =
            dns_response_parse(block, input.left, (uint16_t)(block[0] << 8 | block[1]), &name, type, &answer);

        MUST(verdict <= DNS_ANSWER);
        if (verdict == DNS_ANSWER)
            MUST(answer.count >= 1 && answer.count <= RILL_LOOKUP_ADDRS_MAX && answer.canonical.length_bytes >= 1);
    }
    free(block);
    return 0;
}
