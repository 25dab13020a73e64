/*
 * Cuts, and how they are written. Lists are numbers and ranges, "3,5-9", of
 * what stays; or "none".
 */
#include "sim/cuts.h"

#include <stdlib.h>
#include <string.h>

bool mishaps_name(const struct mishaps *mishaps, unsigned from, unsigned to, uint32_t index)
{
    for (uint32_t i = 0; i < mishaps->count; i++)
        if (mishaps->list[i].index == index && mishaps->list[i].from == from && mishaps->list[i].to == to)
            return true;
    return false;
}

void mishaps_note(struct mishaps *mishaps, unsigned from, unsigned to, uint32_t index)
{
    if (mishaps->count < MISHAPS_MAX)
        mishaps->list[mishaps->count++] = (struct mishap){(uint8_t)from, (uint8_t)to, index};
}

/* An application that writes what it has, reads what comes, and closes when both are done. */
static void make_plain(struct temper *t)
{
    *t = (struct temper){.send_total = t->send_total, .write_bytes = 65536, .read_bytes = 65536};
}

void cuts_apply(const struct cuts *cuts, struct scenario *s)
{
    uint32_t kept = 0;

    for (unsigned i = 0; i < s->session_count; i++) {
        s->sessions[i].is_left_out = cut_bit(cuts->sessions_out, i);
        for (unsigned side = 0; side < 2; side++) {
            struct temper *t = &s->sessions[i].tempers[side];

            if (cuts->has_bytes_max)
                t->send_total = min_u64(t->send_total, cuts->bytes_max);
            if (cut_bit(cuts->plain, 2 * i + side))
                make_plain(t);
        }
    }
    if (cuts->heal_by != 0)
        s->heal_at = min_u64(s->heal_at, cuts->heal_by);
    for (unsigned i = 0; i < s->timed_count; i++)
        if ((cuts->timed_out >> i & 1) == 0 && s->timed[i].at < s->heal_at)
            s->timed[kept++] = s->timed[i];
    s->timed_count = kept;
}

/* ------------------------------------------------------------------- written */

/* The zeros (or ones) among the first count bits. */
static void print_list(const uint64_t *bits, unsigned count, bool wanted, FILE *out)
{
    bool any = false;

    for (unsigned i = 0; i < count; i++) {
        unsigned last = i;

        if (cut_bit(bits, i) != wanted)
            continue;
        while (last + 1 < count && cut_bit(bits, last + 1) == wanted)
            last++;
        fprintf(out, last > i ? "%s%u-%u" : "%s%u", any ? "," : "", i, last);
        any = true;
        i = last;
    }
    if (!any)
        fputs("none", out);
}

static bool any_bit(const uint64_t *bits, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (cut_bit(bits, i))
            return true;
    return false;
}

void cuts_print(const struct cuts *cuts, const struct scenario *drawn, FILE *out)
{
    uint64_t timed_out = cuts->timed_out;

    if (any_bit(cuts->sessions_out, drawn->session_count)) {
        fputs(" --sessions ", out);
        print_list(cuts->sessions_out, drawn->session_count, false, out);
    }
    if (any_bit(cuts->plain, 2 * drawn->session_count)) {
        fputs(" --plain ", out);
        print_list(cuts->plain, 2 * drawn->session_count, true, out);
    }
    if (cuts->has_bytes_max)
        fprintf(out, " --bytes %llu", (unsigned long long)cuts->bytes_max);
    if (cuts->heal_by != 0)
        fprintf(out, " --heal-by %llu", (unsigned long long)cuts->heal_by);
    if (timed_out != 0) {
        fputs(" --timed ", out);
        print_list(&timed_out, TIMED_FAULTS_MAX, false, out);
    }
    if (!cuts->has_mishaps)
        return;
    fputs(" --mishaps ", out);
    for (uint32_t i = 0; i < cuts->mishaps.count; i++)
        fprintf(out, "%s%u-%u:%u", i > 0 ? "," : "", cuts->mishaps.list[i].from, cuts->mishaps.list[i].to,
                cuts->mishaps.list[i].index);
    if (cuts->mishaps.count == 0)
        fputs("none", out);
}

/* ---------------------------------------------------------------------- read */

static bool read_number(const char **text, uint64_t below, uint64_t *out)
{
    char *end;

    if (**text < '0' || **text > '9')
        return false;
    *out = strtoull(*text, &end, 10);
    *text = end;
    return *out < below;
}

/* Sets the bits that the list names. */
static bool read_list(const char *text, unsigned count, uint64_t *bits)
{
    uint64_t first, last;

    if (strcmp(text, "none") == 0)
        return true;
    for (;; text++) {
        if (!read_number(&text, count, &first))
            return false;
        last = first;
        if (*text == '-' && (text++, !read_number(&text, count, &last)))
            return false;
        for (uint64_t i = first; i <= last; i++)
            cut_set(bits, (unsigned)i);
        if (*text != ',')
            return *text == '\0';
    }
}

bool cuts_read_sessions(struct cuts *cuts, const char *text)
{
    uint64_t kept[SESSIONS_MAX / 64] = {0};

    if (!read_list(text, SESSIONS_MAX, kept))
        return false;
    for (unsigned i = 0; i < SESSIONS_MAX / 64; i++)
        cuts->sessions_out[i] = ~kept[i];
    return true;
}

bool cuts_read_plain(struct cuts *cuts, const char *text)
{
    return read_list(text, ENDS_MAX, cuts->plain);
}

bool cuts_read_timed(struct cuts *cuts, const char *text)
{
    uint64_t kept = 0;

    if (!read_list(text, TIMED_FAULTS_MAX, &kept))
        return false;
    cuts->timed_out = ~(uint32_t)kept;
    return true;
}

bool cuts_read_mishaps(struct cuts *cuts, const char *text)
{
    uint64_t from, to, index;

    cuts->has_mishaps = true;
    if (strcmp(text, "none") == 0)
        return true;
    for (;; text++) {
        if (!read_number(&text, HOSTS_MAX, &from) || *text++ != '-' || !read_number(&text, HOSTS_MAX, &to) ||
            *text++ != ':' || !read_number(&text, UINT32_MAX, &index))
            return false;
        mishaps_note(&cuts->mishaps, (unsigned)from, (unsigned)to, (uint32_t)index);
        if (*text != ',')
            return *text == '\0';
    }
}
