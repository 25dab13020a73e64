/*
 * Between Linux's socket addresses and the stack's endpoints.
 */
#include "sockets/address.h"

#include "base/types.h"

#define SOCKADDR_BYTES_MAX 128u /* Linux's struct sockaddr_storage */
#define SIN6_BYTES_MIN 24u      /* RFC 2133's, without the scope */

uint16_t rill_htons(uint16_t host_order)
{
    uint8_t bytes[2] = {(uint8_t)(host_order >> 8), (uint8_t)host_order};
    uint16_t out;

    memcpy(&out, bytes, 2);
    return out;
}

uint16_t rill_ntohs(uint16_t network_order)
{
    uint8_t bytes[2];

    memcpy(bytes, &network_order, 2);
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

struct rill_sockaddr_in rill_sockaddr4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port_host_order)
{
    return (struct rill_sockaddr_in){.family = RILL_AF_INET, .port = rill_htons(port_host_order), .addr = {a, b, c, d}};
}

uint16_t address_family(const void *addr)
{
    uint16_t family;

    memcpy(&family, addr, sizeof family);
    return family;
}

static int read4(const void *addr, uint32_t addr_bytes, struct rill_endpoint *out)
{
    struct rill_sockaddr_in in;

    if (addr_bytes < sizeof in)
        return -RILL_EINVAL;
    memcpy(&in, addr, sizeof in);
    if (in.family != RILL_AF_INET)
        return -RILL_EAFNOSUPPORT;
    out->addr = rill_addr4(in.addr[0], in.addr[1], in.addr[2], in.addr[3]);
    out->port = rill_ntohs(in.port);
    return 0;
}

static int read6(const void *addr, uint32_t addr_bytes, struct rill_endpoint *out)
{
    struct rill_sockaddr_in6 in6;

    if (addr_bytes < SIN6_BYTES_MIN)
        return -RILL_EINVAL;
    memcpy(&in6, addr, SIN6_BYTES_MIN);
    if (in6.family != RILL_AF_INET6)
        return -RILL_EAFNOSUPPORT;
    memcpy(out->addr.bytes, in6.addr, sizeof out->addr.bytes);
    out->port = rill_ntohs(in6.port);
    return 0;
}

int address_read(bool v6, const void *addr, uint32_t addr_bytes, struct rill_endpoint *out)
{
    int error;

    if (addr_bytes > SOCKADDR_BYTES_MAX)
        return -RILL_EINVAL;
    if (addr == NULL)
        return addr_bytes == 0 ? -RILL_EINVAL : -RILL_EFAULT;
    error = v6 ? read6(addr, addr_bytes, out) : read4(addr, addr_bytes, out);
    if (error == 0 && rill_addr_is_unspecified(&out->addr))
        memset(&out->addr, 0, sizeof out->addr);
    return error;
}

static void write_some(const void *from, uint32_t bytes, void *addr, uint32_t *addr_bytes)
{
    memcpy(addr, from, bytes < *addr_bytes ? bytes : *addr_bytes);
    *addr_bytes = bytes;
}

void address_write(bool v6, const struct rill_endpoint *endpoint, void *addr, uint32_t *addr_bytes)
{
    if (addr == NULL || addr_bytes == NULL)
        return;
    if (v6) {
        struct rill_sockaddr_in6 in6 = {.family = RILL_AF_INET6, .port = rill_htons(endpoint->port)};

        memcpy(in6.addr, endpoint->addr.bytes, sizeof in6.addr);
        write_some(&in6, sizeof in6, addr, addr_bytes);
    } else {
        struct rill_sockaddr_in in = {.family = RILL_AF_INET, .port = rill_htons(endpoint->port)};

        memcpy(in.addr, endpoint->addr.bytes + 12, sizeof in.addr);
        write_some(&in, sizeof in, addr, addr_bytes);
    }
}
