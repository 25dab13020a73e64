/*
 * Making and configuring a TUN device by ioctl: works without root for a device
 * that was made for this user, as long as nothing has to be changed about it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/if_tun.h>
#include <linux/ipv6.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/types.h"
#include "drivers/tun_device.h"
#include "wire/vnet.h"

#define MTU_DEFAULT 1500u
#define MTU_MIN 576u

static struct ifreq request_for(const char name[16])
{
    struct ifreq request;
    memset(&request, 0, sizeof request);
    memcpy(request.ifr_name, name, IFNAMSIZ);
    request.ifr_name[IFNAMSIZ - 1] = '\0';
    return request;
}

static int control(int fd, unsigned long command, void *argument)
{
    return ioctl(fd, command, argument) < 0 ? -errno : 0;
}

/* The device itself, with virtio-net headers of our shape. */
static int attach_queue(int fd, struct rill_tun_config *config)
{
    struct ifreq request = request_for(config->name);
    int header_bytes = VNET_HEADER_BYTES;
    int little_endian = 1;
    unsigned long offloads = config->offload ? TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN : 0;
    request.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
    int result = control(fd, TUNSETIFF, &request);
    if (result < 0)
        return result;
    memcpy(config->name, request.ifr_name, sizeof config->name);
    if ((result = control(fd, TUNSETVNETHDRSZ, &header_bytes)) < 0 ||
        (result = control(fd, TUNSETVNETLE, &little_endian)) < 0)
        return result;
    return ioctl(fd, TUNSETOFFLOAD, offloads) < 0 ? -errno : 0;
}

static int set_mtu(int control_fd, struct rill_tun_config *config)
{
    struct ifreq request = request_for(config->name);
    if (config->mtu == 0)
        config->mtu = MTU_DEFAULT;
    if (config->mtu < MTU_MIN)
        return -EINVAL;
    int result = control(control_fd, SIOCGIFMTU, &request);
    if (result < 0 || request.ifr_mtu == config->mtu)
        return result;
    request.ifr_mtu = config->mtu;
    return control(control_fd, SIOCSIFMTU, &request);
}

static bool is_link_local6(const struct sockaddr *address)
{
    const struct sockaddr_in6 *address6 = (const struct sockaddr_in6 *)(const void *)address;
    return IN6_IS_ADDR_LINKLOCAL(&address6->sin6_addr);
}

/* 1 when the device has an address of the family (link-local ones, which IPv6 makes by itself, do not count), 0, -errno. */
static int has_address(const char *name, int family)
{
    struct ifaddrs *all;
    int found = 0;
    if (getifaddrs(&all) < 0)
        return -errno;
    for (const struct ifaddrs *each = all; each != NULL; each = each->ifa_next) {
        if (each->ifa_addr == NULL || each->ifa_addr->sa_family != family || strcmp(each->ifa_name, name) != 0)
            continue;
        found |= family != AF_INET6 || !is_link_local6(each->ifa_addr);
    }
    freeifaddrs(all);
    return found;
}

static void put_address4(struct ifreq *request, uint32_t address)
{
    struct sockaddr_in socket_address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};
    memcpy(&request->ifr_addr, &socket_address, sizeof socket_address);
}

static int set_address4(int control_fd, const struct rill_tun_config *config)
{
    const uint8_t *bytes = config->kernel_addr.bytes + 12;
    uint32_t address = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
    uint32_t mask = config->prefix_bits == 0 ? 0 : UINT32_MAX << (32 - config->prefix_bits);
    struct ifreq request = request_for(config->name);
    put_address4(&request, address);
    int result = control(control_fd, SIOCSIFADDR, &request);
    if (result < 0)
        return result;
    put_address4(&request, mask);
    return control(control_fd, SIOCSIFNETMASK, &request);
}

static int set_address6(const struct rill_tun_config *config)
{
    struct in6_ifreq request = {.ifr6_prefixlen = config->prefix_bits,
                                .ifr6_ifindex = (int)if_nametoindex(config->name)};
    memcpy(&request.ifr6_addr, config->kernel_addr.bytes, sizeof request.ifr6_addr);
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int result = control(fd, SIOCSIFADDR, &request);
    close(fd);
    return result;
}

static int bring_up(int control_fd, const struct rill_tun_config *config)
{
    struct ifreq request = request_for(config->name);
    int result = control(control_fd, SIOCGIFFLAGS, &request);
    if (result < 0 || (request.ifr_flags & IFF_UP) != 0)
        return result;
    request.ifr_flags = (short)(request.ifr_flags | IFF_UP);
    return control(control_fd, SIOCSIFFLAGS, &request);
}

static int configure(int control_fd, struct rill_tun_config *config)
{
    int result = set_mtu(control_fd, config);
    if (result < 0 || rill_addr_is_unspecified(&config->kernel_addr))
        return result;
    bool is_v4 = rill_addr_is_v4(&config->kernel_addr);
    if (config->prefix_bits > (is_v4 ? 32 : 128))
        return -EINVAL;
    result = has_address(config->name, is_v4 ? AF_INET : AF_INET6);
    if (result == 0)
        result = is_v4 ? set_address4(control_fd, config) : set_address6(config);
    return result < 0 ? result : bring_up(control_fd, config);
}

int tun_device_open(struct rill_tun_config *config)
{
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int control_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int result = control_fd < 0 ? -errno : attach_queue(fd, config);
    if (result == 0)
        result = configure(control_fd, config);
    if (control_fd >= 0)
        close(control_fd);
    if (result < 0) {
        close(fd);
        return result;
    }
    return fd;
}
