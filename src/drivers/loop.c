/*
 * The loop that moves packets between a stack and its drivers, and the stack's
 * memory, secret and clock from the operating system. Knows of no device.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>

#include "base/types.h"
#include "rill/driver.h"

#define RX_BURST 64u
#define RX_BURSTS_MAX 2u /* a turn, so that the caller reads what came before the window is used up */
#define TX_BURST 32u
#define TX_BURSTS_MAX 64u
#define WAIT_DESCRIPTORS_MAX 256u
#define PAGE_BYTES 4096u
#define MEMORY_BYTES_DEFAULT (UINT64_C(256) << 20)

rill_time rill_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (rill_time)now.tv_sec * NANOS_PER_S + (rill_time)now.tv_nsec;
}

int rill_attach(struct rill_stack *stack, struct rill_driver *driver, const struct rill_netif_config *config)
{
    struct rill_netif_config netif = *config;
    int number = 0;
    netif.mtu = driver->mtu;
    netif.offload = driver->offload;
    int result = rill_netif_add(stack, &netif, &number);
    if (result < 0)
        return result;
    for (struct rill_driver *each = driver; each != NULL; each = each->inner) {
        each->stack = stack;
        each->netif = number;
    }
    return 0;
}

/* ---------------------------------------------------------------- memory */

/* The page in front of a stack's memory, so that rill_stack_close() can find the whole mapping again. */
struct mapping {
    size_t bytes;
};

static int fill_secret(uint8_t *secret, size_t bytes)
{
    size_t filled = 0;
    while (filled < bytes) {
        ssize_t got = getrandom(secret + filled, bytes - filled, 0);
        if (got < 0 && errno != EINTR)
            return -errno;
        if (got > 0)
            filled += (size_t)got;
    }
    return 0;
}

static int open_stack(struct rill_config *config, int how, struct rill_stack **out)
{
    if (config->memory_bytes == 0)
        config->memory_bytes = MEMORY_BYTES_DEFAULT;
    int result = fill_secret(config->secret, sizeof config->secret);
    if (result < 0)
        return result;
    if (config->memory_bytes > SIZE_MAX - PAGE_BYTES)
        return -RILL_ENOMEM;
    size_t bytes = PAGE_BYTES + config->memory_bytes;
    uint8_t *region = mmap(NULL, bytes, PROT_READ | PROT_WRITE, how | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region == MAP_FAILED)
        return -RILL_ENOMEM;
    ((struct mapping *)(void *)region)->bytes = bytes;
    config->memory = region + PAGE_BYTES;
    config->now = rill_clock();
    result = rill_stack_create(config, out);
    if (result < 0) {
        munmap(region, bytes);
        return result;
    }
    rill_assert((void *)*out == config->memory);
    return 0;
}

int rill_stack_open(struct rill_config *config, struct rill_stack **out)
{
    return open_stack(config, MAP_PRIVATE, out);
}

int rill_stack_open_shared(struct rill_config *config, struct rill_stack **out)
{
    return open_stack(config, MAP_SHARED, out);
}

void rill_stack_close(struct rill_stack *stack)
{
    if (stack == NULL)
        return;
    rill_stack_destroy(stack);
    uint8_t *region = (uint8_t *)stack - PAGE_BYTES;
    munmap(region, ((const struct mapping *)(const void *)region)->bytes);
}

/* ------------------------------------------------------------------ turn */

static bool receive_bursts(struct rill_stack *stack, struct rill_driver *driver, rill_time now)
{
    struct rill_packet packets[RX_BURST];
    bool moved = false;
    for (unsigned burst = 0; burst < RX_BURSTS_MAX; burst++) {
        unsigned count = driver->ops->rx_burst(driver, packets, RX_BURST, now);
        if (count == 0)
            return moved;
        rill_input(stack, driver->netif, packets, count, now);
        driver->ops->rx_done(driver, packets, count);
        moved = true;
        if (count < RX_BURST)
            return moved;
    }
    return moved;
}

static bool send_bursts(struct rill_stack *stack, struct rill_driver *driver, rill_time now)
{
    struct rill_train trains[TX_BURST];
    bool moved = false;
    for (unsigned burst = 0; burst < TX_BURSTS_MAX; burst++) {
        unsigned asked = min_u32(driver->ops->tx_room(driver), TX_BURST);
        unsigned count = asked == 0 ? 0 : rill_output(stack, driver->netif, trains, asked, now);
        if (count == 0)
            return moved;
        unsigned taken = driver->ops->tx_burst(driver, trains, count, now);
        rill_assert(taken == count); /* tx_room() promised it, and the stack has forgotten them */
        moved = true;
        if (count < asked)
            return moved;
    }
    return moved;
}

/*
 * Receiving comes last: what it makes the stack want to send leaves in the next turn, after the application has had
 * its events. An ACK then tells of the window that reading has opened, and carries the application's answer; sent at
 * once, it would close the window of a fast sender again and again.
 */
bool rill_turn(struct rill_stack *stack, struct rill_driver *const *drivers, unsigned count, rill_time now)
{
    bool moved = false;
    rill_poll(stack, now);
    for (unsigned i = 0; i < count; i++)
        moved |= send_bursts(stack, drivers[i], now);
    for (unsigned i = 0; i < count; i++)
        moved |= receive_bursts(stack, drivers[i], now);
    return moved;
}

/* ------------------------------------------------------------------ wait */

/* When the stack or a driver needs a turn at the latest; 0: now. Sets a driver's events in `fds`. */
static rill_time prepare_wait(struct rill_stack *stack, struct rill_driver *const *drivers, unsigned count,
                              struct pollfd *fds)
{
    rill_time deadline = rill_deadline(stack);
    for (unsigned i = 0; i < count; i++) {
        struct rill_driver *driver = drivers[i];
        bool full = driver->ops->tx_room(driver) == 0;
        fds[i] = (struct pollfd){
            .fd = driver->ops->descriptor(driver),
            .events = (short)(full ? POLLIN | POLLOUT : POLLIN),
        };
        deadline = min_u64(deadline, driver->ops->deadline(driver));
        if (!full && rill_wants_output(stack, driver->netif))
            deadline = 0;
    }
    return deadline;
}

int rill_wait(struct rill_stack *stack, struct rill_driver *const *drivers, unsigned count, struct pollfd *fds,
              unsigned fd_count, int timeout_ms)
{
    struct pollfd all[WAIT_DESCRIPTORS_MAX];
    if (count > WAIT_DESCRIPTORS_MAX || fd_count > WAIT_DESCRIPTORS_MAX - count)
        return -RILL_EINVAL;
    rill_time deadline = prepare_wait(stack, drivers, count, all);
    if (fd_count > 0)
        memcpy(all + count, fds, fd_count * sizeof *fds);

    rill_time now = rill_clock();
    rill_time left = deadline == RILL_NEVER ? RILL_NEVER : deadline - min_u64(deadline, now);
    if (timeout_ms >= 0)
        left = min_u64(left, (rill_time)timeout_ms * NANOS_PER_MS);
    struct timespec timeout = {.tv_sec = (time_t)(left / NANOS_PER_S), .tv_nsec = (long)(left % NANOS_PER_S)};
    int result = ppoll(all, count + fd_count, left == RILL_NEVER ? NULL : &timeout, NULL);
    if (result < 0 && errno != EINTR)
        return -errno;

    int ready = 0;
    for (unsigned i = 0; i < fd_count; i++) {
        fds[i].revents = result > 0 ? all[count + i].revents : 0;
        ready += fds[i].revents != 0;
    }
    return ready;
}
