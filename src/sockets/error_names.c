/*
 * Names of the errors that only the sockets calls return.
 */
#include "rill/sockets.h"

const char *rill_sock_error_name(int error)
{
    switch (error < 0 ? -error : error) {
    case RILL_EINTR:
        return "EINTR";
    case RILL_EFAULT:
        return "EFAULT";
    case RILL_EEXIST:
        return "EEXIST";
    case RILL_EMFILE:
        return "EMFILE";
    case RILL_ENOTTY:
        return "ENOTTY";
    case RILL_EDOM:
        return "EDOM";
    case RILL_ELOOP:
        return "ELOOP";
    case RILL_ENOTSOCK:
        return "ENOTSOCK";
    case RILL_ENODEV:
        return "ENODEV";
    case RILL_ENONET:
        return "ENONET";
    case RILL_EHOSTDOWN:
        return "EHOSTDOWN";
    case RILL_EDESTADDRREQ:
        return "EDESTADDRREQ";
    case RILL_EPROTOTYPE:
        return "EPROTOTYPE";
    case RILL_ENOPROTOOPT:
        return "ENOPROTOOPT";
    case RILL_EPROTONOSUPPORT:
        return "EPROTONOSUPPORT";
    case RILL_ESOCKTNOSUPPORT:
        return "ESOCKTNOSUPPORT";
    case RILL_EAFNOSUPPORT:
        return "EAFNOSUPPORT";
    default:
        return rill_error_name(error);
    }
}
