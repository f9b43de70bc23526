/* What the servers in C share: the socket that listens, and the greeting. */

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define GREETING "Hello Twisted"

static inline void set_no_delay(int fd) {
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/* Listens on a port of the loopback interface, 0 for a free one, and prints it. */
static inline int listen_on(int port, int flags) {
  int fd = socket(AF_INET, SOCK_STREAM | flags, 0), on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (bind(fd, (void *)&address, length) || listen(fd, 4096) ||
      getsockname(fd, (void *)&address, &length)) {
    perror("cannot listen");
    exit(1);
  }
  printf("listening on %d\n", ntohs(address.sin_port));
  fflush(stdout);
  return fd;
}
