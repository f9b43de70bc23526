/*
 * An echo server in C on io_uring, in one thread: multishot accept and receive, buffers that the
 * kernel chooses, and one system call per turn. With "hello", it sends a greeting and closes
 * instead. It makes the system calls itself, so it needs no library.
 *
 * Usage: uring_server PORT [hello]
 */

#define _GNU_SOURCE
#include "listening.h"
#include <errno.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define ENTRIES 4096
/* The memory for received bytes. A power of two. */
#define BUFFERS 2048
#define BUFFER_SIZE 16384
#define BUFFER_GROUP 0

/* What a completion belongs to: the low bits of its number; the others are the connection's
 * descriptor. */
enum { ACCEPT, RECEIVE, SEND, GREET, CLOSE, OPERATIONS };

/* A buffer that waits to be sent. `next` is the number of the next one of its connection. */
typedef struct {
  uint32_t length;
  int next;
} chunk;

/* The queue of a connection. The first chunk is being sent; -1 ends the queue. */
typedef struct {
  int first, last;
  int is_receiving, is_lost;
} connection;

static int ring;
static unsigned *sq_tail, *sq_head, *cq_head, *cq_tail, sq_mask, cq_mask, to_submit;
static struct io_uring_sqe *sqes;
static struct io_uring_cqe *cqes;
static struct io_uring_buf_ring *buffers;
static uint16_t buffer_tail;
static char *memory;
static chunk chunks[BUFFERS];
static connection connections[1 << 20];
/* Connections whose multishot receive ended because no buffer was free. */
static int starved[1 << 20], starved_count;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void enter(unsigned wait) {
  int n = syscall(SYS_io_uring_enter, ring, to_submit, wait, wait ? IORING_ENTER_GETEVENTS : 0, NULL, 0);
  if (n < 0 && errno != EINTR && errno != EAGAIN && errno != EBUSY) fail("io_uring_enter");
  if (n > 0) to_submit -= n;
}

static struct io_uring_sqe *submission(int operation, int opcode, int fd) {
  while (*sq_tail - __atomic_load_n(sq_head, __ATOMIC_ACQUIRE) == ENTRIES) enter(0);
  struct io_uring_sqe *sqe = &sqes[*sq_tail & sq_mask];
  memset(sqe, 0, sizeof *sqe);
  sqe->opcode = opcode;
  sqe->fd = fd;
  sqe->user_data = (uint64_t)fd * OPERATIONS + operation;
  __atomic_store_n(sq_tail, *sq_tail + 1, __ATOMIC_RELEASE);
  to_submit++;
  return sqe;
}

static void accept_more(int listener) {
  struct io_uring_sqe *sqe = submission(ACCEPT, IORING_OP_ACCEPT, listener);
  sqe->ioprio = IORING_ACCEPT_MULTISHOT;
}

static void receive(int fd) {
  connections[fd].is_receiving = 1;
  struct io_uring_sqe *sqe = submission(RECEIVE, IORING_OP_RECV, fd);
  sqe->ioprio = IORING_RECV_MULTISHOT | IORING_RECVSEND_POLL_FIRST;
  sqe->flags = IOSQE_BUFFER_SELECT;
  sqe->buf_group = BUFFER_GROUP;
}

static void send_first(int fd) {
  int number = connections[fd].first;
  struct io_uring_sqe *sqe = submission(SEND, IORING_OP_SEND, fd);
  sqe->addr = (uint64_t)(uintptr_t)(memory + (size_t)number * BUFFER_SIZE);
  sqe->len = chunks[number].length;
  sqe->msg_flags = MSG_NOSIGNAL | MSG_WAITALL;
}

static void release(int number) {
  struct io_uring_buf *buffer = &buffers->bufs[buffer_tail & (BUFFERS - 1)];
  buffer->addr = (uint64_t)(uintptr_t)(memory + (size_t)number * BUFFER_SIZE);
  buffer->len = BUFFER_SIZE;
  buffer->bid = number;
  __atomic_store_n(&buffers->tail, ++buffer_tail, __ATOMIC_RELEASE);
}

/* Closes a connection when neither a receive nor a send is in flight. */
static void close_if_idle(int fd) {
  connection *c = &connections[fd];
  if (!c->is_lost || c->is_receiving || c->first >= 0) return;
  c->is_lost = 0;
  submission(CLOSE, IORING_OP_CLOSE, fd);
}

static void accepted(int fd, int says_hello) {
  if (says_hello) {
    struct io_uring_sqe *sqe = submission(GREET, IORING_OP_SEND, fd);
    sqe->addr = (uint64_t)(uintptr_t)GREETING;
    sqe->len = sizeof GREETING - 1;
    sqe->msg_flags = MSG_NOSIGNAL | MSG_WAITALL;
    /* The close follows without a turn of the loop in between. */
    sqe->flags = IOSQE_IO_HARDLINK;
    submission(CLOSE, IORING_OP_CLOSE, fd);
    return;
  }
  set_no_delay(fd);
  connections[fd] = (connection){.first = -1, .last = -1};
  receive(fd);
}

static void received(int fd, int result, unsigned flags) {
  connection *c = &connections[fd];
  if (!(flags & IORING_CQE_F_MORE)) c->is_receiving = 0;
  if (result == -ENOBUFS) {
    starved[starved_count++] = fd;
    return;
  }
  if (result <= 0) {
    c->is_lost = 1;
    close_if_idle(fd);
    return;
  }
  int number = flags >> IORING_CQE_BUFFER_SHIFT;
  chunks[number] = (chunk){.length = result, .next = -1};
  if (c->first < 0) {
    c->first = c->last = number;
    send_first(fd);
  } else {
    chunks[c->last].next = number;
    c->last = number;
  }
  if (!c->is_receiving) receive(fd);
}

static void sent(int fd, int result) {
  connection *c = &connections[fd];
  int number = c->first;
  c->first = chunks[number].next;
  release(number);
  if (result <= 0) {
    /* The peer is lost; what is queued cannot be sent. */
    for (; c->first >= 0; c->first = chunks[c->first].next) release(c->first);
  }
  if (c->first >= 0) send_first(fd);
  else close_if_idle(fd);
  while (starved_count > 0) receive(starved[--starved_count]);
}

static void set_up(void) {
  struct io_uring_params p = {
      .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE,
      .cq_entries = 4 * ENTRIES};
  ring = syscall(SYS_io_uring_setup, ENTRIES, &p);
  if (ring < 0) fail("io_uring_setup");
  size_t length = p.cq_off.cqes + p.cq_entries * sizeof *cqes + p.sq_entries * sizeof(unsigned);
  char *queues = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING);
  sqes = mmap(NULL, p.sq_entries * sizeof *sqes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES);
  if (queues == MAP_FAILED || sqes == MAP_FAILED) fail("mmap");
  sq_head = (unsigned *)(queues + p.sq_off.head);
  sq_tail = (unsigned *)(queues + p.sq_off.tail);
  sq_mask = *(unsigned *)(queues + p.sq_off.ring_mask);
  cq_head = (unsigned *)(queues + p.cq_off.head);
  cq_tail = (unsigned *)(queues + p.cq_off.tail);
  cq_mask = *(unsigned *)(queues + p.cq_off.ring_mask);
  cqes = (struct io_uring_cqe *)(queues + p.cq_off.cqes);
  /* Each place of the queue has the submission of the same number. */
  unsigned *array = (unsigned *)(queues + p.sq_off.array);
  for (unsigned i = 0; i < p.sq_entries; i++) array[i] = i;
}

static void provide_buffers(void) {
  size_t entries = BUFFERS * sizeof(struct io_uring_buf);
  buffers = mmap(NULL, entries, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
  memory = mmap(NULL, (size_t)BUFFERS * BUFFER_SIZE, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
  if (buffers == MAP_FAILED || memory == MAP_FAILED) fail("mmap");
  struct io_uring_buf_reg registration = {
      .ring_addr = (uint64_t)(uintptr_t)buffers, .ring_entries = BUFFERS, .bgid = BUFFER_GROUP};
  if (syscall(SYS_io_uring_register, ring, IORING_REGISTER_PBUF_RING, &registration, 1)) {
    fail("io_uring_register");
  }
  for (int i = 0; i < BUFFERS; i++) release(i);
}

int main(int count, char **args) {
  int says_hello = count > 2;
  set_up();
  provide_buffers();
  int listener = listen_on(count > 1 ? atoi(args[1]) : 0, 0);
  accept_more(listener);
  for (;;) {
    enter(1);
    unsigned head = *cq_head, tail = __atomic_load_n(cq_tail, __ATOMIC_ACQUIRE);
    for (; head != tail; head++) {
      struct io_uring_cqe *cqe = &cqes[head & cq_mask];
      int fd = cqe->user_data / OPERATIONS;
      switch (cqe->user_data % OPERATIONS) {
        case ACCEPT:
          if (cqe->res >= 0) accepted(cqe->res, says_hello);
          if (!(cqe->flags & IORING_CQE_F_MORE)) accept_more(listener);
          break;
        case RECEIVE:
          received(fd, cqe->res, cqe->flags);
          break;
        case SEND:
          sent(fd, cqe->res);
          break;
      }
    }
    __atomic_store_n(cq_head, head, __ATOMIC_RELEASE);
  }
}
