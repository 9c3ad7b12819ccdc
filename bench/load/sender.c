/*
 * Sends numbered segments to 127.0.0.1 by UDP: one process, far above what a daemon takes. Reads commands from standard input, a line each:
 *
 *   burst COUNT BYTES KIND           as fast as the socket takes them
 *   steady RATE SECONDS BYTES KIND   RATE a second, in steps of a millisecond
 *   ramp FROM TO SECONDS BYTES KIND  from one rate to another
 *
 * and answers each with "sent TOTAL" when it is done. BYTES is the length of the padding, KIND is ascii or utf8. Numbers go up over all commands.
 * The document is that of documents.ts. Usage: sender PORT FIRST SOCKETS. Ends with its input.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define HEADER "{\"format\":\"json\",\"version\":1}\n"
#define UNIT "a\xc3\xb1\xe6\x97\xa5\xf0\x9f\x9a\x80 "
#define MAX_PADDING 64000
#define MAX_SOCKETS 256

static int sockets[MAX_SOCKETS];
static int socket_count;
static unsigned long long next_number;
static char padding[MAX_PADDING + 1];

static double now_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

static void fill_padding(int bytes, const char *kind) {
  if (bytes < 0) bytes = 0;
  if (bytes > MAX_PADDING) bytes = MAX_PADDING;
  if (strcmp(kind, "utf8") == 0) {
    int unit = (int)strlen(UNIT), at = 0;
    while (at + unit <= bytes) {
      memcpy(padding + at, UNIT, unit);
      at += unit;
    }
    padding[at] = 0;
  } else {
    memset(padding, 'x', bytes);
    padding[bytes] = 0;
  }
}

static void send_one(void) {
  static char datagram[MAX_PADDING + 1000];
  unsigned long long n = next_number++;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  long micros = now.tv_nsec / 1000;
  int length = snprintf(datagram, sizeof datagram,
                        HEADER
                        "{\"id\":\"%016llx\",\"trace_id\":\"1-67423f1c-%024llx\",\"name\":\"shop\",\"start_time\":%lld.%06ld,\"end_time\":%lld.%06ld,"
                        "\"http\":{\"request\":{\"method\":\"GET\",\"url\":\"http://shop.example/orders/%llu\"},\"response\":{\"status\":200}},"
                        "\"annotations\":{\"customer\":\"c-%llu\"},\"metadata\":{\"padding\":\"%s\"}}",
                        n, n, (long long)now.tv_sec, micros, (long long)now.tv_sec, micros, n, n % 10000, padding);
  /* Refused: nobody listens just now, which is part of some scenarios. */
  if (send(sockets[n % socket_count], datagram, length, 0) < 0 && errno != ECONNREFUSED) perror("send");
}

/* `rate_from` to `rate_to` a second, evenly. */
static void paced(double rate_from, double rate_to, double seconds) {
  double start = now_seconds();
  unsigned long long done = 0;
  for (;;) {
    double elapsed = now_seconds() - start;
    if (elapsed > seconds) elapsed = seconds;
    unsigned long long due = (unsigned long long)(rate_from * elapsed + (rate_to - rate_from) * elapsed * elapsed / (2 * seconds));
    for (; done < due; done++) send_one();
    if (elapsed >= seconds) return;
    struct timespec step = {0, 1000000};
    nanosleep(&step, NULL);
  }
}

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: sender PORT FIRST SOCKETS\n");
    return 2;
  }
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  next_number = strtoull(argv[2], NULL, 10);
  socket_count = atoi(argv[3]);
  if (socket_count < 1 || socket_count > MAX_SOCKETS) return 2;
  for (int i = 0; i < socket_count; i++) {
    int size = 4 * 1024 * 1024;
    sockets[i] = socket(AF_INET, SOCK_DGRAM, 0);
    setsockopt(sockets[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    if (connect(sockets[i], (struct sockaddr *)&to, sizeof to) != 0) {
      perror("connect");
      return 1;
    }
  }
  char line[200], kind[16];
  double a, b, seconds;
  int bytes;
  while (fgets(line, sizeof line, stdin) != NULL) {
    if (sscanf(line, "burst %lf %d %15s", &a, &bytes, kind) == 3) {
      fill_padding(bytes, kind);
      for (unsigned long long left = (unsigned long long)a; left > 0; left--) send_one();
    } else if (sscanf(line, "steady %lf %lf %d %15s", &a, &seconds, &bytes, kind) == 4) {
      fill_padding(bytes, kind);
      paced(a, a, seconds);
    } else if (sscanf(line, "ramp %lf %lf %lf %d %15s", &a, &b, &seconds, &bytes, kind) == 5) {
      fill_padding(bytes, kind);
      paced(a, b, seconds);
    } else {
      fprintf(stderr, "unknown command: %s", line);
      return 2;
    }
    printf("sent %llu\n", next_number);
    fflush(stdout);
  }
  return 0;
}
