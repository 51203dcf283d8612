// A link to a server on this machine that is as long and as narrow as told: what netem and tbf do, for machines whose
// kernel has no netem.
//
// Usage: link PORT TO-PORT ROUND-TRIP-MS BYTES-PER-SECOND
// Listens on PORT of 127.0.0.1 and says "ready" on standard output. BYTES-PER-SECOND is that of each direction, for all
// connections together; 0 is no limit. A connection's first byte comes a round trip later, as after a handshake. What
// one connection has on its way in one direction is at most half of what Linux takes for a connection's window at most
// (6 MiB): the other half of the round trip is the acknowledgement's. There is no loss and no slow start.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 64 << 10, WINDOW = 3 << 20, MOST_PAIRS = 1024 };
// What waits at the mouth of the link before its readers are held up, as time at the link's rate.
static const int64_t QUEUE = 10000000;

// Nanoseconds of the monotonic clock.
static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

struct chunk {
    struct chunk *next;
    int64_t due;           // when its last byte arrives
    ssize_t count, sent;   // count is 0 for the end of the stream
    char bytes[];
};

// One direction of one connection.
struct way {
    int from, to, isEnded, isBlocked, isDone;
    ssize_t held;
    struct chunk *first, *last;
};

// The two directions of all connections: 0 to the server, 1 back.
struct pair {
    struct way ways[2];
    int64_t opened;
};

static struct pair *pairs[MOST_PAIRS];
static int count;
static int64_t oneWay, rate, freeAt[2];

static int socketOn(int port, int isServer) {
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
    if (made < 0) return -1;
    setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    int result = isServer ? bind(made, (struct sockaddr *)&place, sizeof place) || listen(made, 512)
                          : connect(made, (struct sockaddr *)&place, sizeof place);
    if (result == 0) return made;
    close(made);
    return -1;
}

static void prepare(int socket) {
    int yes = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    fcntl(socket, F_SETFL, O_NONBLOCK);
}

static void take(int listener, int port) {
    int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (client < 0) return;
    int server = count < MOST_PAIRS ? socketOn(port, 0) : -1;
    struct pair *pair = server < 0 ? NULL : calloc(1, sizeof *pair);
    if (!pair) {
        close(client);
        if (server >= 0) close(server);
        return;
    }
    prepare(client);
    prepare(server);
    pair->ways[0] = (struct way){.from = client, .to = server};
    pair->ways[1] = (struct way){.from = server, .to = client};
    pair->opened = now() + 2 * oneWay;
    pairs[count++] = pair;
}

// Whether more may be put on the way.
static int isOpen(struct way *way, int direction, int64_t time) {
    return !way->isEnded && way->held < WINDOW && freeAt[direction] - time < QUEUE;
}

// Returns 0 where the connection broke.
static int receive(struct pair *pair, int direction, int64_t time) {
    struct way *way = &pair->ways[direction];
    struct chunk *chunk = malloc(sizeof *chunk + CHUNK);
    if (!chunk) return 0;
    ssize_t got = recv(way->from, chunk->bytes, CHUNK, 0);
    if (got < 0) {
        free(chunk);
        return errno == EAGAIN || errno == EINTR;
    }
    int64_t begun = freeAt[direction] > time ? freeAt[direction] : time;
    if (rate > 0) freeAt[direction] = begun + got * 1000000000LL / rate;
    int64_t left = rate > 0 ? freeAt[direction] : begun;
    chunk->due = (left > pair->opened ? left : pair->opened) + oneWay;
    chunk->count = got;
    chunk->sent = 0;
    chunk->next = NULL;
    if (way->last) way->last->next = chunk;
    else way->first = chunk;
    way->last = chunk;
    way->held += got;
    way->isEnded = got == 0;
    return 1;
}

// Hands over what has arrived. Returns 0 where the connection broke.
static int deliver(struct way *way, int64_t time) {
    way->isBlocked = 0;
    for (struct chunk *chunk; (chunk = way->first) && chunk->due <= time;) {
        if (chunk->count == 0) {
            shutdown(way->to, SHUT_WR);
            way->isDone = 1;
        } else {
            ssize_t sent = send(way->to, chunk->bytes + chunk->sent, (size_t)(chunk->count - chunk->sent), MSG_NOSIGNAL);
            if (sent < 0) {
                way->isBlocked = errno == EAGAIN;
                return errno == EAGAIN || errno == EINTR;
            }
            chunk->sent += sent;
            way->held -= sent;
            if (chunk->sent < chunk->count) continue;
        }
        if (!(way->first = chunk->next)) way->last = NULL;
        free(chunk);
    }
    return 1;
}

static void drop(int number) {
    struct pair *pair = pairs[number];
    for (int direction = 0; direction < 2; direction++) {
        for (struct chunk *chunk = pair->ways[direction].first, *next; chunk; chunk = next) {
            next = chunk->next;
            free(chunk);
        }
        close(pair->ways[direction].from);
    }
    free(pair);
    pairs[number] = pairs[--count];
}

int main(int argumentCount, char **arguments) {
    if (argumentCount != 5) return 2;
    signal(SIGPIPE, SIG_IGN);
    oneWay = (int64_t)(atof(arguments[3]) * 1e6 / 2);
    rate = atoll(arguments[4]);
    int listener = socketOn(atoi(arguments[1]), 1);
    if (listener < 0) return perror("link"), 1;
    puts("ready");
    fflush(stdout);
    static struct pollfd polled[1 + 2 * MOST_PAIRS];
    for (;;) {
        int64_t time = now(), wake = time + 1000000000LL;
        polled[0] = (struct pollfd){.fd = listener, .events = POLLIN};
        for (int number = 0; number < count; number++) {
            for (int direction = 0; direction < 2; direction++) {
                struct way *way = &pairs[number]->ways[direction];
                struct way *back = &pairs[number]->ways[!direction];
                short events = (short)((isOpen(way, direction, time) ? POLLIN : 0) | (back->isBlocked ? POLLOUT : 0));
                // A negative descriptor is not looked at: a closed one would wake poll for nothing.
                polled[1 + 2 * number + direction] = (struct pollfd){.fd = events ? way->from : -1, .events = events};
                if (way->first && !way->isBlocked && way->first->due < wake) wake = way->first->due;
                if (!way->isEnded && way->held < WINDOW && freeAt[direction] - time >= QUEUE
                    && freeAt[direction] - QUEUE < wake) wake = freeAt[direction] - QUEUE + 1;
            }
        }
        int64_t wait = wake > time ? wake - time : 0;
        struct timespec pause = {wait / 1000000000LL, wait % 1000000000LL};
        int known = count;
        if (ppoll(polled, (nfds_t)(1 + 2 * known), &pause, NULL) < 0 && errno != EINTR) return perror("link"), 1;
        // From the last, as dropping one moves the last into its place.
        for (int number = known - 1; number >= 0; number--) {
            int isAlive = 1;
            for (int direction = 0; direction < 2 && isAlive; direction++) {
                struct way *way = &pairs[number]->ways[direction];
                time = now();
                if (polled[1 + 2 * number + direction].revents && isOpen(way, direction, time))
                    isAlive = receive(pairs[number], direction, time);
                isAlive = isAlive && deliver(way, time);
            }
            if (!isAlive || (pairs[number]->ways[0].isDone && pairs[number]->ways[1].isDone)) drop(number);
        }
        if (polled[0].revents) take(listener, atoi(arguments[2]));
    }
}
