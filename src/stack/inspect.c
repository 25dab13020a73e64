/*
 * Looking at a stack from outside: counters, memory, and the check of all its
 * invariants.
 */
#include "stack/stack.h"

#include "tcp/connection.h"
#include "tcp/fast_open_cache.h"

uint64_t rill_drops(const struct rill_stack *stack, enum rill_drop reason)
{
    return (unsigned)reason < RILL_DROP_KINDS ? stack->tcp.ip.host.drops[reason] : 0;
}

uint64_t rill_counted(const struct rill_stack *stack, enum rill_count count)
{
    return (unsigned)count < RILL_COUNT_KINDS ? stack->tcp.ip.host.counts[count] : 0;
}

void rill_memory(const struct rill_stack *stack, struct rill_memory *out)
{
    const struct tcp *tcp = &stack->tcp;
    const struct arena *arena = &tcp->ip.host.arena;

    *out = (struct rill_memory){
        .arena_bytes = arena->size_bytes,
        .head_bytes = (uint64_t)arena->head_pages * ARENA_PAGE_BYTES,
        .used_bytes = (uint64_t)(arena->head_pages + arena->pages_used) * ARENA_PAGE_BYTES,
        .used_bytes_max = (uint64_t)(arena->head_pages + arena->pages_used_max) * ARENA_PAGE_BYTES,
        .connection_bytes = pool_bytes(&tcp->tcbs) + pool_bytes(&tcp->busies) + pool_bytes(&tcp->reassemblies) +
                            pool_bytes(&tcp->senders) + pool_bytes(&tcp->sents) + pool_bytes(&tcp->models) +
                            pool_bytes(&tcp->ranges) + pool_bytes(&tcp->limits) + pool_bytes(&tcp->accurate_ecns) +
                            pool_bytes(&tcp->counts),
        .half_open_bytes = pool_bytes(&tcp->half_opens),
        .time_wait_bytes = pool_bytes(&tcp->time_waits),
        .path_bytes = pool_bytes(&tcp->ip.paths) + fast_open_cache_bytes(tcp),
        .buffer_bytes = buffers_live_bytes(&tcp->ip.host.buffers),
        .spare_buffer_bytes = buffers_bytes(&tcp->ip.host.buffers) - buffers_live_bytes(&tcp->ip.host.buffers),
        .table_bytes = table_bytes(&tcp->connections) + table_bytes(&tcp->listening) +
                       table_bytes(&tcp->ip.path_table) + table_bytes(&stack->udp.ports),
        .fragment_bytes = fragments_bytes(&tcp->ip),
        .udp_bytes = pool_bytes(&stack->udp.sockets),
        .connections = tcp->tcbs.used,
        .half_open = tcp->half_opens.used,
        .time_wait = tcp->time_waits.used,
        .paths = tcp->ip.paths.used - path_unused_count(&tcp->ip),
        .listeners = tcp->listeners.used,
        .udp_sockets = stack->udp.sockets.used,
        .requests = arena->requests,
        .refusals = arena->refusals,
    };
}

void rill_refuse_memory(struct rill_stack *stack, uint64_t after, uint64_t count)
{
    struct arena *arena = tcp_arena(&stack->tcp);

    arena->refuse_from = arena->requests + after;
    arena->refuse_to = count == 0 ? 0 : arena->refuse_from + count;
}

void rill_work(const struct rill_stack *stack, struct rill_work *out)
{
    const struct work *work = &stack->tcp.ip.host.work;

    *out = (struct rill_work){.steps = work->steps, .steps_max = work->steps_max, .settled = work->settled};
}

static bool pools_check(const struct tcp *tcp)
{
    const struct arena *arena = &tcp->ip.host.arena;
    const struct pool *const pools[] = {&tcp->tcbs,          &tcp->busies,   &tcp->half_opens, &tcp->time_waits,
                                        &tcp->senders,       &tcp->sents,    &tcp->models,     &tcp->listeners,
                                        &tcp->reassemblies,  &tcp->ip.paths, &tcp->ip.replies, &tcp->limits,
                                        &tcp->accurate_ecns, &tcp->ranges,   &tcp->counts};

    for (size_t i = 0; i < sizeof pools / sizeof pools[0]; i++)
        if (!pool_check(arena, pools[i]))
            return false;
    return true;
}

/* Every block is in the table exactly once, and nothing else is (M3, R1). */
static bool table_holds_all(const struct tcp *tcp)
{
    uint32_t ended = 0;

    for (ref r = pool_next(&tcp->ip.host.arena, &tcp->tcbs, REF_NONE); r != REF_NONE;
         r = pool_next(&tcp->ip.host.arena, &tcp->tcbs, r)) {
        if (tcb_at(tcp, r)->ep.state == RILL_STATE_CLOSED)
            ended++;
        if (!connection_check(tcp, tcb_at(tcp, r)))
            return false;
    }
    return table_count(&tcp->connections) == tcp->tcbs.used - ended + tcp->half_opens.used + tcp->time_waits.used;
}

bool rill_check(struct rill_stack *stack)
{
    const struct tcp *tcp = &stack->tcp;
    const struct arena *arena = &tcp->ip.host.arena;

    return arena_check(arena) && pools_check(tcp) && wheel_check(arena, &tcp->wheel) &&
           table_check(arena, &tcp->connections, endpoint_hash_of, tcp) && table_holds_all(tcp) &&
           udp_check(&stack->udp) && fragments_check(&tcp->ip);
}
