/*
 * Limits of a connection's own: shared blocks, copied when one owner changes.
 */
#include "tcp/limits.h"

#include "tcp/options.h"

static struct limits *block_at(const struct tcp *tcp, ref r)
{
    return (struct limits *)host_at(&tcp->ip.host, r);
}

void limits_inherit(struct tcp *tcp, struct tcb *tcb, ref r)
{
    if (r == REF_NONE)
        return;
    block_at(tcp, r)->holders++;
    tcb->limits = r;
    if (limits_of(tcp, tcb)->user_timeout_ms != tcp->settings.limits.user_timeout_ms)
        options_fix_user_timeout(tcb);
}

void limits_drop(struct tcp *tcp, ref *owner)
{
    if (*owner != REF_NONE && --block_at(tcp, *owner)->holders == 0)
        pool_give(tcp_arena(tcp), &tcp->limits, *owner);
    *owner = REF_NONE;
}

/* A block that only this owner has, with what it had before; NULL when the arena refuses. */
static struct limits *own_block(struct tcp *tcp, ref *owner)
{
    const struct limits *before = limits_at(tcp, *owner);
    struct limits *block;
    uint32_t generation;
    ref r;

    if (*owner != REF_NONE && before->holders == 1)
        return block_at(tcp, *owner);
    r = pool_take(tcp_arena(tcp), &tcp->limits);
    if (r == REF_NONE)
        return NULL;
    block = block_at(tcp, r);
    generation = block->generation;
    *block = *before;
    block->generation = generation;
    block->holders = 1;
    limits_drop(tcp, owner);
    *owner = r;
    return block;
}

static bool is_empty(const struct rill_limits *wanted)
{
    return (wanted->user_timeout_ms | wanted->keepalive_idle_ms | wanted->keepalive_interval_ms |
            wanted->keepalive_probes | wanted->fin_wait_2_ms | wanted->syn_retries | wanted->unsent_bytes |
            wanted->window_bytes | wanted->pacing_rate) == 0;
}

static uint32_t wanted_or(uint32_t wanted, uint32_t otherwise)
{
    return wanted != 0 ? wanted : otherwise;
}

int limits_set(struct tcp *tcp, ref *owner, const struct rill_limits *wanted)
{
    const struct limits *stacks = &tcp->settings.limits;
    struct limits *block;

    if (is_empty(wanted)) {
        limits_drop(tcp, owner);
        return 0;
    }
    block = own_block(tcp, owner);
    if (block == NULL)
        return -RILL_ENOMEM;
    block->user_timeout_ms = wanted_or(wanted->user_timeout_ms, stacks->user_timeout_ms);
    block->keep_idle_ms = wanted_or(wanted->keepalive_idle_ms, stacks->keep_idle_ms);
    block->keep_interval_ms = wanted_or(wanted->keepalive_interval_ms, stacks->keep_interval_ms);
    block->fin_wait_2_ms = wanted_or(wanted->fin_wait_2_ms, stacks->fin_wait_2_ms);
    block->unsent_bytes = wanted_or(wanted->unsent_bytes, stacks->unsent_bytes);
    block->window_bytes = wanted->window_bytes;
    block->pacing_rate = wanted->pacing_rate;
    block->keep_probes = (uint8_t)min_u32(wanted_or(wanted->keepalive_probes, stacks->keep_probes), UINT8_MAX);
    block->syn_retries = (uint8_t)min_u32(wanted_or(wanted->syn_retries, stacks->syn_retries), UINT8_MAX);
    return 0;
}

int limits_set_user_timeout(struct tcp *tcp, ref *owner, uint32_t user_timeout_ms)
{
    struct limits *block;

    if (limits_at(tcp, *owner)->user_timeout_ms == user_timeout_ms)
        return 0;
    block = own_block(tcp, owner);
    if (block == NULL)
        return -RILL_ENOMEM;
    block->user_timeout_ms = user_timeout_ms;
    return 0;
}

void limits_tell(const struct limits *limits, struct rill_limits *out)
{
    *out = (struct rill_limits){
        .user_timeout_ms = limits->user_timeout_ms,
        .keepalive_idle_ms = limits->keep_idle_ms,
        .keepalive_interval_ms = limits->keep_interval_ms,
        .keepalive_probes = limits->keep_probes,
        .fin_wait_2_ms = limits->fin_wait_2_ms,
        .syn_retries = limits->syn_retries,
        .unsent_bytes = limits->unsent_bytes,
        .window_bytes = limits->window_bytes,
        .pacing_rate = limits->pacing_rate,
    };
}
