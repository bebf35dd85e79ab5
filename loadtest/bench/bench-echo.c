/* What a server of one thread can send back at all: datagrams in batches, unchanged.
 *
 * Prints the port that it listens on, then echoes until it is killed. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define BATCH 64
#define BYTES 2048

static char packets[BATCH][BYTES];
static struct sockaddr_in senders[BATCH];
static struct iovec vectors[BATCH];
static struct mmsghdr headers[BATCH];

int main(void) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  int buffer = 4 << 20;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  if (bind(fd, (struct sockaddr *)&address, length) != 0) return 1;
  if (getsockname(fd, (struct sockaddr *)&address, &length) != 0) return 1;
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  for (;;) {
    for (int at = 0; at < BATCH; at++) {
      vectors[at] = (struct iovec){packets[at], BYTES};
      headers[at].msg_hdr = (struct msghdr){
          .msg_name = &senders[at],
          .msg_namelen = sizeof senders[at],
          .msg_iov = &vectors[at],
          .msg_iovlen = 1,
      };
    }
    int count = recvmmsg(fd, headers, BATCH, MSG_WAITFORONE, NULL);
    if (count <= 0) continue;
    for (int at = 0; at < count; at++) vectors[at].iov_len = headers[at].msg_len;
    for (int sent = 0; sent < count;) {
      int done = sendmmsg(fd, headers + sent, count - sent, 0);
      sent += done > 0 ? done : 1;
    }
  }
}
