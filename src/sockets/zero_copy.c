/*
 * The numbers of sends whose bytes are lent. Bytes come back in the order in
 * which they were lent, so what is told is always one run of numbers.
 */
#include "sockets/zero_copy.h"

#include "base/wrapping.h"

void zero_copy_sent(struct zero_copy *sends, uint32_t length_bytes)
{
    struct zero_copy_end *last;

    sends->lent_ever = wrapping_add(sends->lent_ever, length_bytes);
    /* Without a place of its own a send is told together with the next: late, and right. */
    if (sends->waiting < ZERO_COPY_ENDS)
        sends->waiting++;
    last = &sends->ends[((uint32_t)sends->oldest + sends->waiting - 1) % ZERO_COPY_ENDS];
    last->number = sends->next;
    sends->next = wrapping_add(sends->next, 1);
    last->lent_ever = sends->lent_ever;
}

void zero_copy_returned(struct zero_copy *sends, uint32_t lent_bytes)
{
    uint32_t returned = wrapping_sub(sends->lent_ever, lent_bytes);

    while (sends->waiting > 0 && !wrapping_before(returned, sends->ends[sends->oldest].lent_ever)) {
        sends->returned = wrapping_add(sends->ends[sends->oldest].number, 1);
        sends->oldest = (uint8_t)((sends->oldest + 1) % ZERO_COPY_ENDS);
        sends->waiting--;
    }
}

bool zero_copy_waits(const struct zero_copy *sends)
{
    return sends->told != sends->returned;
}

void zero_copy_take(struct zero_copy *sends, uint32_t *first, uint32_t *last)
{
    *first = sends->told;
    *last = wrapping_sub(sends->returned, 1);
    sends->told = sends->returned;
}
