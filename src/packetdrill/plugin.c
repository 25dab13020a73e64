/*
 * Making and freeing the plug-in: the stack, its memory, its interface, its
 * table of descriptors. See plugin.h.
 */
#include "packetdrill/plugin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define STACK_BYTES (32u << 20)

static void *take_memory(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return memory == MAP_FAILED ? NULL : memory;
}

static int open_stack(struct plugin *plugin)
{
    struct rill_config *config = &plugin->settings.config;
    int error;

    plugin->memory = take_memory(STACK_BYTES);
    if (plugin->memory == NULL)
        return -RILL_ENOMEM;
    config->memory = plugin->memory;
    config->memory_bytes = STACK_BYTES;
    config->now = 0;
    error = rill_stack_create(config, &plugin->stack);
    return error != 0 ? error : rill_netif_add(plugin->stack, &plugin->settings.netif, &plugin->netif);
}

static int open_sockets(struct plugin *plugin)
{
    struct rill_sockets_config config;

    rill_sockets_config_default(&config);
    config.stack = plugin->stack;
    config.first_descriptor = PLUGIN_FIRST_DESCRIPTOR;
    config.max_descriptors = PLUGIN_DESCRIPTORS + PLUGIN_PINS;
    config.wait = plugin_wait;
    config.context = plugin;
    config.memory_bytes = plugin->sockets_bytes = rill_sockets_bytes(&config);
    config.memory = plugin->sockets_memory = take_memory(config.memory_bytes);
    return config.memory == NULL ? -RILL_ENOMEM : rill_sockets_create(&config, &plugin->sockets);
}

static void destroy(struct plugin *plugin)
{
    plugin_drop_packets(plugin);
    if (plugin->stack != NULL)
        rill_stack_destroy(plugin->stack);
    if (plugin->sockets_memory != NULL)
        munmap(plugin->sockets_memory, plugin->sockets_bytes);
    if (plugin->memory != NULL)
        munmap(plugin->memory, STACK_BYTES);
    pthread_cond_destroy(&plugin->look);
    pthread_cond_destroy(&plugin->quiet);
    pthread_mutex_destroy(&plugin->lock);
    free(plugin);
}

static void interface_free(void *userdata)
{
    struct plugin *plugin = userdata;

    if (plugin == NULL)
        return;
    plugin_close(plugin);
    destroy(plugin);
}

static void open_locks(struct plugin *plugin)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&plugin->lock, NULL);
    pthread_cond_init(&plugin->look, &monotonic);
    pthread_cond_init(&plugin->quiet, &monotonic);
    pthread_condattr_destroy(&monotonic);
    plugin->driver = pthread_self();
}

static int refuse(const char *why)
{
    fprintf(stderr, "librill_packetdrill: %s\n", why);
    errno = EINVAL;
    return -1;
}

__attribute__((visibility("default"))) int packetdrill_interface_init(const char *flags,
                                                                      struct packetdrill_interface *iface)
{
    char complaint[512] = "";
    struct plugin *plugin;
    int error;

    memset(iface, 0, sizeof *iface);
    plugin = calloc(1, sizeof *plugin);
    if (plugin == NULL)
        return refuse("no memory");
    open_locks(plugin);
    plugin->last = &plugin->first;
    if (!flags_parse(flags, &plugin->settings, complaint, sizeof complaint)) {
        destroy(plugin);
        return refuse(complaint);
    }
    error = open_stack(plugin);
    if (error == 0)
        error = open_sockets(plugin);
    if (error != 0) {
        snprintf(complaint, sizeof complaint, "the stack cannot be made so: %s", rill_sock_error_name(error));
        destroy(plugin);
        return refuse(complaint);
    }
    iface->userdata = plugin;
    iface->free = interface_free;
    calls_fill(iface);
    return 0;
}
