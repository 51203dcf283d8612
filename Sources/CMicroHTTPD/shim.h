#pragma once
#include <microhttpd.h>
#include <string.h>
#include <sys/socket.h>

// libmicrohttpd takes its options as variadic arguments, which Swift cannot pass; these functions type the calls.

// The functions that a daemon calls, all with the same `context`.
struct cmhd_callbacks {
    void *context;
    // Called once per request with the target as it stood in the request line; the result becomes *con_cls.
    void *(*target)(void *context, const char *uri, struct MHD_Connection *connection);
    // Called with the headers read, then for each piece of the body, then once more at its end.
    MHD_AccessHandlerCallback access;
    // Called once for each call of `target`, also where the client left early.
    MHD_RequestCompletedCallback completed;
};

// Decodes nothing: libmicrohttpd's own decoding would end a target at %00 and hide how it was written.
static size_t cmhd_keep_escapes(void *context, struct MHD_Connection *connection, char *text) {
    (void)context;
    (void)connection;
    return strlen(text);
}

// Starts a daemon bound to `address`, or answers NULL. The callbacks are copied; `key` and `certificate` are PEM texts
// that must outlive the daemon, or both NULL for plain HTTP.
static inline struct MHD_Daemon *cmhd_start(unsigned int flags, const struct sockaddr *address,
                                            unsigned int connections, size_t memory_per_connection,
                                            const struct cmhd_callbacks *callbacks, const char *key,
                                            const char *certificate) {
    struct MHD_OptionItem tls[] = {
        {key ? MHD_OPTION_HTTPS_MEM_KEY : MHD_OPTION_END, 0, (void *)key},
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)certificate},
        {MHD_OPTION_END, 0, NULL},
    };
    return MHD_start_daemon(flags, 0, NULL, NULL, callbacks->access, callbacks->context,
                            MHD_OPTION_SOCK_ADDR, address,
                            MHD_OPTION_CONNECTION_LIMIT, connections,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory_per_connection,
                            MHD_OPTION_URI_LOG_CALLBACK, callbacks->target, callbacks->context,
                            MHD_OPTION_UNESCAPE_CALLBACK, cmhd_keep_escapes, NULL,
                            MHD_OPTION_NOTIFY_COMPLETED, callbacks->completed, callbacks->context,
                            MHD_OPTION_ARRAY, tls,
                            MHD_OPTION_END);
}

// The port that the daemon listens on, or 0.
static inline unsigned short cmhd_port(struct MHD_Daemon *daemon) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info ? info->port : 0;
}

// The connection's socket, which stays libmicrohttpd's, or -1.
static inline int cmhd_socket(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}
