/* Sends Ethernet frames at a steady rate and prints how many the system took: sender IFACE PACKETS PER_SECOND BYTES
 * FLOWS. The frames are TCP data segments to port 443 of 10.99.1.1 from FLOWS clients, so every layer of the path has
 * work to do. PER_SECOND 0 sends as fast as it can. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { BATCH = 64, ETHERNET = 14, IPV4 = 20, TCP = 20, HEADERS = ETHERNET + IPV4 + TCP, LONGEST = 1514 };

static unsigned char frames[BATCH][LONGEST];
static struct iovec vectors[BATCH];
static struct mmsghdr messages[BATCH];

static void put16(unsigned char *at, unsigned value) {
  at[0] = (unsigned char)(value >> 8);
  at[1] = (unsigned char)value;
}

static void put32(unsigned char *at, uint32_t value) {
  put16(at, value >> 16);
  put16(at + 2, value & 0xffff);
}

/* What every frame has in common. */
static void fill(unsigned char *frame, int length) {
  unsigned char *ip = frame + ETHERNET, *tcp = ip + IPV4;
  memset(frame, 0, (size_t)length);
  frame[0] = frame[6] = 2;
  frame[5] = 1;
  put16(frame + 12, 0x0800);
  ip[0] = 0x45;
  put16(ip + 2, (unsigned)length - ETHERNET);
  ip[8] = 64;
  ip[9] = 6;
  put32(ip + 16, 0x0a630101);
  put16(tcp + 2, 443);
  tcp[12] = 5 << 4;
  tcp[13] = 0x10;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
  if (argc != 6) {
    fprintf(stderr, "sender IFACE PACKETS PER_SECOND BYTES FLOWS\n");
    return 2;
  }
  long long wanted = atoll(argv[2]), sent = 0;
  double rate = atof(argv[3]);
  int length = atoi(argv[4]);
  uint32_t flows = (uint32_t)atoi(argv[5]), flow = 0;
  if (length < HEADERS || length > LONGEST || flows == 0) return 2;
  int fd = socket(AF_PACKET, SOCK_RAW, 0);
  struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(argv[1])};
  if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof to) < 0) {
    perror(argv[1]);
    return 1;
  }
  /* Past the queueing discipline, which has nothing to do here. */
  setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &(int){1}, sizeof(int));
  for (int i = 0; i < BATCH; i++) {
    fill(frames[i], length);
    vectors[i] = (struct iovec){frames[i], (size_t)length};
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  double start = now();
  while (sent < wanted) {
    int count = wanted - sent < BATCH ? (int)(wanted - sent) : BATCH;
    for (int i = 0; i < count; i++) {
      put32(frames[i] + ETHERNET + 12, 0x0a630200 + flow / 50000);
      put16(frames[i] + ETHERNET + IPV4, 10000 + flow % 50000);
      put32(frames[i] + ETHERNET + IPV4 + 4, (uint32_t)(sent + i));
      flow = (flow + 1) % flows;
    }
    for (int done = 0; done < count;) {
      int taken = sendmmsg(fd, messages + done, (unsigned)(count - done), 0);
      if (taken > 0) done += taken;
      else if (errno != ENOBUFS && errno != EAGAIN && errno != EINTR) {
        perror("sendmmsg");
        printf("%lld %.3f\n", sent + done, now() - start);
        return 1;
      }
    }
    sent += count;
    if (rate > 0)
      while (now() - start < (double)sent / rate) {
        double ahead = (double)sent / rate - (now() - start);
        if (ahead > 100e-6) nanosleep(&(struct timespec){0, (long)((ahead - 60e-6 < 0.5 ? ahead - 60e-6 : 0.5) * 1e9)}, NULL);
      }
  }
  printf("%lld %.3f\n", sent, now() - start);
  return 0;
}
