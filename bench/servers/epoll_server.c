/*
 * An echo server in C on epoll, in one thread: the limit for a server on that interface. With
 * "hello", it sends a greeting and closes instead.
 *
 * Usage: epoll_server PORT [hello]
 */

#define _GNU_SOURCE
#include "listening.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

/* A connection, with the bytes that its socket has not accepted yet. */
typedef struct {
  int fd;
  size_t at, length;
  char *rest;
} connection;

static int epoll;
static char buffer[65536];

static void watch(connection *c, int operation, unsigned events) {
  struct epoll_event event = {.events = events, .data.ptr = c};
  epoll_ctl(epoll, operation, c->fd, &event);
}

static void lose(connection *c) {
  close(c->fd);
  free(c->rest);
  free(c);
}

static void accept_all(int listener, int says_hello) {
  for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
    if (says_hello) {
      send(fd, GREETING, sizeof GREETING - 1, MSG_NOSIGNAL);
      close(fd);
      continue;
    }
    set_no_delay(fd);
    connection *c = calloc(1, sizeof *c);
    c->fd = fd;
    watch(c, EPOLL_CTL_ADD, EPOLLIN);
  }
}

static void receive(connection *c) {
  ssize_t n = recv(c->fd, buffer, sizeof buffer, 0);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) {
    lose(c);
    return;
  }
  ssize_t sent = send(c->fd, buffer, n, MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) {
    lose(c);
    return;
  }
  if (sent < 0) sent = 0;
  if (sent == n) return;
  c->length = n - sent;
  c->at = 0;
  c->rest = malloc(c->length);
  memcpy(c->rest, buffer + sent, c->length);
  watch(c, EPOLL_CTL_MOD, EPOLLOUT);
}

/* Sends the rest. Nothing is received until it is sent. */
static void send_rest(connection *c) {
  ssize_t sent = send(c->fd, c->rest + c->at, c->length - c->at, MSG_NOSIGNAL);
  if (sent < 0 && errno == EAGAIN) return;
  if (sent < 0) {
    lose(c);
    return;
  }
  c->at += sent;
  if (c->at < c->length) return;
  free(c->rest);
  c->rest = NULL;
  watch(c, EPOLL_CTL_MOD, EPOLLIN);
}

int main(int count, char **args) {
  int listener = listen_on(count > 1 ? atoi(args[1]) : 0, SOCK_NONBLOCK);
  epoll = epoll_create1(0);
  connection accepting = {.fd = listener};
  watch(&accepting, EPOLL_CTL_ADD, EPOLLIN);
  struct epoll_event events[512];
  for (;;) {
    int n = epoll_wait(epoll, events, 512, -1);
    for (int i = 0; i < n; i++) {
      connection *c = events[i].data.ptr;
      if (c == &accepting) accept_all(listener, count > 2);
      else if (c->rest != NULL) send_rest(c);
      else receive(c);
    }
  }
}
