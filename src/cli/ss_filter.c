/*
 * A recursive descent over the words, evaluated as it goes: see ss_filter.h.
 * The depth of parentheses is bounded by the number of words.
 */
#include "cli/ss_filter.h"

#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct scan {
    const struct ss_filter *filter;
    const struct ss_row *row;
    unsigned at;
    bool wrong;
};

static const char *peek(const struct scan *scan)
{
    return scan->at < scan->filter->word_count ? scan->filter->words[scan->at] : "";
}

static bool take(struct scan *scan, const char *a, const char *b, const char *c)
{
    const char *word = peek(scan);

    if (*word == '\0' || (strcmp(word, a) != 0 && strcmp(word, b) != 0 && strcmp(word, c) != 0))
        return false;
    scan->at++;
    return true;
}

static bool match_any(struct scan *scan);

enum comparison { EQUAL, UNEQUAL, LESS, GREATER, AT_MOST, AT_LEAST };

static enum comparison take_comparison(struct scan *scan)
{
    if (take(scan, "=", "==", "eq"))
        return EQUAL;
    if (take(scan, "!=", "ne", "neq"))
        return UNEQUAL;
    if (take(scan, "<", "lt", "lt"))
        return LESS;
    if (take(scan, ">", "gt", "gt"))
        return GREATER;
    if (take(scan, "<=", "le", "leq"))
        return AT_MOST;
    if (take(scan, ">=", "ge", "geq"))
        return AT_LEAST;
    return EQUAL;
}

static bool compare(enum comparison comparison, unsigned long a, unsigned long b)
{
    switch (comparison) {
    case EQUAL:
        return a == b;
    case UNEQUAL:
        return a != b;
    case LESS:
        return a < b;
    case GREATER:
        return a > b;
    case AT_MOST:
        return a <= b;
    case AT_LEAST:
        return a >= b;
    }
    return false;
}

static bool match_port(struct scan *scan, unsigned port)
{
    enum comparison comparison = take_comparison(scan);
    const char *word = peek(scan);
    char *end = NULL;
    unsigned long value;

    word += *word == ':';
    value = strtoul(word, &end, 10);
    if (end == word || *end != '\0' || value > 65535) {
        scan->wrong = true;
        return false;
    }
    scan->at++;
    return compare(comparison, port, value);
}

/* A[:PORT], A or :PORT; the address is compared as text. */
static bool match_address(struct scan *scan, const char *address, unsigned port)
{
    bool unequal = take_comparison(scan) == UNEQUAL;
    const char *word = peek(scan);
    const char *colon = strrchr(word, ':');
    size_t length = colon != NULL ? (size_t)(colon - word) : strlen(word);
    bool same;

    if (*word == '\0') {
        scan->wrong = true;
        return false;
    }
    scan->at++;
    same = length == 0 || strncmp(word, "*", length) == 0 ||
           (strlen(address) == length && strncmp(address, word, length) == 0);
    if (same && colon != NULL && strcmp(colon, ":*") != 0)
        same = strtoul(colon + 1, NULL, 10) == port;
    return same != unequal;
}

static bool match_one(struct scan *scan)
{
    const struct ss_row *row = scan->row;

    if (take(scan, "not", "!", "!"))
        return !match_one(scan);
    if (take(scan, "(", "(", "(")) {
        bool result = match_any(scan);

        scan->wrong |= !take(scan, ")", ")", ")");
        return result;
    }
    if (take(scan, "sport", "sport", "sport"))
        return match_port(scan, row->local_port);
    if (take(scan, "dport", "dport", "dport"))
        return match_port(scan, row->remote_port);
    if (take(scan, "src", "src", "src"))
        return match_address(scan, row->local_address, row->local_port);
    if (take(scan, "dst", "dst", "dst"))
        return match_address(scan, row->remote_address, row->remote_port);
    scan->wrong = true;
    return false;
}

static bool ends_here(const struct scan *scan)
{
    const char *word = peek(scan);

    return scan->wrong || *word == '\0' || strcmp(word, ")") == 0;
}

static bool match_all(struct scan *scan)
{
    bool result = match_one(scan);

    while (!ends_here(scan)) {
        const char *word = peek(scan);

        if (strcmp(word, "or") == 0 || strcmp(word, "|") == 0 || strcmp(word, "||") == 0)
            break;
        take(scan, "and", "&", "&&");
        result &= match_one(scan);
    }
    return result;
}

static bool match_any(struct scan *scan)
{
    bool result = match_all(scan);

    while (!scan->wrong && take(scan, "or", "|", "||"))
        result |= match_all(scan);
    return result;
}

/* Words are separated by spaces; parentheses need none. */
static void split(struct ss_filter *filter, const char *from)
{
    char *to = filter->text;
    char *end = filter->text + sizeof filter->text - 2;
    bool inside = false;

    for (; *from != '\0' && to < end; from++) {
        bool bracket = *from == '(' || *from == ')';

        if (inside && (bracket || *from == ' ' || *from == '\t')) {
            *to++ = '\0';
            inside = false;
        }
        if (*from == ' ' || *from == '\t')
            continue;
        if (!inside && filter->word_count < SS_FILTER_WORDS)
            filter->words[filter->word_count++] = to;
        *to++ = *from;
        inside = !bracket;
        if (bracket && to < end)
            *to++ = '\0';
    }
    *to = '\0';
}

bool ss_filter_parse(struct ss_filter *filter, char *const *words, int count)
{
    static const struct ss_row any;
    struct scan scan = {.filter = filter, .row = &any};
    char all[512] = "";
    size_t used = 0;

    memset(filter, 0, sizeof *filter);
    for (int i = 0; i < count && used < sizeof all; i++)
        used += (size_t)snprintf(all + used, sizeof all - used, "%s ", words[i]);
    split(filter, all);
    if (filter->word_count == 0)
        return true;
    match_any(&scan);
    if (!scan.wrong && scan.at == filter->word_count && used < sizeof all)
        return true;
    cli_error("the filter is not understood at '%s': as state established '( sport = :80 or dport = :80 )'",
              peek(&scan));
    return false;
}

bool ss_filter_matches(const struct ss_filter *filter, const struct ss_row *row)
{
    struct scan scan = {.filter = filter, .row = row};

    return filter->word_count == 0 || match_any(&scan);
}
