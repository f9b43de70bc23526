/*
 * The load generator of the benchmarks: one thread on epoll, compiled when they run. A client in
 * TypeScript would take more processor time than the servers that it measures.
 *
 *   load_generator exchange PORT PID CONNECTIONS SIZE AHEAD SECONDS
 *       Keeps AHEAD messages of SIZE bytes in flight on each connection.
 *   load_generator rate PORT PID CONNECTIONS SIZE RATE SECONDS
 *       Sends RATE messages per second, in turns on all connections, at times that do not depend on
 *       the answers. A latency is counted from the time at which a message is due, so that an
 *       answer that is late also counts for the messages that wait for it.
 *   load_generator greet PORT PID CONNECTIONS SECONDS
 *       Connects and reads until the server closes, again and again, on each connection.
 *   load_generator hold PORT
 *       For each number on standard input, opens that many connections more, and prints how many
 *       there are. Holds them until standard input ends.
 *
 * The first three print one line of JSON: the units (messages or connections) per second and the
 * processor time of the process PID per unit, in microseconds. Both are measured after a warm-up.
 * "rate" adds the percentiles of the latency, in microseconds.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* The part of the measured time that comes before it as a warm-up. */
#define WARM_UP 0.25
/* How long a load waits for answers after the measured time, in seconds. */
#define PATIENCE 5.0
/* The measured time is longer if the server has done less than this, on a machine that is busy. */
#define LEAST_UNITS 100
/* After so many new connections, an echo shows that the server has accepted them all: the queue of
 * a listening socket is short. */
#define ACCEPTED_AT_ONCE 100
#define MAX_EVENTS 1024

typedef struct {
  int fd;
  uint64_t owed;     /* bytes that may be sent now, in total */
  uint64_t sent;     /* bytes that were sent */
  uint64_t received; /* bytes that came back */
  int is_connecting;
} connection;

static int port;
static int epoll;
static char input[1 << 18];
static char *message;
static size_t size;

static void fail(const char *what) {
  fprintf(stderr, "load_generator: %s: %s\n", what, errno ? strerror(errno) : "unexpected");
  exit(1);
}

static double seconds_of(clockid_t clock) {
  struct timespec t;
  if (clock_gettime(clock, &t)) fail("clock_gettime");
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static double now(void) { return seconds_of(CLOCK_MONOTONIC); }

static void watch(connection *c) {
  /* Edge-triggered: one call per connection, whatever it waits for later. */
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event)) fail("epoll_ctl");
}

static int dial(int flags) {
  int fd = socket(AF_INET, SOCK_STREAM | flags, 0), on = 1;
  if (fd < 0) fail("socket");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, (void *)&to, sizeof to) && errno != EINPROGRESS) fail("connect");
  return fd;
}

/* Exchanges one byte on a blocking socket. */
static void echo_once(int fd) {
  char byte = 'x';
  if (send(fd, &byte, 1, MSG_NOSIGNAL) != 1 || recv(fd, &byte, 1, 0) != 1) fail("first echo");
}

/* Opens connections one after another. The last one has exchanged a byte. */
static void open_all(int *fds, int count) {
  for (int i = 0; i < count; i++) {
    fds[i] = dial(0);
    if ((i + 1) % ACCEPTED_AT_ONCE == 0 || i + 1 == count) echo_once(fds[i]);
  }
}

static connection *connect_all(int count) {
  connection *all = calloc(count, sizeof *all);
  int *fds = malloc(count * sizeof *fds);
  open_all(fds, count);
  for (int i = 0; i < count; i++) {
    all[i].fd = fds[i];
    watch(&all[i]);
  }
  free(fds);
  return all;
}

/* Sends what is owed, as far as the socket accepts it. */
static void flush(connection *c) {
  while (c->sent < c->owed) {
    size_t length = c->owed - c->sent < size ? c->owed - c->sent : size;
    ssize_t n = send(c->fd, message, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) return;
    if (n < 0) fail("send");
    c->sent += n;
  }
}

/* Receives what is there. A short read means that there is no more, see epoll(7). */
static void drain(connection *c) {
  for (ssize_t n = sizeof input; n == sizeof input;) {
    n = recv(c->fd, input, sizeof input, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) return;
    if (n < 0) fail("recv");
    errno = 0;
    if (n == 0) fail("the server closed a connection");
    c->received += n;
  }
}

/* The units and the times of the server between the end of the warm-up and the end. */
typedef struct {
  clockid_t server;
  double seconds, start, end; /* of the measured time */
  double cpu, last;
  uint64_t units;
  int has_begun;
} window;

static window window_of(const char *pid, double seconds) {
  window w = {.seconds = seconds, .start = now() + seconds * WARM_UP};
  if (clock_getcpuclockid(atoi(pid), &w.server)) fail("the processor clock of the server");
  return w;
}

/* Reports whether the time continues, and counts from the end of the warm-up. */
static int continues(window *w) {
  w->last = now();
  if (!w->has_begun && w->last >= w->start) {
    w->has_begun = 1;
    w->start = w->last;
    w->end = w->start + w->seconds;
    w->cpu = seconds_of(w->server);
    w->units = 0;
  }
  if (!w->has_begun) return 1;
  return w->last < w->end || (w->units < LEAST_UNITS && w->last < w->end + PATIENCE);
}

static void report(window *w) {
  double cpu = seconds_of(w->server) - w->cpu;
  errno = 0;
  if (w->units == 0) fail("the server has done nothing");
  printf("{\"perSecond\": %.1f, \"cpu\": %.4f", w->units / (w->last - w->start), cpu / w->units * 1e6);
}

/* Waits for the answers that are still to come, so that no server is reset. */
static void finish(connection *all, int count) {
  struct epoll_event events[MAX_EVENTS];
  double end = now() + PATIENCE;
  for (int i = 0; i < count && now() < end;) {
    if (all[i].received == all[i].owed) {
      i++;
      continue;
    }
    int n = epoll_wait(epoll, events, MAX_EVENTS, 100);
    for (int k = 0; k < n; k++) {
      drain(events[k].data.ptr);
      flush(events[k].data.ptr);
    }
  }
}

static void exchange(char **args) {
  int count = atoi(args[0]);
  uint64_t ahead = (uint64_t)atoi(args[2]) * size;
  connection *all = connect_all(count);
  window w = window_of(args[-1], atof(args[3]));
  /* The first byte of some connections was an echo of its own; it is not counted here. */
  for (int i = 0; i < count; i++) {
    all[i].owed = ahead;
    flush(&all[i]);
  }
  struct epoll_event events[MAX_EVENTS];
  while (continues(&w)) {
    int n = epoll_wait(epoll, events, MAX_EVENTS, 100);
    for (int i = 0; i < n; i++) {
      connection *c = events[i].data.ptr;
      uint64_t before = c->received / size;
      drain(c);
      w.units += c->received / size - before;
      c->owed = c->received / size * size + ahead;
      flush(c);
    }
  }
  report(&w);
  printf("}\n");
  finish(all, count);
}

static int ascending(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

/* The messages of "rate": message number i is due at start + i / per_second. */
typedef struct {
  connection *all;
  int count;
  double start, per_second;
  uint64_t due, answered;
  float *latencies; /* of those that are due in the measured time */
  uint64_t measured;
} schedule;

/* Receives answers, and keeps their latencies. The k-th answer on connection c is that to message
 * k * count + c. */
static void take_answers(schedule *s, connection *c, const window *w) {
  uint64_t k = c->received / size;
  drain(c);
  double time = now();
  for (; k < c->received / size; k++) {
    double due = s->start + (k * s->count + (c - s->all)) / s->per_second;
    s->answered++;
    if (due >= w->start && due < w->end) s->latencies[s->measured++] = (time - due) * 1e6;
  }
}

/* Sends the messages that are due. */
static void send_due(schedule *s, double time) {
  for (; s->start + s->due / s->per_second <= time; s->due++) {
    connection *c = &s->all[s->due % s->count];
    c->owed += size;
    flush(c);
  }
}

static void at_rate(char **args) {
  double seconds = atof(args[3]);
  schedule s = {.count = atoi(args[0]), .per_second = atof(args[2])};
  s.all = connect_all(s.count);
  s.latencies = malloc((size_t)(s.per_second * seconds + 2) * sizeof(float));
  window w = window_of(args[-1], seconds);
  s.start = now();
  struct epoll_event events[MAX_EVENTS];
  uint64_t before = 0;
  for (int is_open = 1; is_open || (s.answered < s.due && now() < w.last + PATIENCE);) {
    if (is_open) {
      if (!w.has_begun) before = s.answered;
      w.units = s.answered - before;
      is_open = continues(&w);
      if (is_open) send_due(&s, now());
      else report(&w);
    }
    /* No wait: a timer of the system would be late. */
    int n = epoll_wait(epoll, events, MAX_EVENTS, 0);
    for (int i = 0; i < n; i++) {
      connection *c = events[i].data.ptr;
      take_answers(&s, c, &w);
      flush(c);
    }
  }
  errno = 0;
  if (s.answered < s.due) fail("the server has left messages unanswered");
  qsort(s.latencies, s.measured, sizeof(float), ascending);
  const double parts[] = {0.5, 0.99, 0.999};
  const char *names[] = {"p50", "p99", "p999"};
  for (int i = 0; i < 3; i++) {
    printf(", \"%s\": %.1f", names[i], s.latencies[(uint64_t)(parts[i] * s.measured)]);
  }
  printf(", \"max\": %.1f}\n", s.latencies[s.measured - 1]);
}

static void redial(connection *c) {
  c->fd = dial(SOCK_NONBLOCK);
  c->received = 0;
  watch(c);
}

static void greet(char **args) {
  int count = atoi(args[0]);
  connection *all = calloc(count, sizeof *all);
  window w = window_of(args[-1], atof(args[1]));
  for (int i = 0; i < count; i++) redial(&all[i]);
  struct epoll_event events[MAX_EVENTS];
  for (int is_open = 1, left = count; left > 0;) {
    if (is_open && !continues(&w)) {
      is_open = 0;
      report(&w);
      printf("}\n");
    }
    int n = epoll_wait(epoll, events, MAX_EVENTS, 100);
    if (!is_open && n == 0 && now() > w.end + 2 * PATIENCE) fail("the server has stopped to close connections");
    for (int i = 0; i < n; i++) {
      connection *c = events[i].data.ptr;
      if (!(events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) continue;
      ssize_t r = recv(c->fd, input, sizeof input, MSG_DONTWAIT);
      for (; r > 0; r = recv(c->fd, input, sizeof input, MSG_DONTWAIT)) c->received += r;
      if (r < 0 && errno == EAGAIN) continue;
      if (r < 0) fail("recv");
      errno = 0;
      if (c->received == 0) fail("a connection was closed without a greeting");
      w.units++;
      close(c->fd);
      if (is_open) redial(c);
      else left--;
    }
  }
}

static void hold(void) {
  int total = 0, more;
  while (scanf("%d", &more) == 1) {
    int *fds = malloc(more * sizeof *fds); /* they stay open until the end */
    open_all(fds, more);
    total += more;
    printf("%d\n", total);
    fflush(stdout);
  }
}

int main(int count, char **args) {
  if (count < 3) {
    fprintf(stderr, "usage: see the comment in load_generator.c\n");
    return 2;
  }
  const char *mode = args[1];
  port = atoi(args[2]);
  epoll = epoll_create1(0);
  if (!strcmp(mode, "hold")) {
    hold();
  } else if (!strcmp(mode, "greet") && count == 6) {
    greet(args + 4);
  } else if (count == 8) {
    size = atoi(args[5]);
    message = malloc(size);
    memset(message, 'x', size);
    if (!strcmp(mode, "exchange")) exchange(args + 4);
    else at_rate(args + 4);
  } else {
    fprintf(stderr, "load_generator: wrong arguments for %s\n", mode);
    return 2;
  }
  return 0;
}
