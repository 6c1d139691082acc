/* Sends ready-made HTTP/1.1 requests over keep-alive connections and measures how long each answer takes.
 *
 *     cc -O2 -o loadgen loadgen.c
 *     loadgen -p PORT [-c CONNECTIONS] [-s SECONDS] [-w WARM_UP_SECONDS] [-r REQUESTS_PER_SECOND] FILE
 *
 * FILE holds whole requests, one after another, each with a Content-Length; each is sent at most once.
 * A connection has one request outstanding. Without -r it sends the next as soon as an answer is there
 * (closed loop); with -r requests fall due at an even pace, and a time counts from when one fell due, so
 * that a server that stalls cannot hide the requests it kept from being sent.
 * Without -s the file is sent to its end. Only loopback. One line of JSON on standard output.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MOST_CONNECTIONS = 4096, ANSWER_BYTES = 16384, EVENTS = 256 };
static const double PATIENCE = 10; /* seconds for answers that are outstanding at the end */

struct request { const char *bytes; uint32_t length; };

struct connection {
    int fd;
    bool waiting;              /* for an answer */
    const struct request *sent;
    uint32_t written;          /* bytes of the request that are on their way */
    double due;                /* when the request's time began */
    uint32_t have;             /* bytes of the answer */
    char answer[ANSWER_BYTES + 1];
};

static struct request *requests;
static uint32_t request_count, next_request;
static struct connection *connections;
static uint32_t *micros, answered; /* of requests that fell due after the warm-up */
static uint64_t ok, refused, lost;
static int port, epoll_fd, outstanding;
static double rate, started, measure_from, stop_at, last_answer;

static void die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("loadgen: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(2);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static double cpu_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

/* Return the value of a header line in a head that ends with an empty line, or NULL. */
static const char *header(const char *head, size_t length, const char *name) {
    size_t name_length = strlen(name);
    const char *end = head + length;
    for (const char *line = head; line && line < end; line = memmem(line, end - line, "\r\n", 2)) {
        if (line != head) line += 2;
        if ((size_t)(end - line) > name_length && !strncasecmp(line, name, name_length) && line[name_length] == ':')
            return line + name_length + 1;
    }
    return NULL;
}

static void read_requests(const char *path) {
    int fd = open(path, O_RDONLY);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) < 0) die("%s: %s", path, strerror(errno));
    const char *at = mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (at == MAP_FAILED) die("%s: %s", path, strerror(errno));
    const char *end = at + status.st_size;
    uint32_t room = 0;
    while (at < end) {
        const char *head_end = memmem(at, end - at, "\r\n\r\n", 4);
        const char *announced = head_end ? header(at, head_end - at + 2, "Content-Length") : NULL;
        if (!announced) die("request %u has no end or no Content-Length", request_count);
        uint32_t length = (head_end + 4 - at) + strtoul(announced, NULL, 10);
        if (at + length > end) die("request %u is cut off", request_count);
        if (request_count == room)
            requests = realloc(requests, (room = room ? 2 * room : 1024) * sizeof *requests);
        requests[request_count++] = (struct request){at, length};
        at += length;
    }
    micros = malloc((request_count + 1) * sizeof *micros);
}

static void dial(struct connection *c) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int one = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address) < 0)
        die("cannot connect to port %d: %s", port, strerror(errno));
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &event);
}

static void redial(struct connection *c) {
    close(c->fd);
    if (c->waiting) outstanding--;
    c->waiting = false;
    dial(c);
}

static void listen_for(struct connection *c, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = c};
    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &event);
}

static void push(struct connection *c) {
    while (c->written < c->sent->length) {
        ssize_t n = send(c->fd, c->sent->bytes + c->written, c->sent->length - c->written, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            listen_for(c, EPOLLIN | EPOLLOUT);
            return;
        }
        if (n < 0) {
            lost++;
            redial(c);
            return;
        }
        c->written += n;
    }
}

static double due_at(uint32_t index, double otherwise) {
    return rate > 0 ? started + index / rate : otherwise;
}

/* Send the next request if there is one, and if it is due. */
static bool begin(struct connection *c, double at) {
    double due = due_at(next_request, at);
    if (next_request == request_count || due > at || at >= stop_at) return false;
    c->sent = &requests[next_request++];
    c->due = due;
    c->written = c->have = 0;
    c->waiting = true;
    outstanding++;
    push(c);
    return true;
}

/* Return the status of a whole answer, 0 while some is missing. */
static int whole(struct connection *c, bool *closing) {
    const char *head_end = memmem(c->answer, c->have, "\r\n\r\n", 4);
    if (!head_end) return 0;
    size_t head = head_end - c->answer + 2;
    const char *announced = header(c->answer, head, "Content-Length");
    if (!announced) die("an answer has no Content-Length");
    if (c->have < head + 2 + strtoul(announced, NULL, 10)) return 0;
    const char *connection = header(c->answer, head, "Connection");
    *closing = connection && !strncasecmp(connection + strspn(connection, " "), "close", 5);
    return atoi(c->answer + sizeof "HTTP/1.1");
}

static void take(struct connection *c) {
    ssize_t n = recv(c->fd, c->answer + c->have, ANSWER_BYTES - c->have, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
        lost += c->waiting;
        redial(c);
        return;
    }
    c->have += n;
    c->answer[c->have] = 0;
    bool closing = false;
    int status = whole(c, &closing);
    if (!status) {
        if (c->have == ANSWER_BYTES) die("an answer is longer than %d bytes", ANSWER_BYTES);
        return;
    }
    double at = now();
    outstanding--;
    c->waiting = false;
    if (c->due >= measure_from) {
        last_answer = at;
        micros[answered++] = (uint32_t)((at - c->due) * 1e6);
        if (status < 300) ok++; else refused++;
    }
    if (closing) redial(c);
}

static void run(int count) {
    connections = calloc(count, sizeof *connections);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < count; i++) dial(&connections[i]);
    started = now();
    measure_from += started;
    stop_at += started;
    struct epoll_event events[EVENTS];
    double over_since = 0;
    for (;;) {
        double at = now();
        if (rate > 0 || next_request == 0)
            for (int i = 0; i < count; i++)
                if (!connections[i].waiting && !begin(&connections[i], at)) break;
        if (at >= stop_at || next_request == request_count) {
            if (!over_since) over_since = at;
            if (outstanding == 0 || at > over_since + PATIENCE) return;
        }
        int ready = epoll_wait(epoll_fd, events, EVENTS, rate > 0 ? 1 : 50);
        for (int i = 0; i < ready; i++) {
            struct connection *c = events[i].data.ptr;
            if (events[i].events & EPOLLOUT) {
                listen_for(c, EPOLLIN);
                push(c);
            }
            if (events[i].events & ~EPOLLOUT) take(c);
            if (!c->waiting) begin(c, now());
        }
    }
}

static int ascending(const void *one, const void *other) {
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
    return (a > b) - (a < b);
}

static double milliseconds(double share) {
    return answered ? micros[(uint32_t)(share * (answered - 1))] / 1000.0 : 0;
}

int main(int count, char **arguments) {
    int connection_count = 64;
    double seconds = INFINITY;
    for (int option; (option = getopt(count, arguments, "p:c:s:w:r:")) != -1;)
        switch (option) {
            case 'p': port = atoi(optarg); break;
            case 'c': connection_count = atoi(optarg); break;
            case 's': seconds = atof(optarg); break;
            case 'w': measure_from = atof(optarg); break;
            case 'r': rate = atof(optarg); break;
            default: return 2;
        }
    if (!port || optind != count - 1 || connection_count < 1 || connection_count > MOST_CONNECTIONS)
        die("usage: loadgen -p PORT [-c CONNECTIONS] [-s SECONDS] [-w WARM_UP] [-r PER_SECOND] FILE");
    stop_at = measure_from + seconds;
    read_requests(arguments[optind]);
    run(connection_count);
    qsort(micros, answered, sizeof *micros, ascending);
    double span = answered ? last_answer - measure_from : 0;
    printf("{\"answered\": %u, \"seconds\": %.3f, \"per_second\": %.1f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, "
           "\"p999_ms\": %.3f, \"max_ms\": %.3f, \"ok\": %lu, \"refused\": %lu, \"lost\": %lu, \"sent\": %u, "
           "\"ran_out\": %s, \"cpu\": %.2f}\n",
           answered, span, span > 0 ? answered / span : 0, milliseconds(0.5), milliseconds(0.99), milliseconds(0.999),
           milliseconds(1), ok, refused, lost, next_request, next_request == request_count ? "true" : "false",
           cpu_seconds() / (now() - started));
    return 0;
}
