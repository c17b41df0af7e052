/*
 * A wire between this network namespace and one of its own: each packet takes so long, as on a way to a
 * server far away. The kernel's own means for it (netem) are not everywhere. Prints "ready" when both ends,
 * devices that are called "wire", are there; they get their addresses from outside. Ends with its parent.
 *
 *   bench_wire MICROSECONDS-EACH-WAY
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <linux/if.h>
#include <linux/if_tun.h>

#include "banned.h"

#define PACKETS_MAX 16384 /* under way in one direction; one more is lost, as by a router */
#define PACKET_BYTES                                                                               \
    66000          /* segments go through together, with what the kernel says of them before them */
#define AT_ONCE 64 /* read from one end before the other has its turn */
#define NS 1000000000

struct packet {
    int64_t due_ns;
    size_t len;
    uint8_t *data;
};

struct direction {
    int from, to;
    size_t head, tail; /* never less: the packets are at both modulo PACKETS_MAX */
    struct packet packets[PACKETS_MAX];
};

static struct direction directions[2];

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * NS + t.tv_nsec;
}

static int open_end(void)
{
    struct ifreq request = { .ifr_name = "wire", .ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR };
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0 ||
        ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4) < 0) {
        perror("a TUN device");
        exit(EXIT_FAILURE);
    }
    return fd;
}

/* Sends what is due; when the next one will be, or INT64_MAX. */
static int64_t send_due(struct direction *d)
{
    for (; d->head != d->tail; d->head++) {
        struct packet *p = &d->packets[d->head % PACKETS_MAX];

        if (p->due_ns > now_ns())
            return p->due_ns;
        if (write(d->to, p->data, p->len) < 0 && errno != EIO && errno != EAGAIN)
            perror("a packet");
        free(p->data);
    }
    return INT64_MAX;
}

static void take(struct direction *d, int64_t way_ns)
{
    static uint8_t buffer[PACKET_BYTES];
    ssize_t n = 1;

    for (int i = 0; i < AT_ONCE && n > 0; i++) {
        struct packet *p = &d->packets[d->tail % PACKETS_MAX];

        n = read(d->from, buffer, sizeof(buffer));
        if (n <= 0 || d->tail - d->head == PACKETS_MAX)
            continue;
        p->data = malloc((size_t)n);
        if (!p->data)
            continue;
        memcpy(p->data, buffer, (size_t)n);
        p->len = (size_t)n;
        p->due_ns = now_ns() + way_ns;
        d->tail++;
    }
}

static void carry(int64_t way_ns)
{
    struct pollfd ends[2] = { { .fd = directions[0].from, .events = POLLIN },
                              { .fd = directions[1].from, .events = POLLIN } };

    for (;;) {
        int64_t next_ns = INT64_MAX, wait_ns;
        struct timespec wait;

        for (int i = 0; i < 2; i++) {
            int64_t due_ns = send_due(&directions[i]);

            next_ns = due_ns < next_ns ? due_ns : next_ns;
        }
        wait_ns = next_ns == INT64_MAX ? NS : next_ns - now_ns();
        wait_ns = wait_ns > 0 ? wait_ns : 0;
        wait = (struct timespec){ .tv_sec = wait_ns / NS, .tv_nsec = wait_ns % NS };
        ppoll(ends, 2, &wait, NULL);
        for (int i = 0; i < 2; i++)
            take(&directions[i], way_ns);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return EXIT_FAILURE;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    directions[0].from = directions[1].to = open_end();
    if (unshare(CLONE_NEWNET) < 0) {
        perror("a network namespace");
        return EXIT_FAILURE;
    }
    directions[0].to = directions[1].from = open_end();
    puts("ready");
    fflush(stdout);
    carry(strtoll(argv[1], NULL, 10) * 1000);
    return EXIT_SUCCESS;
}
