/*
 * The two files of every Unix: resolv.conf(5) and hosts(5), as text. Opening
 * them is the caller's.
 */
#include "resolve/settings.h"

#include "base/types.h"

#define DNS_PORT 53
#define NDOTS_MAX 15u /* as resolv.conf(5) has them */
#define TIMEOUT_S_MAX 30u
#define ATTEMPTS_MAX 5u

void rill_resolve_config_default(struct rill_resolve_config *config)
{
    *config = (struct rill_resolve_config){.size = sizeof *config, .ndots = 1, .timeout_ms = 5000, .attempts = 2};
}

/* ---------------------------------------------------------------- lines, words */

struct text {
    const char *at;
    size_t left;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct text next_line(struct text *text)
{
    struct text line = {text->at, 0};

    while (line.left < text->left && text->at[line.left] != '\n')
        line.left++;
    text->at += line.left;
    text->left -= line.left;
    if (text->left > 0) {
        text->at++;
        text->left--;
    }
    return line;
}

/* Empty at the end of the line, and at a comment. */
static struct text next_word(struct text *line)
{
    struct text word;

    while (line->left > 0 && is_space(*line->at)) {
        line->at++;
        line->left--;
    }
    word = (struct text){line->at, 0};
    while (word.left < line->left && !is_space(line->at[word.left]) && line->at[word.left] != '#' &&
           line->at[word.left] != ';')
        word.left++;
    line->at += word.left;
    line->left -= word.left;
    return word;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* Without regard to case. */
static bool word_is(const struct text *word, const char *what)
{
    size_t i = 0;

    while (i < word->left && what[i] != '\0' && lower(word->at[i]) == lower(what[i]))
        i++;
    return i == word->left && what[i] == '\0';
}

/* The word with a NUL; false when it is too long. */
static bool word_copy(const struct text *word, char *to, size_t to_bytes)
{
    if (word->left >= to_bytes)
        return false;
    memcpy(to, word->at, word->left);
    to[word->left] = '\0';
    return true;
}

static bool word_addr(const struct text *word, struct rill_addr *out)
{
    char text[RILL_ADDR_TEXT_BYTES];

    return word_copy(word, text, sizeof text) && rill_addr_parse(text, out) == 0;
}

/* "NAME:NUMBER", at most max. */
static bool option_number(const struct text *word, const char *name, unsigned max, unsigned *out)
{
    unsigned number = 0;
    size_t i = 0;

    while (name[i] != '\0' && i < word->left && word->at[i] == name[i])
        i++;
    if (name[i] != '\0' || i == word->left || word->at[i] != ':' || i + 1 == word->left)
        return false;
    for (i++; i < word->left; i++) {
        if (word->at[i] < '0' || word->at[i] > '9')
            return false;
        number = min_u32(number * 10 + (unsigned)(word->at[i] - '0'), max);
    }
    *out = number;
    return true;
}

/* ----------------------------------------------------------------- resolv.conf */

static void take_options(struct rill_resolve_config *config, struct text *line)
{
    struct text word;
    unsigned number;

    while ((word = next_word(line)).left > 0) {
        if (option_number(&word, "ndots", NDOTS_MAX, &number))
            config->ndots = number;
        else if (option_number(&word, "timeout", TIMEOUT_S_MAX, &number) && number > 0)
            config->timeout_ms = number * 1000;
        else if (option_number(&word, "attempts", ATTEMPTS_MAX, &number) && number > 0)
            config->attempts = number;
        else if (word_is(&word, "use-vc"))
            config->tcp_only = true;
    }
}

/* The last of several lines counts. */
static void take_search(struct rill_resolve_config *config, struct text *line, unsigned max)
{
    struct text word;

    config->search_count = 0;
    while (config->search_count < max && (word = next_word(line)).left > 0) {
        if (word_copy(&word, config->search[config->search_count], RILL_RESOLVE_NAME_BYTES))
            config->search_count++;
    }
}

static void take_server(struct rill_resolve_config *config, struct text *line)
{
    struct text word = next_word(line);
    struct rill_addr addr;

    if (config->server_count < RILL_RESOLVE_SERVERS_MAX && word_addr(&word, &addr))
        config->servers[config->server_count++] = (struct rill_endpoint){addr, DNS_PORT};
}

void rill_resolve_config_take(struct rill_resolve_config *config, const char *text, size_t bytes)
{
    struct text rest = {text, bytes};

    while (rest.left > 0) {
        struct text line = next_line(&rest);
        struct text word = next_word(&line);

        if (word_is(&word, "nameserver"))
            take_server(config, &line);
        else if (word_is(&word, "search"))
            take_search(config, &line, RILL_RESOLVE_SEARCH_MAX);
        else if (word_is(&word, "domain"))
            take_search(config, &line, 1);
        else if (word_is(&word, "options"))
            take_options(config, &line);
    }
}

/* ----------------------------------------------------------------------- hosts */

unsigned hosts_find(const char *text, size_t bytes, const char *name, unsigned families, struct rill_addr *to,
                    unsigned max)
{
    struct text rest = {text, bytes};
    unsigned found = 0;

    while (rest.left > 0 && found < max) {
        struct text line = next_line(&rest);
        struct text word = next_word(&line);
        struct rill_addr addr;

        if (!word_addr(&word, &addr) || (families & (rill_addr_is_v4(&addr) ? RILL_LOOKUP_V4 : RILL_LOOKUP_V6)) == 0)
            continue;
        while ((word = next_word(&line)).left > 0) {
            if (word_is(&word, name)) {
                to[found++] = addr;
                break;
            }
        }
    }
    return found;
}
